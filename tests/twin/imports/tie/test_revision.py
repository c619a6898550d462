"""Links under a new revision of their model, on both databases: they stay with their GlobalIds, what lost its counterpart is told."""

from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import text

from spatial.feature import Feature, FeatureId, Kind
from tests.twin.moulds import Cast
from tests.twin.store.builder import SITE, new_revision, record, tower
from twin.imports.register import import_register
from twin.imports.tie import tie, tie_if_records
from twin.settings import Settings
from twin.store import Store

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
NUMBERS = {"r10-10": "1010", "r10-9": "1009", "r10-1": "1001", "r9-10": "910", "r9-9": "909", "r9-1": "901"}
TAGS = {"d10-10-1": "T1", "d9-1-1": "T2", "d9-1-2": "T3"}


def model(numbers: dict[str, str], tags: dict[str, str], renamed: dict[str, str]) -> list[Feature]:
    """The tower with numbers on its rooms and tags on its desks; `renamed` things are the same drawn anew, under another id."""

    def local(feature_id: str | None) -> str | None:
        if feature_id is None:
            return None
        own = feature_id.split(":", 1)[1]
        return FeatureId(f"tower:{renamed.get(own, own)}")

    found = []
    for one in tower():
        own = one.id.split(":", 1)[1]
        facts: dict[str, Any] = {"id": local(one.id), "parent": local(one.parent), "space": local(one.space)}
        facts["source"] = replace(one.source, global_id=renamed.get(own, own))
        if one.kind is Kind.SPACE:
            facts["name"] = numbers[own]
        if own in tags:
            facts["properties"] = {"attributes": {"tag": tags[own]}}
        found.append(replace(one, **facts))
    return found


class Tower:
    """A store with the tower, its rooms and three desks in the registers."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder, self.settings = store, folder, Settings(home=folder / "home")
        store.add_site(SITE, now=NOW)
        record(store, model(NUMBERS, TAGS, {}))
        self.take("building", "楼栋编码,楼栋名称", ["B1,主楼"])
        self.take("room", "房间编码,楼栋,楼层,房间号,使用面积", [f"R{n},主楼,{n[:-2]}层,{n},3.6" for n in NUMBERS.values()])
        self.take(
            "asset", "资产编号,资产名称,标签号,楼栋,存放地点", ["A1,办公桌,T1,主楼,1010", "A2,办公桌,T2,主楼,901", "A3,办公桌,T3,主楼,901"]
        )

    def moved(self, store: Store, folder: Path) -> Self:
        """The same tower in a copy of its store."""
        tower = copy(self)
        tower.store, tower.folder, tower.settings = store, folder, Settings(home=folder / "home")
        return tower

    def take(self, kind: str, header: str, lines: list[str], now: datetime = NOW) -> None:
        path = self.folder / f"{kind}-{now.hour}.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        import_register(self.store, self.settings, kind, path, who="clerk", now=now)

    def revise(self, features: list[Feature], letter: str = "b") -> None:
        record(self.store, features, new_revision(letter * 64))
        assert tie_if_records(self.store, who="test", now=LATER) is not None

    def ask(self, query: str) -> list[Any]:
        with self.store.database.reading() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def links(self, kind: str) -> dict[str, str]:
        query = f"select t.key, l.feature_id from link l join {kind} t on t.record_id = l.record_id"
        return dict(self.ask(f"{query} where l.until_us is null and l.state = 'made'"))

    def items(self) -> set[tuple[str, str]]:
        keys = dict(self.ask("select record_id, key from room union all select record_id, key from asset"))
        return {(code, keys[one]) for code, one in self.ask("select code, record_id from work_item where state = 'open'")}


@pytest.fixture
def tied(cast: Cast) -> Tower:
    return cast(Tower)


def test_all_are_linked_at_first(tied: Tower) -> None:
    assert tied.links("room") == {f"R{number}": f"tower:{local}" for local, number in NUMBERS.items()}
    assert tied.links("asset") == {"A1": "tower:d10-10-1", "A2": "tower:d9-1-1", "A3": "tower:d9-1-2"}
    assert dict(tied.ask("select key, place_method from asset")) == {"A1": "element", "A2": "element", "A3": "element"}
    assert tied.items() == set()


def test_a_new_revision_keeps_links_where_it_keeps_ids_and_tells_what_is_lost(tied: Tower) -> None:
    before = tied.links("room")
    ids = dict(tied.ask("select feature_id, id from place where feature_id is not null"))
    tied.revise(model(NUMBERS | {"r10-10": "1011"}, {"d9-1-2": "T3"}, {"r9-9": "anew", "d9-1-2": "desk-anew", "d10-10-1": "gone"}))
    after = tied.links("room")
    assert after == {key: feature for key, feature in before.items() if key != "R909"}
    assert tied.links("asset") == {"A2": "tower:d9-1-1", "A3": "tower:desk-anew"}
    assert tied.items() == {
        ("LINK_NUMBER_CHANGED", "R1010"),
        ("LINK_COUNTERPART_LOST", "R909"),
        ("LINK_ELEMENT_LOST", "A1"),
    }
    (detail,) = tied.ask("select detail from work_item where code = 'LINK_COUNTERPART_LOST'")
    assert "tower:anew" in detail[0]
    assert dict(tied.ask("select key, place_method from asset"))["A1"] == "spot"
    kept = dict(tied.ask("select feature_id, id from place where feature_id is not null"))
    assert all(kept[feature] == place for feature, place in ids.items() if feature in kept)


def test_what_is_lost_stays_on_the_list_until_its_record_says_something_new(tied: Tower) -> None:
    tied.revise(model(NUMBERS, TAGS, {"r9-9": "anew"}))
    tied.take("asset", "资产编号,资产名称,标签号,楼栋,存放地点", ["A9,椅子,,主楼,909"], now=LATER)
    assert ("LINK_COUNTERPART_LOST", "R909") in tied.items()
    rooms = [f"R{n},主楼,{n[:-2]}层,{n},{3.7 if n == '909' else 3.6}" for n in NUMBERS.values()]
    tied.take("room", "房间编码,楼栋,楼层,房间号,使用面积", rooms, now=LATER + timedelta(hours=1))
    assert tied.links("room")["R909"] == "tower:anew"
    assert tied.items() == set()


def test_a_tie_that_finds_nothing_new_writes_nothing(tied: Tower) -> None:
    tables = ("place", "link", "location", "term", "work_item", "asset", "touched", "counter")
    before = {table: sorted(tied.ask(f"select * from {table}"), key=repr) for table in tables}
    assert set(tie(tied.store, who="test", now=LATER).to_json().values()) == {0}
    assert {table: sorted(tied.ask(f"select * from {table}"), key=repr) for table in tables} == before


def test_rooms_that_leave_the_register_leave_the_tree_when_their_record_ends(tied: Tower) -> None:
    tied.take("room", "房间编码,楼栋,楼层,房间号", ["R77,主楼,7层,777"], now=LATER)
    tied.take("asset", "资产编号,资产名称,楼栋,存放地点", ["A7,柜子,主楼,777"], now=LATER)
    query = "select p.number from asset a join place p on p.id = a.place_id where a.key = 'A7'"
    assert tied.ask(query) == [("777",)]
    with tied.store.database.writing() as connection:
        connection.execute(text("update room set ended = '2026-11-26' where key = 'R77'"))
        connection.execute(text("insert into touched (seq, kind, record_id) values (999999, 'room', 1)"))
    tie(tied.store, who="test", now=LATER)
    assert tied.ask("select p.kind, p.name from asset a join place p on p.id = a.place_id where a.key = 'A7'") == [("building", "主楼")]
    assert tied.ask("select count(*) from place where number = '777' or number = '7'") == [(0,)]
