"""What the writer keeps at hand of incidents that an alarm can still join: parts, groups, flapping devices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from twin.incidents.alarms import Spot
from twin.incidents.damping import Flaps
from twin.incidents.grouping import Groups
from twin.incidents.kinds import AlarmKinds

__all__ = ["Part", "State", "Status"]


class Status(StrEnum):
    """What becomes of an incident; a reader sees that of the parts they may know of: open goes before acknowledged, that before closed."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(slots=True, kw_only=True, eq=False)
class Part:
    """The alarms of an incident that are protected alike. `kinds` is code → [alarms, of them held]; clocks in microseconds of UTC.

    `version` grows with what a person should have seen before they decide: a state, a severity, a comment; not with each alarm.
    """

    id: int
    incident: int
    family: str
    spot: Spot
    first_us: int
    last_us: int
    created_us: int
    status: Status = Status.OPEN
    closed_us: int | None = None
    severity: int = 1
    kinds: dict[str, list[int]] = field(default_factory=dict)
    lon: float = float("nan")
    lat: float = float("nan")
    height_m: float = float("nan")
    flapping: int = 0
    assigned: str | None = None
    version: int = 1

    @property
    def count(self) -> int:
        """All its alarms."""
        return sum(alarms for alarms, _ in self.kinds.values())

    @property
    def kinds_counted(self) -> dict[str, int]:
        """Code → alarms."""
        return {code: alarms for code, (alarms, _) in self.kinds.items()}

    @property
    def told(self) -> dict[str, int]:
        """Code → alarms that were not held."""
        return {code: alarms - held for code, (alarms, held) in self.kinds.items()}

    def joinable(self, now_us: int, kinds: AlarmKinds) -> bool:
        """Whether an alarm may still join it: not closed, or closed a short time ago."""
        return self.closed_us is None or now_us <= self.closed_us + kinds.reopen_us(self.family)


@dataclass(slots=True, kw_only=True, eq=False)
class State:
    """The parts that can be joined (`last` has the latest alarm of each) and what grouping and damping know; next free ids."""

    kinds: AlarmKinds
    groups: Groups
    flaps: Flaps = field(default_factory=Flaps)
    parts: dict[int, Part] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    by_incident: dict[int, list[int]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    next_incident: int = 1
    next_part: int = 1
    next_alarm: int = 1

    @classmethod
    def empty(cls, kinds: AlarmKinds) -> "State":
        """Before the first alarm."""
        reach: Mapping[str, float] = {family: kinds.distance_m(family) for family in kinds.families}
        together = {family: kinds.together_us(family) for family in kinds.families}
        return cls(kinds=kinds, groups=Groups(reach, together))

    def keep(self, part: Part) -> None:
        """A part that can be joined."""
        self.parts[part.id] = part
        self.last[part.id] = part.last_us
        self.by_incident.setdefault(part.incident, []).append(part.id)
        if part.closed_us is not None:
            self.closed.add(part.id)

    def retire(self, now_us: int) -> None:
        """Let no alarm join what was closed too long ago."""
        for number in [number for number in self.closed if not self.parts[number].joinable(now_us, self.kinds)]:
            self.closed.discard(number)
            self.last.pop(number, None)

    def drop(self, number: int) -> None:
        """A part that can be joined no more."""
        part = self.parts.pop(number, None)
        self.last.pop(number, None)
        self.closed.discard(number)
        if part is not None:
            left = [one for one in self.by_incident.get(part.incident, ()) if one != number]
            if left:
                self.by_incident[part.incident] = left
            else:
                self.by_incident.pop(part.incident, None)

    def move(self, number: int, incident: int) -> None:
        """A part that a person gave to another incident."""
        part = self.parts.get(number)
        if part is not None:
            self.drop(number)
            part.incident = incident
            self.keep(part)
