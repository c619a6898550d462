"""What a product shows: its body items, their colours, the openings cut from it, and which products show the same.

Two products with equal `Body.key` have equal geometry in their own frames, so an engine meshes one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bim.attribute import find_attribute
from bim.geometry.colour import Rgba, find_item_colour, find_material_colour
from bim.placement import Placements
from spatial.mesh import Float64

__all__ = ["Bodies", "Body", "Opening", "body_representations"]

_BODY_NAMES = ("Body", "Facetation", "Tessellation", "Body-FallBack", "Surface")
_NO_SURFACE = frozenset(
    [
        "Curve",
        "Curve2D",
        "Curve3D",
        "GeometricCurveSet",
        "Annotation2D",
        "BoundingBox",
        "Segment",
        "Point",
        "PointCloud",
        "FillArea",
        "Text",
    ]
)
_NO_BODY_NAMES = frozenset(
    ["Annotation", "Axis", "Boundary", "Box", "Clearance", "CoG", "FootPrint", "Lighting", "Plan", "Profile", "Reference", "WalkingLine"]
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opening:
    """An opening's representations and its matrix in the frame of the product it cuts (4×4, metres)."""

    representations: tuple[Any, ...]
    matrix: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """The body of a product: its representations, its openings, and a colour for each leaf item.

    `colours` follows the items in file order with mapped items expanded; None: the file gives none.
    """

    representations: tuple[Any, ...]
    colours: tuple[Rgba | None, ...]
    openings: tuple[Opening, ...]
    key: tuple[object, ...]


class Bodies:
    """Reads bodies from one open file; the colour of each item is looked up once."""

    def __init__(self, placements: Placements) -> None:
        self._placements = placements
        self._colours: dict[int, Rgba | None] = {}

    def of(self, product: Any) -> Body | None:
        """The body of a product, or None where no representation has a surface (axes, plans, boxes only).

        Raises PlacementUnresolved where an opening cannot be placed relative to the product.
        """
        representations = tuple(body_representations(product))
        if not representations:
            return None
        material: list[Rgba | None] = []
        colours: list[Rgba | None] = []
        for representation in representations:
            for item in representation.Items:
                colours.extend(self._item_colours(item, product, material))
        openings = tuple(self._openings(product))
        key = (
            tuple(_items_key(representation) for representation in representations),
            tuple(colours),
            tuple(
                (tuple(_items_key(r) for r in opening.representations), tuple(np.round(opening.matrix, 9).ravel().tolist()))
                for opening in openings
            ),
        )
        return Body(representations=representations, colours=tuple(colours), openings=openings, key=key)

    def _item_colours(self, item: Any, product: Any, material: list[Rgba | None], outer: Rgba | None = None) -> Iterator[Rgba | None]:
        own = self._colour(item) or outer
        if item.is_a("IfcMappedItem"):
            for part in item.MappingSource.MappedRepresentation.Items:
                yield from self._item_colours(part, product, material, own)
            return
        if own is None:
            if not material:
                material.append(find_material_colour(product))
            own = material[0]
        yield own

    def _colour(self, item: Any) -> Rgba | None:
        step_id = item.id()
        if step_id not in self._colours:
            self._colours[step_id] = find_item_colour(item)
        return self._colours[step_id]

    def _openings(self, product: Any) -> Iterator[Opening]:
        elements = [e for e in _with_wholes(product) if e.HasOpenings]
        if not elements:
            return
        to_product = np.linalg.inv(self._placements.matrix(product))
        for element in elements:
            for relation in element.HasOpenings:
                opening = relation.RelatedOpeningElement
                representations = tuple(body_representations(opening))
                if representations:
                    yield Opening(representations=representations, matrix=to_product @ self._placements.matrix(opening))


def body_representations(product: Any) -> list[Any]:
    """The representations that show a product's surface: those named Body, else a facetation, else whatever is no plan, axis or box."""
    definition = product.Representation
    if definition is None:
        return []
    candidates = [
        r for r in definition.Representations if r.is_a("IfcShapeRepresentation") and r.Items and r.RepresentationType not in _NO_SURFACE
    ]
    for name in _BODY_NAMES:
        found = [r for r in candidates if r.RepresentationIdentifier == name]
        if found:
            return found
    return [r for r in candidates if r.RepresentationType != "GeometricSet" and r.RepresentationIdentifier not in _NO_BODY_NAMES]


def _with_wholes(product: Any) -> Iterator[Any]:
    seen: set[int] = set()
    node = product
    while node is not None and node.is_a("IfcElement") and node.id() not in seen:
        seen.add(node.id())
        yield node
        wholes = node.Decomposes
        node = wholes[0].RelatingObject if wholes and wholes[0].is_a("IfcRelAggregates") else None


def _items_key(representation: Any) -> tuple[object, ...]:
    return tuple(_item_key(item) for item in representation.Items)


def _item_key(item: Any) -> object:
    if not item.is_a("IfcMappedItem"):
        return item.id()
    target = item.MappingTarget
    axes = tuple(find_attribute(target, name) for name in ("Axis1", "Axis2", "Axis3"))
    return (
        item.MappingSource.id(),
        target.LocalOrigin.Coordinates,
        tuple(axis.DirectionRatios if axis is not None else None for axis in axes),
        tuple(find_attribute(target, name) for name in ("Scale", "Scale2", "Scale3")),
    )
