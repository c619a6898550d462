"""Storeys under construction: plan frames, walls with doors and windows in them, slabs, rooms and what stands in them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from shapely.geometry import LinearRing, Polygon
from shapely.geometry.polygon import orient

from twin.demo.catalogue import DOORS, WINDOWS, Catalogue
from twin.demo.model import Entity, ModelWriter, Point
from twin.demo.shapes import Ring, box, prism

__all__ = ["Building", "Floor", "Hole", "PlanFrame", "Room"]

SKIRT_M = 0.01
PLANTED_AREA_FACTOR = 1.06


@dataclass(frozen=True, slots=True)
class PlanFrame:
    """A right-handed plan frame inside another: origin in metres and quarter turns counter-clockwise."""

    x: float = 0.0
    y: float = 0.0
    quarters: int = 0

    @property
    def axis(self) -> tuple[float, float]:
        """Direction of its x axis."""
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[self.quarters % 4]

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point of this frame in the one around it."""
        c, s = self.axis
        return self.x + c * x - s * y, self.y + s * x + c * y

    def ring(self, points: Ring) -> list[tuple[float, float]]:
        """A ring of this frame in the one around it."""
        return [self.point(x, y) for x, y in points]

    def rectangle(self, x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
        """The ring of a rectangle."""
        return self.ring([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])

    def turned(self, degrees: float) -> tuple[float, float]:
        """Direction of an x axis turned by an angle within this frame."""
        c, s = self.axis
        a, b = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        return round(c * a - s * b, 12), round(s * a + c * b, 12)

    def inside(self, x: float, y: float, quarters: int = 0) -> Self:
        """A frame given in this one, expressed in the one around."""
        return type(self)(*self.point(x, y), self.quarters + quarters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """An opening in a wall: middle along it and sill in metres, filled by a door or window of the catalogue or left open."""

    at: float
    sill: float = 0.0
    door: str | None = None
    window: str | None = None
    size: tuple[float, float] = (1.0, 2.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room as built: its space, and its polygon in the model's plan."""

    space: Entity
    number: str
    polygon: Polygon
    bounds: list[tuple[Entity, bool]] = field(default_factory=list)


class Building:
    """Site, building and storeys of one model; furniture goes into the room or, with `loose`, into the storey."""

    def __init__(self, model: ModelWriter, *, name: str, long_name: str, english: str, loose: bool = False, **site: Any) -> None:
        self.model, self.loose = model, loose
        self.catalogue = Catalogue(model)
        self.site = model.rooted(
            "IfcSite",
            key="site",
            Name="屏山大院",
            Description="Pingshan compound (invented)",
            CompositionType="ELEMENT",
            ObjectPlacement=model.placement(None),
            **site,
        )
        self.entity = model.rooted(
            "IfcBuilding",
            key="building",
            Name=name,
            LongName=long_name,
            Description=english,
            CompositionType="ELEMENT",
            ObjectPlacement=model.placement(self.site.ObjectPlacement),
        )
        model.aggregate(self.site, model.project)
        model.aggregate(self.entity, self.site)
        self.floors: list[Floor] = []
        self._wall_types: dict[str, Entity] = {}

    def storey(self, name: str, long_name: str, elevation: float, height: float) -> "Floor":
        """A new storey at an elevation over the model's zero, floor to floor height in metres."""
        model = self.model
        entity = model.rooted(
            "IfcBuildingStorey",
            name,
            Name=name,
            LongName=long_name,
            CompositionType="ELEMENT",
            Elevation=model.length(elevation),
            ObjectPlacement=model.placement(self.entity.ObjectPlacement, (0.0, 0.0, elevation)),
        )
        model.aggregate(entity, self.entity)
        floor = Floor(self, entity, name, elevation, height)
        self.floors.append(floor)
        return floor

    def wall_type(self, label: str, *, external: bool) -> Entity:
        """A wall type by its label."""
        if label not in self._wall_types:
            model = self.model
            values = {"IsExternal": ("IfcBoolean", external), "FireRating": ("IfcLabel", "一级" if external else "二级")}
            pset = model.property_set(label, "Pset_WallCommon", values)
            self._wall_types[label] = model.rooted("IfcWallType", label, Name=label, PredefinedType="STANDARD", HasPropertySets=[pset])
        return self._wall_types[label]


class Floor:
    """One storey being filled; plan coordinates in the model's metres, z over the storey's floor."""

    def __init__(self, building: Building, entity: Entity, name: str, elevation: float, height: float) -> None:
        self.building, self.entity, self.name, self.elevation, self.height = building, entity, name, elevation, height
        self.model, self.catalogue = building.model, building.catalogue
        self.slab_thickness = 0.3
        self.rooms: list[Room] = []

    @property
    def clear(self) -> float:
        """Height from floor to the slab above, metres."""
        return self.height - self.slab_thickness

    def place(self, origin: Point, axis: tuple[float, float] = (1.0, 0.0)) -> Entity:
        """A placement relative to the storey."""
        return self.model.placement(self.entity.ObjectPlacement, origin, axis)

    def element(
        self,
        ifc_class: str,
        label: str,
        items: Sequence[Entity],
        colour: str,
        *,
        material: str | None = None,
        whole: Entity | None = None,
        origin: Point = (0.0, 0.0, 0.0),
        axis: tuple[float, float] = (1.0, 0.0),
        **attributes: Any,
    ) -> Entity:
        """An element of one colour, contained in the storey or made part of a whole."""
        model = self.model
        for item in items:
            model.coloured(item, colour)
        product = model.rooted(
            ifc_class,
            self.name,
            label,
            Name=label,
            ObjectPlacement=self.place(origin, axis),
            Representation=model.shape(items),
            **attributes,
        )
        if whole is None:
            model.contain(product, self.entity)
        else:
            model.aggregate(product, whole)
        if material:
            model.assign_material(product, material)
        return product

    def whole(self, ifc_class: str, label: str, **attributes: Any) -> Entity:
        """An element without geometry of its own that others become parts of."""
        product = self.model.rooted(ifc_class, self.name, label, Name=label, ObjectPlacement=self.place((0.0, 0.0, 0.0)), **attributes)
        self.model.contain(product, self.entity)
        return product

    def wall(
        self,
        frame: PlanFrame,
        start: tuple[float, float],
        end: tuple[float, float],
        thickness: float,
        *,
        label: str,
        colour: str,
        holes: Sequence[Hole] = (),
        external: bool = False,
        base: float = 0.0,
        height: float | None = None,
        material: str = "砌块",
    ) -> list[Entity]:
        """A wall on a centre line with its doors and windows: [wall, fillings…]."""
        model = self.model
        (x0, y0), (x1, y1) = frame.point(*start), frame.point(*end)
        run = math.hypot(x1 - x0, y1 - y0)
        axis = (round((x1 - x0) / run, 12), round((y1 - y0) / run, 12))
        tall = self.clear - base if height is None else height
        body = box(model, (0.0, -thickness / 2, 0.0), (run, thickness / 2, tall))
        wall = self.element("IfcWall", label, [body], colour, material=material, origin=(x0, y0, base), axis=axis)
        values = {"IsExternal": ("IfcBoolean", external), "LoadBearing": ("IfcBoolean", external)}
        model.shared_property_set(wall, "Pset_WallCommon", values)
        model.assign_type(wall, self.building.wall_type(f"{'外墙' if external else '内墙'} {round(thickness * 1000)}", external=external))
        return [wall, *(filled for hole in holes for filled in self._cut(wall, hole, thickness, label, base))]

    def _cut(self, wall: Entity, hole: Hole, thickness: float, label: str, base: float) -> list[Entity]:
        model = self.model
        leaf = DOORS[hole.door] if hole.door else WINDOWS[hole.window] if hole.window else None
        width, height = (leaf.width, leaf.height) if leaf else hole.size
        place = model.placement(wall.ObjectPlacement, (hole.at, 0.0, hole.sill - base))
        margin = thickness / 2 + 0.05
        body = box(model, (-width / 2, -margin, 0.0), (width / 2, margin, height))
        opening = model.rooted("IfcOpeningElement", self.name, label, Name=label, ObjectPlacement=place, Representation=model.shape([body]))
        model.rooted("IfcRelVoidsElement", str(opening.GlobalId), RelatingBuildingElement=wall, RelatedOpeningElement=opening)
        if leaf is None:
            return []
        make, name, what = (self.catalogue.door, hole.door, "门") if hole.door else (self.catalogue.window, hole.window, "窗")
        filling = make(str(name), model.placement(place), f"{label} {what}")
        model.rooted("IfcRelFillsElement", str(filling.GlobalId), RelatingOpeningElement=opening, RelatedBuildingElement=filling)
        model.contain(filling, self.entity)
        return [filling]

    def slab(
        self,
        outline: Ring,
        *,
        label: str,
        colour: str = "concrete",
        holes: Sequence[Ring] = (),
        kind: str = "FLOOR",
        top: float = 0.0,
        thickness: float | None = None,
        whole: Entity | None = None,
    ) -> Entity:
        """A slab whose top lies at `top` over the storey's floor."""
        depth = self.slab_thickness if thickness is None else thickness
        body = prism(self.model, outline, top - depth, depth, holes)
        return self.element("IfcSlab", label, [body], colour, material="混凝土", whole=whole, PredefinedType=kind)

    def room(
        self,
        polygon: Polygon,
        *,
        number: str,
        label: str,
        english: str,
        finish: str | None,
        department: str = "",
        height: float | None = None,
        planted: bool = False,
    ) -> Room:
        """A room with its quantities and floor finish; a planted one declares an area 6 % too large."""
        model, shape = self.model, orient(polygon)
        outer = _open_ring(shape.exterior)
        holes = [_open_ring(ring) for ring in shape.interiors]
        tall = self.clear if height is None else height
        body = model.coloured(prism(model, outer, 0.0, tall, holes), "room")
        space = model.rooted(
            "IfcSpace",
            self.name,
            number,
            Name=number,
            LongName=label,
            ObjectType=label,
            Description=english,
            CompositionType="ELEMENT",
            ObjectPlacement=self.place((0.0, 0.0, 0.0)),
            Representation=model.shape([body]),
            **{"InteriorOrExteriorSpace" if model.old else "PredefinedType": "INTERNAL"},
        )
        model.aggregate(space, self.entity)
        declared = round(shape.area * (PLANTED_AREA_FACTOR if planted else 1.0), 2)
        common = (
            {"Reference": ("IfcIdentifier", number), "Category": ("IfcLabel", label)}
            if model.old
            else {
                "Reference": ("IfcIdentifier", number),
                "IsExternal": ("IfcBoolean", False),
                "NetPlannedArea": ("IfcAreaMeasure", declared),
            }
        )
        model.define(space, model.property_set(number, "Pset_SpaceCommon", common))
        use = {"使用单位": ("IfcLabel", department or "公共"), "房间类别": ("IfcLabel", label)}
        model.define(space, model.property_set(number, "屏山_办公用房", use))
        perimeter = model.length(shape.length)
        values = {
            "NetFloorArea": ("Area", declared),
            "NetVolume": ("Volume", round(declared * tall, 2)),
            "Height": ("Length", model.length(tall)),
        }
        model.quantities(space, "Qto_SpaceBaseQuantities", {**values, "NetPerimeter": ("Length", perimeter)})
        room = Room(space=space, number=number, polygon=shape)
        if finish:
            covering = prism(model, outer, 0.0, SKIRT_M, holes)
            layer = self.element("IfcCovering", f"{number} 地面", [covering], finish, material="面层", PredefinedType="FLOORING")
            room.bounds.append((layer, False))
        self.rooms.append(room)
        return room

    def furnish(
        self, room: Room | None, frame: PlanFrame, name: str, x: float, y: float, z: float = SKIRT_M, degrees: float = 0.0
    ) -> Entity:
        """One item of the catalogue at a point of a frame, turned counter-clockwise; in its room, or loose in the storey."""
        label = f"{self.name}-{name}" if room is None else f"{room.number}-{name}"
        placement = self.place((*frame.point(x, y), z), frame.turned(degrees))
        product = self.catalogue.occurrence(name, placement, label)
        self.model.contain(product, self.entity if room is None or self.building.loose else room.space)
        return product


def _open_ring(ring: LinearRing) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in ring.coords[:-1]]
