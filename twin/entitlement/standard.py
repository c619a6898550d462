"""The standard of office area as it holds on one day: limits by level and rank, and the rules beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from twin.codes import Tables, shipped_tables
from twin.codes.area import AreaLimit, AreaRule
from twin.errors import NotFound

__all__ = ["Limit", "Standard", "allowed_area", "standard_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most usable area (m²) of one person's office, the `rule` (document) that says so, its edition, and the words of its table."""

    area_m2: float
    level: str
    rank: str
    rule: str
    edition: str
    words: str
    en: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standard:
    """What holds on `day`."""

    day: date
    limits: Mapping[tuple[str, str], Limit]
    lowest_m2: Mapping[str, float]
    rules: Mapping[tuple[str, str], AreaRule]

    def find_limit(self, level: str, rank: str) -> Limit | None:
        """The limit of a rank in a unit of that level, None where no table has one: it is never taken from another level."""
        return self.limits.get((level, rank))

    def lowest(self, level: str) -> float | None:
        """The smallest limit of a level in m², None where the level has none."""
        return self.lowest_m2.get(level)

    def find_rule(self, name: str, level: str = "") -> AreaRule | None:
        """The rule of that name for the level, else the one for all levels, else None."""
        return self.rules.get((name, level)) or self.rules.get((name, ""))


def allowed_area(level: str, rank: str, on: date, tables: Tables | None = None) -> Limit:
    """The limit of a rank (`division_chief`) in a unit of a level (`provincial`) on a day; raises NotFound, `AREA_LIMIT_UNKNOWN`.

    >>> allowed_area("provincial", "division_chief", date(2014, 11, 24)).area_m2
    18.0
    """
    limit = standard_on(on, tables).find_limit(level, rank)
    if limit is None:
        message = f"no table limits the office of rank {rank or '(none)'} in a unit of level {level or '(none)'} on {on}"
        hint = "check rank and level of the record, or add a row to area_limits in the folder of codes"
        raise NotFound(message, code="AREA_LIMIT_UNKNOWN", hint=hint)
    return limit


def standard_on(day: date, tables: Tables | None = None) -> Standard:
    """The standard on a day, by the given tables or the shipped ones."""
    return _standard(day, tables or shipped_tables())


@lru_cache(maxsize=64)
def _standard(day: date, tables: Tables) -> Standard:
    limits: dict[tuple[str, str], Limit] = {}
    for row in sorted(tables.rows_on(AreaLimit, day), key=lambda row: (row.valid_from, row.local)):
        limits |= {(row.level, rank): _limit(row, rank) for rank in row.ranks}
    rules = {(row.name, row.level): row for row in tables.rows_on(AreaRule, day)}
    lowest: dict[str, float] = {}
    for (level, _), limit in limits.items():
        lowest[level] = min(limit.area_m2, lowest.get(level, limit.area_m2))
    return Standard(day=day, limits=MappingProxyType(limits), lowest_m2=MappingProxyType(lowest), rules=MappingProxyType(rules))


def _limit(row: AreaLimit, rank: str) -> Limit:
    return Limit(
        area_m2=row.area_m2,
        level=row.level,
        rank=rank,
        rule=row.source,
        edition=row.edition,
        words=row.words,
        en=row.en,
        verified=row.verified,
    )
