"""The fallback box: where no engine draws a product, the box of what its representation says in plain coordinates."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bim.attribute import find_attribute
from bim.geometry.engine import Drawn, Part
from bim.geometry.source import SourceFile
from bim.placement import PlacementUnresolved, axis_placement, transformation_operator
from spatial.mesh import Float64

__all__ = ["BoxEngine"]

THINNEST_M = 0.01
_CORNERS = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
_TRIANGLES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]],
    dtype=np.int64,
)


class BoxEngine:
    """Boxes along the product's own axes: from an IfcBoundingBox, else around the points its items are written with."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source

    def draw(self, step_ids: Sequence[int]) -> list[Drawn]:
        """One box a product, at least 1 cm thick; none where the placement or every coordinate is missing."""
        return [self._draw(step_id) for step_id in step_ids]

    def _draw(self, step_id: int) -> Drawn:
        product = self._source.model.by_id(step_id)
        try:
            matrix = self._source.placements.matrix(product)
            points = self._points(product)
        except PlacementUnresolved as refusal:
            return Drawn(step_id=step_id, parts=(), reason=str(refusal))
        if len(points) == 0 or not np.isfinite(points).all():
            return Drawn(step_id=step_id, parts=(), reason="the representation names no point to put a box around")
        low, high = points.min(axis=0), points.max(axis=0)
        grow = np.maximum(THINNEST_M - (high - low), 0.0) / 2
        low, high = low - grow, high + grow
        vertices = low + _CORNERS * (high - low)
        return Drawn(step_id=step_id, parts=(Part(vertices=vertices, triangles=_TRIANGLES, rgba=None, matrix=matrix),))

    def _points(self, product: Any) -> Float64:
        definition = product.Representation
        representations = [] if definition is None else list(definition.Representations)
        boxes = [item for r in representations for item in r.Items or () if item.is_a("IfcBoundingBox")]
        items = boxes or [item for r in representations if r.RepresentationIdentifier == "Body" for item in r.Items or ()]
        clouds = [cloud for item in items for cloud in _clouds(item, self._source.unit_scale, self._source.model)]
        return np.concatenate(clouds) if clouds else np.zeros((0, 3))


def _clouds(item: Any, unit_scale: float, model: Any) -> Iterator[Float64]:
    if item.is_a("IfcMappedItem"):
        source = item.MappingSource
        matrix = transformation_operator(item.MappingTarget, unit_scale) @ axis_placement(source.MappingOrigin, unit_scale)
        for part in source.MappedRepresentation.Items:
            yield from (_moved(cloud, matrix) for cloud in _clouds(part, unit_scale, model))
    elif item.is_a("IfcBooleanResult"):
        yield from _clouds(item.FirstOperand, unit_scale, model)
    elif item.is_a("IfcBoundingBox"):
        size = np.array([item.XDim, item.YDim, item.ZDim]) * unit_scale
        yield np.asarray(item.Corner.Coordinates) * unit_scale + _CORNERS * size
    elif item.is_a("IfcExtrudedAreaSolid"):
        yield from _extruded(item, unit_scale, model)
    else:
        yield from _written(item, unit_scale, model, 3)


def _extruded(solid: Any, unit_scale: float, model: Any) -> Iterator[Float64]:
    matrix = np.eye(4) if solid.Position is None else axis_placement(solid.Position, unit_scale)
    along = np.asarray(solid.ExtrudedDirection.DirectionRatios) * solid.Depth * unit_scale
    profile = solid.SweptArea
    at = find_attribute(profile, "Position")
    plane = np.eye(4) if at is None else axis_placement(at, unit_scale)
    for flat in _profile(profile, unit_scale, model):
        bottom = _moved(np.hstack([flat, np.zeros((len(flat), 1))]), plane)
        yield _moved(np.concatenate([bottom, bottom + along]), matrix)


def _profile(profile: Any, unit_scale: float, model: Any) -> Iterator[Float64]:
    if profile.is_a("IfcArbitraryClosedProfileDef"):
        yield from _written(profile.OuterCurve, unit_scale, model, 2)
        return
    radius = find_attribute(profile, "Radius")
    half_x = radius or find_attribute(profile, "SemiAxis1") or (_number(profile, "XDim", "OverallWidth", "FlangeWidth", "Width")) / 2
    half_y = radius or find_attribute(profile, "SemiAxis2") or (_number(profile, "YDim", "OverallDepth", "Depth")) / 2
    if half_x > 0 and half_y > 0:
        yield np.array([[-half_x, -half_y], [half_x, half_y]]) * unit_scale


def _number(entity: Any, *names: str) -> float:
    return next((float(value) for name in names if (value := find_attribute(entity, name)) is not None), 0.0)


def _written(item: Any, unit_scale: float, model: Any, dimensions: int) -> Iterator[Float64]:
    for entity in model.traverse(item):
        if entity.is_a("IfcCartesianPoint"):
            points = np.array([entity.Coordinates], dtype=np.float64)
        elif entity.is_a("IfcCartesianPointList"):
            points = np.array(entity.CoordList, dtype=np.float64)
        else:
            continue
        if points.ndim == 2 and points.shape[1] == dimensions:
            yield points * unit_scale


def _moved(points: Float64, matrix: Float64) -> Float64:
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])
