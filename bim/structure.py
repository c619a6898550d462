"""The tree of a model: project, sites, buildings, storeys, spaces, and where each element hangs in it."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bim.attribute import entity_path, find_attribute
from bim.placement import Placements
from spatial.feature import Kind
from spatial.issue import Issue, Severity

__all__ = ["Node", "Structure", "Whereabouts", "read_structure"]

SAME_LEVEL_M = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """One spatial structure element (or the project): `z_m` is the height of its own origin in the model frame (its
    Elevation where it has no placement at all), None where the placement is broken; `elevation_m` the Elevation stated, in metres."""

    step: int
    entity: Any
    kind: Kind
    parent: int | None
    z_m: float | None
    elevation_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Step ids of the container, whole and ancestors of an element; None where there is none."""

    container: int | None
    whole: int | None
    building: int | None
    storey: int | None
    space: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structure:
    """The spatial tree by step id, roots first, and the relations elements hang on."""

    nodes: Mapping[int, Node]
    issues: tuple[Issue, ...]
    _contained: Mapping[int, int]
    _whole: Mapping[int, int]
    _host: Mapping[int, int]

    def ancestor(self, step: int | None, kind: Kind) -> int | None:
        """The nearest node of a kind at or above a node; None where there is none."""
        seen: set[int] = set()
        while step is not None and step in self.nodes and step not in seen:
            if self.nodes[step].kind is kind:
                return step
            seen.add(step)
            step = self.nodes[step].parent
        return None

    def whereabouts(self, element: int) -> Whereabouts:
        """Where an element is: by its own containment, else its whole's (stair, curtain wall), else what it fills (a door's wall)."""
        at, seen = element, set()
        container: int | None = None
        while at not in seen:
            seen.add(at)
            container = self._contained.get(at)
            if container is not None:
                break
            above = self._whole.get(at)
            if above in self.nodes:
                container = above
                break
            at = above if above is not None else self._host.get(at, at)
        whole = self._whole.get(element)
        return Whereabouts(
            container=container,
            whole=None if whole in self.nodes else whole,
            building=self.ancestor(container, Kind.BUILDING),
            storey=self.ancestor(container, Kind.STOREY),
            space=self.ancestor(container, Kind.SPACE),
        )

    def storey_z_ranges(self) -> dict[int, tuple[float, float | None]]:
        """Storey → its own z and that of the next storey up in the same building, model-frame metres; None above the topmost."""
        heights: dict[int | None, list[tuple[float, int]]] = {}
        for node in self.nodes.values():
            if node.kind is Kind.STOREY and node.z_m is not None:
                heights.setdefault(self.ancestor(node.step, Kind.BUILDING), []).append((node.z_m, node.step))
        ranges: dict[int, tuple[float, float | None]] = {}
        for storeys in heights.values():
            levels = sorted(z for z, _ in storeys)
            for z, step in storeys:
                above = bisect_right(levels, z + SAME_LEVEL_M)
                ranges[step] = (z, levels[above] if above < len(levels) else None)
        return ranges


def read_structure(ifc: Any, length_unit_m: float, placements: Placements) -> Structure:
    """The structure of an ifcopenshell file; findings `STOREY_EMPTY`, `BUILDINGS_MANY`, `PLACEMENT_CYCLIC`, `REFERENCE_MISSING`."""
    spatial_class = "IfcSpatialStructureElement" if ifc.schema in ("IFC2X3", "IFC4") else "IfcSpatialElement"
    entities = [*ifc.by_type("IfcProject"), *(entity for entity in ifc.by_type(spatial_class) if _kind(entity) is not None)]
    steps = {entity.id() for entity in entities}
    above = _aggregation(ifc)
    contained: dict[int, int] = {}
    # What is only referenced (IFC4.3 puts signals on a railway so) is better there than nowhere.
    for name in ("IfcRelContainedInSpatialStructure", "IfcRelReferencedInSpatialStructure"):
        for relation in ifc.by_type(name):
            structure = relation.RelatingStructure
            if structure is not None and structure.id() in steps:
                for thing in relation.RelatedElements or ():
                    contained.setdefault(thing.id(), structure.id())
    nodes = {entity.id(): _node(entity, above, contained, steps, length_unit_m, placements) for entity in entities}
    structure = Structure(nodes=nodes, issues=(), _contained=contained, _whole=above, _host=_hosts(ifc))
    return Structure(nodes=nodes, issues=tuple(_issues(structure, contained)), _contained=contained, _whole=above, _host=structure._host)


def _kind(entity: Any) -> Kind | None:
    for class_name, kind in (
        ("IfcSpace", Kind.SPACE),
        ("IfcBuildingStorey", Kind.STOREY),
        ("IfcBuilding", Kind.BUILDING),
        ("IfcSite", Kind.SITE),
        ("IfcProject", Kind.SITE),
        ("IfcFacility", Kind.BUILDING),
        ("IfcFacilityPart", Kind.STOREY),
    ):
        if entity.is_a(class_name):
            return kind
    return None


def _aggregation(ifc: Any) -> dict[int, int]:
    above: dict[int, int] = {}
    for name in ("IfcRelAggregates", "IfcRelNests"):
        for relation in ifc.by_type(name):
            whole = relation.RelatingObject
            if whole is None or (name == "IfcRelNests" and not whole.is_a("IfcElement")):
                continue
            for part in relation.RelatedObjects or ():
                above.setdefault(part.id(), whole.id())
    return above


def _hosts(ifc: Any) -> dict[int, int]:
    voided = {
        relation.RelatedOpeningElement.id(): relation.RelatingBuildingElement.id()
        for relation in ifc.by_type("IfcRelVoidsElement")
        if relation.RelatedOpeningElement is not None and relation.RelatingBuildingElement is not None
    }
    hosts: dict[int, int] = {}
    for relation in ifc.by_type("IfcRelFillsElement"):
        opening, filling = relation.RelatingOpeningElement, relation.RelatedBuildingElement
        if opening is not None and filling is not None and opening.id() in voided:
            hosts[filling.id()] = voided[opening.id()]
    return hosts


def _node(
    entity: Any, above: Mapping[int, int], contained: Mapping[int, int], steps: set[int], unit: float, placements: Placements
) -> Node:
    parent = above.get(entity.id(), contained.get(entity.id()))
    matrix = None if entity.is_a("IfcProject") else placements.find_matrix(entity)
    stated = find_attribute(entity, "Elevation")
    elevation = None if stated is None else float(stated) * unit
    unplaced = find_attribute(entity, "ObjectPlacement") is None and elevation is not None
    kind = _kind(entity)
    if kind is None:
        raise ValueError(f"{entity_path(entity)} is no spatial structure element")
    return Node(
        step=entity.id(),
        entity=entity,
        kind=kind,
        parent=parent if parent in steps else None,
        z_m=elevation if unplaced else None if matrix is None else float(matrix[2, 3]),
        elevation_m=elevation,
    )


def _issues(structure: Structure, contained: Mapping[int, int]) -> Iterable[Issue]:
    used = set(contained.values()) | {node.parent for node in structure.nodes.values()}
    for node in structure.nodes.values():
        if node.kind is Kind.STOREY and node.step not in used:
            yield Issue(
                code="STOREY_EMPTY",
                path=entity_path(node.entity),
                message=f"{node.entity.Name or 'a storey without a name'} holds no element and no space",
                severity=Severity.INFO,
            )
    buildings = [node for node in structure.nodes.values() if node.kind is Kind.BUILDING]
    if len(buildings) > 1:
        names = ", ".join(node.entity.Name or entity_path(node.entity) for node in buildings)
        yield Issue(code="BUILDINGS_MANY", path="", message=f"{len(buildings)} buildings in one file: {names}", severity=Severity.INFO)
