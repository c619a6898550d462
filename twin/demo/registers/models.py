"""What the demo's IFC models hold for the registers: rooms with their areas, and the things that carry an asset tag."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ModelRoom", "ModelThing", "read_models"]


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


def read_models(models: Mapping[str, Path]) -> tuple[list[ModelRoom], list[ModelThing]]:
    """The rooms and tagged things of the models, in file order."""
    import ifcopenshell

    rooms: list[ModelRoom] = []
    things: list[ModelThing] = []
    for key, path in models.items():
        file: Any = ifcopenshell.open(str(path))
        building = str(file.by_type("IfcBuilding")[0].Name)
        prefix = file.by_type("IfcUnitAssignment")[0].Units[0].Prefix
        metre = 0.001 if prefix == "MILLI" else 1.0
        for storey in sorted(file.by_type("IfcBuildingStorey"), key=lambda entity: entity.Elevation):
            spaces = [part for link in storey.IsDecomposedBy for part in link.RelatedObjects if part.is_a("IfcSpace")]
            rooms += [_room(space, key, building, str(storey.Name), metre) for space in spaces]
        numbers = {room.number for room in rooms if room.model == key}
        codes = _codes(file)
        things += [_thing(entity, key, codes, numbers) for entity in file.by_type("IfcElement") if getattr(entity, "Tag", None)]
    return rooms, things


def _room(space: Any, key: str, building: str, storey: str, metre: float) -> ModelRoom:
    profile = space.Representation.Representations[0].Items[0].SweptArea
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


def _shoelace(curve: Any) -> float:
    points = [point.Coordinates for point in curve.Points]
    return float(abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True)))) / 2
