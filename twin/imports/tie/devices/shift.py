"""Coordinates in another datum than their ledger states, told by their constant shift against what was surveyed. Pure.

GCJ-02 and BD-09 move every point of a town by nearly the same few hundred metres. Where devices of one ledger name a building or
room of the models, their stated points must lie there: if they all miss it, and all meet it once read in another datum, the
ledger states the wrong one (domain rules: "a camera register in GCJ-02 is detected by its constant shift").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median

import numpy as np
from shapely.geometry import Point

from spatial.errors import CrsError
from twin.imports.tie.devices.rows import DeviceRow, Fault
from twin.imports.tie.devices.stated import stated_lon_lat
from twin.imports.tie.devices.surroundings import Surroundings

__all__ = ["SHIFTED", "shifted_devices"]

SHIFTED = "DEVICE_DATUM_SHIFTED"
AT_LEAST = 3
"""So many devices of a ledger must name a surveyed place before their shift says anything."""
FAR_M, NEAR_M = 50.0, 25.0
"""Missed by more than the one, met within the other: surveys, map clicks and mounting arms are off by metres, the shift by hundreds."""
DATUMS = ("CGCS2000", "GCJ02", "BD09")
SAME = {"WGS84": "CGCS2000"}


def shifted_devices(devices: Iterable[DeviceRow], around: Surroundings) -> Mapping[int, Fault]:
    """Record id → fault, of every device of a ledger and datum whose points are those of another datum."""
    groups: dict[tuple[str, str, str], list[DeviceRow]] = defaultdict(list)
    for device in devices:
        if device.values.get("lon") is not None and device.values.get("datum") is not None:
            groups[device.kind.value, device.ledger, str(device.values["datum"])].append(device)
    found: dict[int, Fault] = {}
    for (_, ledger, datum), group in groups.items():
        meant, misses = _meant(group, datum, around)
        if meant is not None:
            said = f"{ledger} says {datum}: its points miss what they name by {misses:,.0f} m and meet it read in {meant}"
            found |= {device.id: Fault(SHIFTED, said) for device in group}
    return found


def _meant(group: list[DeviceRow], datum: str, around: Surroundings) -> tuple[str | None, float]:
    """The datum in which the points meet what they name, where the stated one misses; and by how much it does (metres)."""
    stated = SAME.get(datum, datum)
    missed = {other: _missed_m(group, other, around) for other in DATUMS}
    if len(missed[stated]) < AT_LEAST or median(missed[stated]) < FAR_M:
        return None, 0.0
    middles = {other: median(found) for other, found in missed.items() if other != stated and len(found) >= AT_LEAST}
    best = min(middles, key=lambda other: middles[other], default=None)
    return (best if best is not None and middles[best] <= NEAR_M else None), median(missed[stated])


def _missed_m(group: list[DeviceRow], datum: str, around: Surroundings) -> list[float]:
    """How far each device lies from the room or building it names, its numbers read in a datum."""
    found = []
    for device in group:
        standing = around.standing(device.location_place)
        outline = around.outline(standing.room or standing.building)
        if standing.site_id is None or outline is None:
            continue
        try:
            lon_lat = stated_lon_lat({**device.values, "datum": datum}, None)
        except CrsError:
            continue
        if not isinstance(lon_lat, Fault) and lon_lat is not None:
            frame = around.frames[standing.site_id]
            x, y, _ = frame.from_lon_lat_height([[*lon_lat, frame.site.height_m]])[0].tolist()
            found.append(float(outline.distance(Point(np.float64(x), np.float64(y)))))
    return found
