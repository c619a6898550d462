"""An asset by its code, the short way: the same bytes as the ordinary one, and never a moment behind the store."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from tests.twin.moulds import Cast
from tests.twin.queries.town import NOW, Town
from tests.twin.served import service
from tests.twin.store.builder import SITE
from twin.api.app import with_short_way
from twin.api.keyring import Keyring
from twin.auth import LabelPolicy, Role, granted
from twin.settings import Settings
from twin.store import Store
from twin.store import record_schema as schema
from twin.store.watch import Watch

HERE = "http://twin.example"
ADDRESSES = ("/assets/{}", "/collections/assets/items/{}")
LONG = {"Cookie": "any=thing"}
"""A header that sends a request the ordinary way."""


class Worker:
    """One worker of a service over the store of a town: `passed` are the requests that went the ordinary way."""

    def __init__(self, town: Town, url: str, settings: Settings) -> None:
        self.store = Store.open(url)
        self.watch = Watch.open(self.store.database)
        self.now = datetime.now(UTC)
        self.keyring = Keyring(self.store.keys, watch=self.watch, now=lambda: self.now)
        app = service(settings, self.store, keyring=self.keyring)
        self.passed: list[str] = []
        self.short = with_short_way(app, self.watch) if self.watch else None
        inner = app

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            self.passed.append(scope.get("path", ""))
            await inner(scope, receive, send)

        if self.short is not None:
            self.short.app = counted

    def client(self, key: str) -> TestClient:
        return TestClient(self.short or pytest.skip("no watch"), base_url=HERE, headers={"Authorization": f"Bearer {key}"})  # type: ignore[arg-type]

    def close(self) -> None:
        self.keyring.close()
        if self.watch is not None:
            self.watch.close()
        self.store.close()


@pytest.fixture
def town(cast: Cast) -> Town:
    """The town in site PS, every asset with a place standing at a point."""
    town = cast(Town)
    town.store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
    asset, place, location = schema.kind_table("asset"), schema.place, schema.location
    with town.store.database.writing() as connection:
        connection.execute(place.update().where(place.c.kind == "site").values(site_id=next(iter(town.store.site_ids()))))
        known = select(asset.c.id, location.c.place_id).join(location, location.c.id == asset.c.location_id)
        for number, (row, where) in enumerate(connection.execute(known.where(location.c.place_id.is_not(None))).all()):
            spot = {"x_m": number * 1.5, "y_m": -number * 0.7, "z_m": 3.0}
            connection.execute(asset.update().where(asset.c.id == row).values(place_id=where, **(spot if number % 3 else {})))
    return town


@pytest.fixture
def workers(town: Town, tmp_path: Any) -> Iterator[list[Worker]]:
    """Two of one service; none on PostgreSQL, which has no number that tells of commits."""
    url = town.store.database.reader.url.render_as_string(hide_password=False)
    if not town.store.database.is_sqlite:
        assert Watch.open(town.store.database) is None
        pytest.skip("PostgreSQL has no number that tells of commits: every asset goes the ordinary way")
    made = [Worker(town, url, Settings(home=tmp_path / "home", host="0.0.0.0")) for _ in range(2)]
    yield made
    for one in made:
        one.close()


@pytest.fixture
def key_of(town: Town) -> Callable[..., str]:
    def make(role: str, *scopes: str) -> str:
        name = f"{role} {len(town.store.keys.list())}"
        return town.store.keys.add(name, granted(role, scopes), expires_at=None, who="t", now=NOW)[1].reveal()

    return make


def settled(worker: Worker, key: str) -> TestClient:
    """A client whose key is known, and whose trees are read: from the next request on the short way is open."""
    client = worker.client(key)
    for _ in range(2):  # the first writes down that the key is in use, which is a change of the store
        assert client.get("/collections/assets/items?limit=1").status_code == 200
        worker.keyring._notes.submit(lambda: None).result()
    worker.passed.clear()
    return client


def test_both_ways_say_the_same_to_every_reader(workers: list[Worker], town: Town, key_of: Callable[..., str]) -> None:
    answered = 0
    for scopes in ((), ("label:public",), ("unit:U2", "label:public", "label:restricted")):
        client = settled(workers[0], key_of(Role.ASSET_MANAGER, *scopes))
        for code in [*list(town.assets)[:12], "no-such", "totals"]:
            for address in ADDRESSES:
                path = address.format(code)
                short, ordinary = client.get(path), client.get(path, headers=LONG)
                assert (short.status_code, short.content) == (ordinary.status_code, ordinary.content), path
                assert dict(short.headers) == dict(ordinary.headers), path
                again = client.get(path, headers={"If-None-Match": short.headers.get("etag", "none")})
                assert again.status_code == (304 if "etag" in short.headers else short.status_code), path
                answered += 1
        hidden = [code for code, values in town.assets.items() if values.get("room") == "103" and "/" not in code][:5]
        assert {client.get(f"/assets/{code}").status_code for code in hidden} <= ({404} if scopes == ("label:public",) else {200, 404})
    assert 0 < workers[0].passed.count("/assets/A-0001") < answered


@pytest.mark.parametrize("accept", ["text/html", "application/vnd.ogc.fg+json", "text/html,application/xhtml+xml,*/*;q=0.8"])
def test_another_form_of_an_item_is_made_by_the_ordinary_way(workers: list[Worker], key_of: Callable[..., str], accept: str) -> None:
    client = settled(workers[0], key_of(Role.ASSET_MANAGER))
    path = "/collections/assets/items/A-0001"
    assert client.get(path).headers["content-type"] == "application/geo+json" and workers[0].passed == []
    assert client.get(path, headers={"Accept": accept}).headers["content-type"].startswith(accept.split(",")[0])
    assert workers[0].passed == [path]


def test_a_correction_is_seen_by_the_next_read_of_every_worker(workers: list[Worker], key_of: Callable[..., str]) -> None:
    key = key_of(Role.ASSET_MANAGER)
    clients = [settled(worker, key) for worker in workers]
    for number in range(5):
        for address in ADDRESSES:
            for client in clients:
                before = client.get(address.format("A-0001"))
                assert before.status_code == 200
                assert client.get(address.format("A-0001")).content == before.content
        tag = clients[0].get("/assets/A-0001").headers["etag"]
        done = clients[number % 2].patch("/assets/A-0001", json={"remark": f"更正 {number}"}, headers={"If-Match": tag})
        assert done.status_code == 200, done.text
        for client in clients:
            assert client.get("/assets/A-0001").json()["values"]["remark"] == f"更正 {number}"
            assert client.get("/collections/assets/items/A-0001").json()["properties"]["remark"] == f"更正 {number}"
    assert any(worker.passed.count("/assets/A-0001") < 15 for worker in workers)


def test_who_was_turned_away_gets_nothing_the_short_way(workers: list[Worker], town: Town, key_of: Callable[..., str]) -> None:
    worker = workers[0]
    if worker.watch is None:
        return
    key = key_of(Role.ASSET_MANAGER)
    client = settled(worker, key)
    assert client.get("/assets/A-0001").status_code == 200 and worker.passed == []
    assert client.get("/assets/A-0001", headers={"Authorization": ""}).status_code == 401
    assert client.get("/assets/A-0001", headers={"Authorization": f"Bearer {key[:-1]}x"}).status_code == 401
    town.store.keys.revoke(town.store.keys.list()[-1].name, now=NOW)
    assert client.get("/assets/A-0001").status_code == 401
    mortal = town.store.keys.add(
        "mortal", granted(Role.ASSET_MANAGER, ()), expires_at=worker.now + timedelta(minutes=5), who="t", now=worker.now
    )
    other = settled(worker, mortal[1].reveal())
    assert other.get("/assets/A-0001").status_code == 200 and worker.passed == []
    worker.now += timedelta(minutes=6)
    assert other.get("/assets/A-0001").status_code == 401
