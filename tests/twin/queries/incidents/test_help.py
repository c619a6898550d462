"""Guards come to what stands in a fence on the side that they reach sooner, and to what hangs high on the ground below it."""

import pytest

from tests.twin.queries.routes.test_by_hand import compound
from twin.errors import Invalid
from twin.queries.incidents.around import Spot3
from twin.queries.incidents.help import nearest_to
from twin.queries.routes import nearest

IN_THE_FENCE = (20.0, 20.0, 1.3)
WEST, EAST = (0.0, -8.0, 0.0), (40.0, -8.0, 0.0)


def test_a_point_in_the_fence_is_one_that_no_way_leads_to() -> None:
    with pytest.raises(Invalid) as refused:
        nearest(compound("walk car"), IN_THE_FENCE, {"west": WEST}, 1)
    assert refused.value.code == "ROUTE_PLACE_APART"


@pytest.mark.parametrize(("posts", "first"), [({"west": WEST, "far": (-50.0, -8.0, 0.0)}, "west"), ({"east": EAST}, "east")])
def test_guards_come_to_the_fence_on_their_own_side(posts: dict[str, tuple[float, float, float]], first: str) -> None:
    found, target = nearest_to(compound("walk car"), Spot3(place="perimeter_segment:P", site_xyz=IN_THE_FENCE), posts, 3)
    assert found.found[0].id == first and len(found.found) == len(posts)
    assert (target[0] < 19.9) if first == "west" else (target[0] > 20.1)
    assert abs(float(target[0]) - 20.0) <= 3.0 and abs(float(target[1]) - 20.0) <= 3.0


def test_the_way_to_what_hangs_high_ends_on_the_ground_below_it() -> None:
    found, target = nearest_to(compound("walk car"), Spot3(place=None, site_xyz=(10.0, -8.0, 8.0)), {"west": WEST}, 1)
    assert (found.found[0].id, target) == ("west", [10.0, -8.0, 0.0])


def test_a_room_is_come_to_as_itself() -> None:
    found, target = nearest_to(compound("walk car"), Spot3(place="hall", site_xyz=(float("nan"),) * 3), {"east": EAST}, 1)
    assert (found.found[0].id, target) == ("east", "hall")


def test_a_point_on_the_ground_under_a_room_is_in_the_room() -> None:
    network = compound("walk car")
    floor = next(iter(network.rooms.values())).room.floor_z
    found, target = nearest_to(network, Spot3(place=None, site_xyz=(3.0, 3.0, floor - 0.9)), {"east": EAST}, 1)
    assert (found.found[0].id, target) == ("east", [3.0, 3.0, pytest.approx(floor + 0.1)])
