"""Findings of the office: each planted by hand, none besides."""

from collections.abc import Sequence
from typing import Any

from tests.twin.queries.planner.office import EVERYBODY, PERSON, ROOM, TODAY, Office, named
from twin.queries.planner.checks import space_checks
from twin.records.scope import Reader


def checked(office: Office, reader: Reader = EVERYBODY, *, place: int | None = None, unit: str | None = None, limit: int = 100) -> Any:
    return space_checks(office.registers, reader, place=place, unit=unit, as_of=TODAY, limit=limit)


def told(page: Any) -> set[tuple[str, str, str | None]]:
    return {(one["code"], one["key"], one["column"]) for one in page["findings"]}


PLANTED = {
    ("ROOM_STATE_DISAGREES", "S103", None),  # lent, and P11 has it as a second office
    ("PERSON_NOT_IN_POST", "P5", "room"),
    ("PERSON_ROOM_UNKNOWN", "P10", "room"),
    ("PERSON_SECOND_OFFICE_UNGROUNDED", "P11", "second_room"),
    ("POSTS_EXCEEDED", "U2/staff", "posts"),  # P8, P9, P10 on two posts
}


def test_what_is_wrong_is_found_and_nothing_besides(standing: Office) -> None:
    page = checked(standing)
    assert told(page) == PLANTED
    assert page["counts"] == {code: 1 for code, _, _ in sorted(PLANTED)}


def test_what_names_nothing_known_is_a_finding_of_its_own(office: Office) -> None:
    room = ("R401", "没有的楼", "9层", "901", "办公室", "20", "没有的单位", "U1", "1", "否", "在用")
    high = ("R501", "湖滨楼", "5层", "501", "办公室", "20", "U1", "U1", "1", "否", "空置")
    office.take("room", named(ROOM, [room, high]))
    office.take(
        "person", named(PERSON, [("P12", "丑无名", "没有的单位", "科员", "湖滨楼", "1层", "102", "湖滨楼", "999", "经审批", "在岗")])
    )
    assert told(checked(office)) - PLANTED == {
        ("ROOM_BUILDING_UNKNOWN", "R401", "building"),
        ("ROOM_UNIT_UNKNOWN", "R401", "allocated_to"),
        ("BUILDING_STOREYS_CONTRADICT", "B2", "storeys_above"),
        ("PERSON_UNIT_UNKNOWN", "P12", "unit"),
        ("PERSON_ROOM_UNKNOWN", "P12", "second_room"),
    }


def test_a_building_has_only_its_own_findings(standing: Office) -> None:
    assert told(checked(standing, place=standing.place("东风楼"))) == {
        ("PERSON_NOT_IN_POST", "P5", "room"),
        ("PERSON_SECOND_OFFICE_UNGROUNDED", "P11", "second_room"),
    }


def test_a_clerk_sees_findings_of_the_own_unit(standing: Office) -> None:
    clerk = Reader(name="clerk", units=frozenset({"U2"}))
    assert told(checked(standing, clerk)) >= {("PERSON_ROOM_UNKNOWN", "P10", "room"), ("POSTS_EXCEEDED", "U2/staff", "posts")}
    assert not {"P5", "R104"} & {key for _, key, _ in told(checked(standing, clerk))}


def test_who_may_not_read_persons_learns_no_name(standing: Office) -> None:
    page = checked(standing, Reader(name="machine", persons=False))
    assert page["counts"]["PERSON_NOT_IN_POST"] == 1
    assert not any(word in str(page) for word in ("P5", "戊退休", "P10", "P11", "子两处"))


def test_pages_of_findings_are_all_findings(standing: Office) -> None:
    found: list[str] = []
    after = None
    while True:
        page = space_checks(standing.registers, EVERYBODY, place=None, unit=None, as_of=TODAY, after=after, limit=2)
        found += codes(page["findings"])
        after = page["next"]
        if after is None:
            break
    assert found == sorted(code for code, _, _ in PLANTED)


def codes(findings: Sequence[Any]) -> list[str]:
    return [one["code"] for one in findings]
