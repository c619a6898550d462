"""Where registered buildings that no model has stand: from the longitude, latitude and datum that their register states. Pure.

Within the radius of its own site a building has site coordinates; elsewhere (another compound, another city) it has degrees alone,
because a site's frame holds only there. A datum that is not stated is told, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, sqrt
from types import MappingProxyType

import numpy as np

from spatial.datum_shift import bd09_to_wgs84, gcj02_to_wgs84
from spatial.errors import CrsError
from spatial.frame import SiteFrame
from spatial.mesh import Float64
from twin.imports.tie.record_rows import RecordRow
from twin.imports.tie.scene import Scene
from twin.link.facts import WorkItem

__all__ = ["COORDINATE_CODES", "Stated", "StatedPosition", "lon_lat_of", "stated_positions"]

COORDINATE_CODES = ("BUILDING_COORDINATES_INVALID", "BUILDING_DATUM_UNSTATED", "BUILDING_HEIGHT_ASSUMED")
TO_WGS84: Mapping[str, Callable[[Float64], Float64] | None] = MappingProxyType(
    {"CGCS2000": None, "WGS84": None, "GCJ02": gcj02_to_wgs84, "BD09": bd09_to_wgs84}
)
"""Datum → what makes it WGS84; CGCS2000 is that to centimetres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPosition:
    """A building by its register: `lon_lat` in WGS84 ≈ CGCS2000 degrees; `site_id` and `xyz` (site metres, the height that of the
    site's origin) where it lies within a site of its own; `extent_m` half the diagonal of a square of its area, NaN unknown."""

    lon_lat: tuple[float, float]
    site_id: int | None = None
    xyz: tuple[float, float, float] | None = None
    extent_m: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Record id → position, and what a person must look at."""

    positions: Mapping[int, StatedPosition] = field(default_factory=dict)
    items: Sequence[WorkItem] = ()


def stated_positions(buildings: Sequence[RecordRow], scene: Scene, linked: Mapping[str, str] = MappingProxyType({})) -> Stated:
    """The positions of building records that state coordinates; those `linked` to a feature of the scene are where that is.

    Findings: `BUILDING_COORDINATES_INVALID`, `BUILDING_DATUM_UNSTATED`, and for each site with such buildings `BUILDING_HEIGHT_ASSUMED`.
    """
    frames = {site_id: SiteFrame.of(site) for site_id, site in scene.sites.items()}
    positions: dict[int, StatedPosition] = {}
    items: list[WorkItem] = []
    for record in buildings:
        if str(record.id) in linked or (record.values["lon"] is None and record.values["lat"] is None):
            continue
        fault = _fault(record)
        found = None if fault else _located(record, scene, frames)
        if isinstance(found, str):
            fault = ("BUILDING_COORDINATES_INVALID", found)
        if fault:
            items.append(WorkItem(code=fault[0], record_ids=(str(record.id),), space_ids=(), message=f"{record.key}: {fault[1]}"))
        elif isinstance(found, StatedPosition):
            positions[record.id] = found
    return Stated(positions=positions, items=[*items, *_heights(positions, scene)])


def lon_lat_of(values: Mapping[str, object]) -> tuple[float, float] | None:
    """Longitude and latitude of a building in WGS84 ≈ CGCS2000 degrees; None where its values state none that can be used."""
    if _values_fault(values) is not None:
        return None
    lon_lat = np.array([[values["lon"], values["lat"]]], dtype=np.float64)
    shift = TO_WGS84[str(values["lon_lat_datum"])]
    try:
        lon, lat = (shift(lon_lat) if shift else lon_lat)[0].tolist()
    except CrsError:
        return None
    return round(lon, 9), round(lat, 9)


def _fault(record: RecordRow) -> tuple[str, str] | None:
    return _values_fault(record.values)


def _values_fault(values: Mapping[str, object]) -> tuple[str, str] | None:
    lon, lat = values["lon"], values["lat"]
    if not isinstance(lon, int | float) or not isinstance(lat, int | float):
        return "BUILDING_COORDINATES_INVALID", "a longitude without a latitude, or the other way round"
    if not (isfinite(lon) and isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90) or (lon == 0 and lat == 0):
        swapped = abs(lat) <= 180 and abs(lon) <= 90
        return "BUILDING_COORDINATES_INVALID", f"{lon:g}, {lat:g} is no longitude and latitude{': exchanged?' if swapped else ''}"
    if values["lon_lat_datum"] not in TO_WGS84:
        return "BUILDING_DATUM_UNSTATED", f"{lon:g}, {lat:g} in no stated datum: GCJ-02 and BD-09 lie up to 700 m off"
    return None


def _located(record: RecordRow, scene: Scene, frames: Mapping[int, SiteFrame]) -> StatedPosition | str:
    """The position, or why it is none."""
    lon_lat = lon_lat_of(record.values)
    if lon_lat is None:
        return "its coordinates have no counterpart in WGS84"
    home = scene.is_home(record.values["site"] or "")
    near = [(_distance_m(frame, lon_lat), site_id) for site_id, frame in frames.items()]
    distance, site_id = min(near, default=(float("inf"), 0))
    inside = bool(near) and distance <= scene.sites[site_id].radius_m
    if home and not inside:
        return f"{record.values['site']} is ours, and it lies {distance / 1000:,.1f} km from {scene.sites[site_id].name}"
    if home is False or not inside:
        return StatedPosition(lon_lat=lon_lat)
    x, y, z = frames[site_id].from_lon_lat_height([[*lon_lat, scene.sites[site_id].height_m]])[0].tolist()
    return StatedPosition(lon_lat=lon_lat, site_id=site_id, xyz=(x, y, z), extent_m=_extent_m(record.values))


def _distance_m(frame: SiteFrame, lon_lat: tuple[float, float]) -> float:
    return float(np.linalg.norm(frame.from_lon_lat_height([[*lon_lat, frame.site.height_m]])[0]))


def _extent_m(values: Mapping[str, object]) -> float:
    gross, storeys = values["gross_area"], values["storeys_above"]
    known = isinstance(gross, int | float) and isinstance(storeys, int) and gross > 0 and storeys > 0
    return sqrt(gross / storeys / 2) if known else float("nan")  # type: ignore[operator]


def _heights(positions: Mapping[int, StatedPosition], scene: Scene) -> list[WorkItem]:
    found = []
    for site_id, site in scene.sites.items():
        records = tuple(str(record) for record, one in positions.items() if one.site_id == site_id)
        if records:
            message = f"{len(records)} buildings of {site.name} stand by their coordinates at the height of its origin, {site.height_m:g} m"
            facts = {"key": site.code, "height_m": site.height_m, "buildings": len(records)}
            found.append(WorkItem(code="BUILDING_HEIGHT_ASSUMED", record_ids=(), space_ids=(), message=message, facts=facts))
    return found
