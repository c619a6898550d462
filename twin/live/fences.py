"""Fences: zones that devices enter and leave, with hysteresis, so that a position that wavers on an edge is no crossing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Crossing", "Fact", "Fences", "Ground", "Near"]

Floats = NDArray[np.float64]
Int64 = NDArray[np.int64]
LEAST_MARGIN_M, MOST_MARGIN_M = 3.0, 30.0
MARGIN_OF_ACCURACY = 0.5
LINGERS_US = 60_000_000
"""Who stays so long on the other side of an edge, however near, has crossed it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """Pairs of a point and a feature near it (m,): row of the point, id of the feature, whether the point is inside (edges are), metres
    from the edge, and whether the feature is a fence (a zone) or only a place."""

    point: Int64
    feature: Sequence[str]
    inside: NDArray[np.bool_]
    depth_m: Floats
    fence: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known of a feature: its site, kind and label, the room or storey it is in, where it is (degrees, ellipsoidal metres)."""

    site: str
    kind: str
    label: str
    within: str | None = None
    lon_lat: tuple[float, float] | None = None
    height_m: float | None = None


class Ground(Protocol):
    """What fences and heights are asked of: the scene, seen from above."""

    def fact(self, feature: str) -> Fact | None:
        """What is known of a feature by its id."""

    def near(self, lon_deg: Floats, lat_deg: Floats, reach_m: float) -> Near:
        """The features that points (n,) are in, or within reach of."""

    def height_cm(self, lon_deg: Floats, lat_deg: Floats) -> NDArray[np.int32]:
        """The ellipsoidal height of the ground under points (n,), `NO_NUMBER` where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A device went into a fence or out of it, at the time of the fix that decided it."""

    handle: int
    fence: str
    entered: bool
    at_us: int


@dataclass(slots=True)
class Fences:
    """Who is in which fence: `members` by handle, and since when who seems to be on the other side."""

    members: dict[int, set[str]] = field(default_factory=dict)
    _seeming: dict[tuple[int, str], int] = field(default_factory=dict)

    def cross(
        self, handles: Int64, near: Near, accuracy_m: Floats, at_us: Int64, trusted: NDArray[np.bool_]
    ) -> tuple[list[Crossing], list[tuple[str, ...]]]:
        """The crossings that points (n,) of devices decide, one point a device, and the features each is in: what it is inside of now, and
        the fences it is still a member of. A point that is not trusted crosses nothing."""
        margin = np.clip(accuracy_m * MARGIN_OF_ACCURACY, LEAST_MARGIN_M, MOST_MARGIN_M)
        pairs: dict[int, list[int]] = {}
        for pair, point in enumerate(near.point.tolist()):
            pairs.setdefault(point, []).append(pair)
        found: list[Crossing] = []
        places: list[tuple[str, ...]] = []
        for point, handle in enumerate(handles.tolist()):
            mine = pairs.get(point, [])
            if not mine and handle not in self.members:
                places.append(())
                continue
            inside = {near.feature[pair] for pair in mine if near.inside[pair]}
            if trusted[point]:
                fences = {near.feature[pair]: pair for pair in mine if near.fence[pair]}
                found += self._decided(handle, fences, near, float(margin[point]), int(at_us[point]))
            places.append(tuple(sorted(inside | self.members.get(handle, set()))))
        return found, places

    def replace(self, handle: int, other: Fences) -> None:
        """Know of a device what others know."""
        self.members.pop(handle, None)
        if handle in other.members:
            self.members[handle] = set(other.members[handle])
        self._seeming = {key: since for key, since in self._seeming.items() if key[0] != handle}
        self._seeming |= {key: since for key, since in other._seeming.items() if key[0] == handle}

    def put_back(self, crossings: Sequence[Crossing]) -> None:
        """These were none: who crossed is where it was before."""
        for one in crossings:
            members = self.members.setdefault(one.handle, set())
            members.symmetric_difference_update((one.fence,))
            if not members:
                del self.members[one.handle]

    def _decided(self, handle: int, fences: dict[str, int], near: Near, margin_m: float, at_us: int) -> list[Crossing]:
        members = self.members.get(handle, set())
        found = []
        for fence in sorted(fences.keys() | members):
            pair = fences.get(fence)
            inside = pair is not None and bool(near.inside[pair])
            key = handle, fence
            if inside == (fence in members):
                self._seeming.pop(key, None)
                continue
            since = self._seeming.setdefault(key, at_us)
            clear = pair is None or near.depth_m[pair] >= margin_m
            if clear or at_us - since >= LINGERS_US:
                del self._seeming[key]
                members = self.members.setdefault(handle, set())
                members.symmetric_difference_update((fence,))
                found.append(Crossing(handle=handle, fence=fence, entered=inside, at_us=at_us))
        if handle in self.members and not self.members[handle]:
            del self.members[handle]
        return found

    def told(self) -> dict[str, list[list[object]]]:
        """As JSON, for a checkpoint."""
        return {
            "members": [[handle, *sorted(fences)] for handle, fences in sorted(self.members.items())],
            "seeming": [[handle, fence, since] for (handle, fence), since in sorted(self._seeming.items())],
        }

    @classmethod
    def untold(cls, told: dict[str, list[list[object]]]) -> Fences:
        """From `told`."""
        members = {int(str(handle)): {str(fence) for fence in fences} for handle, *fences in told["members"]}
        seeming = {(int(str(handle)), str(fence)): int(str(since)) for handle, fence, since in told["seeming"]}
        return cls(members, seeming)
