"""The history as SensorThings asks it: every observation once and in order, whatever the pages of the history are."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sensors import Observation
from sensors.observation import Stream
from twin.queries.things import kept, observed
from twin.queries.things.kept import FromHistory
from twin.queries.things.observed import all_observed, time_of

PLACES = object()


class History:
    """Readings and tracks in memory, by the names and edges they have in twin.history."""

    def __init__(self, times: Sequence[int]) -> None:
        self.rows = [
            SimpleNamespace(time_us=at, number=(7, row), observation=Observation(
                device="meter/M1", stream=Stream.READING, received_us=100 + row, value={"value": row}, device_us=at))
            for row, at in enumerate(times)
        ]  # fmt: skip
        self.rows.sort(key=lambda row: (row.time_us, row.number))

    def observations(
        self, device: str, stream: Stream, from_us: int, to_us: int, *, limit: int, order: str, after: Any, places: Any
    ) -> Any:
        assert places is PLACES and 1 <= limit <= kept.MOST_AT_ONCE
        found = [row for row in self.rows if from_us <= row.time_us < to_us and row.observation.device == device]
        if order == "desc":
            found.reverse()
        if after is not None:
            key = next(row for row in found if (row.time_us, row.number) == after)
            found = found[found.index(key) + 1 :]
        return found[:limit]

    def count(self, device: str, stream: Stream, from_us: int, to_us: int, *, places: Any) -> int:
        return sum(from_us <= row.time_us < to_us for row in self.rows)

    def track(self, device: str, from_us: int, to_us: int, *, places: Any) -> Any:
        times = np.array([row.time_us for row in self.rows if from_us <= row.time_us < to_us], dtype=np.int64)
        lon_lat = np.column_stack([times / 1e9, times / 1e9])
        nothing = np.full(len(times), np.nan)
        return SimpleNamespace(
            time_us=times, lon_lat=lon_lat, said_lon_lat=None, speed_kmh=times * 1.0, heading_deg=nothing, accuracy_m=nothing
        )


def reader(history: History, now: int = 10**12) -> FromHistory:
    return FromHistory(history, history, places=PLACES, last=dict, now=lambda: now)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observed, "AT_ONCE", 4)
    monkeypatch.setattr(kept, "MOST_AT_ONCE", 3)


@pytest.mark.parametrize(
    "times", [[], [1], [5] * 11, [1, 2, 2, 2, 2, 2, 3], list(range(20)), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3], [3, 1, 2, 1]]
)
def test_every_reading_is_told_once_in_the_order_of_time_with_its_number(times: list[int]) -> None:
    history = reader(History(times))
    found = list(all_observed(history, "meter/M1", Stream.READING))
    wanted = [(at, number) for at in sorted(set(times)) for number in range(times.count(at))]
    assert [(time_of(one), number) for one, number in found] == wanted
    back = list(all_observed(history, "meter/M1", Stream.READING, descending=True))
    assert [(one.value, number) for one, number in back] == [(one.value, number) for one, number in found[::-1]]
    assert history.count("meter/M1", Stream.READING) == len(times)
    inner = list(all_observed(history, "meter/M1", Stream.READING, from_us=2, to_us=3))
    assert [time_of(one) for one, _ in inner] == sorted(at for at in times if 2 <= at <= 3)


def test_the_last_positions_are_found_without_the_whole_track() -> None:
    hour = kept.HOUR_US
    times = [hour * at for at in range(100)]
    history = History(times)
    asked: list[tuple[int, int]] = []
    track = history.track
    history.track = lambda device, begin, end, *, places: asked.append((begin, end)) or track(device, begin, end, places=places)  # type: ignore
    (last,) = reader(history, now=99 * hour).observations("vehicle/A", Stream.POSITION, limit=1, descending=True)
    assert (time_of(last), last.lon_lat, last.value) == (times[-1], (times[-1] / 1e9, times[-1] / 1e9), {"speed_kmh": times[-1] * 1.0})
    assert all(begin > times[50] for begin, _ in asked)
    every = [time_of(one) for one, _ in all_observed(reader(history, now=99 * hour), "vehicle/A", Stream.POSITION, descending=True)]
    assert every == times[::-1]
    assert [time_of(one) for one, _ in all_observed(reader(history), "vehicle/A", Stream.POSITION, from_us=hour, to_us=3 * hour)] == times[
        1:4
    ]
