"""/changes: nothing lost, nothing told twice, whoever writes meanwhile; what left a scope is told, what never was in it is not."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text

from tests.twin.queries.town import HIDDEN, NOW, Town, author
from tests.twin.store.builder import SITE, boxes, new_revision, relabelled, tower
from twin.auth import LabelPolicy
from twin.codes import get_kind
from twin.errors import Invalid
from twin.imports.register import import_register
from twin.queries.changes.page import ChangesPage, read_changes
from twin.queries.changes.position import Gone
from twin.queries.items.catalogue import Catalogue, ItemReader
from twin.records.read import get_record, page_of_records
from twin.records.scope import Reader
from twin.records.write import change_fields, end_record, revert_change
from twin.settings import Settings
from twin.store import Store
from twin.store import record_schema as schema
from twin.store.facts import renew_changes_key

EVERY = frozenset({"*"})
ASSET = get_kind("asset")
ALL = Reader(name="all")


class Follower:
    """Who holds a copy by the changes alone: key → values of assets, and what was told."""

    def __init__(self, catalogue: Catalogue, reader: ItemReader, *, limit: int = 7) -> None:
        self.catalogue, self.reader, self.limit = catalogue, reader, limit
        self.token = self.ask(None).token
        self.held: dict[str, dict[str, Any]] = {}
        self.told: list[dict[str, Any]] = []

    def ask(self, since: str | None, collection: str | None = None) -> ChangesPage:
        return read_changes(self.catalogue, self.reader, since=since, collection=collection, limit=self.limit)

    def follow(self, *, start: str | None = None) -> list[dict[str, Any]]:
        """Everything there is to be told now."""
        found: list[dict[str, Any]] = []
        more, self.token = True, start or self.token
        while more:
            page = self.ask(self.token)
            assert len(page.changes) <= self.limit and (page.changes or not page.more)
            found += page.changes
            self.token, more = page.token, page.more
        for one in found:
            self._take(one)
        self.told += found
        return found

    def _take(self, one: dict[str, Any]) -> None:
        if one["collection"] != "assets":
            return
        if one["type"] in ("created", "entered"):
            self.held[one["id"]] = dict(one["values"])
        elif one["type"] in ("ended", "left"):
            self.held.pop(one["id"], None)
        elif one["id"] in self.held:
            self.held[one["id"]] |= one["values"]


def catalogue_of(town: Town) -> Catalogue:
    return Catalogue(town.registers)


def reader_of(catalogue: Catalogue, reader: Reader) -> ItemReader:
    return catalogue.reader(EVERY, reader.labels, reader)


def change(town: Town, key: str, values: dict[str, Any]) -> int:
    with town.store.database.writing() as connection:
        record = get_record(connection, ASSET, key)
        return change_fields(connection, ASSET, record.id, values, author(now=NOW + timedelta(hours=1)))[0]


def stored(town: Town) -> dict[str, dict[str, Any]]:
    with town.store.database.reading() as connection:
        return {one.key: dict(one.values) for one in page_of_records(connection, ASSET, limit=10_000)}


def ledger(folder: Path, name: str, rows: list[tuple[str, str, str]]) -> Path:
    path = folder / f"{name}.csv"
    lines = ["资产编号,资产名称,存放地点,使用状况", *(f"{code},{title},{room},在用" for code, title, room in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_follower_from_the_beginning_holds_what_the_store_holds(town: Town) -> None:
    follower = Follower(catalogue_of(town), reader_of(catalogue_of(town), ALL))
    assert follower.follow() == []
    follower.follow(start="beginning")
    assert follower.held == stored(town)
    assert follower.follow() == [] and follower.ask(follower.token).token == follower.token


def test_nothing_is_lost_or_told_twice_while_an_import_and_persons_write(town: Town, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    import_register(
        town.store, settings, "asset", ledger(tmp_path, "first", [(f"L-{n}", "椅", "101") for n in range(30)]), who="c", now=NOW
    )
    follower = Follower(catalogue_of(town), reader_of(catalogue_of(town), ALL))
    follower.follow(start="beginning")
    assert follower.held == stored(town)
    with town.store.database.reading() as connection:
        before = len(connection.execute(select(schema.change)).all())
    follower.told.clear()

    def persons() -> None:
        for turn in range(12):
            change(town, f"L-{turn}", {"remark": f"第{turn}次"})
            change(town, "A-0001", {"remark": f"{turn}"})
        with town.store.database.writing() as connection:
            end_record(connection, ASSET, get_record(connection, ASSET, "A-0002").id, author())
            revert_change(connection, ASSET, _last_change(connection), author(now=NOW + timedelta(hours=1)))

    def imports() -> None:
        for turn in range(2):
            rows = [(f"L-{n}", "椅" if n % 3 else f"凳{turn}", "102") for n in range(5, 40 + turn)]
            path, now = ledger(tmp_path, "first", rows), NOW + timedelta(days=1 + turn)
            import_register(town.store, settings, "asset", path, who="c", now=now, source="first")

    threads = [threading.Thread(target=one) for one in (persons, imports)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        follower.follow()
    for thread in threads:
        thread.join()
    follower.follow()
    assert follower.held == stored(town)
    with town.store.database.reading() as connection:
        made = connection.execute(select(schema.change).where(schema.change.c.id > before)).all()
    changed = [one for one in follower.told if one["type"] == "changed"]
    assert sum(len(one["fields"]) for one in changed) == sum(row.field not in ("added", "ended") for row in made)
    assert len([one for one in changed if one["id"] == "A-0001"]) == 13
    created = Counter(one["id"] for one in follower.told if one["type"] == "created")
    assert created == Counter(f"L-{n}" for n in range(30, 41))


def _last_change(connection: Any) -> int:
    change_ = schema.change.c
    record = get_record(connection, ASSET, "A-0001").id
    return int(connection.execute(select(change_.id).where(change_.record_id == record).order_by(change_.id.desc()).limit(1)).scalar_one())


def test_what_leaves_a_scope_is_told_and_what_never_was_in_it_is_not(town: Town) -> None:
    catalogue = catalogue_of(town)
    clerk = Follower(catalogue, reader_of(catalogue, Reader(name="clerk", units=frozenset({"U2"}), values=False)))
    guest = Follower(catalogue, reader_of(catalogue, Reader(name="guest", labels=frozenset({"public"}))))
    clerk.follow(start="beginning")
    guest.follow(start="beginning")
    mine = next(code for code, asset in town.assets.items() if asset["unit"] == "U3" and asset["room"] == "101")
    other = next(code for code, asset in town.assets.items() if asset["unit"] == "U4" and asset["room"] != HIDDEN)
    hidden = next(code for code, asset in town.assets.items() if asset["room"] == HIDDEN and asset["unit"] == "U4")
    assert mine in clerk.held and other not in clerk.held and hidden not in guest.held
    change(town, mine, {"value": 77})
    change(town, other, {"remark": "别处"})
    change(town, hidden, {"remark": "不可见"})
    assert clerk.follow() == []
    assert [one["id"] for one in guest.follow()] == [mine, other]
    change(town, mine, {"unit": "U4"})
    change(town, other, {"unit": "U2"})
    left, entered = clerk.follow()
    assert (left["type"], left["id"]) == ("left", mine) and "fields" not in left and "values" not in left
    assert (entered["type"], entered["id"]) == ("entered", other) and "value" not in entered["values"] and "fields" not in entered
    guest.follow()
    change(town, mine, {"room": HIDDEN})
    assert [(one["type"], one["id"]) for one in guest.follow()] == [("left", mine)]
    change(town, mine, {"remark": "在密室"})
    assert guest.follow() == [] and clerk.follow() == []
    change(town, mine, {"unit": "U1"})
    assert guest.follow() == [] and clerk.follow() == []


def test_a_token_of_another_store_or_scope_is_gone_and_one_that_was_touched_is_none(town: Town) -> None:
    catalogue = catalogue_of(town)
    follower = Follower(catalogue, reader_of(catalogue, ALL))
    token = follower.token
    head, store, sealed = token.split(".")
    for bad in ("", "x", f"{head}.{store}", f"{head}.{store}.{sealed[:-4]}AAAA", f"{head}.{store}.!!", f"c0.{store}.{sealed}"):
        with pytest.raises(Invalid) as invalid:
            follower.ask(bad)
        assert invalid.value.code == "CHANGES_TOKEN_INVALID"
    narrower = Follower(catalogue, reader_of(catalogue, Reader(name="all", units=frozenset({"U2"}))))
    with pytest.raises(Gone) as gone:
        narrower.ask(token)
    assert gone.value.code == "CHANGES_SCOPE_CHANGED"
    with town.store.database.writing() as connection:
        unit = get_record(connection, get_kind("unit"), "U4")
        change_fields(connection, get_kind("unit"), unit.id, {"parent": "U2"}, author())
    with pytest.raises(Gone):
        narrower.ask(narrower.token)
    assert [one["collection"] for one in follower.follow()] == ["units"]
    with town.store.database.writing() as connection:
        renew_changes_key(connection)
    with pytest.raises(Gone) as foreign:
        follower.ask(token)
    assert foreign.value.code == "CHANGES_TOKEN_FOREIGN"


def test_a_change_that_holds_from_an_earlier_day_tells_what_the_field_says_now(town: Town) -> None:
    catalogue = catalogue_of(town)
    follower = Follower(catalogue, reader_of(catalogue, ALL))
    change(town, "A-0001", {"remark": "今"})
    with town.store.database.writing() as connection:
        record = get_record(connection, ASSET, "A-0001")
        change_fields(connection, ASSET, record.id, {"remark": "昔"}, author(now=NOW + timedelta(hours=2), valid_from=date(2026, 1, 1)))
    _, earlier = follower.follow()
    assert earlier["fields"]["remark"]["new"] == "昔" and earlier["valid_from"] == "2026-01-01"
    assert earlier["values"] == {"remark": "今"} == {"remark": stored(town)["A-0001"]["remark"]}


def test_one_collection_alone_leaves_the_others_to_be_told(town: Town) -> None:
    catalogue = catalogue_of(town)
    follower = Follower(catalogue, reader_of(catalogue, ALL))
    change(town, "A-0001", {"remark": "一"})
    page = follower.ask(follower.token, "units")
    assert page.changes == []
    assert [one["id"] for one in follower.ask(page.token, "assets").changes] == ["A-0001"]
    assert [one["id"] for one in follower.ask(page.token).changes] == ["A-0001"]


@pytest.fixture
def statements(town: Town) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        found.append((statement, parameters))

    event.listen(town.store.database.reader, "before_cursor_execute", note)
    yield found
    event.remove(town.store.database.reader, "before_cursor_execute", note)


def test_a_small_answer_reads_no_table_whole(town: Town, statements: list[tuple[str, Any]]) -> None:
    if not town.store.database.is_sqlite:
        pytest.skip("the plan of a table of sixty rows says nothing in PostgreSQL")
    catalogue = catalogue_of(town)
    follower = Follower(catalogue, reader_of(catalogue, ALL))
    change(town, "A-0001", {"remark": "一"})
    follower.follow()
    statements.clear()
    change(town, "A-0001", {"remark": "二"})
    assert len(follower.follow()) == 1
    asked = [(statement, parameters) for statement, parameters in statements if statement.startswith(("SELECT", "WITH"))]
    with town.store.database.reading() as connection:
        plans = [
            str(row[3])
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    scanned = {plan.split()[1] for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan}
    assert len(asked) > 20
    assert not scanned & {"asset", "change", "feature", "register_revision", "identity", "term", "location"}, plans


@pytest.fixture
def building(opened: Callable[..., Store], tmp_path: Path) -> Town:
    """A store with a tower of which a room is restricted."""
    store = opened()
    store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
    town = Town(store, tmp_path, assets=1)
    features = relabelled(tower(), {"tower:r10-1": "restricted"})
    store.record_revision(new_revision("a" * 64), features, boxes(features), [], [], now=NOW)
    return town


def test_a_revision_is_told_feature_by_feature(building: Town) -> None:
    catalogue = catalogue_of(building)
    officer = Follower(catalogue, reader_of(catalogue, ALL))
    guest = Follower(catalogue, reader_of(catalogue, Reader(name="guest", labels=frozenset({"public"}))))
    before = {row.feature.id: row.feature for row in building.store.features("PS", None)}
    features = []
    for item in relabelled(tower(), {"tower:r9-1": "restricted"}):
        if item.id == "tower:d9-9-1":
            continue
        features.append(replace(item, name="改名") if item.id == "tower:d9-9-2" else item)
    building.store.record_revision(new_revision("b" * 64), features, boxes(features), [], [], now=NOW)
    after = {row.feature.id: row.feature for row in building.store.features("PS", None)}
    told = {one["id"]: one for one in officer.follow()}
    assert {name for name, one in told.items() if one["type"] == "removed"} == before.keys() - after.keys() == {"tower:d9-9-1"}
    differing = {
        name for name in before.keys() & after.keys() if (before[name].name, before[name].label) != (after[name].name, after[name].label)
    }
    assert {name for name, one in told.items() if one["type"] == "changed"} == differing == {"tower:d9-9-2", "tower:r9-1", "tower:r10-1"}
    assert told["tower:d9-9-2"]["fields"]["name"]["new"] == "改名" and told["tower:d9-9-2"]["revision"] == "tower@2"
    assert told["tower:d9-9-2"]["collection"] == "elements" and told["tower:r9-1"]["collection"] == "rooms"
    seen = {one["id"]: one["type"] for one in guest.follow()}
    assert seen["tower:r9-1"] == "removed" and seen["tower:r10-1"] == "added"
    everything = Follower(catalogue, officer.reader, limit=3).follow(start="beginning")
    keys = [(one["id"], one["revision"]) for one in everything if one["collection"] != "assets" and "revision" in one]
    assert len(keys) == len(set(keys)) == len(before) + len(told)


def test_counts_and_tokens_are_the_same_on_every_page_size(town: Town) -> None:
    catalogue = catalogue_of(town)
    answers = []
    for limit in (1, 5, 1000):
        follower = Follower(catalogue, reader_of(catalogue, ALL), limit=limit)
        answers.append((follower.follow(start="beginning"), follower.token))
    assert answers[0] == answers[1] == answers[2]
    with town.store.database.reading() as connection:
        assert len(answers[0][0]) == connection.execute(text("SELECT count(DISTINCT record_id) FROM change")).scalar_one()
