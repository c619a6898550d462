"""Questions to the positions, against a brute force over what was applied; what a reader may not know of is in no answer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sensors.observation import NO_NUMBER
from tests.twin.history.moving import DEVICES_KNOWN, NOON_US, PLACES_KNOWN, fixes_at, open_positions, shut
from twin.history.errors import HistoryAsked
from twin.history.layout import HOUR_US
from twin.history.positions import Positions
from twin.history.retention import read_retention
from twin.history.tracks import Tracks

MINUTE_US = 60_000_000


def no_vault(places: Sequence[str]) -> np.ndarray:
    return np.array([place != "zone/vault" for place in places])


@pytest.fixture
def said(tmp_path: Path) -> tuple[Tracks, np.ndarray, np.ndarray]:
    """Three hours of 600 fixes: some in a closed day's files, some in runs, some in memory only."""
    rng, positions = np.random.default_rng(3), open_positions(tmp_path)
    times = np.sort(NOON_US + rng.integers(0, 3 * HOUR_US, 600))
    fixes, judged = fixes_at(rng, times.tolist())
    for position, rows in enumerate(np.array_split(np.arange(600), 30)):
        positions.apply(position, DEVICES_KNOWN, fixes[rows], judged[rows], PLACES_KNOWN)
        if position in (5, 12, 20):
            positions.flush()
        if position == 13:
            positions.shelf.close_days(NOON_US + 24 * HOUR_US)
    _KEPT.append(positions)
    return Tracks(tmp_path, retention=read_retention(), recent=positions.shelf.recent), fixes, judged


_KEPT: list[Positions] = []


@pytest.fixture(autouse=True)
def _shut() -> None:
    while _KEPT:
        shut(_KEPT.pop())


def test_a_track_is_what_one_device_said_in_a_period_in_order_without_hidden_places(said: tuple[Tracks, np.ndarray, np.ndarray]) -> None:
    tracks, fixes, judged = said
    begin, end = NOON_US + HOUR_US // 2, NOON_US + 2 * HOUR_US
    points = tracks.track("vehicle/V2", begin, end, places=no_vault)
    mask = (fixes["device"] == 2) & (fixes["fix_us"] >= begin) & (fixes["fix_us"] < end) & (judged["place"] != 2)
    assert points.time_us.tolist() == fixes["fix_us"][mask].tolist()
    assert points.said_lon_lat is not None
    assert np.rint(points.said_lon_lat * 1e7).tolist() == np.column_stack((fixes["lon_e7"], fixes["lat_e7"]))[mask].tolist()
    lon = np.where(judged["lon_e7"] == NO_NUMBER, fixes["lon_e7"], judged["lon_e7"])[mask]
    assert np.rint(points.lon_lat[:, 0] * 1e7).tolist() == lon.tolist()
    assert set(np.array(points.places)[points.place]) == {"", "zone/yard", "zone/yard\nbuilding/1"}
    assert np.isnan(points.accuracy_m).sum() == (judged["accuracy_dm"][mask] == NO_NUMBER).sum()


def test_a_step_leaves_the_last_of_each(said: tuple[Tracks, np.ndarray, np.ndarray]) -> None:
    tracks, fixes, _ = said
    points = tracks.track("vehicle/V2", NOON_US, NOON_US + 3 * HOUR_US, step_us=10 * MINUTE_US)
    last = {(time - NOON_US) // (10 * MINUTE_US): time for time in sorted(fixes["fix_us"][fixes["device"] == 2].tolist())}
    assert points.time_us.tolist() == list(last.values())


def test_at_a_moment_each_device_stands_where_it_last_was_unless_silent_for_too_long(said: tuple[Tracks, np.ndarray, np.ndarray]) -> None:
    tracks, fixes, judged = said
    for minutes in (1, 30, 65, 100, 179):
        moment = NOON_US + minutes * MINUTE_US
        expected = {}
        for time, device, place in zip(fixes["fix_us"].tolist(), fixes["device"].tolist(), judged["place"].tolist(), strict=True):
            if moment - 300_000_000 <= time <= moment:
                expected[DEVICES_KNOWN[device]] = (time, PLACES_KNOWN[place])
        points = tracks.at(moment)
        names = [points.devices[handle] for handle in points.handle]
        told = zip(points.time_us.tolist(), (points.places[place] for place in points.place), strict=True)
        assert dict(zip(names, told, strict=True)) == expected
        seen = tracks.at(moment, places=no_vault, devices=lambda ids: np.array([one != "vehicle/V0" for one in ids]))
        assert {points.devices[handle] for handle in seen.handle} == {
            name for name, (_, place) in expected.items() if place != "zone/vault" and name != "vehicle/V0"
        }


def test_counts_of_an_hour_know_nothing_of_what_is_hidden(said: tuple[Tracks, np.ndarray, np.ndarray]) -> None:
    tracks, fixes, judged = said
    for allowed, hidden in ((None, -1), (no_vault, 2)):
        counts = (
            tracks.counts(NOON_US, NOON_US + 3 * HOUR_US)
            if allowed is None
            else tracks.counts(NOON_US, NOON_US + 3 * HOUR_US, places=allowed)
        )
        for hour, count in enumerate(counts):
            mask = ((fixes["fix_us"] - NOON_US) // HOUR_US == hour) & (judged["place"] != hidden)
            assert count.devices == len(set(fixes["device"][mask].tolist()))
            assert count.moving == len(set(fixes["device"][mask & (fixes["speed_dkmh"] >= 50)].tolist()))
            inside: dict[str, set[int]] = {}
            for place, device in zip(judged["place"][mask].tolist(), fixes["device"][mask].tolist(), strict=True):
                for feature in PLACES_KNOWN[place].split():
                    inside.setdefault(feature, set()).add(device)
            assert count.places == {feature: len(devices) for feature, devices in inside.items()}
            assert ("zone/vault" in count.places) == (hidden == -1)


def test_a_device_nobody_knows_has_no_track_and_a_period_turned_round_is_refused(said: tuple[Tracks, np.ndarray, np.ndarray]) -> None:
    tracks = said[0]
    assert len(tracks.track("vehicle/none", NOON_US, NOON_US + HOUR_US)) == 0
    for ask in (lambda: tracks.track("vehicle/V1", NOON_US, NOON_US - 1), lambda: tracks.counts(NOON_US, NOON_US - 1)):
        with pytest.raises(HistoryAsked):
            ask()


def test_an_empty_history_answers_nothing(tmp_path: Path) -> None:
    tracks = Tracks(tmp_path, retention=read_retention())
    assert (len(tracks.track("vehicle/V1", 0, 1)), len(tracks.at(NOON_US))) == (0, 0)
    assert tracks.counts(NOON_US, NOON_US + HOUR_US)[0].devices == 0


def test_what_a_device_says_again_stands_once_as_it_was_judged_first_and_what_differs_stays(tmp_path: Path) -> None:
    positions = open_positions(tmp_path)
    fixes, judged = fixes_at(np.random.default_rng(4), [NOON_US + second * 1_000_000 for second in range(20)])
    fixes["device"] = 2
    positions.apply(0, DEVICES_KNOWN, fixes, judged, PLACES_KNOWN)
    positions.flush()
    again, late = fixes[5:15].copy(), judged[5:15].copy()
    again["received_us"] += 3_000_000
    again["lon_e7"][-1] += 1
    late["verdict"] = late["verdict"] + 1
    positions.apply(1, DEVICES_KNOWN, again, late, PLACES_KNOWN)
    _KEPT.append(positions)
    tracks = Tracks(tmp_path, retention=read_retention(), recent=positions.shelf.recent)
    points = tracks.track("vehicle/V2", NOON_US, NOON_US + MINUTE_US)
    times = sorted([*fixes["fix_us"].tolist(), int(fixes["fix_us"][14])])
    assert points.time_us.tolist() == times
    assert points.verdict[:14].tolist() == judged["verdict"][:14].tolist()
    assert points.verdict[14:16].tolist() == [judged["verdict"][14], late["verdict"][-1]]
    said = tracks.said("vehicle/V2", NOON_US, NOON_US + MINUTE_US)
    assert said["fix_us"].tolist() == times
    assert said["received_us"][:14].tolist() == fixes["received_us"][:14].tolist()
