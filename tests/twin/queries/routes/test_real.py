"""Real models: the institute's rooms reached or listed, the duplex by numbers counted by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from twin.queries.routes import Closures, Network, evacuation, route, unreached_rooms

Find = Callable[[str], Network]
OUT_M = 0.05 + 0.8
"""From a door's middle out, half a thin leaf and the step outside; thicker frames a little more."""


def rooms_of(network: Network) -> dict[str, str]:
    return {nodes.room.name: room for room, nodes in network.rooms.items()}


def test_every_room_of_the_institute_is_reached_or_listed(real: Find) -> None:
    network = real("ac11_institute_var2")
    answer = evacuation(network)
    assert len(answer.rooms) == 80
    assert {row.name: row.reason for row in answer.unreached} == {"403 Dachboden-2": "no_door", "402 Dachboden-1": "no_door"}
    assert len(set(answer.exits)) == 1
    ways = next(ways for ways in network.buildings if ways.plan.rooms)
    assert [len(rise.landings) for rise in ways.rises] == [2, 2, 2, 2]
    assert all(rise.assumed is False for rise in ways.rises)
    assert ways.assumed_ground
    joined = [join for join in ways.doors if None not in join.rooms]
    assert (len(ways.doors), len(joined)) == (77, 76)


def test_from_an_attic_without_a_door_there_is_no_way(real: Find) -> None:
    network = real("ac11_institute_var2")
    rooms = rooms_of(network)
    answer = route(network, rooms["402 Dachboden-1"], rooms["101 Buero Meier"])
    assert answer.reason == "no_door"
    assert answer.as_json()["words"]["zh"] == "没有门、洞口或楼梯通到这个房间"


def test_closing_each_door_of_the_institute_in_turn_never_shortens_a_way(real: Find) -> None:
    network = real("ac11_institute_var2")
    free = evacuation(network)
    known = dict(zip(free.rooms, free.metres, strict=True))
    ways = next(ways for ways in network.buildings if ways.plan.rooms)
    cut = 0
    for join in ways.doors:
        shut = evacuation(network, closures=Closures.of(network, [join.door.id]))
        assert all(metres >= known[room] - 1e-9 for room, metres in zip(shut.rooms, shut.metres, strict=True))
        assert {*shut.rooms, *(row.room for row in shut.unreached)} == {*free.rooms, *(row.room for row in free.unreached)}
        cut += len(shut.unreached) > len(free.unreached)
    assert cut == len(ways.doors) - 3, "206 and 207 have a door each and one between them, a way round for each other"


def test_the_duplex_by_hand(real: Find) -> None:
    network = real("duplex_A_20110907")
    rooms = rooms_of(network)
    ways = next(ways for ways in network.buildings if ways.plan.rooms)
    assert len(ways.doors) == 14
    assert sum(join.outside is not None for join in ways.doors) == 4
    assert {row.name for row in unreached_rooms(network)} == {"R301 Roof"}
    for rise in ways.rises:
        run, climb = 14 * 0.26, 16 * 0.1782
        assert rise.landings[-1].along_m == pytest.approx(np.hypot(run, climb), abs=0.02)
    upstairs = route(network, rooms["A203 Bedroom 2"], rooms["A102 Living Room"], cost="metres")
    assert [step.kind for step in upstairs.steps if step.kind.startswith("stairs")] == ["stairs_down"]
    assert len(upstairs.doors) == 1
    assert route(network, rooms["A103 Kitchen"], rooms["A102 Living Room"]).doors == ()


def test_the_two_flats_of_the_duplex_are_alike(real: Find) -> None:
    network = real("duplex_A_20110907")
    answer = evacuation(network)
    metres = {network.rooms[room].room.name: length for room, length in zip(answer.rooms, answer.metres.tolist(), strict=True)}
    for name in ("101 Foyer", "102 Living Room", "103 Kitchen", "104 Bathroom 1", "201 Hallway", "202 Bedroom 1", "203 Bedroom 2"):
        assert metres[f"A{name}"] == pytest.approx(metres[f"B{name}"], abs=0.05)


def test_the_living_room_of_the_duplex_by_hand(real: Find) -> None:
    """Its garden door is 0.97 m wide at (445.94 − 440.60, 17.58 − 17.38) from the room's corner: the opposite corner is farthest."""
    network = real("duplex_A_20110907")
    rooms = rooms_of(network)
    answer = evacuation(network)
    living = answer.rooms.index(rooms["A102 Living Room"])
    room = network.rooms[rooms["A102 Living Room"]].room
    x0, y0, _, y1 = room.outline.bounds
    door = next(join.door for ways in network.buildings for join in ways.doors if join.door.id == answer.exits[living])
    entry = (float(door.middle[0]), y0 + 0.25)
    across = np.hypot(entry[0] - (x0 + 0.25), (y1 - 0.25) - entry[1])
    out = (y0 + 0.25 - door.middle[1]) + door.thickness_m / 2 + 0.8
    assert answer.metres[living] == pytest.approx(across + out, abs=0.05)
