"""Slots against a plain loop over sets."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.placement import Taken, assign_slots

slots = st.integers(min_value=-1, max_value=12)
room_numbers = st.integers(min_value=0, max_value=3)
asked_for = st.lists(st.tuples(room_numbers, slots), max_size=40)


def by_hand(asked: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[int]:
    used = {pair for pair in taken if pair[1] >= 0}
    given_: dict[int, int] = {}
    for i, (room, held) in enumerate(asked):
        if held >= 0 and (room, held) not in used:
            used.add((room, held))
            given_[i] = held
    for i, (room, _) in enumerate(asked):
        if i not in given_:
            given_[i] = next(n for n in range(100) if (room, n) not in used)
            used.add((room, given_[i]))
    return [given_[i] for i in range(len(asked))]


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


@given(asked_for, asked_for)
@settings(max_examples=400, deadline=None)
def test_slots_are_those_of_a_loop_over_sets(asked: list[tuple[int, int]], taken: list[tuple[int, int]]) -> None:
    room, slot = columns(taken)
    assert assign_slots(*columns(asked), Taken(room=room, slot=slot)).tolist() == by_hand(asked, taken)


@given(asked_for)
@settings(max_examples=100, deadline=None)
def test_slots_once_given_stay_when_others_come_and_go(asked: list[tuple[int, int]]) -> None:
    room, held = columns(asked)
    first = assign_slots(room, held)
    left, entering = np.arange(len(room)) % 2 == 0, np.zeros(5, dtype=np.int64)
    again = assign_slots(np.concatenate((entering, room[left])), np.concatenate((entering - 1, first[left])))
    assert again[5:].tolist() == first[left].tolist()


def test_a_slot_no_room_could_have_is_given_anew() -> None:
    assert assign_slots(np.array([4]), np.array([2**40])).tolist() == [0]
