"""What of a scene is to be covered: rooms on their floors, roads and squares on the ground, fences as lines."""

from collections.abc import Iterator

import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature, Kind
from spatial.scene import Layer
from twin.queries.sight.samples import LINES, Area

__all__ = ["areas_of"]

OUTDOOR = {"Road": "road", "Square": "road", "Path": "road"}
FENCE = "Fence"


def areas_of(layer: Layer) -> Iterator[Area]:
    """The areas of a layer in the site frame; what has no footprint has none, an invalid footprint is repaired.

    A room stands on the low end of its z range and is summed up within its storey; a fence drawn as a polygon is the line around it,
    both of its faces. Perimeter segments that come in by a register are areas of their own, by whoever has them.
    """
    for feature in layer.features:
        if feature.footprint is None or feature.footprint.is_empty:
            continue
        if feature.kind is Kind.SPACE and feature.z_range is not None:
            outline = _polygons(feature.footprint)
            if outline.area > 0:
                yield Area(id=feature.id, kind="room", outline=outline, floor_z=feature.z_range[0], within=feature.storey)
        elif feature.class_name in OUTDOOR:
            outline = _polygons(feature.footprint)
            if outline.area > 0:
                yield Area(id=feature.id, kind=OUTDOOR[feature.class_name], outline=outline, floor_z=None)
        elif feature.class_name == FENCE:
            yield _fence(feature, feature.footprint)


def _fence(feature: Feature, footprint: BaseGeometry) -> Area:
    if footprint.geom_type in LINES:
        return Area(id=feature.id, kind="perimeter", outline=footprint, floor_z=None)
    rings = [ring for part in shapely.get_parts(_polygons(footprint)) for ring in (part.exterior, *part.interiors)]
    return Area(id=feature.id, kind="perimeter", outline=shapely.MultiLineString([ring.coords for ring in rings]), floor_z=None)


def _polygons(footprint: BaseGeometry) -> BaseGeometry:
    """The valid polygons of a footprint, however it was drawn."""
    valid = footprint if footprint.is_valid else shapely.make_valid(footprint, method="structure", keep_collapsed=False)
    parts = [part for part in shapely.get_parts(valid) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
