"""Columns in which hardly a value repeats, read whole where the cells have the plain form of their type."""

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from twin.codes import ColumnType
from twin.ledgers.header import Field
from twin.ledgers.rules import Rules

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Kernel", "regular_reader"]

Kernel = Callable[["pa.Array"], "tuple[pa.Array, pa.Array] | None"]
"""Values (n,) and which of them (n,) are read; the others are to be read one by one. None where the kernel has nothing to say."""

AMOUNT = r"^-?[0-9]{1,11}(\.[0-9]{1,6})?$"
DECIMALS = 6
WHOLE = r"^-?[0-9]{1,18}$"
REAL = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"
ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def regular_reader(field: Field, rules: Rules, *, past: bool) -> Kernel | None:
    """The kernel of a column, None where each distinct cell has to be looked at."""
    column = field.column
    if column.type is not ColumnType.TEXT and any(word[:1].isdecimal() or word[:1] == "-" for word in rules.empty - {"-"}):
        return None
    if column.type is ColumnType.TEXT and not column.check and not column.normalise:
        return lambda texts: _plain(texts, rules)
    if column.type is ColumnType.MONEY and _fen_step(field.factor):
        return lambda texts: _money(texts, _fen_step(field.factor))
    if field.factor != 1:
        return None
    if column.type is ColumnType.NUMBER and not rules.decimal_comma:
        return _real
    if column.type is ColumnType.INTEGER and column.unit != "year":
        return _whole
    if column.type is ColumnType.DATE:
        return lambda texts: _iso_day(texts, rules, past=past)
    return None


def _fen_step(factor: Fraction) -> int:
    """How many millionths of the written unit a fen is; 0 where that is no whole number."""
    step = Fraction(10**DECIMALS) / factor
    return step.numerator if step.denominator == 1 else 0


def _plain(texts: "pa.Array", rules: Rules) -> "tuple[pa.Array, pa.Array]":
    """Printable ASCII without outer blanks is kept as it is; whatever else there is, is looked at."""
    import pyarrow as pa
    import pyarrow.compute as pc

    good = pc.match_substring_regex(texts, "^([!-~]([ -~]*[!-~])?)?$")
    good = pc.and_(good, pc.and_not(pc.greater(pc.binary_length(texts), 0), pc.starts_with(texts, "#")))
    if rules.empty:
        shortest = max(map(len, rules.empty))
        good = pc.and_(good, pc.greater(pc.binary_length(texts), shortest))
    return texts.cast(pa.string()), good


def _money(texts: "pa.Array", step: int) -> "tuple[pa.Array, pa.Array]":
    import pyarrow as pa
    import pyarrow.compute as pc

    good = pc.match_substring_regex(texts, AMOUNT)
    exact = pc.if_else(good, texts, pa.scalar("0")).cast(pa.decimal128(18, DECIMALS))
    millionths = np.frombuffer(exact.buffers()[1], np.int64)[2 * exact.offset : 2 * (exact.offset + len(exact)) : 2]
    fen, rest = np.divmod(millionths, step)
    return pa.array(fen), pc.and_(good, pa.array(rest == 0))


def _real(texts: "pa.Array") -> "tuple[pa.Array, pa.Array]":
    import pyarrow as pa
    import pyarrow.compute as pc

    good = pc.match_substring_regex(texts, REAL)
    return pc.if_else(good, texts, pa.scalar("0")).cast(pa.float64()), good


def _whole(texts: "pa.Array") -> "tuple[pa.Array, pa.Array]":
    import pyarrow as pa
    import pyarrow.compute as pc

    good = pc.match_substring_regex(texts, WHOLE)
    return pc.if_else(good, texts, pa.scalar("0")).cast(pa.int64()), good


def _iso_day(texts: "pa.Array", rules: Rules, *, past: bool) -> "tuple[pa.Array, pa.Array] | None":
    """Days written as ISO 8601 says; one impossible day in the batch, and all are looked at."""
    import pyarrow as pa
    import pyarrow.compute as pc

    good = pc.match_substring_regex(texts, ISO_DAY)
    if past and rules.today is not None:
        good = pc.and_(good, pc.less_equal(texts, pa.scalar(rules.today.isoformat())))
    try:
        pc.if_else(good, texts, pa.scalar("2000-01-01")).cast(pa.date32())
    except pa.ArrowInvalid:
        return None
    return texts.cast(pa.string()), good
