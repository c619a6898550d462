"""The last of every device: positions as one array, what stands still as one document a device. Who follows is told what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sensors import NO_NUMBER, NO_TIME, Fixes
from sensors.row_bytes import take_rows
from twin.live.changes import Changes

__all__ = ["ROW", "Flag", "LiveState", "Rows", "flags_of"]

ROW = np.dtype(
    [
        ("lon_e7", "<i4"),
        ("lat_e7", "<i4"),
        ("height_cm", "<i4"),
        ("raw_lon_e7", "<i4"),
        ("raw_lat_e7", "<i4"),
        ("heading_cdeg", "<i4"),
        ("speed_dkmh", "<i4"),
        ("accuracy_dm", "<i4"),
        ("fix_us", "<i8"),
        ("received_us", "<i8"),
        ("since_us", "<i8"),
        ("alarm", "<u4"),
        ("place", "<u4"),
        ("road", "<u4"),
        ("flags", "<u2"),
        ("verdict", "i1"),
        ("placed", "u1"),
        ("changed", "<u8"),
    ]
)
"""The last position of a device: derived and raw degrees times 1e7, ellipsoidal height, 0.01 degrees, 0.1 km/h, decimetres (`NO_NUMBER`
where unknown); times in microseconds of UTC: of the fix, of its receipt, since when it is in `place` (a row of `places`); `road` likewise
the one that it drives on (row 0: none); `placed` 0 for a device that never gave a position; `changed` the number of the state that brought
it."""
Rows = NDArray[np.void]
ON, LATE = 2, 4
"""Bits of `FIX.status`: ignition on, sent late."""
Int64 = NDArray[np.int64]
NOWHERE = 2**31 - 1
"""No latitude, so in no box."""


class Flag(IntFlag):
    """Bits of `flags`, those of a frame of /live."""

    SMOOTHED = 1
    MOVING = 2
    IGNITION = 4
    SILENT = 8
    ALARM = 16
    BACKLOG = 32
    DOUBTED = 64
    NO_FIX = 128


def flags_of(fixes: Fixes, judged: NDArray[np.void]) -> NDArray[np.uint16]:
    """The flags (n,) of fixes and what the tracker judged of them; whether a device is silent they do not say."""
    flags = np.where(judged["smoothed"], Flag.SMOOTHED, 0) | np.where(judged["moving"], Flag.MOVING, 0)
    flags |= np.where(fixes["status"] & ON > 0, Flag.IGNITION, 0) | np.where(fixes["status"] & LATE > 0, Flag.BACKLOG, 0)
    flags |= np.where(fixes["alarm"] > 0, Flag.ALARM, 0) | np.where(judged["doubted"], Flag.DOUBTED, 0)
    flags |= np.where(fixes["status"] & 1 == 0, Flag.NO_FIX, 0)
    return flags.astype(np.uint16)


@dataclass(slots=True, eq=False)
class LiveState:
    """The state after `number` changes. A handle is a device's row in `rows`; handles are never given to another device."""

    number: int = 0
    at_us: int = NO_TIME
    addresses: list[str] = field(default_factory=list)
    rows: Rows = field(default_factory=lambda: _empty(64))
    places: list[tuple[str, ...]] = field(default_factory=lambda: [()])
    still: dict[str, dict[str, Any]] = field(default_factory=dict)
    inside: dict[str, dict[str, Any]] = field(default_factory=dict)
    _handles: dict[str, int] = field(default_factory=dict)
    _place_rows: dict[tuple[str, ...], int] = field(default_factory=lambda: {(): 0})
    _lon_lat: NDArray[np.int32] = field(default_factory=lambda: np.full((2, 64), NOWHERE, dtype=np.int32))
    """Longitudes and latitudes once more, side by side, for boxes: `NOWHERE` without a position."""
    _kinds: list[str] = field(default_factory=list)
    _kind: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(64, dtype=np.uint16))
    _told: tuple[int, int] = (0, 1)
    """How many devices and places the changes so far named."""

    def __len__(self) -> int:
        return len(self.addresses)

    @property
    def current(self) -> Rows:
        """The rows there are, a view."""
        return self.rows[: len(self.addresses)]

    def find(self, address: str) -> int | None:
        """The handle of a device, None where it never said anything."""
        return self._handles.get(address)

    def handles(self, addresses: Iterable[str]) -> Int64:
        """The handles of devices, new ones for new devices."""
        return np.array([self._handle(address) for address in addresses], dtype=np.int64)

    def place(self, features: tuple[str, ...]) -> int:
        """The row of `places` for a set of features, in the order given."""
        row = self._place_rows.get(features)
        if row is None:
            row = self._place_rows[features] = len(self.places)
            self.places.append(features)
        return row

    def put(
        self,
        handles: Int64,
        rows: Rows,
        still: Mapping[str, dict[str, Any]],
        *,
        now_us: int,
        inside: Mapping[str, dict[str, Any] | None] = MappingProxyType({}),
    ) -> Changes:
        """Take in what changed, one row a handle, as one new number of the state; what a replica must be told."""
        devices, places = self._told
        self._told = len(self.addresses), len(self.places)
        self.number += 1
        self.at_us = now_us
        rows["changed"] = self.number
        self.rows[handles] = rows
        self._place_columns(handles)
        for address, document in still.items():
            self._stand(address, document | {"changed": self.number})
        self._let(inside)
        return Changes(
            number=self.number,
            at_us=now_us,
            devices=devices,
            addresses=tuple(self.addresses[devices:]),
            places=dict(enumerate(self.places[places:], start=places)),
            handles=handles.astype("<u4"),
            rows=self.rows_at(handles),
            still={address: self.still[address] for address in still},
            inside=inside,
        )

    def whole(self) -> Changes:
        """All of it, as what a replica that knows nothing must be told."""
        count = len(self.addresses)
        return Changes(
            number=self.number,
            at_us=self.at_us,
            devices=0,
            addresses=tuple(self.addresses),
            places=dict(enumerate(self.places)),
            handles=np.arange(count, dtype="<u4"),
            rows=self.current.copy(),
            still=dict(self.still),
            whole=True,
            inside=dict(self.inside),
        )

    def copied(self) -> Self:
        """The same state, which nothing changes any more."""
        copy = type(self)()
        copy.follow(self.whole())
        return copy

    def follow(self, changes: Changes) -> None:
        """Be what the changes say: of a replica. Raises ValueError where changes in between are missing."""
        if changes.whole:
            self.addresses, self._handles, self._kinds = [], {}, []
            self.rows["placed"] = 0
            self._lon_lat[:] = NOWHERE
            self.places, self._place_rows = [()], {(): 0}
            self.still, self.inside = {}, {}
        elif changes.number != self.number + 1:
            raise ValueError(f"the state is at {self.number}, the changes lead to {changes.number}")
        if changes.devices != len(self.addresses):
            raise ValueError(f"{len(self.addresses)} devices are known, the changes follow on {changes.devices}")
        for address in changes.addresses:
            self._handle(address)
        for row, features in sorted(changes.places.items()):
            if row and self.place(features) != row:
                raise ValueError(f"place {row} is another here")
        handles = changes.handles.astype(np.int64)
        self.rows[handles] = changes.rows
        self._place_columns(handles)
        for address, document in changes.still.items():
            self._stand(address, document)
        self._let(changes.inside)
        self.number, self.at_us = changes.number, changes.at_us
        self._told = len(self.addresses), len(self.places)

    def rows_at(self, handles: Int64) -> Rows:
        """A copy of the rows of some devices."""
        return take_rows(self.rows, handles)

    def since(self, number: int) -> Int64:
        """The handles of devices with a position that changed after a number of the state."""
        current = self.current
        return np.flatnonzero((current["changed"] > number) & (current["placed"] > 0))

    def still_since(self, number: int) -> list[tuple[str, dict[str, Any]]]:
        """What stands still and changed after a number of the state, the last change last; it costs what it finds."""
        found = []
        for address in reversed(self.still):
            document = self.still[address]
            if document["changed"] <= number:
                break
            found.append((address, document))
        return found[::-1]

    def of_kinds(self, kinds: Collection[str]) -> NDArray[np.bool_]:
        """Which devices (n,) are of some kinds."""
        wanted = [number for number, kind in enumerate(self._kinds) if kind in kinds]
        return np.isin(self._kind[: len(self.addresses)], wanted)

    def in_box(self, box: Sequence[float]) -> NDArray[np.bool_]:
        """Which devices (n,) have a position in west, south, east, north (degrees, edges belong to it); west above east crosses 180°."""
        west, south, east, north = (round(float(edge) * 1e7) for edge in box)
        lon, lat = self._lon_lat[:, : len(self.addresses)]
        across = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        inside: NDArray[np.bool_] = across & (lat >= south) & (lat <= north)
        return inside

    def _let(self, inside: Mapping[str, dict[str, Any] | None]) -> None:
        for key, row in inside.items():
            if row is None:
                self.inside.pop(key, None)
            else:
                self.inside[key] = row

    def _handle(self, address: str) -> int:
        handle = self._handles.get(address)
        if handle is None:
            handle = self._handles[address] = len(self.addresses)
            self.addresses.append(address)
            if handle >= len(self.rows):
                self.rows = np.concatenate([self.rows, _empty(len(self.rows))])
                self._lon_lat = np.concatenate([self._lon_lat, np.full_like(self._lon_lat, NOWHERE)], axis=1)
                self._kind = np.concatenate([self._kind, np.zeros_like(self._kind)])
            kind = address.partition("/")[0]
            if kind not in self._kinds:
                self._kinds.append(kind)
            self._kind[handle] = self._kinds.index(kind)
        return handle

    def _stand(self, address: str, document: dict[str, Any]) -> None:
        """Kept in the order of changes."""
        self.still.pop(address, None)
        self.still[address] = document

    def _place_columns(self, handles: Int64) -> None:
        rows = self.rows[handles]
        placed = rows["placed"] > 0
        self._lon_lat[0, handles] = np.where(placed, rows["lon_e7"], NOWHERE)
        self._lon_lat[1, handles] = np.where(placed, rows["lat_e7"], NOWHERE)


def _empty(count: int) -> Rows:
    rows = np.zeros(count, dtype=ROW)
    for name in ("height_cm", "heading_cdeg", "speed_dkmh", "accuracy_dm"):
        rows[name] = NO_NUMBER
    for name in ("fix_us", "received_us", "since_us"):
        rows[name] = NO_TIME
    return rows
