"""A drive told in order, and the same drive with a hole that is sent late: history, crossings and counts are the same in the end."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.twin.hub.devices import FENCE
from tests.twin.hub.drives import DEVICE, EAST, SECOND, Home, drive, same, say_late, say_live, told_in_order
from twin.hub.happening import FENCE as CROSSED
from twin.hub.rederiving import REDERIVED


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = told_in_order(tmp_path_factory.mktemp("ordered"), drive())
    yield home
    home.close()


CASES = [(30, 140, 1, "once"), (30, 140, 4, "between"), (60, 110, 3, "crash"), (0, 90, 2, "once"), (150, 240, 2, "between")]


@pytest.mark.parametrize(("begin", "end", "parts", "swept"), CASES)
def test_what_is_sent_late_ends_as_if_it_had_come_in_order(
    tmp_path: Path, ordered: Home, begin: int, end: int, parts: int, swept: str
) -> None:
    fixes = drive()
    home = Home(tmp_path)
    say_live(home, np.delete(fixes, np.s_[begin:end]))
    now_us = int(fixes["fix_us"][-1]) + 100 * SECOND
    for part in np.array_split(fixes[begin:end], parts):
        say_late(home, part, now_us)
        if swept == "between":
            home.sweep()
    if swept == "crash":
        home.crash()
    home.sweep()
    same(home, ordered, fixes)
    told = len(home.events(CROSSED)), len(home.events(REDERIVED))
    home.crash()
    home.sweep()
    same(home, ordered, fixes)
    assert (len(home.events(CROSSED)), len(home.events(REDERIVED))) == told
    assert {event.labels for event in home.events(CROSSED)} == {("restricted",)}
    home.close()


def test_what_was_sent_late_from_a_hidden_zone_stays_hidden(tmp_path: Path) -> None:
    fixes, home = drive(), Home(tmp_path)
    say_live(home, np.delete(fixes, np.s_[30:140]))
    say_late(home, fixes[30:140], int(fixes["fix_us"][-1]) + 100 * SECOND)
    home.sweep()

    def seen(ids: Sequence[str]) -> np.ndarray:
        return np.array([FENCE not in one.split("\n") for one in ids], dtype=bool)

    period = int(fixes["fix_us"][0]), int(fixes["fix_us"][-1]) + 1
    whole, shown = home.tracks.track(DEVICE, *period), home.tracks.track(DEVICE, *period, places=seen)
    assert 0 < len(shown) < len(whole)
    assert shown.lon_lat[:, 0].min() >= EAST
    assert (whole.lon_lat[:, 0] >= EAST).sum() == len(shown)
    assert all(FENCE not in hour.places for hour in home.tracks.counts(*period, places=seen))
    assert {event.place for event in home.events(REDERIVED)} == {FENCE}
    assert {event.labels for event in home.events(REDERIVED)} == {("restricted",)}
    home.close()


def test_what_comes_late_before_anything_else_is_told_with_the_state_as_it_is_then(tmp_path: Path) -> None:
    fixes, home = drive(), Home(tmp_path)
    say_late(home, fixes[:120], int(fixes["fix_us"][120]) - 1, parts=2)
    home.sweep()
    say_live(home, fixes[120:])
    home.sweep()
    ordered = told_in_order(tmp_path / "ordered", fixes)
    assert home.crossings() == ordered.crossings()
    for one in (home, ordered):
        one.close()
