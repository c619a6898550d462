"""What devices said, as SensorThings asks for it: the history of another part of the twin behind one protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sensors import Observation
from sensors.observation import Stream
from twin.live.things import Id

__all__ = ["NoHistory", "ObservedHistory", "Window", "all_observed", "time_of"]

AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which observations are looked at: of a datastream, of a feature, between two starts; in which order, behind which
    place (`View.place_of`)."""

    datastream: Id | None = None
    foi: Id | None = None
    from_us: int | None = None
    to_us: int | None = None
    by_time: bool = False
    descending: bool = False
    after: tuple[int | str, ...] = ()


class ObservedHistory(Protocol):
    """The observations of devices that are kept; positions among them, with `lon_lat` and their numbers in `value`.

    The time of an observation is `time_of`. Two of the same time stand in the order in which they were received.
    """

    def observations(
        self, device: str, stream: Stream, *, from_us: int | None = None, to_us: int | None = None, limit: int, descending: bool = False
    ) -> Sequence[Observation]:
        """At most `limit` of a device's stream whose time lies in [from_us, to_us], the earliest first, or the latest."""
        ...

    def count(self, device: str, stream: Stream) -> int:
        """How many there are."""
        ...

    def places(self) -> Mapping[str, Observation]:
        """Device → its last position, of those that move and have told one."""
        ...


class NoHistory:
    """Nothing was observed: what an app without a history has."""

    def observations(
        self, device: str, stream: Stream, *, from_us: int | None = None, to_us: int | None = None, limit: int, descending: bool = False
    ) -> Sequence[Observation]:
        """None."""
        return ()

    def count(self, device: str, stream: Stream) -> int:
        """None."""
        return 0

    def places(self) -> Mapping[str, Observation]:
        """None."""
        return {}


def time_of(one: Observation) -> int:
    """Microseconds of UTC: of the fix, else of the device's clock, else of its reception."""
    if one.fix_us is not None:
        return one.fix_us
    return one.received_us if one.device_us is None else one.device_us


def all_observed(
    history: ObservedHistory, device: str, stream: Stream, *, from_us: int | None = None, to_us: int | None = None, descending: bool = False
) -> Iterator[tuple[Observation, int]]:
    """Every observation of the window in the order of time, with its number among those of the same time, from 0."""
    limit = AT_ONCE
    while True:
        rows = history.observations(device, stream, from_us=from_us, to_us=to_us, limit=limit, descending=descending)
        whole = len(rows) < limit
        last_us = time_of(rows[-1]) if rows else None
        if not whole and last_us == time_of(rows[0]):  # a page of one time: it is read at one go
            limit *= 2
            continue
        kept = rows if whole else [row for row in rows if time_of(row) != last_us]
        yield from _numbered(kept, descending)
        if whole:
            return
        limit = AT_ONCE
        from_us, to_us = (from_us, last_us) if descending else (last_us, to_us)


def _numbered(rows: Sequence[Observation], descending: bool) -> Iterator[tuple[Observation, int]]:
    """Each with its number among those of its time, which all stand among the rows."""
    forward = rows[::-1] if descending else rows
    numbers: list[int] = []
    for at, row in enumerate(forward):
        same = at > 0 and time_of(forward[at - 1]) == time_of(row)
        numbers.append(numbers[-1] + 1 if same else 0)
    return zip(rows, numbers[::-1] if descending else numbers, strict=True)
