"""Where products stand: chains of object placements as rigid matrices, walked without trusting the file (IFC4 §8.15)."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from bim.attribute import entity_path, find_attribute
from spatial.issue import Issue, Severity
from spatial.mesh import Float64

__all__ = ["PlacementUnresolved", "Placements", "axis_placement", "transformation_operator"]

Vector = tuple[float, float, float]
_X, _Z = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


class PlacementUnresolved(ValueError):
    """A placement that is no finite chain of axes.

    `code` is the finding it makes, `PLACEMENT_CYCLIC` or `REFERENCE_MISSING`; None where the file is right and the placement of
    a kind only a geometry engine resolves (along an alignment, on a grid).
    """

    def __init__(self, message: str, code: str | None) -> None:
        super().__init__(message)
        self.code = code


class Placements:
    """Object placements of one file, each resolved once: (4, 4) float64, product frame to model frame, lengths in metres.

    `along` gives the matrix of a placement that is no IfcLocalPlacement; without it those are unresolved.
    """

    def __init__(self, length_unit_m: float, along: Callable[[Any], Float64] | None = None) -> None:
        self._unit = length_unit_m
        self._along = along
        self._known: dict[int, Float64 | PlacementUnresolved] = {}
        self._issues: dict[str, Issue] = {}

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Findings of `find_matrix` so far, one a broken placement."""
        return tuple(self._issues.values())

    def matrix(self, product: Any) -> Float64:
        """The product's placement; the identity where it has none (the standard: it stands in the world). Raises PlacementUnresolved."""
        placement = find_attribute(product, "ObjectPlacement")
        if placement is None:
            return np.eye(4)
        found = self._resolve(placement)
        if isinstance(found, PlacementUnresolved):
            raise found
        return found

    def find_matrix(self, product: Any) -> Float64 | None:
        """As `matrix`; None where it is unresolved, with a finding in `issues` where the file is wrong."""
        try:
            return self.matrix(product)
        except PlacementUnresolved as refusal:
            if refusal.code is not None:
                issue = Issue(code=refusal.code, path=entity_path(product), message=str(refusal), severity=Severity.ERROR)
                self._issues.setdefault(str(refusal), issue)
            return None

    def _resolve(self, placement: Any) -> Float64 | PlacementUnresolved:
        chain: list[Any] = []
        seen: set[int] = set()
        at = placement
        base: Float64 | PlacementUnresolved = np.eye(4)
        while at is not None:
            known = self._known.get(at.id())
            if known is not None:
                base = known
                break
            if at.id() in seen:
                base = PlacementUnresolved(f"placement #{at.id()} refers to itself", "PLACEMENT_CYCLIC")
                break
            seen.add(at.id())
            chain.append(at)
            if not at.is_a("IfcLocalPlacement"):
                break
            at = find_attribute(at, "PlacementRelTo")
        for link in reversed(chain):
            if not isinstance(base, PlacementUnresolved):
                base = self._placed(link, base)
            self._known[link.id()] = base
        return base

    def _placed(self, link: Any, base: Float64) -> Float64 | PlacementUnresolved:
        try:
            if not link.is_a("IfcLocalPlacement"):
                return self._other(link)
            axes = find_attribute(link, "RelativePlacement")
            if axes is None:
                raise PlacementUnresolved(f"placement #{link.id()} has no axes", "REFERENCE_MISSING")
            return base @ axis_placement(axes, self._unit)
        except PlacementUnresolved as refusal:
            return refusal

    def _other(self, link: Any) -> Float64:
        if self._along is not None:
            return self._along(link)
        axes = find_attribute(link, "CartesianPosition")
        if axes is None:
            raise PlacementUnresolved(f"placement #{link.id()} {link.is_a()} is no local placement", None)
        return axis_placement(axes, self._unit)


def axis_placement(placement: Any, length_unit_m: float) -> Float64:
    """IfcAxis2Placement2D or 3D as a (4, 4) rigid matrix in metres; RefDirection is made square to Axis (IfcFirstProjAxis).

    Raises PlacementUnresolved.
    """
    location = find_attribute(placement, "Location")
    if location is None or not location.is_a("IfcCartesianPoint"):
        code = "REFERENCE_MISSING" if location is None else None
        raise PlacementUnresolved(f"#{placement.id()} {placement.is_a()} has no point", code)
    z = _direction(find_attribute(placement, "Axis"), _Z)
    x = _direction(find_attribute(placement, "RefDirection"), _X)
    return _matrix(_axes(x, z), find_attribute(location, "Coordinates"), length_unit_m)


def transformation_operator(operator: Any, length_unit_m: float) -> Float64:
    """IfcCartesianTransformationOperator as a (4, 4) matrix in metres; it may mirror and scale."""
    axes = _axes(
        _direction(find_attribute(operator, "Axis1"), _X),
        _direction(find_attribute(operator, "Axis3"), _Z),
    )
    written = find_attribute(operator, "Axis2")
    if written is not None and _dot(axes[1], _direction(written, (0.0, 1.0, 0.0))) < 0:
        axes = (axes[0], _times(axes[1], -1.0), axes[2])
    scale = _or(find_attribute(operator, "Scale"), 1.0)
    scales = (scale, _or(find_attribute(operator, "Scale2"), scale), _or(find_attribute(operator, "Scale3"), scale))
    scaled = (_times(axes[0], scales[0]), _times(axes[1], scales[1]), _times(axes[2], scales[2]))
    return _matrix(scaled, find_attribute(find_attribute(operator, "LocalOrigin"), "Coordinates"), length_unit_m)


def _matrix(axes: tuple[Vector, Vector, Vector], origin: tuple[float, ...], length_unit_m: float) -> Float64:
    x, y, z = axes
    at = (*origin, 0.0)[:3]
    return np.array(
        [
            [x[0], y[0], z[0], at[0] * length_unit_m],
            [x[1], y[1], z[1], at[1] * length_unit_m],
            [x[2], y[2], z[2], at[2] * length_unit_m],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def _direction(entity: Any, otherwise: Vector) -> Vector:
    if entity is None:
        return otherwise
    ratios = find_attribute(entity, "DirectionRatios")
    found = _unit((ratios[0], ratios[1], ratios[2] if len(ratios) > 2 else 0.0))
    if found is None:
        raise PlacementUnresolved(f"direction #{entity.id()} has no length", "REFERENCE_MISSING")
    return found


def _axes(x: Vector, z: Vector) -> tuple[Vector, Vector, Vector]:
    square = _unit(_minus(x, _times(z, _dot(x, z))), 1e-9)
    if square is None:
        other = _X if abs(z[0]) < 0.9 else (0.0, 1.0, 0.0)
        square = _unit(_minus(other, _times(z, _dot(other, z)))) or _X
    y = (z[1] * square[2] - z[2] * square[1], z[2] * square[0] - z[0] * square[2], z[0] * square[1] - z[1] * square[0])
    return square, y, z


def _unit(vector: Vector, shortest: float = 0.0) -> Vector | None:
    length = sqrt(_dot(vector, vector))
    return _times(vector, 1.0 / length) if length > shortest else None


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _minus(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _times(a: Vector, factor: float) -> Vector:
    return a[0] * factor, a[1] * factor, a[2] * factor


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
