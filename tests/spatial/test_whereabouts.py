"""Room, storey, building and zone of points: stairs, slabs, hidden rooms, and how sure an answer is, each told by hand."""

import numpy as np
import pytest
import shapely

from spatial.bodies import Bodies
from spatial.whereabouts import Known, Located, Whereabouts

OFFICE, CORRIDOR, STAIR, UPPER, CLOSET = range(5)
GROUND, FIRST = range(2)


@pytest.fixture(scope="module")
def house() -> Whereabouts:
    """Two floors of 3 m, 12 by 10 m, rooms 2.8 m high: an office with a closet in it, a corridor, a room above; a stair through both."""
    plans = [(0, 0, 6, 5), (0, 5, 12, 7), (8, 0, 12, 5), (0, 0, 6, 5), (1, 1, 2, 2)]
    heights = [(0, 2.8), (0, 2.8), (0, 5.8), (3, 5.8), (0, 2.8)]
    outline = shapely.box(-0.3, -0.3, 12.3, 10.3)
    rooms = Bodies.build([shapely.box(*plan) for plan in plans], np.array(heights))
    storeys = Bodies.build([outline, outline], np.array([[0.0, 3.0], [3.0, 6.0]]))
    buildings = Bodies.build([outline], np.array([[-0.5, 6.5]]))
    zones = Bodies.build([shapely.box(5, 0, 12, 10)], np.array([[0.0, 6.0]]))
    return Whereabouts.build(
        rooms,
        storeys,
        buildings,
        zones,
        room_storey=np.array([GROUND, GROUND, GROUND, FIRST, GROUND]),
        room_building=np.zeros(5, dtype=np.int64),
        storey_building=np.zeros(2, dtype=np.int64),
    )


def at(house: Whereabouts, *point: float, accuracy: float | None = None, known: Known | None = None) -> Located:
    return house.locate(np.array([point]), None if accuracy is None else np.array([accuracy]), known)


def rows(found: Located) -> tuple[int, int, int, int]:
    return int(found.room[0]), int(found.storey[0]), int(found.building[0]), int(found.zone[0])


def possible(found: Located) -> list[int]:
    return [int(row) for row in found.possible_rooms[found.possible_starts[0] : found.possible_starts[1]]]


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((3, 3, 1), (OFFICE, GROUND, 0, -1)),
        ((1.5, 1.5, 1), (CLOSET, GROUND, 0, -1)),
        ((1, 1.5, 1), (CLOSET, GROUND, 0, -1)),
        ((3, 5, 1), (CORRIDOR, GROUND, 0, -1)),
        ((10, 2, 1), (STAIR, GROUND, 0, 0)),
        ((10, 2, 4), (STAIR, FIRST, 0, 0)),
        ((10, 2, 3), (STAIR, FIRST, 0, 0)),
        ((3, 3, 2.9), (-1, GROUND, 0, -1)),
        ((3, 3, 3), (UPPER, FIRST, 0, -1)),
        ((3, 9, 4), (-1, FIRST, 0, -1)),
        ((3, 3, -0.2), (-1, -1, 0, -1)),
        ((30, 3, 1), (-1, -1, -1, -1)),
    ],
)
def test_each_level_of_a_point(house: Whereabouts, point: tuple[float, ...], expected: tuple[int, ...]) -> None:
    """On the face of two rooms the smaller (the corridor, 24 m² against 30); on a slab the upper; in a stair the storey by height."""
    assert rows(at(house, *point)) == expected
    assert rows(at(house, *point, accuracy=0.0)) == expected


def test_a_hidden_room_does_not_exist(house: Whereabouts) -> None:
    hidden = Known(rooms=np.array([False, True, True, True, False]))
    for accuracy in (None, 0.5):
        found = at(house, 1.5, 1.5, 1, accuracy=accuracy, known=hidden)
        assert rows(found) == (-1, GROUND, 0, -1) and possible(found) == [] and found.room_certain[0]
    assert rows(at(house, 3, 3, 1, known=Known(storeys=np.array([False, True]))))[:2] == (OFFICE, -1)
    assert rows(at(house, 3, 3, 1, known=Known(buildings=np.array([False]))))[2] == -1
    assert rows(at(house, 10, 2, 1, known=Known(zones=np.array([False]))))[3] == -1


def test_how_sure(house: Whereabouts) -> None:
    sure = at(house, 4, 3, 1.4, accuracy=1.0)
    assert sure.room_certain[0] and sure.storey_certain[0] and sure.building_certain[0] and possible(sure) == [OFFICE]
    doubtful = at(house, 3, 4.5, 1.4, accuracy=1.0)
    assert rows(doubtful)[0] == OFFICE and not doubtful.room_certain[0] and possible(doubtful) == [CORRIDOR, OFFICE]
    assert doubtful.storey_certain[0] and doubtful.building_certain[0]
    near_closet = at(house, 2.5, 1.5, 1.4, accuracy=0.6)
    assert rows(near_closet)[0] == OFFICE and not near_closet.room_certain[0] and possible(near_closet) == [CLOSET, OFFICE]
    closet = at(house, 1.5, 1.5, 1.4, accuracy=0.4)
    assert rows(closet)[0] == CLOSET and closet.room_certain[0] and possible(closet) == [CLOSET, OFFICE]
    through_slab = at(house, 3, 3, 2.5, accuracy=0.6)
    assert not through_slab.room_certain[0] and not through_slab.storey_certain[0] and possible(through_slab) == [OFFICE, UPPER]
    outside = at(house, 30, 30, 1, accuracy=2.0)
    assert rows(outside) == (-1, -1, -1, -1) and outside.room_certain[0] and outside.building_certain[0]
    facade = at(house, 12.4, 9, 1, accuracy=0.5)
    assert rows(facade)[2] == -1 and not facade.building_certain[0]
    zoned = at(house, 10, 2, 1, accuracy=0.5)
    assert zoned.zone_certain[0] and not at(house, 5.1, 2, 1, accuracy=0.5).zone_certain[0]


def test_without_a_height_every_floor_is_possible(house: Whereabouts) -> None:
    found = at(house, 3, 3, np.nan)
    assert rows(found) == (-1, -1, 0, -1) and possible(found) == [OFFICE, UPPER]
    assert not found.room_certain[0] and not found.storey_certain[0]


def test_many_points_are_answered_as_one_by_one(house: Whereabouts) -> None:
    points = np.random.default_rng(3).uniform((-1, -1, -1), (13, 11, 7), (300, 3))
    radii = np.random.default_rng(4).uniform(0, 1, 300)
    points[::7, 2] = np.nan
    together = house.locate(points, radii)
    for i in range(0, 300, 3):
        alone = house.locate(points[i : i + 1], radii[i : i + 1])
        for name in ("room", "storey", "building", "zone", "room_certain", "storey_certain", "building_certain", "zone_certain"):
            assert getattr(together, name)[i] == getattr(alone, name)[0], (name, points[i])
        rooms = together.possible_rooms[together.possible_starts[i] : together.possible_starts[i + 1]]
        assert rooms.tolist() == alone.possible_rooms.tolist()


@pytest.mark.parametrize(("top", "passes"), [(4.0, False), (4.7, True)])
def test_a_hall_under_a_high_roof_passes_the_upper_storey(top: float, passes: bool) -> None:
    """The upper storey is 10 m high to the ridge: half of it nobody takes, 1.5 m of it is a floor's worth."""
    plan = shapely.box(0, 0, 10, 10)
    none = Bodies.build([], np.zeros((0, 2)))
    where = Whereabouts.build(
        Bodies.build([plan], np.array([[0, top]])),
        Bodies.build([plan, plan], np.array([[0.0, 3.0], [3.0, 13.0]])),
        Bodies.build([plan], np.array([[0.0, 13.0]])),
        none,
        room_storey=np.array([GROUND]),
        room_building=np.array([0]),
        storey_building=np.array([0, 0]),
    )
    assert rows(at(where, 5, 5, 3.5))[:2] == (0, FIRST if passes else GROUND)
