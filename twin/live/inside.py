"""Who is inside, by passages: vehicles by plate, persons by key, in a compound or a building; derived again when a passage comes late.

Somebody is inside an area from their first `in` after their last `out` on. Passages of the same microsecond are taken `out` first, then
by gate, so that the order in which they came is no matter. Three days of passages are kept for that (`LATE_US`); what is older is folded
into what it led to, and a passage that comes later than that is told and changes no list.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["LATE_US", "Passages", "Passed", "Rederived", "iter_area", "key_of", "unnamed"]

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
LATE_US = 3 * DAY_US
CHINA_US = 8 * HOUR_US
OUT, IN, SEEN = 0, 1, 2
CODES = {"out": OUT, "in": IN}
SPLIT = "\n"
PERSONAL = frozenset({"person", "card"})
Document: TypeAlias = dict[str, Any]
Changed: TypeAlias = dict[str, Document | None]
Mark: TypeAlias = tuple[int, int, str]
"""Time, code, gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A passage: `who` is `vehicle/PLATE` or `person/KEY`, None where nobody knows; through which `gate` (its address), of which areas (a
    site's code, a building's feature) that is a way in and out, what features it stands in; `direction` `in`, `out` or None: was seen."""

    at_us: int
    gate: str
    who: str | None
    direction: str | None
    site: str
    areas: tuple[str, ...]
    place: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rederived:
    """What a late passage changed: `what` is `list` (who is inside), `count` (of an earlier day) or `too_late` (nothing more can be)."""

    what: str
    gate: str
    at_us: int
    data: Mapping[str, Any]


def key_of(area: str, who: str) -> str:
    """What a row of the lists is told by; the area is empty for where somebody was seen last."""
    return f"{area}{SPLIT}{who}"


def unnamed(value: Mapping[str, Any]) -> Document:
    """What a gate said of a passage without who the person was: for whoever may not read persons, and for events.

    >>> unnamed({"direction": "in", "person": "P1"})
    {'direction': 'in'}
    """
    return {name: said for name, said in value.items() if name not in PERSONAL}


@dataclass(slots=True, kw_only=True, eq=False)
class Passages:
    """`rows` are the lists as they are now, by `key_of`; what `take` gives says which of them changed, None for one that is gone."""

    rows: dict[str, Document] = field(default_factory=dict)
    _marks: dict[str, list[Mark]] = field(default_factory=dict)
    _base: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)
    _gates: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    _days: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    _keys: dict[str, set[str]] = field(default_factory=dict)
    _newest_us: int = 0
    _folded_us: int = 0

    def __post_init__(self) -> None:
        for key, row in self.rows.items():
            self._keys.setdefault(row["who"], set()).add(key)

    def take(self, passed: Passed, now_us: int) -> tuple[bool, Changed, list[Rederived]]:
        """Whether it is new (not told before), what it changed, and what of that is told since it came late."""
        self._newest_us = max(self._newest_us, now_us)
        self._gates[passed.gate] = passed.site, passed.areas, passed.place
        if passed.who is None:
            return True, {}, self._counted(passed)
        if passed.at_us < self._newest_us - LATE_US:
            return True, {}, [*self._counted(passed), _told("too_late", passed, {})]
        mark = passed.at_us, CODES.get(passed.direction or "", SEEN), passed.gate
        marks = self._marks.setdefault(passed.who, [])
        if mark in marks:
            return False, {}, []
        is_late = bool(marks) and mark < marks[-1]
        insort(marks, mark)
        changed = self._derive(passed.who)
        told = self._counted(passed)
        if is_late:
            areas = sorted(key.split(SPLIT)[0] for key in changed if not key.startswith(SPLIT))
            told += [_told("list", passed, {"area": area, "inside": changed[key_of(area, passed.who)] is not None}) for area in areas]
        return True, changed, told

    def fold(self, now_us: int) -> Changed:
        """Once an hour: what came more than three days ago is folded; who is nowhere inside and was not seen since is forgotten."""
        if now_us - self._folded_us < HOUR_US:
            return {}
        self._folded_us, self._newest_us = now_us, max(self._newest_us, now_us)
        before = self._newest_us - LATE_US
        changed: Changed = {}
        for who in [who for who, marks in self._marks.items() if not marks or marks[0][0] < before]:
            old = [mark for mark in self._marks[who] if mark[0] < before]
            self._base[who] = self._walked(who, old)
            del self._marks[who][: len(old)]
            if not self._marks[who] and not self._base[who]:
                del self._marks[who], self._base[who]
                changed |= self._replaced(who, {})
        today = (now_us + CHINA_US) // DAY_US
        for days in self._days.values():
            for day in [day for day in days if day < today - LATE_US // DAY_US - 1]:
                del days[day]
        return changed

    def told(self) -> dict[str, Any]:
        """All of it, as JSON knows it: a copy, which another thread may write down."""
        return {
            "rows": dict(self.rows),
            "marks": {who: list(marks) for who, marks in self._marks.items()},
            "base": {who: dict(base) for who, base in self._base.items()},
            "gates": dict(self._gates),
            "days": {gate: [(day, list(counts)) for day, counts in days.items()] for gate, days in self._days.items()},
            "newest_us": self._newest_us,
            "folded_us": self._folded_us,
        }

    @classmethod
    def untold(cls, told: Mapping[str, Any]) -> Passages:
        """What was told."""
        return cls(
            rows=dict(told["rows"]),
            _marks={who: [(at, code, gate) for at, code, gate in marks] for who, marks in told["marks"].items()},
            _base={who: {area: (at, gate) for area, (at, gate) in base.items()} for who, base in told["base"].items()},
            _gates={gate: (site, tuple(areas), tuple(place)) for gate, (site, areas, place) in told["gates"].items()},
            _days={gate: {day: list(counts) for day, counts in days} for gate, days in told["days"].items()},
            _newest_us=told["newest_us"],
            _folded_us=told["folded_us"],
        )

    def _derive(self, who: str) -> Changed:
        marks = self._marks[who]
        found = {key_of(area, who): self._row(area, who, *since) for area, since in self._walked(who, marks).items()}
        last_us, _, gate = marks[-1]
        found[key_of("", who)] = self._row("", who, last_us, gate)
        for row in found.values():
            row["seen_us"], row["seen_at"] = last_us, gate
        return self._replaced(who, found)

    def _row(self, area: str, who: str, since_us: int, gate: str) -> Document:
        site, _, place = self._gates[gate]
        return {"area": area, "who": who, "site": site, "since_us": since_us, "through": gate, "place": list(place)}

    def _replaced(self, who: str, found: Mapping[str, Document]) -> Changed:
        changed: Changed = {key: None for key in self._keys.pop(who, ()) if key not in found}
        if found:
            self._keys[who] = set(found)
        changed |= {key: row for key, row in found.items() if self.rows.get(key) != row}
        for key, row in changed.items():
            if row is None:
                del self.rows[key]
            else:
                self.rows[key] = row
        return changed

    def _walked(self, who: str, marks: Sequence[Mark]) -> dict[str, tuple[int, str]]:
        """Area → since when and through which gate, after some passages in order."""
        inside = dict(self._base.get(who, {}))
        for at_us, code, gate in marks:
            for area in self._gates[gate][1]:
                if code == IN:
                    inside.setdefault(area, (at_us, gate))
                elif code == OUT:
                    inside.pop(area, None)
        return inside

    def _counted(self, passed: Passed) -> list[Rederived]:
        if passed.direction is None:
            return []
        day = (passed.at_us + CHINA_US) // DAY_US
        days = self._days.setdefault(passed.gate, {})
        is_late = day < max(days, default=day)
        counts = days.setdefault(day, [0, 0])
        before = list(counts)
        counts[passed.direction == "out"] += passed.count
        if not is_late:
            return []
        data = {"day": day, "in": counts[0], "out": counts[1], "in_before": before[0], "out_before": before[1]}
        return [_told("count", passed, data)]


def _told(what: str, passed: Passed, data: Mapping[str, Any]) -> Rederived:
    kind = None if passed.who is None else passed.who.partition("/")[0]
    return Rederived(what=what, gate=passed.gate, at_us=passed.at_us, data={"kind": kind, "direction": passed.direction, **data})


def iter_area(rows: Mapping[str, Document], area: str, kind: str) -> Iterator[Document]:
    """The rows of an area and of a kind (`vehicle`, `person`)."""
    start = key_of(area, f"{kind}/")
    return (row for key, row in rows.items() if key.startswith(start))
