"""What the scene has around an incident: its room, the doors and gates beside it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float64
from twin.auth import Labels
from twin.queries.place.scene import SitePlaces

__all__ = ["Spot3", "doors_around", "gates_around", "room_of"]

DOOR_CLASSES = frozenset({"IfcDoor", "IfcDoorStandardCase", "Door"})
BESIDE_M = 0.6
"""How far the box of a door may be from that of the room it leads into: half a wall."""
DOORS_WITHIN_M = 30.0
GATES_WITHIN_M = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot3:
    """Where an incident is: `place` the id of its room, segment or zone, `site_xyz` metres, NaN where nobody knows."""

    place: str | None
    site_xyz: tuple[float, float, float]


def room_of(places: SitePlaces, spot: Spot3, labels: Labels) -> dict[str, Any] | None:
    """The room, segment or zone with its storey and building; None where the reader may not know of one."""
    at = places.position.get(spot.place or "")
    if at is None or not places.visible(labels)[at]:
        return None
    named = places.named(at, labels)
    for level in ("storey", "building"):
        above = places.position.get(named[level] or "")
        named[level] = None if above is None else {"id": named[level], "name": places.extents.words["name"][above]}
    return named


def doors_around(places: SitePlaces, spot: Spot3, labels: Labels) -> list[dict[str, Any]]:
    """Doors whose boxes meet that of the room, else those within 30 m of the point, the nearest first."""
    words = places.extents.words["class_name"]
    mask = np.array([word in DOOR_CLASSES for word in words], dtype=np.bool_) & places.visible(labels)
    at = places.position.get(spot.place or "")
    boxes = places.extents.boxes
    if at is not None and places.extents.words["kind"][at] == "space" and np.isfinite(boxes[at]).all():
        apart = _apart(boxes, boxes[at])
        return _told(places, np.flatnonzero(mask & (apart <= BESIDE_M)), apart, labels)
    return _near(places, mask, spot, labels, DOORS_WITHIN_M)


def gates_around(places: SitePlaces, spot: Spot3, labels: Labels) -> list[dict[str, Any]]:
    """Gates of the compound within 300 m, the nearest first."""
    mask = np.array([word == "gate" for word in places.extents.words["kind"]], dtype=np.bool_) & places.visible(labels)
    return _near(places, mask, spot, labels, GATES_WITHIN_M)


def _near(places: SitePlaces, mask: NDArray[np.bool_], spot: Spot3, labels: Labels, within_m: float) -> list[dict[str, Any]]:
    point = np.array([spot.site_xyz, spot.site_xyz], dtype=np.float64)
    if not np.isfinite(point[:, :2]).all():
        return []
    if not np.isfinite(point[0, 2]):
        point[:, 2] = -1e4, 1e4
    apart = _apart(places.extents.boxes, point)
    return _told(places, np.flatnonzero(mask & (apart <= within_m)), apart, labels)


def _apart(boxes: Float64, box: Float64) -> Float64:
    """(n,) metres between boxes (n, 2, 3) and one (2, 3); NaN where a box has no place."""
    gap = np.maximum(np.maximum(boxes[:, 0] - box[1], box[0] - boxes[:, 1]), 0.0)
    return np.asarray(np.linalg.norm(gap, axis=1))


def _told(places: SitePlaces, rows: NDArray[np.int64], apart: Float64, labels: Labels) -> list[dict[str, Any]]:
    order = sorted(rows.tolist(), key=lambda row: (apart[row], places.extents.ids[row]))
    return [places.named(row, labels) | {"distance_m": round(float(apart[row]), 2)} for row in order]
