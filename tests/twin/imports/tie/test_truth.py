"""What the tie found on the demo against what its writer planted, on three seeds, asked of the tables by hand."""

import csv
import json
from collections import Counter
from typing import Any

import pyarrow.parquet as parquet

from tests.twin.imports.tie.conftest import TiedDemo
from twin.imports.tie.devices import DEVICE_CODES

UNKNOWN_UNIT = {"room_unit": "room", "person_unit": "person", "asset_unit": "asset", "vehicle_unit": "vehicle", "energy_unit": "energy"}
UNIT_COLUMN = {"room": "used_by_id"}
NO_SUCH_ROOM = {"person_room": "person", "asset_room": "asset"}
LOST_ROOMS = ("room_number", "room_building")
"""Whose rooms cannot be found by what is written of them."""


def room_truth(demo: TiedDemo) -> list[dict[str, str]]:
    with (demo.folder / "truth_rooms.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def links(demo: TiedDemo, kind: str) -> dict[str, str]:
    query = f"select t.key, l.feature_id from link l join {kind} t using (record_id) where l.until_us is null and l.state = 'made'"
    return dict(demo.rows(query))


def test_rooms_are_linked_to_their_spaces_and_to_no_others(demo: TiedDemo) -> None:
    wrong_in_register = {item["key"] for item in demo.planted(*LOST_ROOMS)}
    truth = {row["room"]: f"{row['model']}:{row['global_id']}" for row in room_truth(demo) if row["model"]}
    found = links(demo, "room")
    right = sum(truth.get(room) == feature for room, feature in found.items())
    assert len(truth) > 100
    assert right / len(found) >= 0.99
    findable = truth.keys() - wrong_in_register
    assert sum(found.get(room) == truth[room] for room in findable) / len(findable) >= 0.97


def test_cards_stand_in_their_rooms(demo: TiedDemo) -> None:
    truth = parquet.read_table(demo.folder / "truth_assets.parquet").to_pylist()
    planted = {item["key"] for item in demo.planted("asset_room", "asset_code_twice")}
    lost = {item["key"] for item in demo.planted(*LOST_ROOMS)}
    query = "select a.key, r.key from asset a join place p on p.id = a.place_id join room r using (record_id) where p.kind = 'room'"
    query = query.replace("using (record_id)", "on r.record_id = p.record_id")
    found = dict(demo.rows(query))
    asked = [row for row in truth if row["room"] and row["asset"] not in planted and row["room"] not in lost]
    placed = [row for row in asked if row["asset"] in found]
    assert len(asked) > 500
    assert sum(found[row["asset"]] == row["room"] for row in placed) / len(placed) >= 0.99
    assert len(placed) / len(asked) >= 0.97


def test_cards_of_the_models_things_are_those_elements(demo: TiedDemo) -> None:
    truth = {row["asset"]: row["element"] for row in parquet.read_table(demo.folder / "truth_assets.parquet").to_pylist() if row["element"]}
    doubled = {item[name] for item in demo.planted("asset_tag_twice", "asset_code_twice") for name in ("key", "also")}
    found = {asset: feature.split(":", 1)[1] for asset, feature in links(demo, "asset").items()}
    assert sum(truth.get(asset) == element for asset, element in found.items()) / len(found) >= 0.99
    asked = truth.keys() - doubled
    assert sum(found.get(asset) == truth[asset] for asset in asked) / len(asked) >= 0.97
    standing = dict(demo.rows("select place_method, count(*) from asset group by 1"))
    assert standing["element"] == len(found)


def test_units_nobody_knows_stay_open_and_no_others(demo: TiedDemo) -> None:
    asked = {(kind, item["now"]) for error, kind in UNKNOWN_UNIT.items() for item in demo.planted(error)}
    found = set()
    for kind in UNKNOWN_UNIT.values():
        column = UNIT_COLUMN.get(kind, "unit_id")
        query = f"select distinct t.text from {kind} r join term t on t.id = r.{column} where t.record_id is null"
        found |= {(kind, text) for (text,) in demo.rows(query)}
    assert len(asked) >= len(UNKNOWN_UNIT)
    assert found == asked


def test_a_building_nobody_knows_stays_open(demo: TiedDemo) -> None:
    asked = {item["now"] for item in demo.planted("room_building")}
    query = "select distinct t.text from room r join term t on t.id = r.building_id where t.record_id is null"
    assert asked == {text for (text,) in demo.rows(query)} != set()


def test_rooms_that_do_not_exist_are_told_with_the_reason(demo: TiedDemo) -> None:
    for error, kind in NO_SUCH_ROOM.items():
        query = f"select r.key, l.evidence from {kind} r join location l on l.id = r.location_id"
        reasons = {key: json.loads(evidence).get("reason") for key, evidence in demo.rows(query)}
        planted = {item["key"] for item in demo.planted(error)}
        assert planted
        assert {reasons[key] for key in planted} <= {"room_unknown", "building_contradicts", "room_ambiguous"}


def test_work_items_are_the_planted_ones(demo: TiedDemo) -> None:
    key_of = dict(demo.rows("select record_id, key from room"))
    items: dict[str, set[str]] = {}
    for code, record in demo.rows("select code, record_id from work_item where state = 'open'"):
        items.setdefault(code, set()).add(key_of.get(record, str(record)))
    modelled = {row["room"] for row in room_truth(demo) if row["model"]}
    wrong_numbers = {item["key"] for item in demo.planted("room_number")} & modelled
    assert wrong_numbers <= items.pop("LINK_ROOM_UNMATCHED", set())
    areas = {item["key"] for item in demo.planted("room_area")}
    assert areas == items.pop("LINK_AREA_DIFFERS", set()) & areas
    shared = Counter({code: len(found) for code, found in items.items() if code not in DEVICE_CODES})  # those: test_demo_devices
    assert shared.pop("LINK_ASSETS_SHARE_ELEMENT", 0) <= len(demo.planted("asset_tag_twice", "asset_code_twice"))
    assert sum(shared.values()) <= 0.01 * len(modelled), items


def test_at_each_place_own_and_children_and_unplaced_are_all_there_are(demo: TiedDemo) -> None:
    for kind in ("asset", "person", "meter"):
        parents = dict(demo.rows("select id, parent_id from place"))
        own: Counter[Any] = Counter(dict(demo.rows(f"select place_id, count(*) from {kind} group by place_id")))
        total = sum(own.values())
        under: Counter[Any] = Counter()
        for place, count in own.items():
            at = place
            while at is not None:
                under[at] += count
                at = parents[at]
        for place in parents:
            children = sum(under[child] for child, parent in parents.items() if parent == place)
            assert own[place] + children == under[place]
        assert under[next(place for place, parent in parents.items() if parent is None)] + own[None] == total > 0
        paths = demo.rows(
            f"select p.id, (select count(*) from {kind} a join place q on q.id = a.place_id where q.path like p.path || '%') from place p"
        )
        assert dict(paths) == {place: under[place] for place in parents}


def test_a_second_import_of_everything_changes_nothing(demo: TiedDemo) -> None:
    from tests.twin.imports.tie.conftest import NOW, ledgers_of
    from twin.imports.registers import import_registers
    from twin.store import Store

    before = _all_tables(demo)
    with Store.open(demo.settings.database_url) as store:
        done, tied = import_registers(store, demo.settings, ledgers_of(demo.files), who="again", now=NOW)
    assert not any(one.added for one in done)
    assert set(tied.to_json().values()) == {0}
    assert _all_tables(demo) == before


def _all_tables(demo: TiedDemo) -> dict[str, list[Any]]:
    tables = [name for (name,) in demo.rows("select name from sqlite_master where type = 'table'")]
    return {table: sorted(demo.rows(f"select * from {table}"), key=repr) for table in tables}
