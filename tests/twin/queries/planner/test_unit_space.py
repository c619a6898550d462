"""Units against their posts, computed by hand."""

from typing import Any

import pytest

from tests.twin.queries.planner.office import EVERYBODY, TODAY, Office
from twin.errors import Invalid, NotFound
from twin.queries.planner.unit_space import entitlement_page, unit_entitlement
from twin.records.scope import Reader


def test_the_approved_area_of_a_unit_from_its_posts(standing: Office) -> None:
    said = unit_entitlement(standing.registers, "U1", EVERYBODY, as_of=TODAY)
    offices = 2 * 30 + 18 + 12 + 9
    service = 9.0 * 5
    assert said["approved_m2"] == pytest.approx(offices + service + 0.09 * (offices + service))
    assert said["held_m2"] == pytest.approx(24.4 + 28.5 + 20 + 16 + 17.9 + 60)
    assert said["excess_m2"] == pytest.approx(said["held_m2"] - said["approved_m2"], abs=0.01)
    assert said["outside_m2"] == 40  # technical rooms are not counted
    assert (said["allocated"]["rooms"], said["used"]["rooms"]) == (8, 7)
    assert said["allocated_used_by_others"] == {"rooms": 1, "area_m2": 20.0}
    assert [fault["code"] for fault in said["findings"]] == ["ROOM_AREA_MISSING"]
    assert [(line["rank"]["code"], line["posts"], line["people"]) for line in said["posts"]] == [
        ("bureau_chief", 2, 2), ("division_chief", 1, 1), ("division_deputy", 1, 1), ("staff", 1, 1),
    ]  # fmt: skip
    assert [unit["key"] for unit in said["below"]] == ["U11"]


def test_a_unit_without_posts_is_not_judged(standing: Office) -> None:
    said = unit_entitlement(standing.registers, "U11", EVERYBODY, as_of=TODAY)
    assert (said["verdict"], said["approved_m2"]) == ("limit_unknown", None)
    assert "POSTS_UNKNOWN" in [fault["code"] for fault in said["findings"]]
    assert said["used_not_allocated"] == {"rooms": 1, "area_m2": 20.0}


def test_units_over_and_under_are_a_list(standing: Office) -> None:
    page = entitlement_page(standing.registers, EVERYBODY, unit=None, verdicts=(), as_of=TODAY, after=None, limit=2)
    assert ([unit["unit"]["key"] for unit in page["units"]], page["next"]) == (["U1", "U11"], "U11")
    assert sum(page["counts"].values()) == page["numberMatched"] == 3
    within = entitlement_page(standing.registers, EVERYBODY, unit=None, verdicts=("within",), as_of=TODAY, after=None, limit=9)
    over = entitlement_page(standing.registers, EVERYBODY, unit=None, verdicts=("over",), as_of=TODAY, after=None, limit=9)
    assert {unit["unit"]["key"] for unit in within["units"]} | {unit["unit"]["key"] for unit in over["units"]} == {"U1", "U2"}
    assert [unit["unit"]["key"] for unit in _page(standing, unit="U1")["units"]] == ["U1", "U11"]


def test_a_clerk_asks_of_the_own_unit_only(standing: Office) -> None:
    clerk = Reader(name="clerk", units=frozenset({"U11"}))
    assert [unit["unit"]["key"] for unit in _page(standing, clerk)["units"]] == ["U11"]
    with pytest.raises(NotFound):
        unit_entitlement(standing.registers, "U1", clerk, as_of=TODAY)
    with pytest.raises(Invalid, match="huge"):
        entitlement_page(standing.registers, clerk, unit=None, verdicts=("huge",), as_of=TODAY, after=None, limit=9)


def _page(office: Office, reader: Reader = EVERYBODY, *, unit: str | None = None) -> Any:
    return entitlement_page(office.registers, reader, unit=unit, verdicts=(), as_of=TODAY, after=None, limit=9)
