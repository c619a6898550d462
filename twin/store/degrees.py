"""Where features lie in degrees and metres above the ellipsoid: what pages over several sites are cut by."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.feature import Feature
from spatial.frame import SiteFrame
from spatial.mesh import Float64

__all__ = ["EXTENT", "extents", "geographic_shapes"]

EXTENT = ("west", "south", "east", "north", "low_m", "high_m")


def geographic_shapes(features: Sequence[Feature], boxes: Sequence[Float64 | None], frame: SiteFrame) -> NDArray[np.object_]:
    """Shapes (n,) in lon, lat degrees: as the source has them, else the footprint, else the plan of the box; None for no place.

    Those from the site's frame have a third coordinate, metres above the ellipsoid, at the lowest z of the feature.
    """
    shapes = np.array([feature.geographic for feature in features], dtype=object)
    own = [i for i, shape in enumerate(shapes) if shape is None]
    lows = [_z_range(features[i], boxes[i]) for i in own]
    plans = np.array([_plan(features[i], boxes[i]) for i in own], dtype=object)
    points, owner = shapely.get_coordinates(plans, return_index=True)
    if len(points):
        z = np.array([0.0 if low is None else low[0] for low in lows])[owner]
        degrees = frame.to_lon_lat_height(np.column_stack([points, z]))
        raised = shapely.set_coordinates(shapely.force_3d(plans), degrees)
        flat = np.array([low is None for low in lows])
        raised[flat] = shapely.force_2d(raised[flat])
        shapes[own] = raised
    return shapes


def extents(features: Sequence[Feature], boxes: Sequence[Float64 | None], frame: SiteFrame) -> Float64:
    """(n, 6) degrees and metres above the ellipsoid, in the order of `EXTENT`; NaN where there is none.

    The heights are those of the lowest and highest z at the middle of the plan: within a site's radius 0.7 m from any other place of it.
    """
    shapes = geographic_shapes(features, boxes, frame)
    result = np.full((len(features), 6), np.nan)
    result[:, :4] = shapely.bounds(shapes)
    ranges = np.array([_z_range(*one) or (np.nan, np.nan) for one in zip(features, boxes, strict=True)]).reshape(-1, 2)
    plans = np.array([_plan(*one) for one in zip(features, boxes, strict=True)], dtype=object)
    bounds = shapely.bounds(plans).reshape(-1, 2, 2)
    known = np.isfinite(ranges[:, 0]) & np.isfinite(bounds[:, 0, 0])
    middle = bounds[known].mean(axis=1)
    for place, column in ((4, 0), (5, 1)):
        if known.any():
            result[known, place] = frame.to_lon_lat_height(np.column_stack([middle, ranges[known, column]]))[:, 2]
    return result


def _plan(feature: Feature, box: Float64 | None) -> shapely.Geometry | None:
    if feature.footprint is not None and not feature.footprint.is_empty:
        return feature.footprint
    return None if box is None else shapely.box(box[0, 0], box[0, 1], box[1, 0], box[1, 1])


def _z_range(feature: Feature, box: Float64 | None) -> tuple[float, float] | None:
    if feature.z_range is not None:
        return feature.z_range
    return None if box is None else (float(box[0, 2]), float(box[1, 2]))
