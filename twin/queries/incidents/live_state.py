"""What others tell of the present: where things are now, who is inside. Each row says who may know of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Inside", "InsideRow", "LiveRow", "LiveState", "SeenRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRow:
    """One thing as it is now: `device` its address, lon, lat degrees, ellipsoidal metres, when (UTC microseconds), `place` the room,
    segment or zone it is in; `protected` and `labels` as `twin.incidents.Spot` has them; `more` what else is told of it (speed, state)."""

    device: str
    lon: float | None
    lat: float | None
    height_m: float | None
    time_us: int
    site: str
    place: str | None = None
    protected: str | None = None
    labels: tuple[str, ...] = ()
    more: Mapping[str, Any] | None = None


class LiveState(Protocol):
    """The last of every device."""

    def near(self, site: str, lon: float, lat: float, radius_m: float, kinds: Collection[str]) -> Sequence[LiveRow]:
        """Those of some kinds (`vehicle`, `person`, `guard`, `door`, `gate`) within metres of a point, the nearest first."""

    def inside(self, site: str, place: str) -> Sequence[LiveRow]:
        """Those in a room, storey, building or zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsideRow:
    """A person who went in and did not come out: `person` the key of their record, when and by which gate or door, where they were seen
    last; `protected`, `labels` of that place."""

    person: str
    since_us: int
    through: str
    place: str | None = None
    seen_us: int | None = None
    protected: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRow:
    """Where and when a person was seen."""

    person: str
    time_us: int
    place: str


class Inside(Protocol):
    """Who is inside, by the passages of gates and doors."""

    def inside(self, site: str, building: str | None) -> Sequence[InsideRow]:
        """Who is inside a building, or the compound where None."""

    def seen(self, site: str, places: Collection[str], since_us: int) -> Sequence[SeenRow]:
        """Who was seen in one of the places since, each once, the last time."""
