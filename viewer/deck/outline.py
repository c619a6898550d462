"""Outlines in degrees: what can be drawn, how the camera sees all of it, where a label fits."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from viewer.deck.errors import OutlineInvalid

if TYPE_CHECKING:
    from shapely.geometry import Polygon

__all__ = ["Label", "LonLat", "Outline", "Ring", "View", "check_outline", "fit_label", "square_of", "view_around", "view_of"]

LonLat: TypeAlias = tuple[float, float]
Ring: TypeAlias = tuple[LonLat, ...]
Outline: TypeAlias = tuple[tuple[Ring, ...], ...]
"""Polygons, each an outer ring and its holes; rings may be closed or open; longitude, latitude in degrees (CRS84)."""

METRES_PER_DEGREE = 111_320.0
LINE_HEIGHT = 1.2
LATIN_WIDTH = 0.6
RECTANGULAR = 0.85
NEARBY = 1.6
LABEL_LARGEST_M = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the camera looks at: a centre, the extent across and up the picture on the ground in metres, and the highest thing there.

    `bearing_deg` is the direction that is up in the picture, clockwise from north; `pitch_deg` 0 looks straight down.
    """

    lon: float
    lat: float
    width_m: float
    height_m: float
    bearing_deg: float = 0.0
    pitch_deg: float = 0.0
    top_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A spot well inside an outline and the height of text that fits around it."""

    lon_lat: LonLat
    size_m: float


def check_outline(owner: str, outline: Outline) -> Outline:
    """The outline as given; OutlineInvalid for a ring of fewer than three corners or a corner outside ±180°, ±90°."""
    for polygon in outline:
        if not polygon:
            raise OutlineInvalid(owner, "a polygon without an outer ring")
        for ring in polygon:
            if len(set(ring)) < 3:
                raise OutlineInvalid(owner, f"a ring of {len(set(ring))} different corners")
            for lon, lat in ring:
                if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
                    raise OutlineInvalid(owner, f"the corner {lon}, {lat} is no longitude and latitude")
    return outline


def view_of(outlines: Iterable[Outline], *, pitch_deg: float = 0.0, top_share: float = 0.0, top_m: float = 0.0) -> View | None:
    """The view that holds all outlines and what stands on them; None where there is none.

    The picture is turned by at most 45° so that walls run along its edges. What stands is `top_m` high, or `top_share` of
    the larger extent. Distances are those of a sphere flattened at the centre: good for a camera, not for measuring.
    """
    corners = [corner for outline in outlines for polygon in outline for corner in polygon[0]]
    if not corners:
        return None
    origin = (_middle([lon for lon, _ in corners]), _middle([lat for _, lat in corners]))
    bearing = _bearing_of(_metres(corners, origin))
    turned = [_turned(point, bearing) for point in _metres(corners, origin)]
    across, up = [x for x, _ in turned], [y for _, y in turned]
    width_m, height_m = max(max(across) - min(across), 1.0), max(max(up) - min(up), 1.0)
    top_m = top_m or top_share * max(width_m, height_m)
    risen = top_m * math.tan(math.radians(pitch_deg)) / 2
    centre = _degrees(_turned((_middle(across), _middle(up) + risen), -bearing), origin)
    return View(
        lon=centre[0],
        lat=centre[1],
        width_m=width_m,
        height_m=height_m,
        bearing_deg=round(bearing, 3),
        pitch_deg=pitch_deg,
        top_m=top_m,
    )


def view_around(
    told: Sequence[Outline], others: Sequence[Outline], *, pitch_deg: float = 0.0, top_share: float = 0.0, top_m: float = 0.0
) -> View | None:
    """The view of what there is to tell of, and of the others too where that makes the picture at most NEARBY times as wide or high."""
    near = view_of(told, pitch_deg=pitch_deg, top_share=top_share, top_m=top_m)
    whole = view_of((*told, *others), pitch_deg=pitch_deg, top_share=top_share, top_m=top_m)
    if near is None or whole is None:
        return whole
    return whole if max(whole.width_m, whole.height_m) <= NEARBY * max(near.width_m, near.height_m) else near


def square_of(middle: LonLat, side_m: float, bearing_deg: float) -> Outline:
    """A square around a point, its sides along and across the bearing: what a column stands on."""
    half = side_m / 2
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    return ((tuple(_degrees(_turned(corner, -bearing_deg), middle) for corner in corners),),)


def fit_label(outline: Outline, lines: Sequence[str], bearing_deg: float = 0.0) -> Label:
    """Where lines of text stand in the largest polygon of an outline, and how high a line may be there, in metres.

    A full-width character is as wide as it is high, a Latin one 0.6 of it: 资产处 in a room of 6 m × 4 m is 1.6 m high.
    """
    from shapely import maximum_inscribed_circle

    origin = outline[0][0][0]
    polygon = max((_polygon(rings, origin, bearing_deg) for rings in outline), key=lambda shape: float(shape.area))
    west, south, east, north = polygon.bounds
    if polygon.area >= RECTANGULAR * (east - west) * (north - south):
        spot, width, height = (polygon.centroid.x, polygon.centroid.y), east - west, north - south
    else:
        radius = maximum_inscribed_circle(polygon, tolerance=0.1)
        spot, width, height = (radius.coords[0][0], radius.coords[0][1]), 1.7 * radius.length, 1.2 * radius.length
    letters = max((sum(LATIN_WIDTH if ord(letter) < 0x2E80 else 1.0 for letter in line) for line in lines), default=1.0)
    size = min(LABEL_LARGEST_M, 0.88 * width / max(letters, 1.0), 0.85 * height / (LINE_HEIGHT * max(len(lines), 1)))
    return Label(lon_lat=_degrees(_turned(spot, -bearing_deg), origin), size_m=round(size, 3))


def _polygon(rings: tuple[Ring, ...], origin: LonLat, bearing_deg: float) -> "Polygon":
    from shapely.geometry import Polygon

    shell, *holes = [[_turned(point, bearing_deg) for point in _metres(ring, origin)] for ring in rings]
    shape = Polygon(shell, holes)
    return shape if shape.is_valid else shape.convex_hull  # type: ignore[return-value]


def _bearing_of(points: list[tuple[float, float]]) -> float:
    """Of the smallest rectangle around all points, the side nearest to north, within ±45°."""
    from shapely.geometry import MultiPoint, Polygon

    box = MultiPoint(points).minimum_rotated_rectangle
    if not isinstance(box, Polygon):
        return 0.0
    (x0, y0), (x1, y1) = list(box.exterior.coords)[:2]
    azimuth = math.degrees(math.atan2(x1 - x0, y1 - y0))
    return (azimuth + 45.0) % 90.0 - 45.0


def _metres(points: Iterable[LonLat], origin: LonLat) -> list[tuple[float, float]]:
    stretch = math.cos(math.radians(origin[1]))
    return [((lon - origin[0]) * METRES_PER_DEGREE * stretch, (lat - origin[1]) * METRES_PER_DEGREE) for lon, lat in points]


def _degrees(point: tuple[float, float], origin: LonLat) -> LonLat:
    stretch = math.cos(math.radians(origin[1]))
    return origin[0] + point[0] / (METRES_PER_DEGREE * stretch), origin[1] + point[1] / METRES_PER_DEGREE


def _turned(point: tuple[float, float], bearing_deg: float) -> tuple[float, float]:
    """A point (east, north) as (right, up) in a picture whose up is `bearing_deg` clockwise from north."""
    turn = math.radians(bearing_deg)
    return (
        point[0] * math.cos(turn) - point[1] * math.sin(turn),
        point[0] * math.sin(turn) + point[1] * math.cos(turn),
    )


def _middle(values: list[float]) -> float:
    return (min(values) + max(values)) / 2
