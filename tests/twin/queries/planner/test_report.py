"""Reports of rooms and energy say what the answers say; both databases."""

from datetime import date

import pytest

from tests.twin.queries.planner.office import EVERYBODY, TODAY, Office
from twin.errors import Invalid, NotFound
from twin.queries.assetops.reporting.made import make_report
from twin.queries.assetops.reporting.wanted import Wanted
from twin.records.scope import Reader


def test_the_report_of_rooms_has_every_room_and_those_over_apart(standing: Office) -> None:
    report = make_report(standing.registers, "rooms", Wanted(as_of=TODAY), EVERYBODY)
    by_unit, over, rooms = report.tables
    assert (len(rooms), list(over.columns["number"])) == (11, ["103", "101", "103"])
    assert sum(rooms.columns["people"]) == standing.page()["totals"]["people"] + 2  # two have an office twice
    assert sum(by_unit.columns["rooms"]) == 11
    assert [source.split(" · ")[1] for source in map(str, report.heading.sources)] == ["unit@1", "room@1", "person@1"]


def test_a_report_has_the_readers_rooms_and_names_only(standing: Office) -> None:
    clerk = Reader(name="clerk", units=frozenset({"U2"}), persons=False)
    report = make_report(standing.registers, "rooms", Wanted(as_of=TODAY), clerk)
    assert len(report.tables[-1]) == 3 and "庚副科" not in str(report.tables)
    with pytest.raises(NotFound):
        make_report(standing.registers, "rooms", Wanted(as_of=TODAY, unit="U1"), clerk)


def test_the_report_of_energy_holds_the_months_before_the_day(standing: Office) -> None:
    report = make_report(standing.registers, "energy", Wanted(as_of=date(2026, 3, 15)), EVERYBODY)
    assert list(report.tables[1].columns["month"])[::11] == ["2025-03", "2026-02"]
    with pytest.raises(Invalid):
        make_report(standing.registers, "energy", Wanted(as_of=TODAY, place=1), EVERYBODY)
