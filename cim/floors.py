"""Storeys of drawn buildings and rooms of rows, as features and solids."""

from collections.abc import Sequence
from typing import Final

import shapely

from cim.city_layer import FAILED, PLACED, WITHOUT_GEOMETRY, Outcome
from cim.columns import number, text
from cim.palette import Rgba
from cim.rooms import ROOM_RGBA, Room, Storeys, room_corners
from cim.rows import Row
from cim.shade import add_flat
from cim.storeys import Level, StoreyPlace
from spatial.feature import Feature, FeatureId, Kind, feature_id
from spatial.mesh import Float64, MeshBuilder

__all__ = ["STOREY_CLASS", "add_room", "add_storeys", "places_of", "room_of_row"]

STOREY_CLASS: Final = "BuildingStorey"
ORIGIN = shapely.Point(0, 0)
DrawnStoreys = Sequence[tuple[Level, Float64, Rgba]]


def add_storeys(builder: MeshBuilder, building: Feature, storeys: DrawnStoreys) -> list[Feature]:
    """The storeys of a drawn building, each drawn too; ids under its own, as stable as that."""
    made = []
    for level, corners, rgba in storeys:
        name = _storey_id(building, level)
        add_flat(builder, name, corners, rgba)
        area = 0.0 if building.footprint is None else round(float(building.footprint.area), 4)
        made.append(
            Feature(
                id=name,
                kind=Kind.STOREY,
                class_name=STOREY_CLASS,
                source=building.source,
                name=level.name,
                parent=building.id,
                building=building.id,
                footprint=building.footprint,
                z_range=(level.low, level.high),
                properties={"measured": {"area_m2": area, "method": "footprint"}, "attributes": {"number": level.number}},
            )
        )
    return made


def places_of(building: Feature, storeys: DrawnStoreys) -> list[StoreyPlace]:
    """The same storeys as places for rooms; the building goes by its name, its id and its local id."""
    names = [building.id.partition("/")[2], *filter(None, (building.name, text(building.properties["attributes"].get("id"))))]
    return [
        StoreyPlace(
            id=_storey_id(building, level),
            number=level.number,
            name=level.name,
            z_range=(level.low, level.high),
            building=building.id,
            building_names=tuple(names),
            footprint=building.footprint,
        )
        for level, _, _ in storeys
    ]


def room_of_row(row: Row, storeys: Storeys, key: str, radius_m: float) -> tuple[Room, Outcome, str]:
    """The room of a row with a geometry, what becomes of it, and why it is not drawn."""
    outline = row.geometry if row.geometry is not None else shapely.Polygon()
    place, reason = storeys.find(text(row.cell("room_building")), row.cell("room_storey"), outline)
    outcome: Outcome = WITHOUT_GEOMETRY if place is None else PLACED
    if not outline.area > 0:
        place, outcome, reason = None, FAILED, "the outline encloses nothing"
    elif outline.distance(ORIGIN) > radius_m:
        place, outcome, reason = None, FAILED, f"outside the site's radius of {radius_m:,.0f} m"
    room = Room(
        local_id=row.local_id,
        entity=row.entity,
        outline=outline,
        number=text(row.cell("room_number")),
        name=text(row.cell("room_name")) or row.name,
        storey=place,
        own_storey=place is not None and place.id.startswith(f"{key}:"),
        attributes=row.attributes,
        declared_area_m2=number(row.cell("room_area")),
    )
    return room, outcome, reason


def add_room(builder: MeshBuilder, key: str, room: Room) -> None:
    """Draw a room as high as its storey; one without a storey is not drawn."""
    if room.storey is not None:
        add_flat(builder, feature_id(key, room.local_id), room_corners(room.outline, *room.storey.z_range), ROOM_RGBA)


def _storey_id(building: Feature, level: Level) -> FeatureId:
    return FeatureId(f"{building.id}/{level.tag}")
