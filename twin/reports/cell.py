"""Cells: checked against the type of their column, summed exactly, said as text."""

import math
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from twin.errors import Invalid
from twin.reports.report import CellType, Field
from viewer.document import Words

__all__ = ["Totals", "alerts", "check_cell", "is_formula_like", "neutral_text", "plain_text", "said"]

FORMULA_STARTS = frozenset("=+-@＝＋－＠\t\r\n")
"""Also the full-width signs: spreadsheets set to Chinese read ＝ as =."""

HARMLESS = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?|[-－]+")
HALF_PAIR = re.compile("[\ud800-\udfff]")
MONTH = re.compile(r"(\d{4})-(\d{2})")


def check_cell(value: Any, column: Field, row: int) -> Any:
    """The value as the writers take it; REPORT_VALUE_INVALID where it is not of the column's type.

    Money stays whole fen, dates and months become `date` (a month its first day), numbers are finite, texts are text.
    `row` counts from 1 and stands in the message.
    """
    if value is None:
        return None
    checked = _CHECKS[column.type](value)
    if checked is None:
        raise Invalid(
            f"{column.words.zh}, row {row}: {value!r} is no {column.type}",
            path=column.name,
            code="REPORT_VALUE_INVALID",
            hint="money is whole fen, dates are ISO texts, a share is a fraction of one; None is an empty cell",
        )
    return checked


def said(value: Any, column: Field) -> Words | str:
    """A checked value as a person reads it: `1234500` fen are `12,345.00`, a share of 0.125 is `12.5%`."""
    match column.type:
        case _ if value is None:
            return ""
        case CellType.INTEGER:
            return f"{value:,}"
        case CellType.NUMBER:
            return f"{value:,.{column.digits}f}"
        case CellType.MONEY:
            return f"{'-' if value < 0 else ''}{abs(value) // 100:,}.{abs(value) % 100:02d}"
        case CellType.SHARE:
            return f"{value:.1%}"
        case CellType.DATE:
            return f"{value:%Y-%m-%d}"
        case CellType.MONTH:
            return f"{value:%Y-%m}"
        case CellType.BOOLEAN:
            return Words("是", "yes") if value else Words("否", "no")
        case _:
            return value if isinstance(value, Words) else str(value)


def alerts(value: Any, column: Field) -> bool:
    """Whether a checked value is shown in red: above zero, or other than zero, by the column's `alert`."""
    return value is not None and ((column.alert == "positive" and value > 0) or (column.alert == "nonzero" and value != 0))


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet might compute the text instead of showing it: `=HYPERLINK(…)`, `@SUM(1)`, `＝1+1`; not `-12.5`, not `—`."""
    return text[:1] in FORMULA_STARTS and not HARMLESS.fullmatch(text)


def neutral_text(text: str) -> str:
    """The text for a file without types: with an apostrophe before it where it is like a formula (OWASP, CSV injection)."""
    return f"'{text}" if is_formula_like(text) else text


def plain_text(value: Words | str, language: str) -> str:
    """The text of one language, with what no file can hold (half a surrogate pair) replaced by U+FFFD."""
    text = (value.en if language == "en" else value.zh) if isinstance(value, Words) else value
    return HALF_PAIR.sub("\ufffd", text)


class Totals:
    """Sums of the columns that have one: whole numbers and fen exactly, others by the partial sums of `math.fsum`."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._at = [at for at, column in enumerate(fields) if column.total]
        self._exact = [0] * len(fields)
        self._parts: list[list[float]] = [[] for _ in fields]

    def add(self, row: Sequence[Any]) -> None:
        """Count one row of checked values; empty cells count nothing."""
        for at in self._at:
            value = row[at]
            if isinstance(value, int):
                self._exact[at] += value
            elif value is not None:
                self._add_part(self._parts[at], value)

    def of(self, at: int) -> int | float:
        """The sum of the column at that position: an int where all its values are."""
        parts = self._parts[at]
        return math.fsum([*parts, self._exact[at]]) if parts else self._exact[at]

    @staticmethod
    def _add_part(parts: list[float], value: float) -> None:
        """Shewchuk's partial sums: as exact as `fsum` over all values, without keeping them."""
        kept = 0
        for other in parts:
            high, low = (value, other) if abs(value) > abs(other) else (other, value)
            value = high + low
            if rest := low - (value - high):
                parts[kept] = rest
                kept += 1
        parts[kept:] = [value]


def _text(value: Any) -> Words | str | None:
    return value if isinstance(value, (str, Words)) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | int | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) else None


def _date(value: Any) -> date | None:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _month(value: Any) -> date | None:
    if isinstance(value, date):
        return value.replace(day=1)
    found = MONTH.fullmatch(value) if isinstance(value, str) else None
    return date(int(found[1]), int(found[2]), 1) if found and 1 <= int(found[2]) <= 12 else None


def _boolean(value: Any) -> bool | None:
    return bool(value) if isinstance(value, (bool, int)) and value in (0, 1) else None


_CHECKS = {
    CellType.TEXT: _text,
    CellType.WORDS: _text,
    CellType.INTEGER: _integer,
    CellType.NUMBER: _number,
    CellType.MONEY: _integer,
    CellType.SHARE: _number,
    CellType.DATE: _date,
    CellType.MONTH: _month,
    CellType.BOOLEAN: _boolean,
}
