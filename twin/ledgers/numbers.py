"""Numbers, whole numbers and money as ledgers write them, exactly: decimals, never binary fractions on the way."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from twin.codes import Column, ColumnType
from twin.ledgers.rules import Reading, Rules, Trouble
from twin.ledgers.units import find_factor
from twin.ledgers.words import tidy

__all__ = ["number_reader"]

NUMBER = re.compile(r"^([¥￥$]?)([+-]?(?:\d[\d,. ']*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(\D*\d?)$")
GROUPED = re.compile(r"^[+-]?\d{1,3}(?:[, ']\d{3})+(?:\.\d*)?$")
MINUS = str.maketrans({"−": "-", "–": "-", "—": "-", "﹣": "-", "\u00a0": " ", "\u202f": " ", "’": "'"})
LIMIT = 2**63


def number_reader(column: Column, factor: Fraction, rules: Rules) -> Callable[[str], Reading]:
    """A reader of cells of a number, integer or money column; `factor` takes a bare number to the stored unit.

    A cell that names a unit of its own (`20.5㎡`) is converted by that; one that is no number is NUMBER_INVALID, an unknown unit
    UNIT_UNKNOWN, a fraction where a whole is kept NUMBER_NOT_WHOLE, a fraction of a fen MONEY_FRACTION.
    """
    finish = {ColumnType.INTEGER: _whole, ColumnType.MONEY: _money}.get(column.type, _real)

    def read(text: str) -> Reading:
        parsed = _parse(text, rules)
        if parsed is None:
            return None, Trouble(code="NUMBER_INVALID", message="no number")
        number, unit = parsed
        own = find_factor(unit, column.unit) if unit else factor
        if own is None:
            return None, Trouble(code="UNIT_UNKNOWN", message=f"the unit {unit!r} is none of {column.zh} ({column.unit or 'without unit'})")
        return finish(Fraction(number) * own)

    return read


def _parse(text: str, rules: Rules) -> tuple[Decimal, str] | None:
    cleaned = tidy(text).translate(MINUS)
    negative = len(cleaned) > 2 and cleaned[0] == "(" and cleaned[-1] == ")"
    found = NUMBER.match(cleaned[1:-1].strip() if negative else cleaned)
    if not found:
        return None
    digits = found[2].strip()
    if rules.decimal_comma:
        digits = digits.replace(".", "").replace(",", ".") if "," in digits else digits
    elif any(mark in digits for mark in ", '"):
        if not GROUPED.match(digits):
            return None
        digits = re.sub(r"[, ']", "", digits)
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    unit = found[3].strip()
    return (-number if negative else number), unit or ("元" if found[1] in ("¥", "￥") and found[1] else "")


def _whole(value: Fraction) -> Reading:
    if value.denominator != 1:
        return None, Trouble(code="NUMBER_NOT_WHOLE", message="a whole number is kept here")
    return _bounded(value.numerator)


def _money(value: Fraction) -> Reading:
    if value.denominator != 1:
        return None, Trouble(code="MONEY_FRACTION", message="the amount has a fraction of a fen")
    return _bounded(value.numerator)


def _bounded(number: int) -> Reading:
    if not -LIMIT <= number < LIMIT:
        return None, Trouble(code="NUMBER_INVALID", message="the number is too large to be kept")
    return number, None


def _real(value: Fraction) -> Reading:
    try:
        return float(value), None
    except OverflowError:
        return None, Trouble(code="NUMBER_INVALID", message="the number is too large to be kept")
