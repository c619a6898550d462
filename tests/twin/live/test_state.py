"""The state by number: a replica that follows the changes is the state, whatever came between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors import NO_NUMBER
from twin.live.changes import Changes
from twin.live.state import ROW, LiveState

NOW = 1_790_000_000_000_000
steps = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 99), st.tuples(st.integers(-1800, 1800), st.integers(-900, 900)), max_size=6),
        st.lists(st.integers(0, 4), max_size=2),
        st.dictionaries(st.integers(0, 5), st.integers(0, 3), max_size=2),
    ),
    max_size=8,
)


def moved(state: LiveState, places: dict[int, tuple[int, int]], inside: list[int], still: dict[int, int]) -> Changes:
    handles = state.handles([f"vehicle/{key}" for key in places])
    rows = np.zeros(len(places), dtype=ROW)
    rows["lon_e7"] = [lon * 1_000_000 for lon, _ in places.values()]
    rows["lat_e7"] = [lat * 1_000_000 for _, lat in places.values()]
    rows["placed"], rows["place"] = 1, state.place(tuple(f"zone:{zone}" for zone in inside))
    return state.put(handles, rows, {f"gate/{key}": {"state": value} for key, value in still.items()}, now_us=NOW + state.number)


def require_same(one: LiveState, other: LiveState) -> None:
    assert (one.addresses, one.places, one.still, one.number) == (other.addresses, other.places, other.still, other.number)
    assert (one.current == other.current).all()


@given(steps, st.integers(0, 8))
def test_a_replica_that_joins_at_any_time_becomes_the_state(changes, joins) -> None:
    state, replica = LiveState(), LiveState()
    for turn, change in enumerate(changes):
        if turn == joins:
            replica.follow(Changes.unpack(state.whole().pack(), ROW))
        told = moved(state, *change)
        if turn >= joins:
            replica.follow(Changes.unpack(told.pack(), ROW))
            require_same(replica, state)
    replica.follow(state.whole())
    require_same(replica, state)


def test_changes_that_are_missing_are_noticed() -> None:
    state, replica = LiveState(), LiveState()
    moved(state, {1: (1, 1)}, [], {})
    with pytest.raises(ValueError, match="the state is at 0, the changes lead to 2"):
        replica.follow(moved(state, {2: (1, 1)}, [], {}))


def test_a_box_has_its_edges_and_crosses_the_antimeridian() -> None:
    state = LiveState()
    moved(state, {1: (1790, 10), 2: (-1790, 10), 3: (0, 10), 4: (100, 20)}, [], {})
    state.handles(["vehicle/never"])
    assert np.flatnonzero(state.in_box((179, 1, -179, 1))).tolist() == [0, 1]
    assert np.flatnonzero(state.in_box((0, 1, 10, 2))).tolist() == [2, 3]


def test_who_asks_since_a_number_gets_what_changed_after_it() -> None:
    state = LiveState()
    moved(state, {1: (0, 0), 2: (0, 0)}, [], {})
    moved(state, {2: (1, 1), 3: (0, 0)}, [], {})
    assert state.since(1).tolist() == [1, 2]
    assert state.current["height_cm"].tolist() == [0, 0, 0]
    assert LiveState().rows["height_cm"][0] == NO_NUMBER


def test_what_stands_still_is_found_by_the_number_that_changed_it() -> None:
    state, replica = LiveState(), LiveState()
    for still in ({1: 1, 2: 1}, {3: 1}, {1: 2}):
        replica.follow(Changes.unpack(moved(state, {}, [], still).pack(), ROW))
    for one in (state, replica):
        assert [[address for address, _ in one.still_since(number)] for number in range(4)] == [
            ["gate/2", "gate/3", "gate/1"],
            ["gate/3", "gate/1"],
            ["gate/1"],
            [],
        ]
