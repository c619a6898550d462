"""What one content draws, and whether it lies where it must: in its boxes, in its place on Earth, on a fine enough grid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spatial.mesh import Float64
from tiles.errors import GlbInvalid
from tiles.limits import CITY_KINDS, MAX_STEP_BIM_M, MAX_STEP_CITY_M
from tiles.place import SitePlace
from tiles.read import Drawn, read_document, read_drawn, read_table
from tiles.rules import Finding, check_document, check_rows
from tiles.volume import Box, corners_of

__all__ = ["Content", "check_boxes", "check_place", "check_step", "read_content"]

INSIDE_M = 0.001
PLACE_M = 0.005
STEP_TOLERANCE = 1.001


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """A glb as drawn: `ids` by table row, the rows that are `shown`, primitives, the columns z_min and z_max (2, rows) if it has them."""

    ids: list[str]
    kinds: list[str]
    shown: list[int]
    drawn: list[Drawn]
    z_range: Float64 | None

    @property
    def features(self) -> frozenset[str]:
        """Ids of what is drawn."""
        return frozenset(self.ids[row] for row in self.shown)

    @property
    def step_m(self) -> float:
        """The coarsest step of its grids, metres; 0 where all positions are floats."""
        return max((one.step_m for one in self.drawn), default=0.0)


def read_content(target: Path) -> tuple[Content | None, list[Finding]]:
    """A glb and the findings on it alone; None where it cannot be read."""
    findings: list[Finding] = []
    try:
        document = read_document(target.read_bytes())
        findings += check_document(document)
        table, drawn = read_table(document), read_drawn(document)
    except GlbInvalid as error:
        return None, [*findings, (error.rule, str(error))]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        return None, [*findings, ("TILES_GLB_INVALID", f"the document does not hold together: {error!r}")]
    ids = [str(name) for name in table.get("id", [])]
    findings += check_rows(drawn, len(ids))
    shown = sorted({int(row) for one in drawn for row in np.unique(one.rows) if 0 <= row < len(ids)})
    names = [ids[row] for row in shown]
    if len(set(names)) < len(names):
        findings.append(("TILES_FEATURE_TWICE", f"{len(names) - len(set(names))} ids stand in two rows of one table"))
    z_range = np.stack([np.asarray(table["z_min"]), np.asarray(table["z_max"])]) if {"z_min", "z_max"} <= table.keys() else None
    return Content(ids, [str(kind) for kind in table.get("kind", [])], shown, drawn, z_range), findings


def check_step(content: Content) -> Iterator[Finding]:
    """A grid too coarse for what it shows: 0.5 mm for buildings, 2 cm for the city and terrain."""
    for one in content.drawn:
        kinds = {content.kinds[row] for row in np.unique(one.rows).tolist() if 0 <= row < len(content.kinds)}
        limit = MAX_STEP_CITY_M if kinds and kinds <= CITY_KINDS else MAX_STEP_BIM_M
        if one.step_m > limit * STEP_TOLERANCE:
            yield "TILES_STEP_COARSE", f"positions lie on a grid of {one.step_m * 1000:.2f} mm, more than {limit * 1000:g} mm"
            return


def check_boxes(content: Content, local: Box | None, above: list[Box], matrix: Float64) -> Iterator[Finding]:
    """Vertices outside the boxes `above` (outermost frame); `local` is the tile's own box in its own frame."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    worst = 0.0
    for points, _ in _samples(content):
        low, high = np.minimum(low, points.min(axis=0)), np.maximum(high, points.max(axis=0))
        world = moved(points, matrix)
        worst = max([worst, *(box.excess(world) for box in above)])
    if not np.isfinite(low).all():
        yield "TILES_GLB_INVALID", "nothing is drawn, or coordinates are not finite"
    elif worst > INSIDE_M:
        if local is not None and any(swap.excess(corners_of(low, high)) <= INSIDE_M for swap in local.axis_swaps()):
            yield "TILES_BOX_AXES_SWAPPED", "the content fits its tile's box only with y and z exchanged"
        else:
            yield "TILES_CONTENT_OUTSIDE_BOX", f"vertices lie up to {worst:.3f} m outside the boxes of its tile or the tiles above"


def check_place(content: Content, place: SitePlace, matrix: Float64, boxes: Mapping[str, Float64]) -> Iterator[Finding]:
    """Features that by pyproj's way back from ECEF are not within the site, not at their columns' heights, not in the store's `boxes`."""
    rows = len(content.ids)
    found = np.stack([np.full((rows + 1, 3), np.inf), np.full((rows + 1, 3), -np.inf)])
    for points, owners in _samples(content):
        owners = np.where((owners >= 0) & (owners < rows), owners, rows)
        xyz = place.site_xyz(moved(points, matrix))
        np.minimum.at(found[0], owners, xyz)
        np.maximum.at(found[1], owners, xyz)
    whole = np.array([found[0].min(axis=0), found[1].max(axis=0)])
    if not np.isfinite(whole).all():
        return
    farthest = float(np.linalg.norm(whole.mean(axis=0)))
    if farthest > place.site.radius_m:
        where = place.describe(place.ecef(whole.mean(axis=0)))
        yield "TILES_FAR_FROM_SITE", f"{where}: {farthest:,.0f} m from the site's origin (radius {place.site.radius_m:,.0f} m)"
        return
    tolerance = PLACE_M + content.step_m
    shown = np.array(content.shown, dtype=np.int64)
    if content.z_range is not None and len(shown):
        off = float(np.abs(found[:, shown, 2] - content.z_range[:, shown]).max())
        if off > tolerance:
            yield "TILES_PLACE_DISAGREES", f"z in the site's frame differs by up to {off:.3f} m from the columns z_min, z_max"
    known = [row for row in content.shown if content.ids[row] in boxes]
    if known:
        offs = np.abs(found[:, known] - np.stack([boxes[content.ids[row]] for row in known], axis=1)).max(axis=(0, 2))
        if offs.max() > tolerance:
            worst = content.ids[known[int(offs.argmax())]]
            count = int((offs > tolerance).sum())
            yield "TILES_PLACE_DISAGREES", f"{count} features are not where the store has them, {worst} by {offs.max():.3f} m"


def moved(points: Float64, matrix: Float64) -> Float64:
    """Points (n, 3) under a 4×4 transform."""
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def _samples(content: Content) -> Iterator[tuple[Float64, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]]:
    for one in content.drawn:
        yield from one.samples()
