"""Features carried from a model's own frame into the site frame."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature, FeatureId
from spatial.frame import Similarity
from spatial.mesh import Float64

__all__ = ["boxes_with_ancestors", "in_site_frame", "without_place"]


def in_site_frame(features: Iterable[Feature], similarity: Similarity, boxes: Mapping[str, Float64]) -> tuple[Feature, ...]:
    """The features with footprints and z ranges in the site frame.

    `boxes` (site frame, (2, 3) metres) are exact where a feature has meshes and win over its transformed z range; a
    footprint is carried over at its own lowest z, because the two ups differ by 1/R per metre of distance.
    """
    return tuple(_moved(feature, similarity, boxes.get(feature.id)) for feature in features)


def without_place(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """The features with no position at all: what a model that needs an anchor leaves behind."""
    return tuple(replace(feature, footprint=None, z_range=None) for feature in features)


def boxes_with_ancestors(features: Iterable[Feature], boxes: Mapping[str, Float64]) -> dict[str, Float64]:
    """The boxes and, for each ancestor of what has one, the box around all that lies below it."""
    parents = {feature.id: feature.parent for feature in features}
    result = {name: box.copy() for name, box in boxes.items()}
    for name, box in boxes.items():
        above, seen = parents.get(FeatureId(name)), {name}
        while above is not None and above not in seen:
            seen.add(above)
            known = result.get(above)
            result[above] = box.copy() if known is None else np.array([np.minimum(known[0], box[0]), np.maximum(known[1], box[1])])
            above = parents.get(above)
    return result


def _moved(feature: Feature, similarity: Similarity, box: Float64 | None) -> Feature:
    low = feature.z_range[0] if feature.z_range else 0.0
    footprint = _moved_footprint(feature.footprint, similarity, low) if feature.footprint is not None else None
    if feature.kind.value in ("element", "space") and box is not None:
        return replace(feature, footprint=footprint, z_range=(float(box[0, 2]), float(box[1, 2])))
    if feature.z_range is None:
        return replace(feature, footprint=footprint)
    x, y = (feature.footprint.centroid.x, feature.footprint.centroid.y) if feature.footprint is not None else (0.0, 0.0)
    ends = similarity.apply([[x, y, feature.z_range[0]], [x, y, feature.z_range[1]]])
    return replace(feature, footprint=footprint, z_range=(float(ends[0, 2]), float(ends[1, 2])))


def _moved_footprint(footprint: BaseGeometry, similarity: Similarity, z: float) -> BaseGeometry:
    def carry(points: Float64) -> Float64:
        lifted = np.column_stack([points, np.full(len(points), z)])
        return similarity.apply(lifted)[:, :2]

    moved: BaseGeometry = shapely.transform(footprint, carry)
    return moved
