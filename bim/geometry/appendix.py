"""STEP lines appended to an IFC file: products of our own that show one colour of one body, alone and near the origin."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from bim.geometry.body import Body, Opening
from bim.geometry.colour import Rgba
from spatial.mesh import Float64

__all__ = ["Appendix"]


class Appendix:
    """STEP lines of products that stand for one colour of one body."""

    def __init__(self, model: Any, unit_scale: float, origin: Float64) -> None:
        self._next = int(model.get_max_id()) + 1
        self._lines: list[str] = []
        self._unit_scale = unit_scale
        self._origin = np.eye(4)
        self._origin[:3, 3] = origin
        self._opening_end = "$" if model.schema == "IFC2X3" else "$,$"

    def text(self) -> bytes:
        """The lines, to stand before the last ENDSEC."""
        return "".join(self._lines).encode("ascii")

    def ask(self, body: Body, rgba: Rgba | None) -> int:
        """Step id of a product that shows those leaf items of the body that have this colour."""
        colours = iter(body.colours)
        chosen: list[int] = []
        for representation in body.representations:
            step_id = self._restricted(representation, rgba, colours)
            if step_id is not None:
                chosen.append(step_id)
        product = self._product("IFCBUILDINGELEMENTPROXY", chosen, self._origin, "$,$")
        for opening in body.openings:
            hole = self._opening(opening)
            self._line(f"IFCRELVOIDSELEMENT('{_guid(self._next)}',$,$,$,#{product},#{hole})")
        return product

    def _opening(self, opening: Opening) -> int:
        representations = [representation.id() for representation in opening.representations]
        return self._product("IFCOPENINGELEMENT", representations, self._origin @ opening.matrix, self._opening_end)

    def _product(self, class_name: str, representations: Iterable[int], matrix: Float64, end: str) -> int:
        placement = self._placement(matrix)
        shape = self._line(f"IFCPRODUCTDEFINITIONSHAPE($,$,({_references(representations)}))")
        return self._line(f"{class_name}('{_guid(self._next)}',$,$,$,$,#{placement},#{shape},{end})")

    def _placement(self, matrix: Float64) -> int:
        origin = self._line(f"IFCCARTESIANPOINT(({_reals(matrix[:3, 3] / self._unit_scale)}))")
        axis = self._line(f"IFCDIRECTION(({_reals(matrix[:3, 2])}))")
        reference = self._line(f"IFCDIRECTION(({_reals(matrix[:3, 0])}))")
        axes = self._line(f"IFCAXIS2PLACEMENT3D(#{origin},#{axis},#{reference})")
        return self._line(f"IFCLOCALPLACEMENT($,#{axes})")

    def _restricted(self, representation: Any, rgba: Rgba | None, colours: Iterator[Rgba | None]) -> int | None:
        kept = [self._restricted_item(item, rgba, colours) for item in representation.Items]
        if all(new == item.id() for new, item in zip(kept, representation.Items, strict=True)):
            return int(representation.id())
        items = [item for item in kept if item is not None]
        if not items:
            return None
        context = representation.ContextOfItems.id()
        kind = representation.RepresentationType
        name = f"'{kind}'" if kind and kind.isascii() and kind.isalnum() else "$"
        return self._line(f"IFCSHAPEREPRESENTATION(#{context},'Body',{name},({_references(items)}))")

    def _restricted_item(self, item: Any, rgba: Rgba | None, colours: Iterator[Rgba | None]) -> int | None:
        if not item.is_a("IfcMappedItem"):
            return int(item.id()) if next(colours) == rgba else None
        source = item.MappingSource
        inner = self._restricted(source.MappedRepresentation, rgba, colours)
        if inner is None or inner == source.MappedRepresentation.id():
            return int(item.id()) if inner is not None else None
        mapped = self._line(f"IFCREPRESENTATIONMAP(#{source.MappingOrigin.id()},#{inner})")
        return self._line(f"IFCMAPPEDITEM(#{mapped},#{item.MappingTarget.id()})")

    def _line(self, text: str) -> int:
        step_id = self._next
        self._next += 1
        self._lines.append(f"#{step_id}={text};\n")
        return step_id


def _references(step_ids: Iterable[int]) -> str:
    return ",".join(f"#{step_id}" for step_id in step_ids)


def _reals(values: Float64) -> str:
    return ",".join(f"{value:.12f}" for value in values)


def _guid(step_id: int) -> str:
    return f"{step_id:022d}"
