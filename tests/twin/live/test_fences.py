"""A fence is crossed when a device is clearly on the other side, or stays there; wavering on the edge is no crossing."""

import numpy as np

from twin.live.fences import Fences, Near

SECOND = 1_000_000
FENCE = "zone:Z"


def at(depth_m: float, *, inside: bool, reach_m: float = 30.0) -> Near:
    """One point so far from the edge of one fence."""
    near = inside or depth_m <= reach_m
    count = int(near)
    return Near(
        point=np.zeros(count, dtype=np.int64),
        feature=[FENCE] * count,
        inside=np.array([inside] * count, dtype=bool),
        depth_m=np.array([depth_m] * count, dtype=float),
        fence=np.ones(count, dtype=bool),
    )


def crossed(
    fences: Fences, near: Near, second: int, *, accuracy_m: float = 4.0, trusted: bool = True
) -> tuple[list[bool], tuple[str, ...]]:
    found, places = fences.cross(np.array([7]), near, np.array([accuracy_m]), np.array([second * SECOND]), np.array([trusted], dtype=bool))
    return [crossing.entered for crossing in found], places[0]


def test_who_is_clearly_inside_has_entered_and_clearly_outside_has_left() -> None:
    fences = Fences()
    assert crossed(fences, at(5, inside=True), 0) == ([True], (FENCE,))
    assert crossed(fences, at(8, inside=True), 1) == ([], (FENCE,))
    assert crossed(fences, at(99, inside=False), 2) == ([False], ())
    assert fences.members == {}


def test_wavering_on_the_edge_is_no_crossing_but_the_place_is_told() -> None:
    fences = Fences()
    for second in range(0, 3600, 10):
        inside = second // 10 % 2 == 0
        assert crossed(fences, at(2, inside=inside), second) == ([], (FENCE,) if inside else ())


def test_staying_a_minute_on_the_other_side_is_a_crossing_however_near_the_edge() -> None:
    fences = Fences()
    told = [crossed(fences, at(1, inside=True), second)[0] for second in range(0, 80, 10)]
    assert told == [[], [], [], [], [], [], [True], []]


def test_what_is_inexact_needs_to_be_deeper_inside() -> None:
    fences = Fences()
    assert crossed(fences, at(9, inside=True), 0, accuracy_m=25.0)[0] == []
    assert crossed(fences, at(13, inside=True), 1, accuracy_m=25.0)[0] == [True]


def test_a_position_that_is_not_trusted_crosses_nothing_and_hides_all_the_same() -> None:
    fences = Fences()
    assert crossed(fences, at(20, inside=True), 0, trusted=False) == ([], (FENCE,))
    assert crossed(fences, at(20, inside=True), 1) == ([True], (FENCE,))
    assert crossed(fences, at(90, inside=False), 2, trusted=False) == ([], (FENCE,))


def test_what_was_kept_goes_on_where_it_was() -> None:
    fences = Fences()
    crossed(fences, at(5, inside=True), 0)
    crossed(fences, at(1, inside=False), 10)
    again = Fences.untold(fences.told())
    assert crossed(again, at(1, inside=False), 69)[0] == []
    assert crossed(again, at(1, inside=False), 70)[0] == [False]
