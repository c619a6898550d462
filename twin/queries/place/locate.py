"""Where points are, over all sites: building, storey, room, zone of each, how sure, and what else is possible."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.cells import Int64, flat_ranges
from spatial.mesh import Float64
from spatial.whereabouts import Located
from twin.auth import Labels
from twin.errors import Invalid
from twin.queries.place.frames import OUTSIDE, assign_sites
from twin.queries.place.scene import Scenes, SitePlaces

__all__ = ["LEVELS", "Found", "as_columns", "as_one", "locate_points"]

LEVELS = {"building": "building", "storey": "storey", "room": "space", "zone": "zone"}
"""What an answer calls them and the kind of the feature."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The answer for n points: of each site that has any, which points (their numbers) and where they are in it; `site_xyz` (n, 3)."""

    count: int
    site_xyz: Float64
    sites: tuple[tuple[SitePlaces, Int64, Located], ...]
    labels: Labels


def locate_points(
    scenes: Scenes, scopes: Collection[str], labels: Labels, lon_lat_height: Float64, accuracy_m: Float64 | float | None = None
) -> Found:
    """Where points (n, 3) of degrees and ellipsoidal metres are; NaN is a height nobody knows. Accuracies are radii of balls, metres.

    Raises Invalid (`POINTS_INVALID`) for one that is negative or not finite.
    """
    accuracy = None if accuracy_m is None else np.broadcast_to(np.asarray(accuracy_m, dtype=np.float64), len(lon_lat_height))
    if accuracy is not None and not (np.isfinite(accuracy) & (accuracy >= 0)).all():
        raise Invalid("an accuracy is a number of metres, 0 or more", code="POINTS_INVALID", hint="one for all points, or one each")
    places = [scenes.site(code) for code in scenes.codes(scopes)]
    assigned = assign_sites([one.frame for one in places], lon_lat_height)
    found = []
    for number, one in enumerate(places):
        mine = np.flatnonzero(assigned.site == number)
        if len(mine):
            radius = None if accuracy is None else accuracy[mine]
            found.append((one, mine, one.where.locate(assigned.site_xyz[mine], radius, one.known(labels))))
    return Found(len(lon_lat_height), assigned.site_xyz, tuple(found), labels)


def as_columns(found: Found) -> dict[str, Any]:
    """Columns of one length: `site`, `building`, `storey`, `room`, `zone` are numbers into the lists `sites`, `buildings` …, null for none;
    `certain` says of each whether the whole ball is there; the rooms possible for point i are `possible.rooms[starts[i]:starts[i + 1]]`."""
    site = np.full(found.count, OUTSIDE, dtype=np.int64)
    document: dict[str, Any] = {"count": found.count, "sites": [one.code for one, _, _ in found.sites]}
    for number, (_, mine, _) in enumerate(found.sites):
        site[mine] = number
    document["site"] = _nullable(site)
    document["scene_revisions"] = [one.extents.scene_revision for one, _, _ in found.sites]
    certain: dict[str, list[bool]] = {}
    for level in LEVELS:
        document[f"{level}s"], document[level] = _coded(found, level)
        sure = np.ones(found.count, dtype=bool)
        for _, mine, located in found.sites:
            sure[mine] = getattr(located, f"{level}_certain")
        certain[level] = sure.tolist()
    return document | {"certain": certain, "possible": _possible(found, document["rooms"])}


def as_one(found: Found) -> dict[str, Any]:
    """The answer for the first point: `site` null outside all sites, each level named, `possible` the rooms its ball meets, `zones` all
    that hold it, innermost first."""
    if not found.sites:
        nothing = {"certain": dict.fromkeys(LEVELS, True), "possible": [], "zones": []}
        return {"site": None, "scene_revision": None} | dict.fromkeys(LEVELS) | nothing
    places, _, located = found.sites[0]
    rooms = located.possible_rooms[located.possible_starts[0] : located.possible_starts[1]]
    return {
        "site": places.code,
        "scene_revision": places.extents.scene_revision,
        **{level: _named(places, level, int(getattr(located, level)[0]), found.labels) for level in LEVELS},
        "certain": {level: bool(getattr(located, f"{level}_certain")[0]) for level in LEVELS},
        "possible": [_named(places, "room", int(row), found.labels) for row in rooms],
        "zones": [_named(places, "zone", row, found.labels) for row in _zones(places, found)],
    }


def _zones(places: SitePlaces, found: Found) -> list[int]:
    """All zones that hold the first point and that the reader may know of; none where nobody knows its height."""
    zones, known = places.where.zones, places.known(found.labels).zones
    held = zones.holding(found.site_xyz[:1])[1] if np.isfinite(found.site_xyz[0]).all() else np.zeros(0, dtype=np.int64)
    shown = held if known is None else held[known[held]]
    return [int(row) for row in shown[np.argsort(zones.rank[shown])]]


def _named(places: SitePlaces, level: str, row: int, labels: Labels) -> dict[str, Any] | None:
    return None if row < 0 else places.named(int(places.rows[LEVELS[level]][row]), labels)


def _coded(found: Found, level: str) -> tuple[list[dict[str, Any] | None], list[Any]]:
    named: list[dict[str, Any] | None] = []
    column = np.full(found.count, OUTSIDE, dtype=np.int64)
    for places, mine, located in found.sites:
        rows, number = np.unique(getattr(located, level), return_inverse=True)
        first = len(named) - int(len(rows) > 0 and rows[0] < 0)
        column[mine] = np.where(rows[number] < 0, OUTSIDE, number + first)
        named += [_named(places, level, int(row), found.labels) for row in rows if row >= 0]
    return named, _nullable(column)


def _possible(found: Found, rooms: list[Any]) -> dict[str, Any]:
    """Rooms that are possible and nowhere the answer are added to the list of rooms."""
    counts = np.zeros(found.count, dtype=np.int64)
    known = {room["id"]: number for number, room in enumerate(rooms)}
    parts: list[tuple[Int64, Int64, NDArray[np.int64]]] = []
    for places, mine, located in found.sites:
        number = np.diff(located.possible_starts)
        counts[mine] = number
        distinct, coded = np.unique(located.possible_rooms, return_inverse=True)
        codes = []
        for row in distinct:
            at = int(places.rows[LEVELS["room"]][row])
            codes.append(known.setdefault(places.extents.ids[at], len(rooms)))
            if codes[-1] == len(rooms):
                rooms.append(places.named(at, found.labels))
        parts.append((mine, number, np.array(codes, dtype=np.int64)[coded] if codes else located.possible_rooms))
    starts = np.concatenate([[0], np.cumsum(counts)])
    flat = np.zeros(int(starts[-1]), dtype=np.int64)
    for mine, number, codes_of in parts:
        flat[flat_ranges(starts[mine], number)] = codes_of
    return {"starts": starts.tolist(), "rooms": flat.tolist()}


def _nullable(column: Int64) -> list[Any]:
    cells = column.tolist()
    return [None if cell < 0 else cell for cell in cells] if (column < 0).any() else cells
