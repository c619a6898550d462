"""What a field said: its changes, put in order by when they hold and when they were known. Pure.

A change holds from `valid_from` until the next change that holds later; of two that begin on one day the one recorded last
counts. A change that reverts another takes both away for whoever knows of it. Times are closed at their start, open at their end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

__all__ = ["Change", "Held", "held_at", "standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one field: the values, from which day it holds, when it was recorded (microseconds since 1970 UTC), by whom and how."""

    id: int
    field: str
    old: Any
    new: Any
    valid_from: date
    recorded_us: int
    source: str
    who: str
    method: str
    request_id: int | None = None
    reverts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a field says at a moment, and the change that made it so; None where that is the row's own first value."""

    value: Any
    by: Change | None


def held_at(current: Any, changes: Sequence[Change], *, as_of: date, known_at_us: int) -> Held:
    """What a field said on a day, as far as was known at a moment; `current` is what it says where nothing ever changed it.

    >>> given = {"field": "name", "source": "", "who": "", "method": "import"}
    >>> may = Change(id=1, old="A", new="B", valid_from=date(2024, 5, 1), recorded_us=0, **given)
    >>> [held_at("B", [may], as_of=date(2024, month, 1), known_at_us=0).value for month in (4, 5)]
    ['A', 'B']
    """
    first = min(changes, key=lambda change: change.id, default=None)
    holding = [change for change in standing(changes, known_at_us=known_at_us) if change.valid_from <= as_of]
    if holding:
        last = max(holding, key=lambda change: (change.valid_from, change.id))
        return Held(value=last.new, by=last)
    return Held(value=first.old if first else current, by=None)


def standing(changes: Iterable[Change], *, known_at_us: int) -> list[Change]:
    """The changes known at a moment without those that were reverted and those that only revert."""
    known = [change for change in changes if change.recorded_us <= known_at_us]
    reverted: set[int] = set()
    for change in sorted(known, key=lambda one: one.id, reverse=True):  # a revert may itself have been reverted
        if change.reverts is not None and change.id not in reverted:
            reverted.add(change.reverts)
    return [change for change in known if change.id not in reverted and change.reverts is None]
