"""Features from what the parts of `bim` found: structure, ids, meshes, properties, rooms."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry

from bim.attribute import entity_path, find_text
from bim.elements import Boundary, attributes_of, is_movable
from bim.outline import ENCLOSING_CLASSES, Outlines
from bim.properties import Properties
from bim.read import OpenedIfc
from bim.rooms import MOVABLE_CLASSES, RoomIndex, RoomShape, declared_rows, find_room_shape, triangles_of
from bim.structure import Node, Structure, Whereabouts
from bim.units import Units
from spatial.feature import Feature, FeatureId, Kind, feature_id
from spatial.issue import Issue, Severity
from spatial.mesh import Float64, MeshSet
from spatial.source import Source

__all__ = ["Assembled", "Assembly", "assemble"]

_ORDER = {Kind.SITE: 0, Kind.BUILDING: 1, Kind.STOREY: 2, Kind.SPACE: 3}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assembly:
    """The ingredients; `meshes` names local ids, `ids` maps step ids to them."""

    key: str
    opened: OpenedIfc
    units: Units
    structure: Structure
    elements: Sequence[Any]
    ids: Mapping[int, str]
    meshes: MeshSet
    properties: Properties
    boundaries: Sequence[Boundary]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assembled:
    """The features, spatial structure first, and the findings made on the way."""

    features: tuple[Feature, ...]
    issues: tuple[Issue, ...]


def assemble(parts: Assembly) -> Assembled:
    """All features of a model in its own frame."""
    return _Assembler(parts).run()


class _Assembler:
    def __init__(self, parts: Assembly) -> None:
        self._parts = parts
        self._structure = parts.structure
        self._triangles = triangles_of(parts.meshes)
        self._boxes = {name: np.array([t.min(axis=(0, 1)), t.max(axis=(0, 1))]) for name, t in self._triangles.items()}
        self._outlines = Outlines(self._triangles)
        self._shapes = self._room_shapes()
        self._rooms = RoomIndex(self._shapes)
        self._storeys = parts.structure.storey_z_ranges()
        self._issues: list[Issue] = []
        self._where: dict[int, Whereabouts] = {}
        self._held: defaultdict[int, list[Any]] = defaultdict(list)
        self._boundaries: defaultdict[str, list[Boundary]] = defaultdict(list)
        for boundary in parts.boundaries:
            self._boundaries[boundary.space].append(boundary)
        self._method: dict[int, str] = {}

    def run(self) -> Assembled:
        for element in self._parts.elements:
            self._locate(element)
        self._hold()
        nodes = sorted(self._structure.nodes.values(), key=lambda node: (_ORDER[node.kind], not node.entity.is_a("IfcProject")))
        features = [self._spatial(node) for node in nodes]
        features += [self._element(element) for element in self._parts.elements]
        return Assembled(features=tuple(features), issues=tuple(self._issues))

    def _room_shapes(self) -> dict[int, RoomShape]:
        shapes: dict[int, RoomShape] = {}
        for node in self._structure.nodes.values():
            if node.kind is Kind.SPACE:
                shape = find_room_shape(self._parts.ids[node.step], self._triangles)
                if shape is not None:
                    shapes[node.step] = shape
        return shapes

    def _locate(self, element: Any) -> None:
        where = self._structure.whereabouts(element.id())
        if where.space is not None:
            self._method[element.id()] = "structure"
        elif is_movable(element, MOVABLE_CLASSES):
            box = self._boxes.get(self._parts.ids[element.id()])
            room = self._rooms.find(box.mean(axis=0)) if box is not None else None
            if room is not None:
                self._method[element.id()] = "geometry"
                where = self._in_room(where, room)
        if where.container is None:
            self._issues.append(
                Issue(
                    code="ELEMENT_OUTSIDE_STRUCTURE",
                    path=f"{entity_path(element)} {self._parts.ids[element.id()]}",
                    message="in no site, building, storey or space: assign it to a storey in the authoring tool",
                    severity=Severity.INFO if element.is_a("IfcVirtualElement") else Severity.WARNING,
                )
            )
        self._where[element.id()] = where

    def _hold(self) -> None:
        """Note under each storey and building what it holds: elements, then spaces."""
        for element in self._parts.elements:
            where = self._where[element.id()]
            for holder in (where.storey, where.building):
                if holder is not None:
                    self._held[holder].append(element)
        for node in self._structure.nodes.values():
            if node.kind is Kind.SPACE:
                for holder in (self._structure.ancestor(node.parent, Kind.STOREY), self._structure.ancestor(node.parent, Kind.BUILDING)):
                    if holder is not None:
                        self._held[holder].append(node.entity)

    def _in_room(self, where: Whereabouts, room: int) -> Whereabouts:
        """A room found by geometry fills what the structure leaves open; it never moves an element to another storey."""
        storey = where.storey if where.storey is not None else self._structure.ancestor(room, Kind.STOREY)
        building = where.building if where.building is not None else self._structure.ancestor(room, Kind.BUILDING)
        return Whereabouts(container=where.container, whole=where.whole, building=building, storey=storey, space=room)

    def _spatial(self, node: Node) -> Feature:
        properties = self._properties(node.entity)
        footprint, z_range = self._extent(node, properties)
        return Feature(
            id=self._id(node.step),
            kind=node.kind,
            class_name=node.entity.is_a(),
            source=self._source(node.entity),
            name=find_text(node.entity, "Name"),
            long_name=find_text(node.entity, "LongName"),
            parent=self._find_id(node.parent),
            building=self._find_id(self._structure.ancestor(node.parent, Kind.BUILDING)),
            storey=self._find_id(self._structure.ancestor(node.parent, Kind.STOREY)),
            space=self._find_id(self._structure.ancestor(node.parent, Kind.SPACE)),
            footprint=footprint,
            z_range=z_range,
            properties=properties,
        )

    def _extent(self, node: Node, properties: dict[str, Any]) -> tuple[BaseGeometry | None, tuple[float, float] | None]:
        if node.kind is Kind.SPACE:
            return self._room_extent(node, properties)
        if node.kind is Kind.STOREY:
            return self._storey_extent(node, properties)
        if node.kind is Kind.BUILDING:
            return self._outline(node), self._z_of(self._held[node.step])
        return None, None

    def _room_extent(self, node: Node, properties: dict[str, Any]) -> tuple[BaseGeometry | None, tuple[float, float] | None]:
        declared = declared_rows(self._parts.properties.measures(node.step))
        if declared:
            properties["declared"] = declared
        boundaries = self._boundaries.get(self._parts.ids[node.step])
        if boundaries:
            properties["boundaries"] = [self._boundary_row(boundary) for boundary in boundaries]
        shape = self._shapes.get(node.step)
        if shape is None:
            return None, None
        properties["measured"] = shape.as_json()
        return shape.footprint, shape.z_range

    def _storey_extent(self, node: Node, properties: dict[str, Any]) -> tuple[BaseGeometry | None, tuple[float, float] | None]:
        if node.elevation_m is not None:
            properties["elevation_m"] = round(node.elevation_m, 6)
        low, high = self._storeys.get(node.step, (None, None))
        if low is None:
            return self._outline(node), None
        if high is None:
            held = self._z_of(self._held[node.step])
            high = max(low, held[1]) if held is not None else low
        return self._outline(node), (low, high)

    def _outline(self, node: Node) -> BaseGeometry | None:
        held = self._held[node.step]
        enclosing = [self._parts.ids[entity.id()] for entity in held if is_movable(entity, ENCLOSING_CLASSES)]
        return self._outlines.find(enclosing) or self._outlines.find(self._parts.ids[entity.id()] for entity in held)

    def _z_of(self, entities: Iterable[Any]) -> tuple[float, float] | None:
        boxes = [self._boxes[name] for entity in entities if (name := self._parts.ids[entity.id()]) in self._boxes]
        return _z_range(np.array(boxes)) if boxes else None

    def _element(self, element: Any) -> Feature:
        where = self._where[element.id()]
        properties = self._properties(element)
        if element.id() in self._method:
            properties["space_method"] = self._method[element.id()]
        box = self._boxes.get(self._parts.ids[element.id()])
        return Feature(
            id=self._id(element.id()),
            kind=Kind.ELEMENT,
            class_name=element.is_a(),
            source=self._source(element),
            name=find_text(element, "Name"),
            parent=self._find_id(where.whole if where.whole in self._parts.ids else where.container),
            building=self._find_id(where.building),
            storey=self._find_id(where.storey),
            space=self._find_id(where.space),
            z_range=None if box is None else _z_range(box[None]),
            properties=properties,
        )

    def _properties(self, entity: Any) -> dict[str, Any]:
        found = self._parts.properties.of(entity)
        attributes = attributes_of(entity, self._parts.properties.find_type(entity.id()), self._parts.units.length_unit_m)
        if attributes:
            found["attributes"] = attributes
        return found

    def _boundary_row(self, boundary: Boundary) -> dict[str, Any]:
        row = asdict(boundary)
        del row["space"]
        row["element"] = None if boundary.element is None else feature_id(self._parts.key, boundary.element)
        return row

    def _source(self, entity: Any) -> Source:
        opened = self._parts.opened
        return Source(file=opened.name, sha256=opened.sha256, entity=entity_path(entity), global_id=find_text(entity, "GlobalId"))

    def _id(self, step: int) -> FeatureId:
        return feature_id(self._parts.key, self._parts.ids[step])

    def _find_id(self, step: int | None) -> FeatureId | None:
        return None if step is None or step not in self._parts.ids else self._id(step)


def _z_range(boxes: Float64) -> tuple[float, float]:
    return float(boxes[:, 0, 2].min()), float(boxes[:, 1, 2].max())
