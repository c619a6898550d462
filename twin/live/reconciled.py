"""What was told of crossings against what is known now: what is to be added, and what was not so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Told", "reconcile"]

ALIKE_US = 120_000_000
"""Outside of what came late, a crossing told so near to the one that is known now is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A crossing of a fence, as an event of that id told it (0: not told)."""

    at_us: int
    entered: bool
    id: int = 0


def reconcile(
    told: Sequence[Told], known: Sequence[Told], late: tuple[int, int], window: tuple[int, int], *, was_inside: bool
) -> tuple[list[Told], list[Told]]:
    """Of one fence: the crossings to be added, and those told that are withdrawn.

    `told` are all that hold so far, `known` those of the window (both ends are in it) as they are known now, from `was_inside` on, both in
    order of time. Within `late` times must be the same; around it those that are alike are. What was told after the window is withdrawn
    where it says again what is known at its end.
    """
    inside = [one for one in told if window[0] <= one.at_us <= window[1]]
    added = []
    for one in known:
        match = next((other for other in inside if _same(other, one, late)), None)
        if match is None:
            added.append(one)
        else:
            inside.remove(match)
    is_inside = known[-1].entered if known else was_inside
    following = next((one for one in told if one.at_us > window[1]), None)
    return added, inside + ([following] if following is not None and following.entered == is_inside else [])


def _same(one: Told, other: Told, late: tuple[int, int]) -> bool:
    if one.entered != other.entered:
        return False
    if any(late[0] <= time_us <= late[1] for time_us in (one.at_us, other.at_us)):
        return one.at_us == other.at_us
    return abs(one.at_us - other.at_us) <= ALIKE_US
