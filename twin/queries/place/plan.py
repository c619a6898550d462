"""A storey cut at a height: rooms, the real sections of walls, windows and doors, and what is seen below it; site metres or GeoJSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.frame import SiteFrame
from spatial.section import cut_level, level_faces, seen_outline
from twin.auth import Labels
from twin.errors import Invalid, NotFound
from twin.queries.place.plan_devices import DEVICE_LAYERS, devices_on
from twin.queries.place.scene import SitePlaces
from twin.queries.place.shapes import ModelShapes

__all__ = ["CUT_M", "LAYERS", "Plan", "PlanPart", "as_geojson", "cut_storey"]

CUT_M = 1.2
"""Above the storey's floor: over sills and desks, under lintels; 1.2 m by GB/T 50001 and common drawing practice."""
LOWEST_M = -0.1
CENTRAL = 0.9
LAYERS: dict[str, tuple[str, ...]] = {
    "wall": ("IfcWall", "IfcWallStandardCase", "IfcWallElementedCase", "IfcColumn", "IfcColumnStandardCase", "IfcBuildingElementProxy"),
    "window": ("IfcWindow", "IfcWindowStandardCase", "IfcCurtainWall", "IfcPlate", "IfcPlateStandardCase", "IfcMember"),
    "door": ("IfcDoor", "IfcDoorStandardCase"),
    "stair": ("IfcStair", "IfcStairFlight", "IfcRamp", "IfcRampFlight"),
    "rail": ("IfcRailing",),
    "fixture": ("IfcSanitaryTerminal", "IfcFlowTerminal", "IfcElectricDistributionBoard", "IfcTransportElement"),
    "furniture": ("IfcFurniture", "IfcFurnishingElement", "IfcSystemFurnitureElement"),
}
LAYER_OF = {name: layer for layer, names in LAYERS.items() for name in names}
CUT = ("wall", "window", "door", "rail")
BELOW = ("furniture", "fixture")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanPart:
    """One thing on a plan: its layer, its shape in plan (site metres), the row of the feature in the site's columns."""

    layer: str
    shape: BaseGeometry
    row: int
    area_m2: float | None = None
    label_at: tuple[float, float, float] | None = None
    """Of a room: the middle of the largest circle in it, and its radius."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The parts of one storey in drawing order; `cut_m` above its floor, which is at `floor_m` (z of the site frame)."""

    places: SitePlaces
    labels: Labels
    storey: int
    cut_m: float
    floor_m: float
    parts: tuple[PlanPart, ...]

    def name_of(self, row: int) -> tuple[str, str]:
        """Number or name, and long name; empty where there is none."""
        words = self.places.extents.words
        return words["name"][row] or "", words["long_name"][row] or ""


def cut_storey(places: SitePlaces, labels: Labels, storey: str, *, cut_m: float = CUT_M) -> Plan:
    """The plan of a storey. A room the reader may not know of is not on it, its walls are.

    Raises NotFound for no such storey, Invalid (`PLAN_NOT_CUT`) where it has no height of its own or the cut lies outside it.
    """
    row = places.position.get(storey)
    extents = places.extents
    if row is None or extents.words["kind"][row] != "storey" or not places.visible(labels)[row]:
        raise NotFound(f"there is no storey {storey}", path=storey)
    floor, ceiling = extents.z_ranges[row]
    if not np.isfinite(floor) or not 0 < cut_m < max(ceiling - floor, 0.0):
        raise Invalid(
            f"storey {storey} cannot be cut {cut_m} m above its floor",
            path=storey,
            code="PLAN_NOT_CUT",
            hint="between its floor and the next",
        )
    z = float(floor) + cut_m
    rooms = _rooms(places, labels, row, z)
    parts = [*rooms, *_elements(places, labels, row, float(floor), z)]
    outline = shapely.union_all([part.shape for part in parts if part.layer in ("room", "wall", "window")])
    parts += [
        PlanPart(layer=layer, shape=shape, row=at) for layer, shape, at in devices_on(places, labels, row, shapely.convex_hull(outline))
    ]
    order = {name: i for i, name in enumerate(("room", "furniture", "fixture", "stair", "rail", "window", "door", "wall", *DEVICE_LAYERS))}
    parts.sort(key=lambda part: order[part.layer])
    return Plan(places=places, labels=labels, storey=row, cut_m=cut_m, floor_m=float(floor), parts=tuple(parts))


def as_geojson(plan: Plan) -> dict[str, Any]:
    """A FeatureCollection, lon, lat (CRS84): each part with layer, id, class and names; rooms with area_m2, label_at."""
    frame, words = plan.places.frame, plan.places.extents.words
    features = []
    for part in plan.parts:
        properties: dict[str, Any] = {
            "layer": part.layer,
            "id": plan.places.extents.ids[part.row],
            "class": words["class_name"][part.row],
            "name": words["name"][part.row],
            "long_name": words["long_name"][part.row],
        }
        if part.layer == "room":
            properties |= {"area_m2": part.area_m2, "label_at": _lon_lat(frame, part.label_at, plan)}
        geometry = shapely.geometry.mapping(_in_degrees(frame, part.shape, plan.floor_m + plan.cut_m))
        features.append({"type": "Feature", "id": f"{properties['id']}#{part.layer}", "geometry": geometry, "properties": properties})
    storey = plan.places.named(plan.storey, plan.labels)
    facts = {"storey": storey, "cut_m": plan.cut_m, "site": plan.places.code, "scene_revision": plan.places.extents.scene_revision}
    return {"type": "FeatureCollection", "features": features} | facts


def _rooms(places: SitePlaces, labels: Labels, storey: int, z: float) -> list[PlanPart]:
    """Rooms of the storey, and those that pass it, at the height of the cut."""
    extents, where, seen = places.extents, places.where, places.visible(labels)
    parts = []
    building = extents.words["building"][storey]
    for at, row in enumerate(places.rows["space"]):
        own = extents.words["storey"][row] == extents.ids[storey]
        passing = where.passes[at] and extents.words["building"][row] == building
        low, high = extents.z_ranges[row]
        if not seen[row] or not (own or passing) or not low <= z < high:
            continue
        shape = extents.footprints[row]
        if where.rooms.solid[at] >= 0:
            shape = cut_level(places.shapes.triangles(extents.ids[row]), z)[0]
        if shape.is_empty:
            continue
        area = extents.area_m2[row]
        measured = round(float(area), 2) if np.isfinite(area) else round(float(shape.area), 2)
        parts.append(PlanPart(layer="room", shape=shape, row=int(row), area_m2=measured, label_at=_label_at(shape)))
    return parts


def _label_at(shape: BaseGeometry) -> tuple[float, float, float]:
    """The middle of the room where that is about as wide as it gets, else of the largest circle in it; and how far the walls are."""
    circle: Any = shapely.maximum_inscribed_circle(shape)  # type: ignore[call-overload]
    middle, edge = shapely.centroid(shape), shapely.boundary(shape)
    inside = float(shapely.distance(middle, edge)) if shape.covers(middle) else 0.0
    if inside >= CENTRAL * circle.length:
        return middle.x, middle.y, inside
    return float(circle.coords[0][0]), float(circle.coords[0][1]), float(circle.length)


def _elements(places: SitePlaces, labels: Labels, storey: int, floor: float, z: float) -> list[PlanPart]:
    """Elements of the storey's building that the cut meets or that stand on the floor below it."""
    extents = places.extents
    seen = places.visible(labels)
    model = places.shapes.model(extents.ids[storey].partition(":")[0])
    building = extents.words["building"][storey]
    if model is None:
        return []
    parts: list[PlanPart] = []
    reaches = (extents.boxes[:, 0, 2] <= z) & (extents.boxes[:, 1, 2] > floor + LOWEST_M)
    for row in np.flatnonzero(seen & reaches):
        layer = LAYER_OF.get(str(extents.words["class_name"][row]))
        if layer is None or extents.words["kind"][row] != "element" or extents.words["building"][row] != building:
            continue
        if layer in CUT and extents.boxes[row, 1, 2] <= z and layer != "rail":
            continue
        if layer in BELOW and extents.words["storey"][row] != extents.ids[storey]:
            continue
        parts += [PlanPart(layer=layer, shape=shape, row=int(row)) for shape in _shapes(model, extents.ids[row], layer, floor, z)]
    return parts


def _shapes(model: ModelShapes, name: str, layer: str, floor: float, z: float) -> list[BaseGeometry]:
    """What of an element is on the plan: its section; of stairs the treads below it; of furniture the outline of each piece."""
    faces = [model.meshes.part_vertices(part)[model.meshes.meshes[model.meshes.part_mesh[part]].triangles] for part in model.of(name)]
    if layer == "stair":
        return [tread for one in faces for tread in level_faces(one, floor + LOWEST_M, z)]
    if layer in BELOW:
        outlines = [seen_outline(one.reshape(-1, 3), floor + LOWEST_M, z) for one in faces]
        return [shape for shape in outlines if not shape.is_empty]
    cuts = [cut_level(one, z) for one in faces]
    areas = shapely.union_all([area for area, _ in cuts])
    lines = shapely.union_all([line for _, line in cuts])
    return [shape for shape in (areas, lines) if not shape.is_empty]


def _in_degrees(frame: SiteFrame, shape: BaseGeometry, z: float) -> BaseGeometry:
    moved: BaseGeometry = shapely.transform(
        shape, lambda points: frame.to_lon_lat_height(np.column_stack([points, np.full(len(points), z)]))[:, :2].round(9)
    )
    return moved


def _lon_lat(frame: SiteFrame, at: tuple[float, float, float] | None, plan: Plan) -> list[float] | None:
    if at is None:
        return None
    return [round(float(one), 9) for one in frame.to_lon_lat_height([[at[0], at[1], plan.floor_m + plan.cut_m]])[0, :2]]
