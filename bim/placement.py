"""Where a product's own origin lies in the model frame: the chain of IfcLocalPlacements, walked without trusting it."""

from typing import Any

import numpy as np
from ifcopenshell.util.placement import get_axis2placement

from spatial.issue import Issue, Severity
from spatial.mesh import Float64

__all__ = ["Placements", "entity_path"]

_MAX_DEPTH = 256


def entity_path(entity: Any) -> str:
    """How findings and sources name an entity: `#214 IfcWall`."""
    return f"#{entity.id()} {entity.is_a()}"


class Placements:
    """Matrices of IfcObjectPlacements, (4, 4) float64 row-major, placement-local metres to model-frame metres.

    Every chain is walked once; a cycle is the finding `PLACEMENT_CYCLIC`, a link without a usable axis placement
    `REFERENCE_MISSING`; both give None, never the identity.
    """

    def __init__(self, length_unit_m: float) -> None:
        self._unit = length_unit_m
        self._known: dict[int, Float64 | None] = {}
        self._issues: list[Issue] = []

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Findings so far, one a placement."""
        return tuple(self._issues)

    def matrix(self, product: Any) -> Float64 | None:
        """The product's placement; the identity where it has none (the standard: it is placed in the world directly), None where broken."""
        placement = getattr(product, "ObjectPlacement", None)
        if placement is None:
            return np.eye(4)
        return self._resolve(placement, entity_path(product))

    def _resolve(self, placement: Any, what: str) -> Float64 | None:
        chain: list[Any] = []
        seen: set[int] = set()
        at = placement
        while at is not None and at.id() not in self._known:
            if at.id() in seen or len(chain) > _MAX_DEPTH:
                self._fail("PLACEMENT_CYCLIC", what, f"placement #{at.id()} is relative to itself")
                for link in chain:
                    self._known[link.id()] = None
                return None
            seen.add(at.id())
            chain.append(at)
            at = getattr(at, "PlacementRelTo", None)
        base: Float64 | None = np.eye(4) if at is None else self._known[at.id()]
        for link in reversed(chain):
            own = self._own(link, what)
            base = None if base is None or own is None else base @ own
            self._known[link.id()] = base
        return base

    def _own(self, link: Any, what: str) -> Float64 | None:
        axes = link.RelativePlacement if link.is_a("IfcLocalPlacement") else getattr(link, "CartesianPosition", None)
        if axes is None or not hasattr(axes, "Location") or axes.Location is None:
            self._fail("REFERENCE_MISSING", what, f"placement #{link.id()} {link.is_a()} has no axis placement we can read")
            return None
        matrix = np.array(get_axis2placement(axes), dtype=np.float64)
        matrix[:3, 3] *= self._unit
        return matrix

    def _fail(self, code: str, what: str, message: str) -> None:
        self._issues.append(Issue(code=code, path=what, message=message, severity=Severity.ERROR))
