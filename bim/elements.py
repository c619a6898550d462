"""Attributes of elements and spatial elements as the scene wants them, and the boundaries of spaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bim.attribute import find_attribute, find_text
from bim.properties import json_value
from spatial.issue import Issue

__all__ = ["Boundary", "attributes_of", "is_element", "is_movable", "read_boundaries"]

_LENGTHS = (
    "OverallHeight",
    "OverallWidth",
    "OverallDepth",
    "Elevation",
    "ElevationOfRefHeight",
    "ElevationOfTerrain",
    "ElevationWithFlooring",
)
_PLAIN = ("Description", "ObjectType", "Tag", "CompositionType", "InteriorOrExteriorSpace", "OperationType", "PartitioningType", "Phase")


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """One IfcRelSpaceBoundary: local ids of space and element (None: virtual, or an element of no kind we keep), physical or virtual,
    internal or external, level (`1st`, `2nd`, as the relation is named)."""

    space: str
    element: str | None
    element_class: str | None
    physical_or_virtual: str
    internal_or_external: str
    level: str | None


def is_element(entity: Any) -> bool:
    """Whether an entity counts in the ledger: every IfcElement but openings, recesses and projections."""
    return bool(entity.is_a("IfcElement")) and not entity.is_a("IfcFeatureElement")


def is_movable(entity: Any, classes: tuple[str, ...]) -> bool:
    """Whether an element is of a kind that stands in rooms; classes the schema does not know are no match."""
    return any(entity.is_a(name) for name in classes)


def attributes_of(entity: Any, kind: Any, length_unit_m: float) -> dict[str, Any]:
    """Direct attributes in snake case, lengths in metres (`overall_height_m`); `predefined_type` from the occurrence, else its type."""
    found: dict[str, Any] = {}
    for name in _PLAIN:
        value = find_attribute(entity, name)
        if value not in (None, ""):
            found[_snake(name)] = json_value(value)
    for name in _LENGTHS:
        value = find_attribute(entity, name)
        if value is not None:
            found[f"{_snake(name)}_m"] = round(float(value) * length_unit_m, 6)
    for source in (entity, kind):
        predefined = find_attribute(source, "PredefinedType")
        if predefined not in (None, "NOTDEFINED"):
            if predefined == "USERDEFINED":
                predefined = find_attribute(source, "ObjectType") or find_attribute(source, "ElementType") or predefined
            found["predefined_type"] = json_value(predefined)
            break
    return found


def read_boundaries(ifc: Any, ids: Mapping[int, str]) -> tuple[tuple[Boundary, ...], tuple[Issue, ...]]:
    """All space boundaries of a file whose space is known in `ids` (step id → local id), and the findings on those that are not."""
    boundaries: list[Boundary] = []
    lost = 0
    for relation in ifc.by_type("IfcRelSpaceBoundary"):
        space, element = relation.RelatingSpace, relation.RelatedBuildingElement
        if space is None or space.id() not in ids:
            lost += 1
            continue
        boundaries.append(
            Boundary(
                space=ids[space.id()],
                element=ids.get(element.id()) if element is not None else None,
                element_class=element.is_a() if element is not None else None,
                physical_or_virtual=str(relation.PhysicalOrVirtualBoundary).lower(),
                internal_or_external=str(relation.InternalOrExternalBoundary).lower(),
                level=find_text(relation, "Name") or _level(relation),
            )
        )
    if not lost:
        return tuple(boundaries), ()
    return tuple(boundaries), (
        Issue(code="REFERENCE_MISSING", path="IfcRelSpaceBoundary", message=f"{lost} boundaries of no space we know"),
    )


def _level(relation: Any) -> str | None:
    """The level by the relation's class, where it bears no name (IFC4)."""
    return next((level for level in ("1st", "2nd") if relation.is_a().endswith(f"{level}Level")), None)


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")
