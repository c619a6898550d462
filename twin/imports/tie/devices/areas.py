"""Where zones and perimeter segments lie: outlines and lines in site coordinates, with their lowest and highest point. Pure."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.crs import HeightDatum
from spatial.feature import Kind
from spatial.frame import SiteFrame
from twin.imports.tie.devices.placed import GROUND_UNKNOWN, HEIGHT_UNSTATED, OUTSIDE, PlacedDevice, beyond, height_z, site_of
from twin.imports.tie.devices.rows import DeviceRow, Fault
from twin.imports.tie.devices.stated import UNPLACED, stated_geometry
from twin.imports.tie.devices.surroundings import Standing, Surroundings

__all__ = ["place_area"]

INVALID = "DEVICE_GEOMETRY_INVALID"
STEP_M = 5.0
"""How far apart the ground is sampled along a line or an edge."""
TYPES = {Kind.ZONE: ("Polygon", "MultiPolygon"), Kind.PERIMETER_SEGMENT: ("LineString", "MultiLineString")}
COLUMN = {Kind.ZONE: "outline", Kind.PERIMETER_SEGMENT: "centre_line"}
Range = tuple[float, float]


def place_area(device: DeviceRow, around: Surroundings) -> PlacedDevice | Fault:
    """A zone or perimeter segment in its place, or what keeps it from having one."""
    standing = around.standing(device.location_place)
    text = device.values[COLUMN[device.kind]]
    site_id = site_of(device, around, standing)
    if text is None:
        return _of_its_place(device, around, standing)
    shape = stated_geometry(text, device.values["datum"], around.scene.sites[site_id].crs if site_id else None)
    if isinstance(shape, Fault):
        return shape
    if shape.geom_type not in TYPES[device.kind] or not shape.is_valid:
        why = shapely.is_valid_reason(shape) if not shape.is_valid else f"a {shape.geom_type}"
        return Fault(INVALID, f"{why}, where a {TYPES[device.kind][0]} is wanted")
    if not device.values.get("site"):
        middle = shapely.centroid(shape)
        site_id = around.site_at((middle.x, middle.y)) or site_id
    if site_id is None:
        return Fault(OUTSIDE, "it lies in no site")
    return _drawn(device, around, site_id, shape, standing)


def _drawn(device: DeviceRow, around: Surroundings, site_id: int, shape: BaseGeometry, standing: Standing) -> PlacedDevice | Fault:
    frame = around.frames[site_id]
    outline = shapely.transform(shape, lambda lon_lat: _plan(frame, lon_lat))
    farthest = float(np.hypot(*shapely.get_coordinates(outline).T).max())
    if farthest > frame.site.radius_m:
        return beyond(farthest, frame.site)
    found = _heights(device, around, site_id, outline, shape, standing)
    if isinstance(found, Fault):
        return found
    z_range, height_from = found
    place_id = standing.place_id or around.place_of_site(site_id)
    return _placed(device, around, site_id, outline, z_range, height_from, place_id, "surveyed", standing)


def _of_its_place(device: DeviceRow, around: Surroundings, standing: Standing) -> PlacedDevice | Fault:
    """A zone without an outline of its own: the whole room, storey or building that it names."""
    key = standing.room or standing.storey or standing.building
    feature, outline = around.feature(key), around.outline(key)
    if standing.site_id is None or feature is None or outline is None or device.kind is not Kind.ZONE:
        return Fault(UNPLACED, "no outline, and no room, storey or building with one" if device.kind is Kind.ZONE else "no line")
    if feature.z_range is None:
        return Fault(HEIGHT_UNSTATED, f"{feature.name or key} has no heights")
    return _placed(
        device, around, standing.site_id, outline, feature.z_range, "place", standing.place_id, standing.level or "building", standing
    )


def _placed(
    device: DeviceRow,
    around: Surroundings,
    site_id: int,
    outline: BaseGeometry,
    z_range: Range,
    height_from: str,
    place_id: int | None,
    method: str,
    standing: Standing,
) -> PlacedDevice:
    within = outline.representative_point() if outline.geom_type.endswith("Polygon") else outline.interpolate(0.5, normalized=True)
    xyz = (float(within.x), float(within.y), z_range[0])
    lon, lat, height = around.frames[site_id].to_lon_lat_height([xyz])[0].tolist()
    return PlacedDevice(
        device=device,
        site_id=site_id,
        footprint=outline,
        z_range=z_range,
        xyz=xyz,
        lon_lat_height=(lon, lat, height),
        place_id=place_id,
        method=method,
        height_from=height_from,
        room=standing.room,
        storey=standing.storey,
        building=standing.building,
    )


def _heights(
    device: DeviceRow, around: Surroundings, site_id: int, outline: BaseGeometry, shape: BaseGeometry, standing: Standing
) -> tuple[Range, str] | Fault:
    """Lowest and highest z in site metres, and what they are counted from."""
    values = device.values
    bottom, top = values.get("bottom_1985"), values.get("top_1985")
    if bottom is not None or top is not None:
        return _over_datum(around.frames[site_id], shape, bottom, top)
    above = values["height" if device.kind is Kind.PERIMETER_SEGMENT else "height_above_ground"]
    if above is not None:
        ground = _ground(around, site_id, outline)
        return ground if isinstance(ground, Fault) else ((ground[0], ground[1] + above), "ground")
    feature = around.feature(standing.room or standing.storey or standing.building)
    if feature is not None and feature.z_range is not None:
        return feature.z_range, "place"
    return Fault(HEIGHT_UNSTATED, "no height: neither above the ground, nor over the 1985 datum, nor a storey")


def _over_datum(frame: SiteFrame, shape: BaseGeometry, bottom: float | None, top: float | None) -> tuple[Range, str] | Fault:
    if bottom is None or top is None or top <= bottom:
        return Fault(HEIGHT_UNSTATED, "a bottom without a top above it, or the other way round")
    middle = shapely.centroid(shape)
    low, high = (height_z(frame, (middle.x, middle.y), height, HeightDatum.ORTHOMETRIC) for height in (bottom, top))
    if isinstance(low, Fault) or isinstance(high, Fault):
        return low if isinstance(low, Fault) else high  # type: ignore[return-value]
    return (low, high), "height_1985"


def _ground(around: Surroundings, site_id: int, outline: BaseGeometry) -> Range | Fault:
    """Lowest and highest ground along a line, or along the edge and at the vertices of an outline."""
    ground = around.ground(site_id)
    if isinstance(ground, str):
        return Fault(GROUND_UNKNOWN, ground)
    z = ground.sample(shapely.get_coordinates(shapely.segmentize(outline, STEP_M)))
    if not np.isfinite(z).all():
        return Fault(GROUND_UNKNOWN, "the terrain does not reach all of it")
    return float(z.min()), float(z.max())


def _plan(frame: SiteFrame, lon_lat: np.ndarray) -> np.ndarray:
    heights = np.full(len(lon_lat), frame.site.height_m)
    return np.asarray(frame.from_lon_lat_height(np.column_stack([lon_lat, heights]))[:, :2])
