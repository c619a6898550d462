"""Codes of administrative divisions (GB/T 2260), with the years in which they held.

The package's own table has the provinces and all of Fujian; for the rest python-stdnum's table is asked, which counts in years.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias

from twin.codes.fault import Fault
from twin.codes.row import Row

__all__ = ["Division", "DivisionIndex", "check_division", "find_division", "index_divisions"]

FORM: Final = re.compile(r"[1-9][0-9]{5}(?:[0-9]{3}){0,2}")
ELSEWHERE: Final = re.compile(r"(?:\[(\d{4})?-(\d{4})?\])?([^,\[]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Division(Row):
    """A province, city or county: six digits, its name, and the code above it (empty for a province)."""

    TABLE: ClassVar[str] = "divisions"
    KEY: ClassVar[tuple[str, ...]] = ("code", "name")

    code: str
    name: str
    parent: str = ""


DivisionIndex: TypeAlias = Mapping[str, tuple[Division, ...]]


def index_divisions(divisions: Iterable[Division]) -> DivisionIndex:
    """The divisions by code; one code may have named several in the course of years."""
    found: dict[str, tuple[Division, ...]] = {}
    for division in divisions:
        found[division.code] = (*found.get(division.code, ()), division)
    return MappingProxyType(found)


def check_division(code: str, divisions: DivisionIndex) -> Fault | None:
    """The fault of a division code, or None: `DIVISION_FORM` (6 digits, 9 to the township, 12 to the village), `DIVISION_UNKNOWN`.

    Townships and villages are known by their county: no table of theirs is kept. A code that was abolished is known, with its years.
    Zones of the statistics office (130171 and the like) are not in GB/T 2260; the bureau adds those it uses.
    """
    if FORM.fullmatch(code) is None:
        return Fault(code="DIVISION_FORM", message=f"{code}: a division code has 6 digits, 9 with the township, 12 with the village")
    if _versions(code[:6], divisions):
        return None
    return Fault(code="DIVISION_UNKNOWN", message=f"{code[:6]} is no division in GB/T 2260, today or earlier")


def find_division(code: str, divisions: DivisionIndex, *, on: date) -> Division | None:
    """The division that a code (its first six digits) names on a day, None where it named none.

    350403 is 三元区 until 2021 and nothing since; 350404 is 三元区 since.
    """
    return next((division for division in _versions(code[:6], divisions) if division.holds_on(on)), None)


def _versions(code: str, divisions: DivisionIndex) -> tuple[Division, ...]:
    return divisions.get(code) or _elsewhere(code)


@cache
def _elsewhere(code: str) -> tuple[Division, ...]:
    from stdnum import numdb

    parts = numdb.get("cn/loc").info(code)
    texts = [properties["county"] for _, properties in parts if "county" in properties]
    return tuple(_division(code, *match.groups()) for text in texts for match in ELSEWHERE.finditer(text))


def _division(code: str, since: str | None, until: str | None, name: str) -> Division:
    parent = "" if code.endswith("0000") else code[:2] + "0000" if code.endswith("00") else code[:4] + "00"
    return Division(
        code=code,
        name=name,
        parent=parent,
        source="python-stdnum cn/loc (zh.wikipedia.org)",
        edition="stdnum",
        valid_from=date(int(since or 1949), 1, 1),
        valid_until=date(int(until), 1, 1) if until else None,
        verified=False,
    )
