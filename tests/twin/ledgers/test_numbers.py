"""Numbers and money, exactly; what is no number is told, never rounded or guessed."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes import Column, ColumnType
from twin.ledgers.numbers import number_reader
from twin.ledgers.rules import Rules

MONEY = Column(name="value", zh="原值", en="value", type=ColumnType.MONEY, unit="fen")
AREA = Column(name="area", zh="面积", en="area", type=ColumnType.NUMBER, unit="m2")
SEATS = Column(name="seats", zh="座", en="seats", type=ColumnType.INTEGER, unit="seat")


def read(text: str, column: Column, factor: Fraction = Fraction(1), **rules: Any) -> Any:
    value, trouble = number_reader(column, factor, Rules(**rules))(text)
    return value if trouble is None else trouble.code


@settings(deadline=None)
@given(fen=st.integers(-(10**17), 10**17))
def test_money_survives_every_way_of_writing_it(fen: int) -> None:
    yuan = Decimal(fen) / 100
    ways = [f"{yuan:f}", f"{yuan:,f}", f"¥{yuan:f}" if fen >= 0 else f"({-yuan:,f})", f"{yuan:f}元", f" {yuan:f} ".translate(WIDE)]
    assert [read(way, MONEY, Fraction(100)) for way in ways] == [fen] * len(ways)


@settings(deadline=None)
@given(value=st.decimals(-(10**9), 10**9, places=6))
def test_ten_thousands_of_yuan_are_exact_or_told(value: Decimal) -> None:
    assert read(f"{value:f}", MONEY, Fraction(1_000_000)) == int(value * 1_000_000)
    assert read(f"{value:f}3", MONEY, Fraction(1_000_000)) == "MONEY_FRACTION"


@pytest.mark.parametrize(
    ("text", "column", "found"),
    [
        ("20.5㎡", AREA, 20.5),
        ("20.5 平方米", AREA, 20.5),
        ("1亩", AREA, 2000 / 3),
        ("1.2e3", AREA, 1200.0),
        (".5", AREA, 0.5),
        ("20.5坪", AREA, "UNIT_UNKNOWN"),
        ("约20", AREA, "NUMBER_INVALID"),
        ("12-15", AREA, "NUMBER_INVALID"),
        ("1,2,3", AREA, "NUMBER_INVALID"),
        ("1,234.5", AREA, 1234.5),
        ("1,23", AREA, "NUMBER_INVALID"),
        ("12..5", AREA, "NUMBER_INVALID"),
        ("1e999", AREA, "NUMBER_INVALID"),
        ("5.0", SEATS, 5),
        ("5个", SEATS, 5),
        ("2.5", SEATS, "NUMBER_NOT_WHOLE"),
        ("9" * 30, SEATS, "NUMBER_INVALID"),
        ("−5", SEATS, -5),
        ("", SEATS, "NUMBER_INVALID"),
        ("nan", AREA, "NUMBER_INVALID"),
    ],
)
def test_cells_of_numbers(text: str, column: Column, found: float | str) -> None:
    assert read(text, column) == found


def test_decimal_commas_only_where_told() -> None:
    assert read("1.234,5", AREA, decimal_comma=True) == 1234.5
    assert read("1234,5", AREA, decimal_comma=True) == 1234.5
    assert read("1.234,5", AREA) == "NUMBER_INVALID"


WIDE = {ord(mark): ord(mark) + 0xFEE0 for mark in "0123456789.-"}
