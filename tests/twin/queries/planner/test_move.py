"""What if a unit moved: nobody twice, no room over, nothing written."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from tests.twin.queries.planner.office import EVERYBODY, ROOM, TODAY, Office, named
from twin.errors import Invalid, NotFound
from twin.queries.planner.move import what_if_moved
from twin.records.scope import Reader
from twin.store import record_schema as schema

FREE = [
    ("T201", "湖滨楼", "2层", "201", "办公室", "29", "U2", "U2", "1", "否", "空置"),
    ("T202", "湖滨楼", "2层", "202", "办公室", "17", "U2", "U2", "1", "否", "空置"),
    ("T203", "湖滨楼", "2层", "203", "办公室", "20", "U2", "U2", "3", "是", "空置"),
    ("T204", "湖滨楼", "2层", "204", "会议室", "17", "U2", "U2", "", "", "空置"),
    ("T205", "湖滨楼", "2层", "205", "办公室", "", "U2", "U2", "1", "否", "空置"),
    ("T206", "湖滨楼", "2层", "206", "办公室", "17", "U2", "U2", "1", "否", "封存"),
]


def test_the_unit_is_seated_by_rank_and_what_does_not_fit_is_said(office: Office) -> None:
    office.take("room", named(ROOM, FREE))
    told = what_if_moved(office.registers, EVERYBODY, unit="U1", building=office.place("湖滨楼"), as_of=TODAY)
    seats = {room["room"]: sorted(one["person"]["key"] for one in room["people"]) for room in told["rooms"]}
    assert seats["T201"] in (["P6"], ["P11"])  # 正厅级 30 m²
    assert seats["T202"] == ["P1"]  # 正处级 18 m²
    assert told["people"] == 5 == told["seated"] + len(told["left_over"])
    assert max(Counter(key for keys in seats.values() for key in keys).values()) == 1
    assert told["stays_over"] == [] and all(room["verdict"]["code"] != "over" for room in told["rooms"])
    assert {one["room"]: one["reason"] for one in told["left_out"]} == {"S103": "out_of_use", "T205": "area_unknown", "T206": "out_of_use"}
    assert {"T204", "S101", "S102"}.isdisjoint(seats)
    assert told["others_over"] == ["S101"]
    assert told["left_empty"]["rooms"] == ["R102", "R204"] or "R101" in told["left_empty"]["rooms"]
    assert {one["person"]["key"] for one in told["left_over"]} == {"P2", "P3"}  # ranks above 12 m² come first
    assert all(one["zh"] and one["en"] for one in told["left_over"])


def test_nothing_is_written(office: Office) -> None:
    office.take("room", named(ROOM, FREE))
    before = _state(office)
    what_if_moved(office.registers, EVERYBODY, unit="U1", building=office.place("湖滨楼"), as_of=TODAY, with_below=True)
    assert _state(office) == before


def test_people_of_units_below_come_along_when_asked(standing: Office) -> None:
    place = standing.place("湖滨楼")
    assert what_if_moved(standing.registers, EVERYBODY, unit="U1", building=place, as_of=TODAY)["people"] == 5
    assert what_if_moved(standing.registers, EVERYBODY, unit="U1", building=place, as_of=TODAY, with_below=True)["people"] == 6


def test_a_unit_may_be_seated_anew_in_its_own_building(standing: Office) -> None:
    told = what_if_moved(standing.registers, EVERYBODY, unit="U1", building=standing.place("东风楼"), as_of=TODAY)
    assert {room["room"] for room in told["rooms"]} <= {"R101", "R102", "R204"}  # R103 and R202 are P4's, R104 is still held


def test_what_is_not_there_or_hidden_is_refused(office: Office) -> None:
    place = office.place("湖滨楼")
    with pytest.raises(NotFound):
        what_if_moved(office.registers, EVERYBODY, unit="U9", building=place, as_of=TODAY)
    with pytest.raises(NotFound):
        what_if_moved(office.registers, EVERYBODY, unit="U1", building=99999, as_of=TODAY)
    with pytest.raises(NotFound):
        what_if_moved(office.registers, Reader(name="clerk", units=frozenset({"U2"})), unit="U1", building=place, as_of=TODAY)
    office.take("unit", [{"单位编码": "U3", "单位名称": "没有人的单位", "级次": "县级"}])
    with pytest.raises(Invalid, match="nobody"):
        what_if_moved(office.registers, EVERYBODY, unit="U3", building=place, as_of=TODAY)


def _state(office: Office) -> list[int]:
    tables = (schema.change, schema.touched, schema.request, schema.place, schema.kind_table("person"), schema.kind_table("room"))
    with office.store.database.reading() as connection:
        return [int(connection.execute(select(func.count()).select_from(table)).scalar_one()) for table in tables]
