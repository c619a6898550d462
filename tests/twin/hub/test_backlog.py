"""A drive told in order, and the same drive with a hole that is sent late: history, crossings and counts are the same in the end."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from sensors import FIX, NO_NUMBER
from tests.twin.hub.devices import FENCE, START_US
from tests.twin.hub.drives import DEVICE, EAST, HOUR_US, LAT, SECOND, Home, drive, same, say_late, say_live, told_in_order
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


def many_a_second(seconds: int = 100) -> np.ndarray:
    """Into the square and out of it at 10 m/s, ten places a second: a terminal tells whole seconds."""
    at = np.arange(0, seconds * 10)
    east_m = np.abs(at - len(at) / 2) - 200.0
    fixes = np.zeros(len(at), dtype=FIX)
    fixes["lon_e7"], fixes["lat_e7"] = np.round((EAST + east_m / 100_000) * 1e7), round(LAT * 1e7)
    fixes["device_us"] = fixes["fix_us"] = START_US + at // 10 * SECOND
    fixes["received_us"] = START_US + at * SECOND // 10
    fixes["speed_dkmh"], fixes["heading_cdeg"] = 360, np.where(at < len(at) // 2, 27000, 9000)
    fixes["status"], fixes["accuracy_dm"] = 3, NO_NUMBER
    return fixes


@pytest.mark.parametrize(("made", "as_backlog"), [(drive, False), (many_a_second, True)])
def test_what_is_sent_again_changes_nothing_and_is_told_by_nothing(
    tmp_path: Path, made: Callable[[], np.ndarray], as_backlog: bool
) -> None:
    fixes, home = made(), Home(tmp_path)
    for part in np.array_split(fixes, 60):
        home.say(part.copy(), int(part["received_us"][-1]))
    told, before = home.crossings(), home.tracks.track(DEVICE, START_US, START_US + HOUR_US)
    assert {change for _, change, _ in told} == {"entered", "left"}
    for begin in range(0, len(fixes) - 60, len(fixes) // 12):
        again = fixes[begin : begin + 60].copy()
        again["received_us"] = fixes["received_us"][-1] + (begin + 100) * SECOND
        again["status"] |= 4 * as_backlog
        home.say(again, int(again["received_us"][-1]))
        home.sweep()
    after = home.tracks.track(DEVICE, START_US, START_US + HOUR_US)
    assert (home.crossings(), len(home.events(CROSSED)), home.events(REDERIVED)) == (told, len(told), [])
    assert after.lon_lat.tolist() == before.lon_lat.tolist()
    home.close()


def along_the_edge(seed: int, count: int = 260) -> np.ndarray:
    """Once a second along the edge of the square, now on one side of it, now on the other: what is decided depends on all before."""
    rng, at = np.random.default_rng(seed), np.arange(count)
    east_m = np.cumsum(rng.normal(0, 1.2, count))
    east_m += rng.normal(0, 4, count) - np.linspace(0, east_m[-1], count)
    fixes = np.zeros(count, dtype=FIX)
    fixes["lon_e7"] = np.round((EAST + east_m / 100_000) * 1e7)
    fixes["lat_e7"] = round(LAT * 1e7) + (at - count // 2) * 200
    fixes["device_us"] = fixes["fix_us"] = START_US + at * SECOND
    fixes["received_us"] = fixes["fix_us"] + SECOND // 10
    fixes["speed_dkmh"], fixes["status"], fixes["accuracy_dm"] = 80, 3, NO_NUMBER
    return fixes


@pytest.mark.parametrize(("seed", "late"), [(0, 125), (4, 150), (8, 180), (10, 125)])
def test_a_crossing_before_what_came_late_stays_as_it_was_told(tmp_path: Path, seed: int, late: int) -> None:
    fixes, home = along_the_edge(seed), Home(tmp_path)
    say_live(home, np.delete(fixes, late))
    before = {one for one in home.crossings() if one[2] < fixes["fix_us"][late]}
    say_late(home, fixes[late:][:1], int(fixes["received_us"][-1]) + 100 * SECOND)
    home.sweep()
    assert {one for one in home.crossings() if one[2] < fixes["fix_us"][late]} == before
    home.close()


def test_who_was_told_to_be_inside_by_what_came_late_is_inside_after_a_crash(tmp_path: Path) -> None:
    fixes, home = drive(), Home(tmp_path)
    say_live(home, np.delete(fixes, np.s_[30:140]))
    say_late(home, fixes[30:140], int(fixes["fix_us"][-1]) + 100 * SECOND)
    home.sweep()
    (handle,) = home.applier.state.handles([DEVICE]).tolist()
    assert home.crossings()
    inside = dict(home.applier.fences.members)
    for wrong in ({}, {handle: {FENCE}}, {handle: {"zone:gone"}}):
        home.applier.fences.members = dict(wrong)
        home.backlog.rederiving.follow_told(home.applier.state, home.applier.fences, START_US)
        assert home.applier.fences.members == inside
    home.backlog.rederiving.follow_told(home.applier.state, home.applier.fences, 2**62)
    assert home.applier.fences.members == inside
    home.close()
