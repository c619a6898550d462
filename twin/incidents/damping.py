"""Flapping: a device that says the same alarm over and over is heard, counted, and told once."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from twin.codes.alarm import AlarmKind
from twin.incidents.kinds import US

__all__ = ["Flap", "Flaps"]


@dataclass(slots=True, kw_only=True, eq=False)
class Flap:
    """One alarm of one device: `times` its last changes; while it flaps `since_us`, `held` and the `part` of the incident it is in."""

    device: str
    kind: AlarmKind
    times: deque[int]
    last_us: int
    since_us: int | None = None
    held: int = 0
    part: int = 0


@dataclass(slots=True, eq=False)
class Flaps:
    """Every alarm of every device that changed within its window, and those that flap."""

    known: dict[tuple[str, str], Flap] = field(default_factory=dict)
    active: dict[tuple[str, str], Flap] = field(default_factory=dict)

    def hear(self, device: str, kind: AlarmKind, time_us: int, *, edge: bool) -> tuple[bool, bool, Flap | None]:
        """Whether this alarm is held, whether the device begins to flap with it, and a flapping that had ended before it.

        It flaps from the `flap_changes`th change within `flap_s` seconds on, that one included, until nothing came for `quiet_s`.
        What is no change (`edge` False) begins no flapping and, while there is one, is held with it.
        """
        if not kind.flap_changes:
            return False, False, None
        key = (device, kind.code)
        flap, ended = self.known.get(key), None
        if flap is None:
            flap = self.known[key] = Flap(device=device, kind=kind, times=deque(maxlen=kind.flap_changes), last_us=time_us)
        elif flap.since_us is not None and time_us - flap.last_us > kind.quiet_s * US:
            ended = self._end(key)
            flap = self.known[key] = Flap(device=device, kind=kind, times=deque(maxlen=kind.flap_changes), last_us=time_us)
        flap.last_us = max(flap.last_us, time_us)
        if edge:
            flap.times.append(time_us)
        if flap.since_us is None and edge and len(flap.times) == kind.flap_changes:
            if max(flap.times) - min(flap.times) <= kind.flap_s * US:
                flap.since_us = time_us
                self.active[key] = flap
                flap.held = 1
                return True, True, ended
        elif flap.since_us is not None:
            flap.held += 1
            return True, False, ended
        return False, False, ended

    def quiet(self, now_us: int) -> Iterator[Flap]:
        """Those that have been quiet for long enough: they flap no more."""
        over = [key for key, flap in self.active.items() if now_us - flap.last_us > flap.kind.quiet_s * US]
        for key in over:
            yield self._end(key)

    def forget(self, now_us: int) -> None:
        """Let go of what nothing has come of within its window."""
        old = [k for k, flap in self.known.items() if flap.since_us is None and now_us - flap.last_us > flap.kind.flap_s * US]
        for key in old:
            del self.known[key]

    def of_part(self, part: int) -> list[Flap]:
        """What flaps in a part of an incident."""
        return [flap for flap in self.active.values() if flap.part == part]

    def _end(self, key: tuple[str, str]) -> Flap:
        del self.known[key]
        return self.active.pop(key)
