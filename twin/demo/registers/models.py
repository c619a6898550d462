"""What the demo's IFC models hold for the registers: rooms with their areas, doors, and the things that carry an asset tag."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import Polygon

__all__ = ["Drawn", "ModelDoor", "ModelRoom", "ModelThing", "read_models"]

NEAR_M = 0.5
"""As far as a room may begin from the middle of its door."""
PASSED = ("走廊", "电梯厅", "门厅", "前厅")
"""Rooms that one passes through: a door between one of them and another room is the other's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRoom:
    """A room of a model: its GlobalId, storey as the model names it, number, name, department, and floor area in m² as drawn."""

    model: str
    building: str
    global_id: str
    storey: str
    number: str
    name: str
    department: str
    area_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelThing:
    """A piece of furniture or equipment with a tag; `room` is the number of the room it was put into, or empty."""

    model: str
    global_id: str
    name: str
    code: str
    tag: str
    serial: str
    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDoor:
    """A door of a model: its GlobalId, its name there, and the number of the room it leads into, empty where that is none's alone."""

    model: str
    global_id: str
    name: str
    storey: str
    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the models hold, in file order."""

    rooms: list[ModelRoom] = field(default_factory=list)
    things: list[ModelThing] = field(default_factory=list)
    doors: list[ModelDoor] = field(default_factory=list)


def read_models(models: Mapping[str, Path]) -> Drawn:
    """The rooms, doors and tagged things of the models."""
    import ifcopenshell

    drawn = Drawn()
    rooms, things = drawn.rooms, drawn.things
    for key, path in models.items():
        file: Any = ifcopenshell.open(str(path))
        building = str(file.by_type("IfcBuilding")[0].Name)
        prefix = file.by_type("IfcUnitAssignment")[0].Units[0].Prefix
        metre = 0.001 if prefix == "MILLI" else 1.0
        for storey in sorted(file.by_type("IfcBuildingStorey"), key=lambda entity: entity.Elevation):
            spaces = [part for link in storey.IsDecomposedBy for part in link.RelatedObjects if part.is_a("IfcSpace")]
            rooms += [_room(space, key, building, str(storey.Name), metre) for space in spaces]
            drawn.doors.extend(_doors(storey, spaces, key, metre))
        numbers = {room.number for room in rooms if room.model == key}
        codes = _codes(file)
        things += [_thing(entity, key, codes, numbers) for entity in file.by_type("IfcElement") if getattr(entity, "Tag", None)]
    return drawn


def _doors(storey: Any, spaces: Sequence[Any], key: str, metre: float) -> list[ModelDoor]:
    """The doors of a storey; rooms of the demo lie in the frame of their building."""
    from ifcopenshell.util.placement import get_local_placement

    doors = [part for link in storey.ContainsElements for part in link.RelatedElements if part.is_a("IfcDoor")]
    if not doors:
        return []
    entered = [space for space in spaces if not any(word in str(space.LongName) for word in PASSED)]
    shapes = [Polygon(_points(_profile(space).OuterCurve)) for space in entered]
    frames = np.array([get_local_placement(door.ObjectPlacement) for door in doors])
    widths = np.array([float(door.OverallWidth) for door in doors])
    middles = shapely.points(frames[:, :2, 3] + frames[:, :2, 0] * widths[:, None] / 2)
    at, room = STRtree(shapes).query_nearest(middles, max_distance=NEAR_M / metre, all_matches=False)
    leads = dict(zip(at.tolist(), room.tolist(), strict=True))
    return [
        ModelDoor(
            model=key,
            global_id=str(door.GlobalId),
            name=str(door.Name),
            storey=str(storey.Name),
            room=str(entered[leads[number]].Name) if number in leads else "",
        )
        for number, door in enumerate(doors)
    ]


def _room(space: Any, key: str, building: str, storey: str, metre: float) -> ModelRoom:
    profile = _profile(space)
    holes = profile.InnerCurves if profile.is_a("IfcArbitraryProfileDefWithVoids") else []
    area = _shoelace(profile.OuterCurve) - sum(_shoelace(curve) for curve in holes)
    return ModelRoom(
        model=key,
        building=building,
        global_id=str(space.GlobalId),
        storey=storey,
        number=str(space.Name),
        name=str(space.LongName),
        department=str(_property(space, "使用单位") or ""),
        area_m2=round(area * metre * metre, 2),
    )


def _thing(entity: Any, key: str, codes: Mapping[str, str], numbers: set[str]) -> ModelThing:
    room = str(entity.Name).split("-")[0]
    return ModelThing(
        model=key,
        global_id=str(entity.GlobalId),
        name=str(entity.ObjectType),
        code=codes.get(str(entity.GlobalId), ""),
        tag=str(entity.Tag),
        serial=str(_property(entity, "SerialNumber") or ""),
        room=room if room in numbers else "",
    )


def _codes(file: Any) -> dict[str, str]:
    codes: dict[str, str] = {}
    for link in file.by_type("IfcRelAssociatesClassification"):
        reference = link.RelatingClassification
        code = getattr(reference, "Identification", None) or getattr(reference, "ItemReference", None)
        codes |= {str(entity.GlobalId): str(code) for entity in link.RelatedObjects if code}
    return codes


def _property(entity: Any, name: str) -> object:
    for link in entity.IsDefinedBy:
        held = getattr(link, "RelatingPropertyDefinition", None)
        for value in getattr(held, "HasProperties", None) or ():
            if value.Name == name:
                return value.NominalValue.wrappedValue
    return None


def _profile(space: Any) -> Any:
    return space.Representation.Representations[0].Items[0].SweptArea


def _points(curve: Any) -> list[tuple[float, float]]:
    return [point.Coordinates for point in curve.Points]


def _shoelace(curve: Any) -> float:
    points = _points(curve)
    return float(abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True)))) / 2
