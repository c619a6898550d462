"""Observations that are no positions: each told once, exactly, in pages, without hidden places; hours of a meter."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sensors.observation import Observation, Stream
from tests.twin.history.moving import NOON_US
from twin.history.errors import HistoryAsked
from twin.history.layout import DAY_US, HOUR_US
from twin.history.names import Names
from twin.history.positions import PLACES
from twin.history.readings import STREAMS, Readings, ReadingsReader


def open_readings(home: Path) -> Readings:
    return Readings.open(home, Names.open(home / STREAMS), Names.open(home / PLACES))


def shut(readings: Readings) -> None:
    readings.shelf.close()
    readings._streams.close()
    readings._places.close()


def said(number: int) -> Observation:
    device, stream = [("meter/M1", Stream.READING), ("meter/M2", Stream.READING), ("gate/G1", Stream.PASSAGE)][number % 3]
    return Observation(
        device=device,
        stream=stream,
        received_us=NOON_US + number * HOUR_US // 4,
        value={"kwh": number, "名": "东门"} if number % 3 < 2 else {"direction": "in"},
        device_us=None if number % 5 == 0 else NOON_US + number * HOUR_US // 4 - 1000 * number,
        fix_us=None,
        lon_lat=(119.29, 26.08) if number % 4 == 0 else None,
        alarms=("tamper",) if number % 7 == 0 else (),
        protocol="mqtt" if number % 2 else "",
    )


def place(number: int) -> str:
    return "zone/vault" if number % 6 == 1 else ""


def no_vault(places: Sequence[str]) -> np.ndarray:
    return np.array([one != "zone/vault" for one in places])


def test_pages_of_a_stream_are_all_of_it_in_both_orders_across_memory_runs_and_closed_days(tmp_path: Path) -> None:
    readings = open_readings(tmp_path)
    numbers = list(range(240))
    np.random.default_rng(1).shuffle(numbers)
    for position, some in enumerate(np.array_split(numbers, 40)):
        readings.apply(position, [said(one) for one in some.tolist()], [place(one) for one in some.tolist()])
        if position in (10, 11, 30):
            readings.flush()
        if position == 12:
            readings.shelf.close_days(NOON_US + DAY_US)
    reader = ReadingsReader(tmp_path, recent=readings.shelf.recent)
    for device, stream, rest in (("meter/M2", Stream.READING, 1), ("gate/G1", Stream.PASSAGE, 2)):
        expected = sorted((one for one in numbers if one % 3 == rest), key=lambda one: said(one).device_us or said(one).received_us)
        for order in ("asc", "desc"):
            found, after = [], None
            while page := reader.observations(device, stream, limit=7, order=order, after=after):  # type: ignore[arg-type]
                found += page
                after = (page[-1].time_us, page[-1].number)
            assert [kept.observation for kept in found] == [said(one) for one in (expected if order == "asc" else expected[::-1])]
            assert len({kept.number for kept in found}) == len(expected)
        hidden = [one for one in expected if not place(one)]
        assert [kept.observation for kept in reader.observations(device, stream, places=no_vault)] == [said(one) for one in hidden]
        assert reader.count(device, stream, places=no_vault) == len(hidden)
    shut(readings)


def test_a_crash_costs_nothing_and_what_is_applied_again_counts_once(tmp_path: Path) -> None:
    readings = open_readings(tmp_path)
    for position in range(9):
        readings.apply(position, [said(3 * position)], [""])
        if position == 5:
            readings.flush()
    shut(readings)
    readings = open_readings(tmp_path)
    assert readings.shelf.through == 6
    for position in range(3, 9):
        readings.apply(position, [said(3 * position)], [""])
    readings.flush()
    assert ReadingsReader(tmp_path).count("meter/M1", Stream.READING) == 9
    shut(readings)


def test_hours_of_a_meter_count_numbers_only(tmp_path: Path) -> None:
    readings = open_readings(tmp_path)
    values = [3.5, 1, 2, "broken", True, None, 9]
    observations = [
        Observation(device="meter/M1", stream=Stream.READING, received_us=NOON_US + at * HOUR_US // 3, value={"kwh": value})
        for at, value in enumerate(values)
    ]
    readings.apply(0, observations, [""] * 7)
    reader = ReadingsReader(tmp_path, recent=readings.shelf.recent)
    first, second = reader.hours("meter/M1", Stream.READING, "kwh", NOON_US, NOON_US + 5 * HOUR_US)
    assert (first.count, first.least, first.greatest, first.mean, first.last) == (3, 1, 3.5, 6.5 / 3, 2)
    assert (second.start_us, second.count, second.mean) == (NOON_US + 2 * HOUR_US, 1, 9)
    shut(readings)


def test_a_state_at_a_moment_is_the_last_said_and_none_where_that_is_hidden(tmp_path: Path) -> None:
    readings = open_readings(tmp_path)
    for at, where in enumerate(("", "zone/vault")):
        one = Observation(device="door/D1", stream=Stream.STATE, received_us=NOON_US + at * HOUR_US, value={"open": at})
        readings.apply(at, [one], [where])
    reader = ReadingsReader(tmp_path, recent=readings.shelf.recent)

    def state(moment_us: int, **more: object) -> object:
        kept = reader.last("door/D1", Stream.STATE, moment_us, within_us=2 * HOUR_US, **more)  # type: ignore[arg-type]
        return None if kept is None else kept.observation.value["open"]

    assert [state(NOON_US - 1), state(NOON_US), state(NOON_US + HOUR_US), state(NOON_US + 4 * HOUR_US)] == [None, 0, 1, None]
    assert [state(NOON_US + HOUR_US - 1, places=no_vault), state(NOON_US + HOUR_US, places=no_vault)] == [0, None]
    shut(readings)


def test_more_than_is_told_at_once_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryAsked):
        ReadingsReader(tmp_path).observations("meter/M1", Stream.READING, limit=10_001)
