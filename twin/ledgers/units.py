"""Units as ledgers write them (`data/units.toml`) and the exact factor to the unit a column is kept in."""

import tomllib
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from twin.codes import fold

__all__ = ["find_factor", "is_unit"]


def find_factor(written: str, unit: str) -> Fraction | None:
    """How many of the stored `unit` one of the written unit is, None for a unit that is none of its kind.

    >>> find_factor("万元", "fen"), find_factor("亩", "m2")
    (Fraction(1000000, 1), Fraction(2000, 3))
    """
    return _factors().get(unit, {}).get(_key(written))


def is_unit(written: str) -> bool:
    """Whether the word names a unit of any kind."""
    return any(_key(written) in factors for factors in _factors().values())


def _key(written: str) -> str:
    return fold(written).removeprefix("单位:").removeprefix("人民币").strip(".:()[]")


@cache
def _factors() -> Mapping[str, Mapping[str, Fraction]]:
    table = tomllib.loads((files("twin.ledgers") / "data" / "units.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            unit: MappingProxyType({_key(word): Fraction(factor) for factor, words in rows.items() for word in words})
            for unit, rows in table.items()
            if isinstance(rows, dict)
        }
    )
