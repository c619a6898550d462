"""Stairs, lifts, openings, exits and gates with numbers computed by hand."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import box

from spatial.feature import Feature, FeatureId, Kind
from spatial.source import Source
from tests.twin.queries.routes.houses import door, flight, house, room, slab, wall, way
from twin.errors import Invalid, NotFound
from twin.queries.routes import Closures, Network, evacuation, find_place, nearest, route, summary, unreached_rooms
from twin.queries.routes.ground import Ground
from twin.queries.routes.rules import shipped_rules
from twin.queries.routes.scene import Lift, Stair
from twin.queries.routes.stairs import walking_line

GROUND = np.array([[(-60, -60, 0), (60, -60, 0), (60, 60, 0)], [(-60, -60, 0), (60, 60, 0), (-60, 60, 0)]], dtype=np.float64)
STEP_M = float(np.hypot(0.3, 0.15))
FLIGHT_M = 18 * STEP_M
WALK = 1.19


def two_storeys() -> Network:
    """A hall with a flight of 19 treads up to a gallery; the door out is in the hall's south wall."""
    stair = flight("stair", 2.0, 2.0, 0.0, steps=19)
    return house([room("hall", (0, 0, 12, 6)), room("gallery", (0, 0, 12, 6), 3.0)], [door("out", 1.0, -0.1, (0, 1))], stairs=[stair])


def test_a_flight_is_as_long_as_the_line_over_its_treads() -> None:
    line = walking_line(flight("stair", 2.0, 2.0, 0.0, steps=19), 0.05)
    assert line[[0, -1]] == pytest.approx(np.array([[2.15, 2.5, 0.15], [2.15 + 18 * 0.3, 2.5, 2.85]]))
    assert len(line) == 19


def test_stairs_join_storeys_both_ways() -> None:
    network = two_storeys()
    up = route(network, (2.15, 2.5, 0.0), (7.55, 2.5, 3.0))
    assert up.metres == pytest.approx(FLIGHT_M)
    assert up.seconds == pytest.approx(FLIGHT_M / 0.92)
    assert [step.kind for step in up.steps if step.metres > 1e-6] == ["stairs_up"]
    assert "走stair上楼到storey 3" in [step.words.zh for step in up.steps]
    down = route(network, (7.55, 2.5, 3.0), (2.15, 2.5, 0.0))
    assert down.metres == pytest.approx(FLIGHT_M)
    assert "Take stair down to storey 0" in [step.words.en for step in down.steps]
    assert up.storeys[0] == "storey 0" and up.storeys[-1] == "storey 3"
    shut = route(network, "hall", "gallery", closures=Closures.of(network, ["stair"]))
    assert (shut.reason, shut.closed_by) == ("closed", ("stair",))
    assert shut.words is not None and shut.words.zh == "被关闭的门或区域挡住"


def test_the_way_out_of_the_gallery() -> None:
    answer = evacuation(two_storeys())
    rows = dict(zip(answer.rooms, answer.metres, strict=True))
    entry = (1.0, 0.25)
    out = 0.35 + 0.05 + 0.8
    assert rows["hall"] == pytest.approx(np.hypot(11.75 - entry[0], 5.75 - entry[1]) + out)
    corner_to_stair = max(np.hypot(7.55 - x, 2.5 - y) for x in (0.25, 11.75) for y in (0.25, 5.75))
    assert rows["gallery"] == pytest.approx(corner_to_stair + FLIGHT_M + np.hypot(2.15 - entry[0], 2.5 - entry[1]) + out)
    assert answer.exits == ("out", "out")
    assert answer.as_json()["rooms"][0]["exit"] == "out"


def test_the_way_to_the_nearest_staircase_ends_at_its_door() -> None:
    rooms = [room("office", (0, 0, 6, 6)), room("staircase", (6.8, 0, 10, 6), use="stair")]
    network = house(rooms, [door("fire door", 6.4, 3.0, (1, 0)), door("out", 8.4, -0.1, (0, 1))])
    outside, stairs = evacuation(network), evacuation(network, until="stairs")
    assert (outside.exits[0], stairs.exits[0]) == ("out", "fire door")
    assert stairs.door_metres[0] == pytest.approx(0.65)
    assert stairs.metres[0] == pytest.approx(np.hypot(5.5, 2.75) + 0.65)
    assert outside.metres[0] > stairs.metres[0] + 3.0
    shut = evacuation(network, until="stairs", closures=Closures.of(network, ["fire door"]))
    assert {row.room: row.reason for row in shut.unreached} == {"office": "closed"}


def ramped(run_m: float) -> Network:
    """Two floors a metre apart and a ramp of so many metres in plan between them; the way out is below."""
    a, b, c, d = (2.0, 2.0, 0.0), (2.0 + run_m, 2.0, 1.0), (2.0 + run_m, 3.0, 1.0), (2.0, 3.0, 0.0)
    ramp = Stair(id="ramp", name="ramp", storey=None, building="house", triangles=np.array([(a, b, c), (a, c, d)]), ramp=True)
    rooms = [room("hall", (0, 0, 30, 6)), room("platform", (0, 0, 30, 6), 1.0)]
    return house(rooms, [door("out", 1.0, -0.1, (0, 1))], stairs=[ramp])


def test_a_wheelchair_takes_a_ramp_of_one_in_twelve_and_no_steeper_one() -> None:
    gentle, steep = ramped(12.5), ramped(6.0)
    up = route(gentle, (2.0, 2.5, 0.0), (14.5, 2.5, 1.0), mode="wheelchair", cost="metres")
    assert up.metres == pytest.approx(np.hypot(12.5, 1.0), abs=0.5)
    (climb,) = [step for step in up.steps if step.feature == "ramp"]
    assert climb.kind == "ramp_up" and climb.words.zh == "沿坡道ramp上到storey 1"
    assert unreached_rooms(gentle, "wheelchair") == ()
    refused = route(steep, "hall", "platform", mode="wheelchair")
    assert (refused.metres, refused.reason) == (None, "no_lift")
    assert route(steep, "hall", "platform").metres is not None
    assert {row.room: row.reason for row in unreached_rooms(steep, "wheelchair")} == {"platform": "no_lift"}


def test_a_wheelchair_passes_no_narrow_door_and_is_told_of_steps_at_doors() -> None:
    rooms = [room("a", (0, 0, 4, 4)), room("b", (4.2, 0, 8, 4))]
    doors = [replace(door("d", 4.1, 2.0, (1, 0)), width_m=0.7), door("out", 1.0, -0.1, (0, 1))]
    between = [wall(4.1, 0, 4.1, 4)]
    network = house(rooms, doors, walls=between, ground=GROUND - [0.0, 0.0, 0.3])
    assert route(network, "a", "b").doors == ("d",)
    assert route(network, "a", "b", mode="wheelchair").reason == "door_narrow"
    assert {row.room: row.reason for row in unreached_rooms(network, "wheelchair")} == {"b": "door_narrow"}
    path = [way("path", "Path", (-10, -12, 10, -2))]
    wide = house(rooms, [door("d", 4.1, 2.0, (1, 0)), doors[1]], walls=between, ways=path, ground=GROUND - [0.0, 0.0, 0.3])
    assert route(wide, "a", "b", mode="wheelchair").notes == ()
    told = route(wide, "b", (5.0, -5.0, -0.3), mode="wheelchair").notes
    assert [(note.kind, note.features) for note in told] == [("step_at_door", ("out",))]
    assert route(wide, "b", (5.0, -5.0, -0.3)).notes == ()


def lifted() -> Network:
    """Two lobbies over each other and a shaft beside them, with a door to it on each storey."""
    levels = (0.0, 3.0)
    rooms = [room(f"{kind}{z:g}", bounds, z, use=use) for z in levels
             for kind, bounds, use in (("lobby", (0, 0, 4, 4), ""), ("shaft", (4.2, 1, 6.2, 3), "lift"))]  # fmt: skip
    doors = [door(f"lift door {z:g}", 4.1, 2.0, (1, 0), z) for z in levels]
    return house(rooms, [*doors, door("out", 2.0, -0.1, (0, 1))])


def test_a_lift_takes_its_boarding_twice_and_its_ride() -> None:
    network = lifted()
    up = route(network, (2.0, 2.0, 0.0), (2.0, 2.0, 3.0))
    walked, to_the_middle = 2.1, 1.1
    assert up.metres == pytest.approx(2 * (walked + to_the_middle) + 3.0)
    assert up.seconds == pytest.approx(2 * (walked + to_the_middle) / WALK + 2 * 15.0 + 3.0)
    assert "乘电梯上到storey 3" in [step.words.zh for step in up.steps]
    assert route(network, "lobby0", "lobby3", lifts=False).reason == "not_joined"
    assert route(network, "lobby0", "lobby3", mode="wheelchair").metres is not None
    assert {row.reason for row in unreached_rooms(network, "wheelchair")} == {"lift_shaft"}
    for shaft in ("shaft0", "shaft3"):
        assert route(network, "lobby0", "lobby3", closures=Closures.of(network, [shaft])).closed_by == (shaft,)
    assert {row.room: row.reason for row in unreached_rooms(network)} == {"shaft0": "lift_shaft", "shaft3": "lift_shaft"}
    assert {row.room: row.reason for row in evacuation(network).unreached}["lobby3"] == "closed"


def test_a_transport_element_is_a_lift_to_whose_doors_lead() -> None:
    lobbies = [room(f"lobby{z:g}", (0, 0, 4, 4), z) for z in (0.0, 3.0, 6.0)]
    doors = [door(f"lift door {z:g}", 4.1, 2.0, (1, 0), z) for z in (0.0, 6.0)]
    lift = Lift(id="lift", name="客梯", outline=box(4.3, 1, 6.3, 3), z_range=(0.0, 2.4))
    network = house(lobbies, [*doors, door("out", 2.0, -0.1, (0, 1))], lifts=[lift])
    up = route(network, (2.0, 2.0, 0.0), (2.0, 2.0, 6.0))
    assert up.metres == pytest.approx(2 * (2.1 + 1.2) + 6.0)
    assert up.seconds == pytest.approx(2 * (2.1 + 1.2) / WALK + 2 * 15.0 + 6.0)
    assert {row.room: row.reason for row in unreached_rooms(network)} == {"lobby3": "no_door"}
    assert route(network, "lobby0", "lobby6", closures=Closures.of(network, ["lift"])).closed_by == ("lift",)


def test_rooms_named_as_stairs_are_joined_where_no_stair_is_drawn() -> None:
    stairs = [room(f"stair{z:g}", (0, 0, 3, 5), z, use="stair") for z in (0.0, 3.0, 6.0)]
    network = house(stairs, [door("out", 1.0, -0.1, (0, 1))])
    rises = network.buildings[0].rises
    assert [(rise.id, rise.assumed, rise.landings[1].along_m) for rise in rises] == [("stair0", True, 6.0), ("stair3", True, 6.0)]
    assert not unreached_rooms(network)


@pytest.mark.parametrize(
    ("walls", "joined"),
    [
        ([], True),
        ([wall(4, 0, 4, 6)], False),
        ([wall(4, 0, 4, 2.0), wall(4, 3.0, 4, 6)], True),
        ([wall(4, 0, 4, 2.5), wall(4, 3.0, 4, 6)], False),
        ([wall(4, 0, 4, 6, height=0.9)], False),
        ([wall(4, 0, 4, 6, z=2.2, height=0.5)], True),
    ],
    ids=["no wall", "a wall", "a gap of a metre", "a gap of half a metre", "a parapet", "a lintel"],
)
def test_rooms_open_into_each_other_where_no_wall_stands(walls: list[np.ndarray], joined: bool) -> None:
    network = house([room("a", (0, 0, 4, 6)), room("b", (4, 0, 9, 6))], [door("out", 1.0, -0.1, (0, 1))], walls=walls)
    assert (route(network, "a", "b").metres is not None) is joined
    assert {row.room: row.reason for row in unreached_rooms(network)} == ({} if joined else {"b": "no_door"})


def test_the_way_through_a_gap_by_hand() -> None:
    walls = [wall(4, 0, 4, 2.0), wall(4, 3.0, 4, 6)]
    network = house([room("a", (0, 0, 4, 6)), room("b", (4, 0, 9, 6))], walls=walls)
    assert route(network, (1.0, 2.5, 0.0), (8.0, 2.5, 0.0), cost="metres").metres == pytest.approx(7.0)


def test_why_rooms_have_no_way_out() -> None:
    high = door("balcony", 21.0, -0.1, (0, 1), 3.0, external=True)
    source = Source(file="f", sha256="0", entity="#1")
    flat = Feature(id=FeatureId("flat"), kind=Kind.SPACE, class_name="IfcSpace", source=source, name="平")
    rooms = [
        room("reached", (0, 0, 4, 4)),
        room("walled", (0, 10, 4, 14)),
        room("ledge", (20, 0, 24, 4), 3.0),
        room("twin a", (40, 0, 44, 4), 3.0),
        room("twin b", (40, 4.2, 44, 8), 3.0),
    ]
    doors = [door("out", 1.0, -0.1, (0, 1)), high, door("between", 42.0, 4.1, (0, 1), 3.0)]
    network = house(rooms, doors, shapeless=[flat])
    assert {row.room: row.reason for row in unreached_rooms(network)} == {
        "flat": "no_outline",
        "walled": "no_door",
        "ledge": "door_leads_nowhere",
        "twin a": "storey_without_stairs",
        "twin b": "storey_without_stairs",
    }
    assert route(network, "reached", "walled").reason == "no_door"
    with pytest.raises(NotFound):
        find_place(network, "flat")
    with pytest.raises(NotFound):
        Closures.of(network, ["nothing"])


PASSAGE = [room("a", (0, 0, 4, 4)), room("b", (0, 6, 4, 10))]
PASSAGE_DOORS = [door("a door", 2.0, 4.1, (0, 1)), door("b door", 2.0, 5.9, (0, 1)), door("out", 2.0, -0.1, (0, 1))]
AROUND = [wall(-1, -0.2, -1, 11), wall(5, -0.2, 5, 11), wall(-1, 11, 5, 11), wall(-1, 4.1, 5, 4.1), wall(-1, 5.9, 5, 5.9)]


def test_a_passage_without_a_room_is_walked_on_its_slab() -> None:
    network = house(PASSAGE, PASSAGE_DOORS, walls=AROUND, slabs=[slab("slab", (-1, 0, 5, 11))])
    way_there = route(network, (2.0, 2.0, 0.0), (2.0, 8.0, 0.0))
    assert (way_there.metres, way_there.doors) == (pytest.approx(6.0), ("a door", "b door"))
    assert summary(network)["floors"] == ["slab/floor-1"]
    assert not unreached_rooms(network)
    assert route(house(PASSAGE, PASSAGE_DOORS, walls=AROUND), "a", "b").reason == "door_leads_nowhere"


def test_nobody_is_led_through_a_room_that_is_hidden() -> None:
    hidden = room("secret", (-0.9, 4.2, 4.9, 5.8))
    network = house(PASSAGE, PASSAGE_DOORS, walls=AROUND, slabs=[slab("slab", (-1, 0, 5, 11))], hidden=[hidden])
    assert route(network, "a", "b").reason == "door_leads_nowhere"
    assert summary(network)["floors"] == []


def test_a_gate_of_an_unknown_kind_is_listed() -> None:
    network = house([room("hall", (0, 0, 6, 6))], ways=[replace(way("g", "Gate", (9, 0, 9.4, 4), "walk"), kind_known=False)], ground=GROUND)
    assert summary(network)["unknown_gates"] == ["g"]


def test_a_door_high_over_ground_that_is_drawn_elsewhere_leads_nowhere() -> None:
    far = GROUND + np.array([500.0, 0.0, 0.0])
    rooms = [room("low", (0, 0, 4, 4)), room("high", (0, 0, 4, 4), 3.0)]
    network = house(rooms, [door("out", 1.0, -0.1, (0, 1)), door("balcony", 1.0, -0.1, (0, 1), 3.0)], ground=far)
    assert {row.room: row.reason for row in unreached_rooms(network)} == {"high": "door_leads_nowhere"}
    assert summary(network)["assumed_ground"] == ["house"]


def test_what_is_assumed_or_left_over_is_said() -> None:
    rooms = [*(room(f"stair{z:g}", (0, 0, 3, 5), z, use="stair") for z in (0.0, 3.0)), room("walled", (0, 10, 4, 14))]
    network = house(rooms, [door("out", 1.0, -0.1, (0, 1))], stairs=[flight("steps", 8.0, 0.0, -0.6, steps=4)])
    told = summary(network)
    assert {key: told[key] for key in ("rooms", "exits", "assumed_ground", "assumed_stairs", "loose_stairs", "detached", "floors")} == {
        "rooms": 3,
        "exits": 1,
        "assumed_ground": ["house"],
        "assumed_stairs": ["stair0"],
        "loose_stairs": ["steps"],
        "detached": ["out"],
        "floors": [],
    }
    assert [(row["room"], row["reason"]) for row in told["unreached"]] == [("walled", "no_door")]
    assert (told["nodes"], told["edges"]) == (network.graph.nodes, network.graph.edges)


def test_two_storeys_without_a_door_to_the_outside_have_no_exit() -> None:
    network = house([room("hall", (0, 0, 12, 6)), room("gallery", (0, 0, 12, 6), 3.0)], stairs=[flight("s", 2.0, 2.0, 0.0, steps=19)])
    assert {row.reason for row in unreached_rooms(network)} == {"no_exit"}
    assert evacuation(network).rooms == ()


def test_turns_at_doors_are_told() -> None:
    rooms = [room("west", (0, 0, 4, 4)), room("corridor", (4.2, -20, 6.2, 20))]
    network = house(rooms, [door("d", 4.1, 2.0, (1, 0)), door("out", 5.2, -20.1, (0, 1))], walls=[wall(4.1, -20, 4.1, 20)])
    words = [step.words.zh for step in route(network, "west", (5.0, 15.0, 0.0)).steps]
    assert "出门左转，进入corridor（d）" in words
    right = [step.words.en for step in route(network, "west", (5.0, -15.0, 0.0)).steps]
    assert "Out of the door and right, into corridor (d)" in right
    assert route(network, "west", "out").doors == ("d", "out")


def compound(gate_modes: str) -> Network:
    """A house, a road past it through a gate in the fence, which stands at x = 20."""
    ways = [
        way("road", "Road", (-50, -12, 50, -4)),
        way("fence north", "Fence", (19.9, -3, 20.1, 50)),
        way("fence south", "Fence", (19.9, -50, 20.1, -13)),
        way("gate", "Gate", (19.8, -13, 20.2, -3), gate_modes),
    ]
    return house([room("hall", (0, 0, 6, 6))], [door("out", 3.0, -0.1, (0, 1))], ways=ways, ground=GROUND)


def test_cars_and_people_pass_a_gate_and_no_fence() -> None:
    network = compound("walk car")
    driven = route(network, (40.0, -8.0, 0.0), "hall", mode="car")
    assert driven.doors == ("gate", "out")
    assert driven.metres is not None and driven.seconds is not None
    assert 30 < driven.metres < 60
    kinds = [step.kind for step in driven.steps]
    assert kinds.index("gate") < kinds.index("car_out") < kinds.index("enter")
    walked = route(network, (40.0, -8.0, 0.0), "hall")
    assert walked.doors == ("gate", "out")
    assert walked.seconds is not None and walked.seconds > driven.seconds
    assert walked.storeys[0] is None and walked.storeys[-1] == "storey 0"
    shut = route(network, (40.0, -8.0, 0.0), "hall", mode="car", closures=Closures.of(network, ["gate"]))
    assert (shut.metres, shut.closed_by) == (None, ("gate",))
    assert walked.as_json()["steps"][0]["words"]["en"] == "Start at the place given"


def test_a_gate_for_people_lets_no_car_in() -> None:
    network = compound("walk")
    kinds = [step.kind for step in route(network, (40.0, -8.0, 0.0), "hall", mode="car").steps]
    assert kinds.index("drive") < kinds.index("car_out") < kinds.index("gate")
    assert route(network, (40.0, -8.0, 0.0), "hall").doors == ("gate", "out")
    assert "进楼" in "".join(step.words.zh for step in route(network, (40.0, -8.0, 0.0), "hall").steps)


def test_places_that_are_nowhere_are_refused() -> None:
    network = compound("walk")
    for nowhere in ((0.0, 5000.0, 0.0), (40.0, -8.0, 30.0)):
        with pytest.raises(Invalid) as refused:
            route(network, nowhere, "hall")
        assert refused.value.code == "ROUTE_PLACE_APART"
    with pytest.raises(Invalid):
        route(network, (1.0, float("nan"), 0.0), "hall")
    answer = nearest(network, "hall", {"in the sky": (40.0, -8.0, 30.0), "at the gate": "gate"}, 2)
    assert (answer.apart, [one.id for one in answer.found]) == (("in the sky",), ["at the gate"])


def test_a_house_without_roads_says_so_to_a_driver() -> None:
    with pytest.raises(Invalid):
        route(two_storeys(), (1.0, 1.0, 0.0), "gallery", mode="car")


def test_the_ground_is_as_high_as_its_highest_triangle() -> None:
    slope = np.array([[(0, 0, 0), (10, 0, 5), (0, 10, 0)], [(0, 0, 1), (2, 0, 1), (0, 2, 1)], [(20, 0, 0), (20, 0, 9), (20, 9, 0)]], float)
    ground = Ground(slope)
    points = np.array([[4.0, 1.0], [0.5, 0.5], [10.5, 0.0], [20.0, 1.0], [13.0, 0.0]])
    assert ground.heights(points).tolist() == pytest.approx([2.0, 1.0, 5.25, np.nan, np.nan], nan_ok=True)
    assert Ground(np.empty((0, 3, 3))).find(points[0]) is None


def test_the_rules_are_of_the_field() -> None:
    rules = shipped_rules()
    assert rules.gates["人行"] == frozenset({"walk"})
    assert replace(rules.speed, walk_m_per_s=1.0).walk_m_per_s == 1.0
    assert rules.speed.stairs_m_per_s < rules.speed.walk_m_per_s < rules.speed.car_m_per_s
