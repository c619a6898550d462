"""The ground: an error below the tolerance everywhere, no cracks, samples exactly on its triangles."""

import numpy as np
import pytest
import shapely

from cim.drape import Drape
from cim.ground import Ground
from spatial.mesh import Float64
from tests.cim.frames import frame_at


def bumpy(rows: int = 90, columns: int = 70, *, holes: bool = True) -> Float64:
    y, x = np.mgrid[0:rows, 0:columns] * 1.0
    z = 12 * np.exp(-((x - 30) ** 2 + (y - 50) ** 2) / 200) + 0.02 * np.random.default_rng(3).normal(size=x.shape)
    if holes:
        z[20:31, 40:46] = np.nan
        z[70, 10] = np.nan
    return z


def ground(*, holes: bool = True, tolerance: float = 0.1) -> Ground:
    return Ground.of(bumpy(holes=holes), (5.0, -7.0), 2.0, tolerance_m=tolerance, chunk=16)


def by_triangles(surface: Ground, xy: Float64) -> Float64:
    """z by searching every triangle, with numpy alone."""
    corners = surface.vertices[surface.triangles]
    result = np.full(len(xy), np.nan)
    for k, point in enumerate(xy):
        for a, b, c in corners:
            weights = np.linalg.solve(np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1.0, 1.0, 1.0]]), [*point, 1.0])
            if weights.min() >= -1e-12:
                result[k] = weights @ [a[2], b[2], c[2]]
                break
    return result


def test_samples_lie_on_the_triangles_and_are_nan_beside_them() -> None:
    surface = ground(tolerance=0.5)
    rng = np.random.default_rng(1)
    asked = np.concatenate([rng.uniform((0, -12), (150, 175), (60, 2)), surface.vertices[::29, :2]])
    assert surface.sample(asked) == pytest.approx(by_triangles(surface, asked), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("tolerance", [0.0, 0.05, 0.3])
def test_no_grid_point_is_missed_by_more_than_the_tolerance(tolerance: float) -> None:
    z = bumpy()
    surface = Ground.of(z, (0.0, 0.0), 1.0, tolerance_m=tolerance, chunk=16)
    j, i = np.nonzero(np.isfinite(z))
    difference = np.abs(surface.sample(np.column_stack([i, j]).astype(float)) - z[j, i])
    assert np.nanmax(difference) <= tolerance + 1e-9
    assert surface.error_m == pytest.approx(float(np.nanmax(difference)), abs=1e-12)


def test_flat_ground_needs_few_triangles_and_a_bump_more() -> None:
    flat = Ground.of(np.zeros((65, 65)), (0.0, 0.0), 1.0, tolerance_m=0.1, chunk=16)
    assert len(flat.triangles) == 32
    assert 100 < len(ground(holes=False).triangles) < 2 * 89 * 69


def test_there_are_no_cracks_inside_and_holes_stay_open() -> None:
    surface = ground()
    edges = np.sort(np.concatenate([surface.triangles[:, [0, 1]], surface.triangles[:, [1, 2]], surface.triangles[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    assert count.max() == 2
    ends = surface.vertex_cells[unique[count == 1]]
    border = ((ends[:, :, 0] == 0) | (ends[:, :, 0] == 69)).all(axis=1) | ((ends[:, :, 1] == 0) | (ends[:, :, 1] == 89)).all(axis=1)
    hole = ((ends[:, :, 0] >= 39) & (ends[:, :, 0] <= 46) & (ends[:, :, 1] >= 19) & (ends[:, :, 1] <= 31)).all(axis=1)
    pinhole = (np.abs(ends - [10, 70]) <= 1).all(axis=(1, 2))
    assert (border | hole | pinhole).all()
    assert np.isnan(surface.sample([[5 + 2 * 43, -7 + 2 * 25]])).all()


def test_triangles_are_counter_clockwise_and_stay_in_their_chunk() -> None:
    surface = ground()
    corners = surface.vertices[surface.triangles]
    assert np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2].min() > 0
    cells = surface.vertex_cells[surface.triangles]
    assert (np.ceil(cells.max(axis=1) / 16) - np.floor(cells.min(axis=1) / 16) <= 1).all()


def test_the_level_ground_has_the_origins_height_everywhere() -> None:
    frame = frame_at("EPSG:4549", 429430.0, 2886950.0, height=33.0)
    surface = Ground.level(frame, 2000.0)
    heights = frame.to_lon_lat_height(surface.vertices)[:, 2]
    assert heights == pytest.approx(np.full(len(heights), 33.0), abs=0.02)
    assert surface.sample([[2000.0, 0.0]])[0] == pytest.approx(-0.31, abs=0.02)


def test_a_draped_area_lies_exactly_its_offset_above_the_triangles_without_gap() -> None:
    surface = ground(holes=False)
    area = shapely.Point(65, 90).buffer(31).difference(shapely.box(50, 80, 70, 100))
    laid = Drape(surface).lay(area, 0.1)
    points = laid.corners.reshape(-1, 3)
    assert points[:, 2] - surface.sample(points[:, :2]) == pytest.approx(np.full(len(points), 0.1), abs=1e-9)
    middles = laid.corners.mean(axis=1)
    assert middles[:, 2] - surface.sample(middles[:, :2]) == pytest.approx(np.full(len(middles), 0.1), abs=1e-9)
    doubled = np.cross(laid.corners[:, 1] - laid.corners[:, 0], laid.corners[:, 2] - laid.corners[:, 0])[:, 2]
    assert doubled.min() > 0
    assert doubled.sum() / 2 == pytest.approx(area.area, rel=1e-9)
    assert laid.outside_m2 == 0


def test_what_lies_beside_the_terrain_is_laid_at_its_edge_and_measured() -> None:
    surface = ground(holes=False)
    laid = Drape(surface).lay(shapely.box(-95, 60, 25, 80), 0.05)
    assert laid.outside_m2 == pytest.approx(100 * 20)
    doubled = np.cross(laid.corners[:, 1] - laid.corners[:, 0], laid.corners[:, 2] - laid.corners[:, 0])[:, 2]
    assert doubled.sum() / 2 == pytest.approx(120 * 20)


def test_beside_the_terrain_the_height_is_that_of_the_nearest_border_also_at_a_hole() -> None:
    surface = ground()
    edges = np.sort(np.concatenate([surface.triangles[:, [0, 1]], surface.triangles[:, [1, 2]], surface.triangles[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    border = [shapely.LineString(surface.vertices[edge]) for edge in unique[count == 1]]
    asked = np.array([(-40.0, 30.0), (500.0, 600.0), (91.3, 44.7), (0.0, 0.0), (60.0, 60.0)])
    z, outside = surface.sample_or_nearest(asked)
    assert outside.tolist() == [True, True, True, True, False]
    for point, height in zip(asked[:4], z[:4], strict=True):
        near = min(border, key=lambda edge: float(shapely.force_2d(edge).distance(shapely.Point(point))))
        flat = shapely.force_2d(near)
        share = flat.project(shapely.Point(point), normalized=True)
        ends = shapely.get_coordinates(near, include_z=True)
        assert height == pytest.approx(ends[0, 2] + share * (ends[1, 2] - ends[0, 2]), abs=1e-9)


def test_a_line_bends_wherever_the_ground_does() -> None:
    surface = ground(holes=False)
    (path,) = Drape(surface).line(shapely.LineString([(10, 0), (130, 160)]))
    steps = np.linspace(path[:-1], path[1:], 7).reshape(-1, 3)
    assert steps[:, 2] == pytest.approx(surface.sample(steps[:, :2]), abs=1e-6)
