"""Rows to triangles: how each class of the city is drawn on the ground."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
import shapely.ops
from shapely.geometry.base import BaseGeometry

from cim.barriers import fence, gate, kerb, masonry_wall
from cim.columns import number, text
from cim.drape import GENERIC_OFFSET_M, MARKING_OFFSET_M, OFFSET_M, Drape
from cim.extrude import base_of, block, box, storeyed_block, walls
from cim.furniture import thing_of, thing_parts
from cim.palette import CLASS_RGBA, GENERIC, MARKING, ROOFS_FLAT, WALLS, Rgba, material_rgba, tint
from cim.plants import shape_of, tree_parts
from cim.rows import Row
from cim.storeys import Level, find_levels
from spatial.mesh import Float64, Mesh

__all__ = ["Drawn", "Painter", "Undrawable"]

STOREY_M: Final = 3.2
MARKING_WIDTH_M: Final = 0.12
WIDTH_M: Final[dict[str, float]] = {
    "Road": 6.0,
    "Path": 2.0,
    "Railway": 3.0,
    "WaterBody": 2.0,
    "Marking": MARKING_WIDTH_M,
    "GenericCityObject": 0.3,
}
FENCE_M: Final = 2.2
GATE_WIDTH_M: Final = 6.0
GATE_M: Final = 3.0
TREE_M: Final = 6.0
KERB_M, KERB_WIDTH_M = 0.15, 0.15
CROWN_SHARE: Final = 0.6
MARKED_FROM_M: Final = 6.0
DASH_M, GAP_M, DASH_WIDTH_M, JUNCTION_M = 4.0, 6.0, 0.15, 3.0
GATE_NEAR_M: Final = 15.0
PAVED: Final = frozenset({"Square", "Path", "Road", "LandUse"})
THING_COLUMNS: Final = ("kind", "type", "class", "类别", "类型", "name", "名称")


class Undrawable(Exception):
    """A geometry of which nothing can be drawn; the message is the ledger's reason."""


@dataclass(slots=True, eq=False)
class Drawn:
    """What a row looks like: triangles with or without normals, placed shared meshes, plan, values that were not in the file;
    of a building with storeys `storeys` has all but its roof."""

    parts: list[tuple[Float64, Float64 | None, Rgba]] = field(default_factory=list)
    instances: list[tuple[Mesh, Rgba, Float64]] = field(default_factory=list)
    footprint: BaseGeometry | None = None
    derived: dict[str, Any] = field(default_factory=dict)
    findings: list[tuple[str, str]] = field(default_factory=list)
    storeys: list[tuple[Level, Float64, Rgba]] = field(default_factory=list)


class Painter:
    """Draws rows on one ground; knows all roads, fences and gates of the file, because they meet."""

    def __init__(self, rows: Iterable[Row], drape: Drape) -> None:
        self.drape = drape
        lines: dict[str, list[Row]] = {"Road": [], "Fence": [], "Gate": []}
        for row in rows:
            if row.geometry is not None and row.class_name in lines:
                lines[row.class_name].append(row)
        self.roads = [row for row in lines["Road"] if row.geometry is not None and shapely.get_dimensions(row.geometry) == 1]
        self.ribbons: Mapping[str, BaseGeometry] = self._ribbons()
        self.fences = [_as_line(row.geometry) for row in lines["Fence"] if row.geometry is not None]
        self.gates = [
            row.geometry.buffer((number(row.cell("width")) or GATE_WIDTH_M) / 2)
            for row in lines["Gate"]
            if row.geometry is not None and shapely.get_dimensions(row.geometry) == 0
        ]

    def draw(self, row: Row) -> Drawn:
        """One row with a geometry; raises Undrawable."""
        if row.geometry is None:
            raise Undrawable("no geometry")
        geometry, dimension = _highest(row.geometry)
        if row.class_name == "SolitaryVegetationObject" and dimension == 0:
            return self._trees(row, geometry)
        if row.class_name == "Gate":
            return self._gate(row, geometry, dimension)
        if row.class_name == "Fence" and dimension > 0:
            return self._fence(row, _as_line(geometry))
        if row.class_name == "Kerb" and dimension > 0:
            return self._kerb(row, _as_line(geometry))
        thing = thing_of(*(row.attributes.get(column) for column in THING_COLUMNS))
        if dimension == 0 and thing is not None and row.class_name in ("CityFurniture", "GenericCityObject"):
            return self._things(row, geometry, thing)
        if dimension == 2:
            height = number(row.cell("height")) or number(row.cell("storeys"))
            if row.class_name == "Building" or (row.class_name == "GenericCityObject" and height is not None):
                return self._building(row, geometry)
            return self._surface(row, geometry)
        if dimension == 1:
            return self._ribbon(row, geometry)
        if row.class_name in ("GenericCityObject", "CityFurniture"):
            return self._marker(geometry)
        raise Undrawable(f"a point has no extent to draw a {row.class_name} with")

    def _building(self, row: Row, footprint: BaseGeometry) -> Drawn:
        drawn = Drawn(footprint=footprint)
        height = number(row.cell("height"))
        storeys = number(row.cell("storeys"))
        if height is None and storeys is not None:
            each = number(row.cell("storey_height")) or STOREY_M
            height = storeys * each
            drawn.derived |= {"height_m": round(height, 3), "height_from": f"{storeys:g} storeys × {each:g} m"}
        if height is None:
            drawn.findings.append(("HEIGHT_MISSING", f"neither a height nor storeys: {self._stated(row)}; drawn as a flat footprint"))
            self._lay(drawn, footprint, GENERIC_OFFSET_M, tint(ROOFS_FLAT, row.local_id))
            return drawn
        ground, beside = base_of(footprint, self.drape.ground)
        if beside:
            drawn.findings.append(("GROUND_OUTSIDE", "stands partly or wholly beside the terrain; set at its nearest height"))
        raised = number(row.attributes.get("min_height")) or 0.0
        low = ground + (raised if raised < height else 0.0)
        drawn.derived["base"] = "lowest ground under the footprint"
        stated = number(row.cell("height"))
        levels, odd = find_levels(row.cell, low, None if stated is None else ground + stated - low)
        drawn.findings += odd
        wall_rgba, roof_rgba = tint(WALLS, row.local_id), tint(ROOFS_FLAT, row.local_id)
        if levels:
            bands, wall, roof = storeyed_block(footprint, [(each.low, each.high) for each in levels], ground + height)
            drawn.storeys = [(each, band, wall_rgba) for each, band in zip(levels, bands, strict=True)]
        else:
            wall, roof = block(footprint, low, ground + height)
        drawn.parts += [(wall, None, wall_rgba)] * (len(wall) > 0) + [(roof, None, roof_rgba)]
        return drawn

    def _surface(self, row: Row, polygon: BaseGeometry) -> Drawn:
        drawn = Drawn(footprint=polygon)
        rgba = self._ground_rgba(row)
        height = number(row.cell("height")) if row.class_name in ("PlantCover", "Shrub") else None
        if height is None:
            offset = MARKING_OFFSET_M if row.class_name == "Marking" else OFFSET_M.get(row.class_name, GENERIC_OFFSET_M)
            self._lay(drawn, polygon, offset, rgba)
            return drawn
        self._lay(drawn, polygon, height, CLASS_RGBA["Shrub"])
        low, high = base_of(polygon, self.drape.ground)[0], float(drawn.parts[0][0][:, :, 2].min())
        drawn.parts.append((walls(polygon, low, high), None, CLASS_RGBA["Shrub"]))
        return drawn

    def _ground_rgba(self, row: Row) -> Rgba:
        by_class = CLASS_RGBA.get(row.class_name, GENERIC)
        return (
            (material_rgba(text(row.cell("material"))) or by_class) if row.class_name in ("Square", "Path", "Road", "LandUse") else by_class
        )

    def _kerb(self, row: Row, line: BaseGeometry) -> Drawn:
        width = number(row.cell("width"))
        drawn = Drawn(footprint=line.buffer((width or KERB_WIDTH_M) / 2, cap_style="flat"))
        if width is None:
            drawn.derived["width_m"] = KERB_WIDTH_M
        height = self._height(row, drawn, KERB_M)
        drawn.parts += [(corners, None, rgba) for corners, rgba in kerb(line, self.drape, width or KERB_WIDTH_M, height)]
        if not drawn.parts:
            raise Undrawable("the line has no length")
        return drawn

    def _things(self, row: Row, points: BaseGeometry, thing: str) -> Drawn:
        drawn = Drawn(footprint=points.buffer(0.3, quad_segs=2), derived={"shape": thing})
        heading = row.cell("heading")
        turned = float(heading) if isinstance(heading, int | float) and not isinstance(heading, bool) else 0.0
        feet = shapely.get_coordinates(points)
        z, outside = self.drape.ground.sample_or_nearest(feet)
        if outside.any():
            drawn.findings.append(("GROUND_OUTSIDE", "stands beside the terrain; set at its nearest height"))
        for foot, low in zip(feet, z, strict=True):
            drawn.instances += thing_parts(thing, np.array([*foot, low + OFFSET_M["Road"]]), turned, row.local_id)
        return drawn

    def _ribbon(self, row: Row, line: BaseGeometry) -> Drawn:
        drawn = Drawn()
        width = number(row.cell("width"))
        if width is None:
            width = WIDTH_M.get(row.class_name, WIDTH_M["GenericCityObject"])
            drawn.derived["width_m"] = width
            drawn.findings.append(("WIDTH_MISSING", f"no width; drawn {width:g} m wide, as a {row.class_name} is by default"))
        polygon = self.ribbons.get(row.local_id)
        drawn.footprint = line.buffer(width / 2, cap_style="flat", quad_segs=4) if polygon is None else polygon
        offset = MARKING_OFFSET_M if row.class_name == "Marking" else OFFSET_M.get(row.class_name, GENERIC_OFFSET_M)
        self._lay(drawn, drawn.footprint, offset, self._ground_rgba(row))
        if row.class_name == "Road" and width >= MARKED_FROM_M:
            dashes = self._dashes(row, line)
            if dashes is not None:
                self._lay(drawn, dashes, MARKING_OFFSET_M, MARKING)
        return drawn

    def _fence(self, row: Row, line: BaseGeometry) -> Drawn:
        drawn = Drawn(footprint=line.buffer(0.15, cap_style="flat"))
        height = self._height(row, drawn, FENCE_M)
        openings = [opening for opening in self.gates if opening.intersects(line)]
        rest = shapely.difference(line, shapely.union_all(openings)) if openings else line
        if openings:
            drawn.derived["openings"] = len(openings)
        label = " ".join(filter(None, (text(row.attributes.get(c)) for c in ("class", "kind", "type", "类别", "类型", "material", "材质"))))
        solid = "围墙" in label or {"wall", "masonry", "brick"} & set(label.lower().split())
        drawn.parts += [(corners, None, rgba) for corners, rgba in (masonry_wall if solid else fence)(rest, self.drape, height)]
        if not drawn.parts:
            raise Undrawable("the line has no length outside its gates")
        return drawn

    def _gate(self, row: Row, geometry: BaseGeometry, dimension: int) -> Drawn:
        drawn = Drawn()
        if dimension == 1:
            ends = shapely.get_coordinates(geometry)[[0, -1]]
            width = float(np.linalg.norm(ends[1] - ends[0]))
            if width < 0.5:
                raise Undrawable(f"a gate of {width:.2f} m")
            centre, along = ends.mean(axis=0), (ends[1] - ends[0]) / width
        elif dimension == 0:
            centre = shapely.get_coordinates(geometry)[0]
            width = number(row.cell("width")) or GATE_WIDTH_M
            if number(row.cell("width")) is None:
                drawn.derived["width_m"] = width
                drawn.findings.append(("WIDTH_MISSING", f"no width; drawn {width:g} m wide"))
            along = self._gate_direction(row, geometry, drawn)
        else:
            return self._surface(row, geometry)
        height = self._height(row, drawn, GATE_M)
        drawn.footprint = shapely.LineString([centre - along * width / 2, centre + along * width / 2]).buffer(0.4, cap_style="flat")
        drawn.parts += [(corners, None, rgba) for corners, rgba in gate(centre, along, self.drape, width, height)]
        return drawn

    def _gate_direction(self, row: Row, point: BaseGeometry, drawn: Drawn) -> Float64:
        heading = row.cell("heading")
        if heading is not None and not isinstance(heading, str):
            through = np.radians(float(heading))
            return np.array([np.cos(through), -np.sin(through)])
        near = [line for line in self.fences if line.distance(point) <= GATE_NEAR_M]
        if not near:
            drawn.derived["direction"] = "east, no fence near it"
            return np.array([1.0, 0.0])
        line = min(near, key=lambda candidate: float(candidate.distance(point)))
        part = min(shapely.get_parts(line), key=lambda candidate: float(candidate.distance(point)))
        at = part.project(point)
        ends = shapely.get_coordinates(part.interpolate([max(at - 1.0, 0.0), min(at + 1.0, part.length)]))
        drawn.derived["direction"] = "along the nearest fence"
        return np.asarray((ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0]))

    def _trees(self, row: Row, points: BaseGeometry) -> Drawn:
        drawn = Drawn()
        height = self._height(row, drawn, TREE_M)
        crown = number(row.cell("crown"))
        if crown is None:
            crown = CROWN_SHARE * height
            drawn.derived["crown_m"] = round(crown, 3)
        species = text(row.cell("species"))
        shape = shape_of(species)
        drawn.derived["shape"] = shape
        feet = shapely.get_coordinates(points)
        z, outside = self.drape.ground.sample_or_nearest(feet)
        if outside.any():
            drawn.findings.append(("GROUND_OUTSIDE", "stands beside the terrain; set at its nearest height"))
        for foot, low in zip(feet, z, strict=True):
            drawn.instances += tree_parts(shape, height, crown, np.array([*foot, low]), row.local_id)
        drawn.footprint = points.buffer(crown / 2, quad_segs=4)
        return drawn

    def _marker(self, points: BaseGeometry) -> Drawn:
        feet = shapely.get_coordinates(points)
        z, _ = self.drape.ground.sample_or_nearest(feet)
        half = np.array([0.15, 0.15, 0.0])
        posts = [box(np.array([*xy, low - 0.2]) - half, np.array([*xy, low + 1.2]) + half) for xy, low in zip(feet, z, strict=True)]
        return Drawn(parts=[(np.concatenate(posts), None, GENERIC)], footprint=points.buffer(0.2, quad_segs=2))

    def _lay(self, drawn: Drawn, polygon: BaseGeometry, offset_m: float, rgba: Rgba) -> None:
        laid = self.drape.lay(polygon, offset_m)
        if not len(laid.corners):
            raise Undrawable("the area is nothing")
        if laid.outside_m2 > 0:
            message = f"{laid.outside_m2:,.1f} of {polygon.area:,.1f} m² lie beside the terrain, laid at its nearest height"
            drawn.findings.append(("GROUND_OUTSIDE", message))
        drawn.parts.append((laid.corners, laid.normals, rgba))

    def _height(self, row: Row, drawn: Drawn, assumed_m: float) -> float:
        height = number(row.cell("height"))
        if height is None:
            drawn.derived["height_m"] = assumed_m
            drawn.findings.append(("HEIGHT_MISSING", f"no height: {self._stated(row)}; drawn {assumed_m:g} m high"))
            return assumed_m
        return height

    def _stated(self, row: Row) -> str:
        stated = {key: row.cell(key) for key in ("height", "storeys", "storey_height") if row.cell(key) is not None}
        return ", ".join(f"{key} {value!r}" for key, value in stated.items()) or "no such column or cell"

    def _ribbons(self) -> dict[str, BaseGeometry]:
        """Each road line as wide as it is, rounded where it meets another road's end, cut off square where it ends alone."""
        ends: dict[tuple[float, float], int] = {}
        for row in self.roads:
            for end in _ends(row.geometry):
                ends[end] = ends.get(end, 0) + 1
        result = {}
        for row in self.roads:
            half = (number(row.cell("width")) or WIDTH_M["Road"]) / 2
            met = [shapely.Point(end).buffer(half, quad_segs=8) for end in _ends(row.geometry) if ends[end] > 1]
            result[row.local_id] = (
                shapely.union_all([row.geometry.buffer(half, cap_style="flat", quad_segs=8), *met]) if row.geometry else None
            )
        return {name: ribbon for name, ribbon in result.items() if ribbon is not None and not ribbon.is_empty}

    def _dashes(self, row: Row, line: BaseGeometry) -> BaseGeometry | None:
        others = [ribbon for name, ribbon in self.ribbons.items() if name != row.local_id and ribbon.intersects(line)]
        clear = shapely.difference(line, shapely.union_all(others).buffer(JUNCTION_M)) if others else line
        pieces = []
        for part in shapely.get_parts(clear):
            starts = np.arange(GAP_M / 2, part.length - DASH_M, DASH_M + GAP_M)
            pieces += [shapely.ops.substring(part, start, start + DASH_M) for start in starts]
        if not pieces:
            return None
        return shapely.union_all(shapely.buffer(np.array(pieces, dtype=object), DASH_WIDTH_M / 2, cap_style="flat"))


def _highest(geometry: BaseGeometry) -> tuple[BaseGeometry, int]:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    dimensions = shapely.get_dimensions(parts)
    top = int(dimensions.max())
    chosen = parts[dimensions == top]
    if top == 2:
        return shapely.union_all(chosen) if len(chosen) > 1 else chosen[0], 2
    if len(chosen) == 1:
        return chosen[0], top
    together: BaseGeometry = shapely.MultiLineString(list(chosen)) if top == 1 else shapely.MultiPoint(list(chosen))
    return together, top


def _as_line(geometry: BaseGeometry) -> BaseGeometry:
    return geometry.boundary if shapely.get_dimensions(geometry) == 2 else geometry


def _ends(line: BaseGeometry | None) -> list[tuple[float, float]]:
    ends = []
    for part in shapely.get_parts(line):
        points = shapely.get_coordinates(part)
        ends += [(round(float(x), 2), round(float(y), 2)) for x, y in (points[0], points[-1])]
    return ends
