"""What the tables say of kinds of alarms on a day: how one is grouped, damped and weighed; nobody is asked about a kind twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Self

from twin.codes import Tables, shipped_tables
from twin.codes.alarm import AlarmFamily, AlarmKind

__all__ = ["OTHER", "AlarmKinds", "severity_of", "severity_of_one"]

OTHER = "other"
US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlarmKinds:
    """The rows in force on a day. A code that no row has counts as `other`, under its own name."""

    kinds: Mapping[str, AlarmKind]
    families: Mapping[str, AlarmFamily]

    @classmethod
    def on(cls, tables: Tables, day: date) -> Self:
        """A row whose family no table has is of that of `other`; without a row `other` the shipped one counts."""
        rows = tables.rows_on(AlarmKind, day)
        families = {row.family: row for row in (*shipped_tables().rows(AlarmFamily), *tables.rows_on(AlarmFamily, day))}
        named = {row.code: row for row in shipped_tables().rows(AlarmKind) if row.code == OTHER}
        named |= {alias: row for row in rows for alias in row.aliases} | {row.code: row for row in rows}
        apart = {code: replace(row, family=named[OTHER].family) for code, row in named.items() if row.family not in families}
        named |= apart
        return cls(kinds=MappingProxyType(named), families=MappingProxyType(families))

    def get(self, code: str) -> AlarmKind:
        """The row of a code or alias; of an unknown code that of `other` with the code as its own."""
        found = self.kinds.get(code)
        return found if found is not None else replace(self.kinds[OTHER], code=code)

    def family(self, name: str) -> AlarmFamily:
        """The row of a family."""
        return self.families[name]

    def reopen_us(self, family: str) -> int:
        """For how long after its closing a new alarm opens an incident again, microseconds."""
        return self.families[family].reopen_s * US

    def together_us(self, family: str) -> int:
        """Within how much of each other alarms on one site are one incident wherever they are, microseconds; 0 never."""
        return self.families[family].together_s * US

    @property
    def horizon_us(self) -> int:
        """The longest time by which an alarm joins another, microseconds: what ended before is asked by nobody."""
        return max(row.time_s for row in self.kinds.values()) * US

    def distance_m(self, family: str) -> float:
        """The longest distance by which an alarm of a family joins another, metres."""
        return max((row.distance_m for row in self.kinds.values() if row.family == family), default=0.0)


def severity_of(counts: Mapping[str, int], kinds: AlarmKinds) -> int:
    """1 to 5, by how many alarms of each kind there are (those held while a device flaps not counted): it only rises with them.

    >>> from datetime import date
    >>> from twin.codes import shipped_tables
    >>> known = AlarmKinds.on(shipped_tables(), date(2026, 12, 1))
    >>> severity_of({"door_forced": 1}, known), severity_of({"door_forced": 1, "door_held": 1}, known), severity_of({"silence": 9}, known)
    (4, 5, 2)
    """
    return max((_of_family(name, rows, kinds) for name, rows in _by_family(counts, kinds)), default=1)


@lru_cache(maxsize=4096)
def severity_of_one(code: str, kinds: AlarmKinds) -> int:
    """That of a single alarm."""
    return severity_of({code: 1}, kinds)


def _by_family(counts: Mapping[str, int], kinds: AlarmKinds) -> Iterable[tuple[str, list[tuple[AlarmKind, int]]]]:
    found: dict[str, list[tuple[AlarmKind, int]]] = {}
    for code, count in counts.items():
        row = kinds.get(code)
        found.setdefault(row.family, []).append((row, count))
    return found.items()


def _of_family(name: str, rows: list[tuple[AlarmKind, int]], kinds: AlarmKinds) -> int:
    family = kinds.family(name)
    highest = max(row.severity + int(0 < row.raise_count <= count) for row, count in rows)
    several = 0 < family.kinds_raise <= len(rows)
    return min(highest + several, family.highest, 5)
