"""The seven layouts: what they need, what they compute, what they refuse."""

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.twin.reports import facts
from tests.twin.reports.facts import HEADING
from twin.errors import Invalid, NotFound
from twin.reports import (
    REPORTS,
    Report,
    Table,
    annual_report,
    differences_report,
    energy_report,
    get_layout,
    list_layouts,
    rooms_report,
    stock_report,
    titles_report,
    vehicles_report,
)
from twin.reports.phrases import phrase

FACTS = {
    "stock": facts.stock(),
    "annual": facts.annual(),
    "titles": facts.titles(),
    "rooms": facts.rooms(),
    "energy": facts.energy()[0],
    "vehicles": facts.vehicles(),
    "differences": facts.differences(),
}


def column(table: Table, name: str) -> list[Any]:
    return list(table.columns[name])  # type: ignore[call-overload]


def table(report: Report, name: str) -> Table:
    wanted = get_layout(report.name).tables[name].words
    return next(table for table in report.tables if table.words == wanted)


def test_there_is_a_function_for_each_layout() -> None:
    assert set(REPORTS) == set(list_layouts()) == set(FACTS)


@pytest.mark.parametrize("name", list(REPORTS))
def test_every_column_is_said_in_both_languages_and_every_table_shows_its_rows(name: str) -> None:
    report = REPORTS[name](HEADING, FACTS[name])
    for shown in report.tables:
        assert len(shown) > 0
        for field in shown.fields:
            assert field.words.zh and field.words.en and field.words.en[0].isupper()
            assert not any(ord(letter) >= 0x2E80 for letter in field.words.en)
    assert HEADING.as_of == report.heading.as_of


@pytest.mark.parametrize("name", list(REPORTS))
def test_each_column_that_must_be_there_is_missed_by_name(name: str) -> None:
    required = {
        field.name
        for layout in get_layout(name).tables.values()
        for field in layout.fields
        if field.name in FACTS[name] and not field.optional
    }
    assert required
    for absent in required:
        with pytest.raises(Invalid) as refused:
            REPORTS[name](HEADING, {key: values for key, values in FACTS[name].items() if key != absent})
        assert refused.value.code == "REPORT_COLUMN_MISSING"
        assert absent in str(refused.value)


@pytest.mark.parametrize("name", list(REPORTS))
def test_columns_of_different_length_are_refused(name: str) -> None:
    layout = list(get_layout(name).tables.values())[-1] if name != "energy" else get_layout(name).tables["units"]
    short = next(field.name for field in layout.fields if field.name in FACTS[name] and not field.optional)
    uneven = {**FACTS[name], short: FACTS[name][short][:-1]}
    with pytest.raises(Invalid) as refused:
        REPORTS[name](HEADING, uneven)
    assert refused.value.code == "REPORT_COLUMNS_UNEVEN"


def test_a_report_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(NotFound) as refused:
        get_layout("horoscope")
    assert refused.value.code == "REPORT_UNKNOWN"
    assert "stock" in refused.value.hint


@pytest.mark.parametrize("seed", range(5))
def test_stock_by_class_and_by_unit_are_the_sums_of_the_detail(seed: int) -> None:
    columns = facts.stock(seed)
    order = list(range(len(columns["unit"])))
    random.Random(seed).shuffle(order)
    columns = {name: [values[at] for at in order] for name, values in columns.items()}
    report = stock_report(HEADING, columns)
    for name, key in (("by_class", "class_code"), ("by_unit", "unit")):
        grouped = table(report, name)
        for at, group in enumerate(column(grouped, key)):
            for number in ("cards", "value", "net_value"):
                alone = sum(value for value, of in zip(columns[number], columns[key], strict=True) if of == group)
                assert column(grouped, number)[at] == alone
        assert sum(column(grouped, "share")) == pytest.approx(1.0)
    assert column(table(report, "by_class"), "class_code") == ["A01", "A02", "A03", "A04", "A05", "A08"]
    values = column(table(report, "by_unit"), "value")
    assert values == sorted(values, reverse=True)


def test_stock_takes_arrow_and_numpy_as_well_as_lists() -> None:
    columns = facts.stock()
    arrow = {
        **columns,
        "unit": pa.chunked_array([columns["unit"][:7], columns["unit"][7:]]),
        "cards": np.array(columns["cards"]),
        "value": pa.array(columns["value"]),
    }
    for name in ("by_class", "by_unit"):
        plain, other = table(stock_report(HEADING, columns), name), table(stock_report(HEADING, arrow), name)
        assert plain.columns == other.columns


def test_of_many_classes_the_chart_shows_twelve_and_the_others() -> None:
    count = 30
    columns: facts.Columns = {
        "unit": ["u"] * count,
        "class_code": [f"A{at:02d}" for at in range(count)],
        "class_name": [f"类{at}" for at in range(count)],
        "cards": [1] * count,
        "value": [10**8 * (at + 1) for at in range(count)],
    }
    (chart,) = stock_report(HEADING, columns).charts
    assert chart.categories == (*(f"类{at}" for at in range(29, 17, -1)), phrase("others"))
    assert sum(chart.values) == pytest.approx(sum(columns["value"]) / 1e6)


def test_a_class_that_does_not_balance_is_told() -> None:
    report = annual_report(HEADING, facts.annual())
    movement = table(report, "movement")
    assert column(movement, "gap_cards") == [0, 0, -1, 0, 0, 0]
    assert column(movement, "gap_value") == [0, 0, 10_001, 0, 0, 0]
    assert "1 类资产" in report.notes[0].zh  # type: ignore[union-attr]


def test_a_corrected_value_balances_the_year() -> None:
    columns = facts.annual()
    columns["closing_cards"][2] += 1
    columns["adjusted_value"] = [None, None, 10_001, None, None, None]
    report = annual_report(HEADING, columns)
    assert set(column(table(report, "movement"), "gap_value")) == {0}
    assert report.notes == ()


def test_areas_of_titles_are_held_against_the_ledger() -> None:
    assert column(titles_report(HEADING, facts.titles()).tables[0], "area_gap") == [0.0, 3.5, None]


def test_rooms_over_the_limit_are_a_list_of_their_own_and_add_up_by_unit() -> None:
    columns = facts.rooms()
    report = rooms_report(HEADING, columns)
    over = [number for number, verdict in zip(columns["number"], columns["verdict"], strict=True) if verdict == "over"]
    assert 0 < len(over) < 40
    assert column(table(report, "over"), "number") == over
    assert len(table(report, "rooms")) == 40
    by_unit = table(report, "by_unit")
    assert sum(column(by_unit, "rooms")) == 40
    assert sum(column(by_unit, "rooms_over")) == len(over)
    assert sum(column(by_unit, "over_area")) == pytest.approx(sum(area for area in columns["over_area"] if area))


def test_energy_is_computed_per_area_and_person_and_stays_empty_where_it_cannot_be() -> None:
    units, months = facts.energy()
    report = energy_report(HEADING, units, months)
    by_unit = table(report, "units")
    assert column(by_unit, "per_area") == [pytest.approx(14.748), pytest.approx(9832 / 1200), None, pytest.approx(3.0725)]
    assert column(by_unit, "above") == [pytest.approx(0.4748), pytest.approx(9832 / 12000 - 1), None, pytest.approx(-0.69275)]
    assert column(by_unit, "per_person") == [pytest.approx(147.48), pytest.approx(9832 / 90), pytest.approx(168.9875), None]
    assert len(table(report, "months")) == 24
    assert report.charts[0].values == tuple(months["used"])


def test_vehicles_are_counted_by_unit_and_kind_of_energy() -> None:
    report = vehicles_report(HEADING, facts.vehicles())
    assert column(table(report, "by_unit"), "vehicles") == [2, 1, 1]
    assert column(table(report, "by_unit"), "price") == [39_979_950, 15_000_000, 0]
    assert report.charts[0].values == (3.0, 1.0)


def test_differences_are_counted_by_what_was_compared() -> None:
    by_kind = table(differences_report(HEADING, facts.differences()), "by_kind")
    assert [kind.zh for kind in column(by_kind, "kind")] == ["账账", "账卡", "账实", "账证"]
    assert column(by_kind, "count") == [2, 1, 1, 1]
    assert column(by_kind, "value_gap") == [9_900, 0, 0, 0]


def test_only_listed_rooms_count_as_over_and_a_second_office_without_a_ground_is_one() -> None:
    columns = facts.rooms(3)
    columns["verdict"] = ["within", "over", "second_office_ungrounded"]
    columns["over_area"] = [-4.0, 2.5, 20.0]
    report = rooms_report(HEADING, columns)
    assert column(table(report, "over"), "over_area") == [2.5, 20.0]
    assert column(table(report, "rooms"), "over_area") == [None, 2.5, 20.0]
    assert sum(column(table(report, "by_unit"), "over_area")) == 22.5


def test_not_a_number_of_numpy_is_an_empty_cell_and_no_number() -> None:
    units, _ = facts.energy()
    areas = np.array([1000.0, np.nan, 0.0, 400.0])
    by_unit = table(energy_report(HEADING, {**units, "area": areas}), "units")
    assert column(by_unit, "per_area") == [pytest.approx(14.748), None, None, pytest.approx(3.0725)]


def test_every_verdict_of_a_room_has_a_colour_on_the_page_and_nothing_else_has() -> None:
    from twin.entitlement import Verdict
    from viewer.deck.classes import list_shades

    assert {shade.code for shade in list_shades("occupancy")} == {verdict.value for verdict in Verdict}
