"""Cells: what is refused, what a spreadsheet might compute, sums without loss."""

import math
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.reports.facts import FORMULAS, HARMLESS
from twin.errors import Invalid
from twin.reports import CellType, Field, Words
from twin.reports.cell import Totals, check_cell, is_formula_like, neutral_text, plain_text, said


def column(kind: str, **properties: Any) -> Field:
    return Field(name="c", words=Words("栏", "column"), type=CellType(kind), **properties)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("money", 12.5),
        ("money", "100"),
        ("money", True),
        ("integer", 1.0),
        ("number", math.nan),
        ("number", math.inf),
        ("number", "12"),
        ("share", "12%"),
        ("date", "2026-02-30"),
        ("date", "31.12.2026"),
        ("date", 20260101),
        ("month", "2026-13"),
        ("month", "2026-1"),
        ("text", 5),
        ("text", b"x"),
        ("words", ("a", "b")),
        ("boolean", 2),
        ("boolean", "yes"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_row(kind: str, value: object) -> None:
    with pytest.raises(Invalid, match="栏, row 7") as refused:
        check_cell(value, column(kind), 7)
    assert (refused.value.code, refused.value.path) == ("REPORT_VALUE_INVALID", "c")


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("money", 0, "0.00"),
        ("money", 5, "0.05"),
        ("money", -5, "-0.05"),
        ("money", 123_456_789, "1,234,567.89"),
        ("money", 9_007_199_254_740_993, "90,071,992,547,409.93"),
        ("integer", 1234, "1,234"),
        ("number", 1234.5, "1,234.50"),
        ("share", 0.125, "12.5%"),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", date(2024, 2, 29), "2024-02-29"),
        ("month", "2024-02", "2024-02"),
        ("boolean", 1, Words("是", "yes")),
        ("boolean", False, Words("否", "no")),
        ("text", "=1+1", "=1+1"),
    ],
)
def test_a_value_is_said_for_people(kind: str, value: object, shown: str | Words) -> None:
    assert said(check_cell(value, column(kind), 1), column(kind)) == shown


@pytest.mark.parametrize("kind", list(CellType))
def test_an_empty_cell_stays_empty(kind: CellType) -> None:
    assert check_cell(None, column(kind), 1) is None
    assert said(None, column(kind)) == ""


def test_what_spreadsheets_compute_is_neutral_and_what_they_do_not_is_untouched() -> None:
    assert [neutral_text(text) for text in FORMULAS] == [f"'{text}" for text in FORMULAS]
    assert [neutral_text(text) for text in HARMLESS] == HARMLESS


@given(st.text())
def test_no_neutral_text_is_like_a_formula_and_nothing_of_it_is_lost(text: str) -> None:
    neutral = neutral_text(text)
    assert not is_formula_like(neutral)
    assert neutral.removeprefix("'") == text.removeprefix("'") or neutral == text
    assert neutral.endswith(text)


def test_half_a_character_does_not_stop_a_report() -> None:
    assert plain_text("a\ud83db", "zh") == "a\ufffdb"
    assert plain_text(Words("楼", "building"), "en") == "building"


@given(st.lists(st.floats(-1e15, 1e15) | st.none(), max_size=60))
def test_sums_of_numbers_are_exact_whatever_their_order(values: list[float | None]) -> None:
    totals = Totals([column("number", total=True)])
    for value in values:
        totals.add([value])
    exact = sum((Fraction(value) for value in values if value is not None), Fraction())
    assert totals.of(0) == float(exact)


@given(st.lists(st.integers(-(10**18), 10**18), max_size=60))
def test_sums_of_fen_are_whole(values: list[int]) -> None:
    totals = Totals([column("money", total=True), column("text")])
    for value in values:
        totals.add([value, "x"])
    assert totals.of(0) == sum(values)
    assert isinstance(totals.of(0), int)


def test_numbers_of_numpy_come_as_python_does_them() -> None:
    assert check_cell(np.array([1, 2]).tolist()[0], column("integer"), 1) == 1
