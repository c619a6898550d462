"""Spots of rooms against shapely: inside, apart, and the same however they are asked for."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from spatial.spots import CLEARANCE_M, SpotError, spots, spots_of_rooms

TOUCHING_M = 1e-6

lengths = st.floats(min_value=0.05, max_value=30.0)
turns = st.floats(min_value=-180.0, max_value=180.0)
places = st.floats(min_value=-3000.0, max_value=3000.0)


@st.composite
def rooms(draw: st.DrawFn) -> BaseGeometry:
    """Rectangles down to slivers, L shapes, rooms with a shaft, courtyards in two parts, fans: turned, and anywhere in the site."""
    wide, deep = draw(lengths), draw(lengths)
    part = draw(st.floats(min_value=0.1, max_value=0.9))
    outlines: dict[str, BaseGeometry] = {
        "box": shapely.box(0, 0, wide, deep),
        "L": shapely.box(0, 0, wide, deep).difference(shapely.box(wide * part, deep * part, wide, deep)),
        "shaft": shapely.box(0, 0, wide, deep).difference(shapely.box(wide * 0.3, deep * 0.3, wide * 0.6, deep * 0.6)),
        "pair": shapely.MultiPolygon([shapely.box(0, 0, wide, deep), shapely.box(wide + 1, 0, 2 * wide + 1, deep)]),
        "fan": shapely.Polygon(
            [(0, 0), (wide, 0), (wide * math.cos(part), wide * math.sin(part)), (wide * part / 2, deep / 20)]
        ).convex_hull,
    }
    shape = affinity.rotate(outlines[draw(st.sampled_from(sorted(outlines)))], draw(turns), origin=(0, 0))
    return affinity.translate(shape, draw(places), draw(places))


def nearest_pair(xy: np.ndarray) -> float:
    points = shapely.points(xy)
    _, distances = shapely.STRtree(points).query_nearest(points, exclusive=True, return_distance=True)
    return float(distances.min())


@given(rooms(), st.integers(min_value=1, max_value=80), st.sampled_from([0.0, 0.1, 0.3, 1.0]))
@settings(max_examples=300, deadline=None)
def test_spots_are_inside_away_from_walls_and_from_each_other(room: BaseGeometry, count: int, clearance: float) -> None:
    found = spots(room, count, key="r", clearance_m=clearance)
    points = shapely.points(found.xy)
    assert found.xy.shape == (count, 2)
    assert shapely.covers(room.buffer(TOUCHING_M), points).all()
    assert shapely.distance(room.boundary, points).min() >= found.clearance_m[0] - TOUCHING_M
    assert 0 <= found.clearance_m[0] <= clearance
    if count > 1:
        assert nearest_pair(found.xy) >= found.spacing_m[0] * (1 - 1e-6) - 1e-9


@given(rooms(), st.sampled_from([0.1, 0.3, 1.0]))
@settings(max_examples=100, deadline=None)
def test_a_room_with_enough_floor_keeps_the_clearance_asked_for(room: BaseGeometry, clearance: float) -> None:
    found = spots(room, 5, key="r", clearance_m=clearance)
    if room.buffer(-clearance).area > 0.05:
        assert found.clearance_m[0] == clearance
        assert shapely.covers(room.buffer(-clearance * (1 - 1e-9) + TOUCHING_M, quad_segs=64), shapely.points(found.xy)).all()


@given(rooms(), st.integers(min_value=1, max_value=60), st.integers(min_value=0, max_value=200))
@settings(max_examples=150, deadline=None)
def test_a_spot_does_not_move_when_more_are_asked_for(room: BaseGeometry, few: int, more: int) -> None:
    assert np.array_equal(spots(room, few, key="r").xy, spots(room, few + more, key="r").xy[:few])


@given(rooms(), st.integers(min_value=0, max_value=11), st.booleans())
@settings(max_examples=150, deadline=None)
def test_spots_do_not_depend_on_where_the_outline_starts(room: BaseGeometry, start: int, turned: bool) -> None:
    def ring(coords: shapely.LinearRing) -> list[tuple[float, ...]]:
        corners = list(coords.coords)[:-1]
        corners = corners[start % len(corners) :] + corners[: start % len(corners)]
        return corners[::-1] if turned else corners

    parts = [
        shapely.Polygon(ring(part.exterior), [ring(hole) for hole in reversed(part.interiors)])
        for part in reversed(shapely.get_parts(room))
    ]
    again = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    assert np.array_equal(spots(room, 25, key="r").xy, spots(again, 25, key="r").xy)


@given(st.lists(st.tuples(rooms(), st.integers(min_value=0, max_value=40)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_many_rooms_at_once_get_what_each_gets_alone(asked: list[tuple[BaseGeometry, int]]) -> None:
    together = spots_of_rooms([room for room, _ in asked], [n for _, n in asked], keys=[str(i) for i in range(len(asked))])
    for i, (room, count) in enumerate(asked):
        alone = spots(room, count, key=str(i))
        assert np.array_equal(together.xy[together.starts[i] : together.starts[i + 1]], alone.xy)
        assert together.spacing_m[i] == alone.spacing_m[0]
        assert together.clearance_m[i] == alone.clearance_m[0]


def test_a_corridor_too_narrow_for_the_clearance_starts_at_its_pole_of_inaccessibility() -> None:
    corridor = shapely.box(0, 0, 12, 0.4)
    found = spots(corridor, 10, key="corridor")
    assert found.clearance_m[0] == pytest.approx(0.1)
    assert found.xy[0, 1] == pytest.approx(0.2, abs=0.01)
    assert shapely.contains_xy(corridor, *found.xy.T).all()


def test_a_plain_office_starts_in_its_middle_and_fills_evenly() -> None:
    office = shapely.box(0, 0, 4, 6)
    found = spots(office, 30, key="office")
    assert found.xy[0] == pytest.approx([2, 3], abs=0.01)
    assert found.spacing_m[0] == pytest.approx(math.sqrt(0.5))
    quarters = np.histogram2d(*found.xy.T, bins=2, range=[[0, 4], [0, 6]])[0]
    assert quarters.min() >= 3


def test_a_crammed_room_says_how_near_its_spots_are() -> None:
    found = spots(shapely.box(0, 0, 20, 30), 5000, key="archive")
    assert len(np.unique(found.xy, axis=0)) == 5000
    assert 0.2 < found.spacing_m[0] <= nearest_pair(found.xy) + 1e-9


def test_spots_line_up_with_the_walls_of_a_turned_building() -> None:
    room = affinity.rotate(shapely.box(0, 0, 8, 5), 30, origin=(0, 0))
    straight = affinity.rotate(shapely.MultiPoint(spots(room, 20, key="r").xy), -30, origin=(0, 0))
    steps = np.diff(shapely.get_coordinates(straight), axis=0) / 0.5
    assert np.abs(steps - steps.round()).max() < 1e-6


def test_what_stands_in_the_room_is_kept_clear_unless_nothing_is_left() -> None:
    room, desk = shapely.box(0, 0, 5, 5), shapely.box(1.5, 1.5, 3.5, 3.5)
    found = spots(room, 20, key="r", avoid=desk)
    assert found.avoided[0]
    assert shapely.distance(desk, shapely.points(found.xy)).min() >= CLEARANCE_M - TOUCHING_M
    full = spots(room, 20, key="r", avoid=room)
    assert not full.avoided[0]
    assert np.array_equal(full.xy, spots(room, 20, key="r").xy)


def test_the_key_orders_the_spots_so_that_rooms_above_each_other_differ() -> None:
    room = shapely.box(0, 0, 7, 7)
    below, above = spots(room, 40, key="201").xy, spots(room, 40, key="301").xy
    assert not np.array_equal(below, above)


def test_an_outline_that_crosses_itself_still_has_spots() -> None:
    bow_tie = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    found = spots(bow_tie, 12, key="r")
    assert shapely.contains_xy(shapely.make_valid(bow_tie), *found.xy.T).all()


@pytest.mark.parametrize(
    "outline",
    [shapely.Polygon(), shapely.LineString([(0, 0), (3, 0)]), shapely.Polygon([(0, 0), (3, 0), (6, 0)]), shapely.box(0, 0, math.nan, 1)],
    ids=["empty", "a line", "flat", "not a number"],
)
def test_an_outline_without_area_is_refused_by_name(outline: BaseGeometry) -> None:
    with pytest.raises(SpotError, match="r-9: an outline without area") as caught:
        spots(outline, 1, key="r-9")
    assert caught.value.code == "ROOM_WITHOUT_AREA"


def test_a_negative_clearance_and_columns_of_different_length_are_refused() -> None:
    with pytest.raises(SpotError, match="clearance"):
        spots(shapely.box(0, 0, 1, 1), 1, key="r", clearance_m=-1)
    with pytest.raises(SpotError, match="2 outlines, 1 counts"):
        spots_of_rooms([shapely.box(0, 0, 1, 1)] * 2, [1], keys=["a", "b"])
