"""Energy through the registers: sums by hand, medians, unknown units, buildings; both databases."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.twin.moulds import Cast
from tests.twin.queries.planner.office import EVERYBODY, Office
from twin.errors import Invalid, NotFound
from twin.queries.energy.answers import energy_page
from twin.queries.energy.findings import energy_checks
from twin.queries.energy.period import Period, month_number
from twin.queries.energy.places import building_energy
from twin.records.scope import Reader
from twin.store import Store

YEAR = Period(first=month_number("2026-01"), last=month_number("2026-03"))
HEADER = ("用能单位", "统计月份", "机构类别", "用电量(千瓦时)", "汽油(千克)", "水(立方米)", "建筑面积(㎡)", "用能人数")


def report(unit: str, month: str, electricity: float, petrol: str = "", kind: str = "国家机关", area: float = 100) -> dict[str, str]:
    return dict(zip(HEADER, (unit, month, kind, str(electricity), petrol, "10", str(area), "5"), strict=True))


@pytest.fixture
def office(cast: Cast) -> Office:
    """The office with three months of energy of two units and of one nobody knows."""
    return cast(measured_office)


def measured_office(store: Store, folder: Path) -> Office:
    office = Office(store, folder)
    rows = [report(unit, f"2026-0{month}", 1000, "100") for unit in ("U1", "省规划设计院") for month in (1, 2, 3)]
    rows += [report("U2", "2026-01", 500), report("U2", "2026-03", 500), report("没有的单位", "2026-02", 700)]
    office.take("energy", rows)
    return office


def page(office: Office, reader: Reader = EVERYBODY, **options: Any) -> Any:
    return energy_page(office.registers, reader, YEAR, **({"unit": None, "after": None, "limit": 10} | options))


def test_standard_coal_per_area_and_person_by_hand(office: Office) -> None:
    told = page(office)
    by_key = {unit["unit"]["key"]: unit for unit in told["units"]}
    kgce = 3 * (1000 * 0.1229 + 100 * 1.4714)
    assert by_key["U1"]["kgce"] == pytest.approx(kgce, abs=0.01)
    assert by_key["U1"]["kgce_m2"] == pytest.approx(kgce / 100, abs=0.001)
    assert by_key["U1"]["kgce_person"] == pytest.approx(kgce / 5, abs=0.01)
    assert by_key["U2"]["complete"] is False and by_key["U2"]["months_reported"] == 2
    assert told["totals"]["kgce"] == pytest.approx(2 * kgce + 1000 * 0.1229 + 700 * 0.1229, abs=0.01)
    assert [month["month"] for month in told["by_month"]] == ["2026-01", "2026-02", "2026-03"]
    assert sum(month["kgce"] for month in told["by_month"]) == pytest.approx(told["totals"]["kgce"], abs=0.05)
    assert {row["carrier"]: row["factor"] for row in told["factors"]}["electricity"] == 0.1229


def test_a_unit_named_in_two_ways_is_one_unit(office: Office) -> None:
    office.take("energy", [report("省发展和改革委员会", "2026-02", 1, "1")])
    units = [unit["unit"]["key"] for unit in page(office)["units"]]
    assert units.count("U1") == 1


def test_a_unit_nobody_knows_is_named_as_it_is_written(office: Office) -> None:
    unknown = next(unit for unit in page(office)["units"] if not unit["unit"]["known"])
    assert unknown["unit"] == {"key": None, "name": "没有的单位", "known": False}


def test_the_median_needs_five_that_reported_every_month(office: Office) -> None:
    assert page(office)["medians"] == []
    units = [{"单位编码": f"V{n}", "单位名称": f"单位{n}", "级次": "省级"} for n in range(5)]
    office.take("unit", units)
    office.take("energy", [report(f"V{n}", f"2026-0{m}", 1000 * (n + 1), kind="教育机构") for n in range(5) for m in (1, 2, 3)])
    told = page(office, limit=50)
    (median,) = told["medians"]
    assert (median["institutions"], median["kgce_m2"]) == (5, pytest.approx(3 * 3000 * 0.1229 / 100, abs=0.001))
    ratios = {unit["unit"]["key"]: unit["ratio"] for unit in told["units"]}
    assert (ratios["V2"], ratios["V4"]) == (1.0, pytest.approx(5 / 3, abs=0.001))


def test_a_clerk_sees_the_own_units_energy(office: Office) -> None:
    clerk = Reader(name="clerk", units=frozenset({"U1"}))
    assert [unit["unit"]["key"] for unit in page(office, clerk)["units"]] == ["U1", "U11"]
    assert page(office, clerk)["totals"]["units"] == 2
    with pytest.raises(NotFound):
        page(office, clerk, unit="U2")


def test_pages_of_units_are_all_units(office: Office) -> None:
    first = page(office, limit=2)
    rest = page(office, limit=9, after=first["next"])
    assert len(first["units"]) == 2 and first["numberMatched"] == 4 == len(first["units"]) + len(rest["units"])


def test_missing_months_and_units_nobody_knows_are_findings(office: Office) -> None:
    told = energy_checks(office.registers, EVERYBODY, YEAR, unit=None, after=None, limit=20)
    assert told["counts"] == {"ENERGY_MONTH_MISSING": 1, "ENERGY_UNIT_UNKNOWN": 1}
    missing = next(one for one in told["findings"] if one["code"] == "ENERGY_MONTH_MISSING")
    assert (missing["key"], missing["facts"]["months"]) == ("U2", ["2026-02"])


def test_a_digit_too_many_is_found_in_the_report(office: Office) -> None:
    rows = [report("U1", f"2026-{month:02d}", 1000 if month != 7 else 10000) for month in range(4, 11)]
    office.take("energy", rows)
    whole = Period(first=YEAR.first, last=month_number("2026-10"))
    told = energy_checks(office.registers, EVERYBODY, whole, unit="U1", codes=("ENERGY_OUTLIER",), after=None, limit=20)
    assert [(one["key"], one["column"], one["facts"]["cause"]) for one in told["findings"]] == [("U1/2026-07", "electricity", "tenfold")]


def test_a_report_of_a_year_mistyped_costs_no_memory_for_the_years_between(office: Office) -> None:
    office.take("energy", [report("U1", "1926-01", 1000), report("U1", "2199-12", 1000)])
    tracemalloc.start()
    told = energy_checks(office.registers, EVERYBODY, YEAR, unit=None, after=None, limit=20)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told["counts"] == {"ENERGY_MONTH_MISSING": 1, "ENERGY_UNIT_UNKNOWN": 1}
    assert most_bytes < 8 * 2**20


def test_a_building_has_its_share_of_what_its_units_report(office: Office) -> None:
    told = building_energy(office.registers, EVERYBODY, YEAR, building=office.place("东风楼"))
    unit = 3 * (1000 * 0.1229 + 100 * 1.4714)
    assert told["kgce"] == pytest.approx(2 * unit, abs=0.02)  # U1 and U11 use rooms here alone
    assert told["kgce_m2"] == pytest.approx(2 * unit / 1000, abs=0.001)
    assert told["people"] == 6
    with pytest.raises(Invalid):
        building_energy(office.registers, EVERYBODY, YEAR, building=office.place("101"))
    with pytest.raises(NotFound):
        building_energy(office.registers, EVERYBODY, YEAR, building=99999)
