"""Storeys of a building that has no model: how many, how high, from the columns of its row; never from a rule of thumb."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cim.columns import number, text

__all__ = ["Level", "StoreyPlace", "find_levels", "parse_storey"]

MOST_STOREYS: Final = 200
SLACK_M: Final = 0.01
DIGITS: Final = {word: value for value, word in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
NUMBER = r"(\d{1,3}|[零〇一二两三四五六七八九十]{1,3})"
BELOW = re.compile(rf"^(?:地下|负|b|-)第?{NUMBER}(?:层|楼|f)?$")
ABOVE = re.compile(rf"^(?:地上|第|f|level|storey|floor|l|\+)?第?{NUMBER}(?:层|楼|f)?$")

Cell = Callable[[str], Any]
Finding = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One storey: `number` 1, 2, … above ground and -1, -2, … below it, z of its floor and of the next one in site metres."""

    number: int
    low: float
    high: float

    @property
    def name(self) -> str:
        """`3F`, `B1`."""
        return f"{self.number}F" if self.number > 0 else f"B{-self.number}"

    @property
    def tag(self) -> str:
        """The last part of its id: `storey-3`, `storey-b1`."""
        return f"storey-{self.number}" if self.number > 0 else f"storey-b{-self.number}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoreyPlace:
    """A storey of the scene that rooms can be put on: its id, number, z range, and the building it is of with all its names."""

    id: str
    number: int | None
    name: str
    z_range: tuple[float, float]
    building: str | None
    building_names: tuple[str, ...]
    footprint: Any = None
    label: str = "public"


def find_levels(cell: Cell, base: float, total: float | None) -> tuple[list[Level], list[Finding]]:
    """The storeys that a building's row states, lowest first, its ground floor at z `base`; and what is odd.

    `cell` gives the row's value by meaning (cim.columns.COLUMNS). A storey is as high as the row says, else its share of the
    stated `total` height in metres; with neither there are no storeys (STOREYS_WITHOUT_HEIGHT), nor with a count that is no
    whole number.
    """
    if text(cell("storeys")) is None and text(cell("storeys_below")) is None:
        return [], []
    above, below = _count(cell("storeys")), _count(cell("storeys_below"))
    if above is None or below is None or not 0 < above + below <= MOST_STOREYS:
        return [], [("STOREYS_UNCLEAR", f"{_said(cell)}: no count of storeys up to {MOST_STOREYS}; the building has none")]
    each = number(cell("storey_height"))
    findings: list[Finding] = []
    if each is not None and total is not None and above * each > total + SLACK_M:
        findings.append(
            ("STOREY_HEIGHTS_DISAGREE", f"{above} storeys of {each:g} m are higher than the {total:g} m stated; divided evenly")
        )
        each = total / above
    if each is None and total is not None and above > 0:
        each = total / above
    deep = number(cell("basement_height")) or each
    if (above and each is None) or (below and deep is None):
        return [], [("STOREYS_WITHOUT_HEIGHT", f"{_said(cell)}: neither a storey height nor a total height; the building has no storeys")]
    down = [Level(number=-n, low=base - n * (deep or 0.0), high=base - (n - 1) * (deep or 0.0)) for n in range(below, 0, -1)]
    up = [Level(number=n, low=base + (n - 1) * (each or 0.0), high=base + n * (each or 0.0)) for n in range(1, above + 1)]
    return down + up, findings


def parse_storey(written: Any) -> int | None:
    """The number of a storey as people write it: 3, `3F`, `三层`, `第12层`, `B1`, `地下一层`, `-2`; None where it is none.

    >>> parse_storey("地下二层"), parse_storey("３Ｆ"), parse_storey("屋面")
    (-2, 3, None)
    """
    said = text(written)
    if said is None:
        return None
    folded = "".join(unicodedata.normalize("NFKC", said).casefold().split()).removesuffix(".0")
    for pattern, sign in ((BELOW, -1), (ABOVE, 1)):
        match = pattern.match(folded)
        value = _numeral(match.group(1)) if match else None
        if value:
            return sign * value
    return None


def _count(value: Any) -> int | None:
    if text(value) is None or value in (0, "0"):
        return 0
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def _numeral(written: str) -> int | None:
    if written.isdigit():
        return int(written)
    tens, ten, ones = written.partition("十")
    if any(word not in DIGITS for word in tens + ones) or len(tens) > 1 or len(ones) > 1:
        return None
    return (DIGITS[tens] if tens else 1) * 10 + (DIGITS[ones] if ones else 0) if ten else DIGITS[written]


def _said(cell: Cell) -> str:
    stated = {key: cell(key) for key in ("storeys", "storeys_below", "height", "storey_height") if cell(key) is not None}
    return ", ".join(f"{key} {value!r}" for key, value in stated.items())
