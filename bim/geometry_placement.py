"""Where a product stands: its chain of local placements as one rigid matrix (IFC4 §8.15, ObjectPlacement resource)."""

from typing import Any

import numpy as np

from spatial.mesh import Float64

__all__ = ["PlacementUnresolved", "Placements", "axis_placement", "transformation_operator"]


class PlacementUnresolved(ValueError):
    """A placement that is no finite chain of IfcLocalPlacement: cyclic, missing, on a grid or along an alignment."""


class Placements:
    """Resolves object placements of one file, each once; lengths come out in metres."""

    def __init__(self, unit_scale: float) -> None:
        self._unit_scale = unit_scale
        self._known: dict[int, Float64] = {}

    def matrix(self, product: Any) -> Float64:
        """Product frame to model frame, 4×4 float64, a rotation and a translation in metres.

        A product without a placement stands at the origin. Raises PlacementUnresolved.
        """
        chain: list[Any] = []
        seen: set[int] = set()
        node = product.ObjectPlacement
        while node is not None and node.id() not in self._known:
            if not node.is_a("IfcLocalPlacement"):
                raise PlacementUnresolved(f"{node.is_a()} #{node.id()} is not a local placement")
            if node.id() in seen:
                raise PlacementUnresolved(f"placement #{node.id()} refers to itself")
            seen.add(node.id())
            chain.append(node)
            node = node.PlacementRelTo
        result = np.eye(4) if node is None else self._known[node.id()]
        for placement in reversed(chain):
            if placement.RelativePlacement is None:
                raise PlacementUnresolved(f"placement #{placement.id()} has no axes")
            result = result @ axis_placement(placement.RelativePlacement, self._unit_scale)
            self._known[placement.id()] = result
        return result


def axis_placement(placement: Any, unit_scale: float) -> Float64:
    """IfcAxis2Placement2D/3D as a 4×4 rigid matrix, metres; RefDirection is made square to Axis (IfcFirstProjAxis)."""
    location = placement.Location
    if location is None or not location.is_a("IfcCartesianPoint"):
        raise PlacementUnresolved(f"#{placement.id()} {placement.is_a()} has no point")
    matrix = np.eye(4)
    coordinates = location.Coordinates
    matrix[: len(coordinates), 3] = np.asarray(coordinates) * unit_scale
    z = _direction(getattr(placement, "Axis", None), (0.0, 0.0, 1.0))
    x = _direction(placement.RefDirection, (1.0, 0.0, 0.0))
    matrix[:3, :3] = _axes(x, z)
    return matrix


def transformation_operator(operator: Any, unit_scale: float) -> Float64:
    """IfcCartesianTransformationOperator as a 4×4 matrix, metres; it may mirror and scale."""
    matrix = np.eye(4)
    coordinates = operator.LocalOrigin.Coordinates
    matrix[: len(coordinates), 3] = np.asarray(coordinates) * unit_scale
    x = _direction(operator.Axis1, (1.0, 0.0, 0.0))
    z = _direction(getattr(operator, "Axis3", None), (0.0, 0.0, 1.0))
    axes = _axes(x, z)
    if operator.Axis2 is not None and float(np.dot(axes[:, 1], _direction(operator.Axis2, (0.0, 1.0, 0.0)))) < 0:
        axes[:, 1] = -axes[:, 1]
    scale = operator.Scale if operator.Scale is not None else 1.0
    scales = np.array([scale, _or(getattr(operator, "Scale2", None), scale), _or(getattr(operator, "Scale3", None), scale)])
    matrix[:3, :3] = axes * scales
    return matrix


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _direction(entity: Any, otherwise: tuple[float, float, float]) -> Float64:
    ratios = otherwise if entity is None else entity.DirectionRatios
    vector = np.zeros(3)
    vector[: len(ratios)] = ratios
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        raise PlacementUnresolved("a direction has no length")
    return vector / length


def _axes(x: Float64, z: Float64) -> Float64:
    x = x - np.dot(x, z) * z
    length = float(np.linalg.norm(x))
    if length < 1e-9:
        other = np.array((1.0, 0.0, 0.0)) if abs(z[0]) < 0.9 else np.array((0.0, 1.0, 0.0))
        x = other - np.dot(other, z) * z
        length = float(np.linalg.norm(x))
    x = x / length
    return np.stack([x, np.cross(z, x), z], axis=1)
