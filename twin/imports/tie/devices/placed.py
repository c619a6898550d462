"""Where a device stands: from what its record states to site coordinates, the room it is in, its lowest and highest point. Pure.

Heights come from where the record says them: above the floor of the room or storey it names, above the ground outside, over the
1985 datum or the ellipsoid. A camera states one; what stands on the ground by its nature (gate, post) needs none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from spatial.crs import HeightDatum, ellipsoidal_height
from spatial.errors import HeightDatumUnknown
from spatial.feature import Kind
from spatial.frame import Site, SiteFrame
from twin.imports.tie.devices.rows import DeviceRow, Fault
from twin.imports.tie.devices.stated import INVALID, UNPLACED, stated_lon_lat
from twin.imports.tie.devices.surroundings import Standing, Surroundings

__all__ = ["GROUND_UNKNOWN", "HEIGHT_UNSTATED", "OUTSIDE", "PlacedDevice", "beyond", "height_z", "place_point", "site_of"]

HEIGHT_UNSTATED, GROUND_UNKNOWN, OUTSIDE = "DEVICE_HEIGHT_UNSTATED", "DEVICE_GROUND_UNKNOWN", "DEVICE_OUTSIDE_SITE"
STANDING_KINDS = (Kind.GATE, Kind.GUARD_POST, Kind.DOOR, Kind.LIFT)
"""Kinds that stand on the floor or the ground where their record states no height."""
STANDING_M = {
    Kind.GATE: 2.5,
    Kind.GUARD_POST: 1.8,
    Kind.CAMERA: 0.0,
    Kind.DOOR: 2.1,
    Kind.FIRE_POINT: 0.0,
    Kind.PANIC_BUTTON: 0.0,
    Kind.LIFT: 2.1,
}
"""How high a thing of the kind reaches above its point, for its box: a gate as a person or car passes, a guard standing."""
APART_M = 1.0
"""How far a surveyed point may lie outside the room its record names before it is told: the room's wall and the survey."""
LonLatHeight: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedDevice:
    """A device that has a place: `footprint` and `z_range` in site metres, `xyz` its point (of an area one within it),
    `lon_lat_height` that in degrees and ellipsoidal metres; feature keys of what it is in, empty for nothing; the place it is at,
    `surveyed` or by its `room`, `storey` or `building`; `notes` are what a person should look at all the same; `label` that of
    the element it is, empty where it is none."""

    device: DeviceRow
    site_id: int
    footprint: BaseGeometry
    z_range: tuple[float, float]
    xyz: tuple[float, float, float]
    lon_lat_height: LonLatHeight
    place_id: int | None
    method: str
    height_from: str
    room: str = ""
    storey: str = ""
    building: str = ""
    notes: tuple[Fault, ...] = field(default=())
    label: str = ""


def site_of(device: DeviceRow, around: Surroundings, standing: Standing) -> int | None:
    """The site a record is of: the one it names, else that of its location, else the only one."""
    said = device.values.get("site")
    return around.site_named(said) if said else standing.site_id or around.site_named(None)


def place_point(device: DeviceRow, around: Surroundings) -> PlacedDevice | Fault:
    """What stands at a point (camera, gate, door, fire point, …) in its place, or what keeps it from having one."""
    standing = around.standing(device.location_place)
    element = device.values.get("element")
    if element:
        return _at_element(device, around, element)
    site_id = site_of(device, around, standing)
    lon_lat = stated_lon_lat(device.values, around.scene.sites[site_id].crs if site_id else None)
    if isinstance(lon_lat, Fault):
        return lon_lat
    if lon_lat is None:
        return _by_room(device, around, standing)
    if site_id is None or not device.values.get("site"):
        site_id = around.site_at(lon_lat) or site_id
    if site_id is None:
        return Fault(OUTSIDE, f"{lon_lat[0]:.6f}, {lon_lat[1]:.6f} lies in no site")
    frame = around.frames[site_id]
    x, y, _ = frame.from_lon_lat_height([[*lon_lat, frame.site.height_m]])[0].tolist()
    if np.hypot(x, y) > frame.site.radius_m:
        return beyond(float(np.hypot(x, y)), frame.site)
    height = _height(device, around, site_id, (x, y), standing)
    if isinstance(height, Fault):
        return height
    z, height_from = height
    return _surveyed(device, around, site_id, lon_lat, z, height_from, standing)


def beyond(distance_m: float, site: Site) -> Fault:
    """What lies farther from the origin of its site than the site reaches."""
    return Fault(OUTSIDE, f"it lies {distance_m:,.0f} m from the origin of {site.name}, whose radius is {site.radius_m:,.0f} m")


def height_z(frame: SiteFrame, lon_lat: tuple[float, float], height_m: float, datum: HeightDatum) -> float | Fault:
    """z in site metres of a height over a datum at a point."""
    try:
        over_ellipsoid = float(ellipsoidal_height(height_m, datum, frame.site.geoid_separation_m))
    except HeightDatumUnknown as error:
        return Fault(HEIGHT_UNSTATED, str(error))
    return float(frame.from_lon_lat_height([[*lon_lat, over_ellipsoid]])[0, 2])


def _height(
    device: DeviceRow, around: Surroundings, site_id: int, xy: tuple[float, float], standing: Standing
) -> tuple[float, str] | Fault:
    """z in site metres and what it is counted from."""
    values, frame = device.values, around.frames[site_id]
    lon, lat, _ = frame.to_lon_lat_height([[*xy, 0.0]])[0].tolist()
    for name, datum in (("ellipsoidal_height", HeightDatum.ELLIPSOIDAL), ("height_1985", HeightDatum.ORTHOMETRIC)):
        if values.get(name) is not None:
            z = height_z(frame, (lon, lat), values[name], datum)
            return z if isinstance(z, Fault) else (z, name)
    above = values.get("mounting_height")
    if above is None and device.kind in STANDING_KINDS:
        above = 0.0
    if above is None:
        return Fault(HEIGHT_UNSTATED, "no height: neither above floor or ground, nor over the 1985 datum or the ellipsoid")
    floor = around.floor_z(standing)
    if floor is not None:
        return floor + above, "floor"
    if around.rooms_over(site_id, xy):
        return Fault("DEVICE_STOREY_UNSTATED", f"{above:g} m above the floor of a storey that nothing names: rooms lie there")
    ground = around.ground(site_id)
    z = float(ground.sample([xy])[0]) if not isinstance(ground, str) else np.nan
    if not np.isfinite(z):
        return Fault(GROUND_UNKNOWN, ground if isinstance(ground, str) else "the terrain does not reach there")
    return z + above, "ground"


def _surveyed(
    device: DeviceRow, around: Surroundings, site_id: int, lon_lat: tuple[float, float], z: float, height_from: str, standing: Standing
) -> PlacedDevice:
    frame = around.frames[site_id]
    height = float(frame.to_lon_lat_height([[*_xy(frame, lon_lat, frame.site.height_m), z]])[0, 2])
    x, y = _xy(frame, lon_lat, height)
    found = around.room_at(site_id, (x, y, z + 0.01))
    notes: tuple[Fault, ...] = ()
    outline = around.outline(standing.room)
    if outline is not None and (found is None or found.key != standing.room) and outline.distance(Point(x, y)) > APART_M:
        notes = (Fault("DEVICE_ROOM_DIFFERS", f"it lies {outline.distance(Point(x, y)):,.1f} m from the room its record names"),)
    within = {"room": standing.room, "storey": standing.storey, "building": standing.building}
    if found is not None:
        within = {"room": found.key, "storey": found.storey, "building": found.building}
    elif notes:
        within = {"building": standing.building}
    place = around.place_of(found.key) if found else None
    return PlacedDevice(
        device=device,
        site_id=site_id,
        footprint=_footprint(device, (x, y)),
        z_range=(z, z + STANDING_M[device.kind]),
        xyz=(x, y, z),
        lon_lat_height=(*lon_lat, height),
        place_id=place or standing.place_id or around.place_of_site(site_id),
        method="surveyed",
        height_from=height_from,
        notes=notes,
        **within,
    )


def _by_room(device: DeviceRow, around: Surroundings, standing: Standing) -> PlacedDevice | Fault:
    """By the middle of its room and an offset from there; in a storey only with an offset.

    The middle is the centroid of the outline, of a bent room whose centroid lies outside a point within it.
    """
    values = device.values
    key = standing.room or standing.storey
    outline = around.outline(key)
    east, north = values.get("offset_east"), values.get("offset_north")
    if standing.site_id is None or outline is None or outline.is_empty or (not standing.room and east is None and north is None):
        said = "no coordinates, and no room with an outline" if not key or outline is None else "a storey without an offset is no place"
        return Fault(UNPLACED, said)
    middle = outline.centroid if outline.covers(outline.centroid) else outline.representative_point()
    xy = (middle.x + (east or 0.0), middle.y + (north or 0.0))
    if standing.room and outline.distance(Point(xy)) > APART_M:
        return Fault(INVALID, f"{east or 0:g} m east and {north or 0:g} m north of its middle is outside its room")
    height = _height(device, around, standing.site_id, xy, standing)
    if isinstance(height, Fault):
        return height
    z, height_from = height
    frame = around.frames[standing.site_id]
    lon, lat, over_ellipsoid = frame.to_lon_lat_height([[*xy, z]])[0].tolist()
    return PlacedDevice(
        device=device,
        site_id=standing.site_id,
        footprint=_footprint(device, xy),
        z_range=(z, z + STANDING_M[device.kind]),
        xyz=(*xy, z),
        lon_lat_height=(lon, lat, over_ellipsoid),
        place_id=standing.place_id,
        method="room" if standing.room else "storey",
        height_from=height_from,
        room=standing.room,
        storey=standing.storey,
        building=standing.building,
    )


def _at_element(device: DeviceRow, around: Surroundings, global_id: str) -> PlacedDevice | Fault:
    """In the middle of the box of the element of a model that it names by its GlobalId, at the element's foot."""
    found = around.elements.get(global_id, ())
    if len(found) != 1:
        return Fault(UNPLACED, f"{len(found) or 'no'} elements of the scene have the GlobalId {global_id}")
    site_id, row = found[0]
    element = row.feature
    if row.box is None or not np.isfinite(row.box).all():
        return Fault(UNPLACED, f"the element {element.id} has no extent")
    x, y, z = (float(row.box[:, 0].mean()), float(row.box[:, 1].mean()), float(row.box[0, 2]))
    lon, lat, over_ellipsoid = around.frames[site_id].to_lon_lat_height([[x, y, z]])[0].tolist()
    standing = around.standing(device.location_place)
    storey = around.key_of(site_id, element.storey) or standing.storey
    room = around.key_of(site_id, element.space) or standing.room
    return PlacedDevice(
        device=device,
        site_id=site_id,
        footprint=_footprint(device, (x, y)),
        z_range=(z, z + STANDING_M[device.kind]),
        xyz=(x, y, z),
        lon_lat_height=(lon, lat, over_ellipsoid),
        place_id=around.place_of(room) or around.place_of(storey) or standing.place_id or around.place_of_site(site_id),
        method="element",
        height_from="element",
        room=room,
        storey=storey,
        building=around.key_of(site_id, element.building) or standing.building,
        label=element.label,
    )


def _footprint(device: DeviceRow, xy: tuple[float, float]) -> BaseGeometry:
    """A point; of a gate whose heading and width are known the line across the way through it."""
    heading, width = device.values.get("heading"), device.values.get("width")
    if device.kind is not Kind.GATE or heading is None or not width or width < 0:
        return Point(xy)
    turn = np.radians(heading)
    across = np.array([np.cos(turn), -np.sin(turn)]) * width / 2
    return LineString([np.add(xy, -across), np.add(xy, across)])


def _xy(frame: SiteFrame, lon_lat: tuple[float, float], height_m: float) -> tuple[float, float]:
    x, y, _ = frame.from_lon_lat_height([[*lon_lat, height_m]])[0].tolist()
    return x, y
