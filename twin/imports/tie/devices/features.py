"""Devices as features of the scene: what the register says of each, beside where it stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spatial.feature import PUBLIC, Feature, FeatureId, Kind
from spatial.mesh import Float64
from spatial.source import Source
from twin.codes import ColumnType, get_kind
from twin.imports.tie.devices.areas import place_area
from twin.imports.tie.devices.placed import PlacedDevice, place_point
from twin.imports.tie.devices.rows import DeviceRow, Fault
from twin.imports.tie.devices.shift import shifted_devices
from twin.imports.tie.devices.surroundings import Surroundings

__all__ = ["DEVICE_CODES", "Found", "find_devices"]

DEVICE_CODES = (
    "DEVICE_COORDINATES_INVALID",
    "DEVICE_DATUM_SHIFTED",
    "DEVICE_DATUM_UNSTATED",
    "DEVICE_GEOMETRY_INVALID",
    "DEVICE_GROUND_ASSUMED",
    "DEVICE_GROUND_UNKNOWN",
    "DEVICE_HEIGHT_UNSTATED",
    "DEVICE_LABEL_OVERRULED",
    "DEVICE_LABEL_UNKNOWN",
    "DEVICE_NUMBER_INVALID",
    "DEVICE_OUTSIDE_SITE",
    "DEVICE_ROOM_DIFFERS",
    "DEVICE_STOREY_UNSTATED",
    "DEVICE_UNPLACED",
)
CLASS = {
    Kind.CAMERA: "Camera",
    Kind.GATE: "Gate",
    Kind.ZONE: "Zone",
    Kind.GUARD_POST: "GuardPost",
    Kind.PERIMETER_SEGMENT: "PerimeterSegment",
    Kind.DOOR: "Door",
    Kind.FIRE_POINT: "FirePoint",
    Kind.PANIC_BUTTON: "PanicButton",
    Kind.LIFT: "Lift",
}
AREAS = (Kind.ZONE, Kind.PERIMETER_SEGMENT)
ELSEWHERE = {
    *("code", "name", "site", "building", "storey", "room", "lon", "lat", "easting", "northing", "outline", "centre_line", "element"),
    *("label", "unit", "remark"),
}
"""Columns that are in a feature by other names, or are the record's alone."""
PAIRS = (("focal_length", "focal_length_max"), ("pan_min", "pan_max"), ("tilt_min", "tilt_max"))


@dataclass(slots=True, kw_only=True)
class Found:
    """What a run found: the placed devices and their features with boxes by site and kind; of every record what is to be told,
    and why it has no place (`unplaced`, by record id)."""

    placed: dict[int, PlacedDevice] = field(default_factory=dict)
    features: dict[tuple[int, Kind], list[Feature]] = field(default_factory=dict)
    boxes: dict[str, Float64] = field(default_factory=dict)
    told: list[tuple[DeviceRow, Fault]] = field(default_factory=list)
    unplaced: dict[int, str] = field(default_factory=dict)


def find_devices(devices: Iterable[DeviceRow], around: Surroundings) -> Found:
    """Every device in its place, or with what keeps it from having one."""
    found = Found()
    rows = [_checked(device, found) for device in devices]
    shifted = shifted_devices(rows, around)
    for device in rows:
        placed = shifted.get(device.id) or (place_area if device.kind in AREAS else place_point)(device, around)
        label: str | Fault = PUBLIC
        if isinstance(placed, PlacedDevice):
            found.told += [(device, note) for note in placed.notes]
            label = _label(placed, around, found)
        fault = placed if isinstance(placed, Fault) else label if isinstance(label, Fault) else None
        if fault is not None:
            found.told.append((device, fault))
            found.unplaced[device.id] = fault.code.lower()
        elif isinstance(placed, PlacedDevice) and isinstance(label, str):
            found.placed[device.id] = placed
            feature = _feature(placed, label)
            found.features.setdefault((placed.site_id, device.kind), []).append(feature)
            found.boxes[feature.id] = _box(placed)
    return found


def _checked(device: DeviceRow, found: Found) -> DeviceRow:
    """The device without numbers that its columns cannot hold, which are told."""
    wrong = {}
    for column in get_kind(device.kind.value).columns:
        value = device.values[column.name]
        if column.type in (ColumnType.NUMBER, ColumnType.INTEGER) and value is not None and not column.holds(value):
            wrong[column.name] = f"{column.zh} {value:g} is not within {column.low:g} to {column.high:g} {column.unit}"
    for low, high in PAIRS:
        least, most = device.values.get(low), device.values.get(high)
        if least is not None and most is not None and least > most and low not in wrong and high not in wrong:
            wrong[high] = f"{high} {most:g} is below {low} {least:g}"
    if not wrong:
        return device
    found.told.append((device, Fault("DEVICE_NUMBER_INVALID", "; ".join(wrong.values()))))
    return replace(device, values={**device.values, **dict.fromkeys(wrong)})


def _label(placed: PlacedDevice, around: Surroundings, found: Found) -> str | Fault:
    """Its room's label where that is neither public nor the site's default, else what the record says, else the default.

    What hangs in a hidden room is hidden with it, whatever its record says.
    """
    policy = around.policies[placed.site_id]
    said = placed.device.values["label"]
    if said is not None and said not in policy.labels:
        return Fault("DEVICE_LABEL_UNKNOWN", f"{said}: the site knows {', '.join(policy.labels)}")
    named = around.standing(placed.device.location_place)
    for label in (placed.label, *map(around.label_of, (placed.room, named.room, placed.storey, placed.building))):
        if label and label not in (PUBLIC, policy.default):
            if said is not None and said != label:
                found.told.append((placed.device, Fault("DEVICE_LABEL_OVERRULED", f"it says {said}, and hangs in what is {label}")))
            return label
    return str(said or policy.default)


def _feature(placed: PlacedDevice, label: str) -> Feature:
    device = placed.device
    return Feature(
        id=FeatureId(device.feature_id),
        kind=device.kind,
        class_name=CLASS[device.kind],
        source=Source(file=device.file, sha256=device.sha256, entity=f"line {device.line}" if device.line else ""),
        name=device.values["name"] or device.key,
        building=_id(placed.building),
        storey=_id(placed.storey),
        space=_id(placed.room),
        footprint=placed.footprint,
        z_range=placed.z_range,
        properties=_properties(placed),
        label=label,
    )


def _properties(placed: PlacedDevice) -> Mapping[str, Any]:
    """`record` names the record, `position` says where and how it is known, `device` holds the register's columns that say something,
    each with its unit in its name (`heading_deg`, `focal_length_mm`)."""
    device = placed.device
    lon, lat, height = placed.lon_lat_height
    columns = [column for column in get_kind(device.kind.value).columns if column.name not in ELSEWHERE]
    values = {
        f"{column.name}_{column.unit}" if column.unit else column.name: device.values[column.name]
        for column in columns
        if device.values[column.name] is not None
    }
    return {
        "record": {"kind": device.kind.value, "key": device.key},
        "position": {
            "site_xyz": [round(value, 4) for value in placed.xyz],
            "lon": round(lon, 9),
            "lat": round(lat, 9),
            "ellipsoidal_height_m": round(height, 4),
            "method": placed.method,
            "height_from": placed.height_from,
        },
        "device": values,
    }


def _box(placed: PlacedDevice) -> Float64:
    x_min, y_min, x_max, y_max = placed.footprint.bounds
    low, high = placed.z_range
    return np.array([[x_min, y_min, low], [x_max, y_max, high]])


def _id(key: str) -> FeatureId | None:
    """The id within a feature key `SITE/ID`."""
    return FeatureId(key.split("/", 1)[1]) if key else None
