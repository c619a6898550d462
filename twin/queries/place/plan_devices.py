"""What of devices and zones belongs on a storey's plan: those the registers put on it, and those that hang or lie within its heights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from twin.auth import Labels
from twin.queries.place.scene import SitePlaces

__all__ = ["DEVICE_LAYERS", "devices_on"]

DEVICE_LAYERS = ("zone", "camera", "guard_post", "gate")
BESIDE_M = 0.6
"""A camera on the outer face of a wall belongs to the storey behind it."""
LEAST_M = 1.0


def devices_on(places: SitePlaces, labels: Labels, storey: int, outline: BaseGeometry) -> Iterator[tuple[str, BaseGeometry, int]]:
    """Layer, shape in plan (site metres) and row of each device and zone of a storey; `outline` is what its rooms and walls cover.

    A zone is on the plan where it lies wholly within the outline: what goes beyond is a zone of the compound.
    """
    extents, seen = places.extents, places.visible(labels)
    low, high = extents.z_ranges[storey]
    near = shapely.buffer(outline, BESIDE_M)
    device = np.array([kind in DEVICE_LAYERS for kind in extents.words["kind"]], dtype=bool)
    for row in np.flatnonzero(seen & device).tolist():
        shape, kind = extents.footprints[row], str(extents.words["kind"][row])
        if shape is None or shape.is_empty or not near.covers(shape):
            continue
        bottom, top = extents.z_ranges[row]
        within = min(top, high) - max(bottom, low) >= min(LEAST_M, top - bottom) and (low <= bottom < high or kind == "zone")
        if extents.words["storey"][row] == extents.ids[storey] or (extents.words["storey"][row] is None and within):
            yield kind, shape, row
