"""Every fix gets the verdict it deserves, and none of them moves what is known of a device in the wrong."""

from typing import Any

import numpy as np
import pytest

from sensors.observation import NO_TIME, Fixes
from sensors.plausible import JUDGE_FIELDS, Judgement, judge
from sensors.position_limits import position_limits
from sensors.verdict import ClockVerdict, Verdict, clock_words, verdict_words
from tests.sensors.fixes import LAT_E7, LON_E7, START_US, fix_rows

FUJIAN = (115.8, 23.5, 120.8, 28.4)
YEAR_US = 365 * 86_400 * 1_000_000


def judged(fixes: Fixes, area: tuple[float, float, float, float] | None = None) -> list[Judgement]:
    """One device's fixes, one after the other, each judged when it was received."""
    row = np.zeros(1, dtype=JUDGE_FIELDS)
    return [judge(row, fixes[at : at + 1], int(fixes["received_us"][at]), position_limits(), area) for at in range(len(fixes))]


def verdicts(fixes: Fixes, **settings: Any) -> list[Verdict]:
    return [Verdict(int(one.verdict[0])) for one in judged(fixes, **settings)]


def test_a_quiet_drive_is_good() -> None:
    assert set(verdicts(fix_rows(np.arange(60), np.arange(60) * 12.0))) == {Verdict.GOOD}


def test_what_has_no_place_says_why_and_the_next_good_one_is_good() -> None:
    fixes = fix_rows(np.arange(6), np.arange(6) * 10.0)
    fixes["status"][1] = 0
    fixes["lon_e7"][2], fixes["lat_e7"][2] = 3, -4
    fixes["lat_e7"][3] = 912_000_000
    fixes["status"][4] |= 8
    expected = [Verdict.GOOD, Verdict.NO_FIX, Verdict.ZERO, Verdict.OUT_OF_RANGE, Verdict.ENCRYPTED, Verdict.GOOD]
    assert verdicts(fixes) == expected


def test_a_jump_is_refused_and_the_way_back_is_not() -> None:
    fixes = fix_rows(np.arange(8), [0, 10, 20, 30_000, 40, 50, 60, 70])
    assert verdicts(fixes) == [Verdict.GOOD] * 3 + [Verdict.JUMP] + [Verdict.GOOD] * 4


def test_a_new_place_is_believed_when_it_proves_true() -> None:
    fixes = fix_rows(np.arange(8) * 10.0, [0, 10, *(90_000 + 5.0 * np.arange(6))])
    assert verdicts(fixes) == [Verdict.GOOD] * 2 + [Verdict.JUMP] * 2 + [Verdict.RELOCATED] + [Verdict.GOOD] * 3


def test_a_wrong_first_place_is_left_behind() -> None:
    fixes = fix_rows(np.arange(8) * 10.0, [600_000, *(5.0 * np.arange(7))])
    assert verdicts(fixes)[-4:] == [Verdict.GOOD] * 4


def test_places_that_contradict_each_other_prove_nothing() -> None:
    fixes = fix_rows(np.arange(9) * 10.0, [0, 50_000, -50_000, 90_000, -90_000, 50_000, -90_000, 0, 5])
    assert verdicts(fixes) == [Verdict.GOOD] + [Verdict.JUMP] * 6 + [Verdict.GOOD] * 2


def test_after_a_long_silence_a_far_place_is_no_jump() -> None:
    assert verdicts(fix_rows([0, 6 * 3600.0], [0, 400_000])) == [Verdict.GOOD] * 2


@pytest.mark.parametrize(
    ("year", "verdict", "clock"), [(1999, Verdict.CLOCK_PAST, ClockVerdict.PAST), (2035, Verdict.CLOCK_FUTURE, ClockVerdict.FUTURE)]
)
def test_a_clock_of_another_year_poisons_nothing(year: int, verdict: Verdict, clock: ClockVerdict) -> None:
    fixes = fix_rows(np.arange(6), np.arange(6) * 10.0)
    fixes["fix_us"][2:4] += (year - 2026) * YEAR_US
    found = judged(fixes)
    assert [int(one.verdict[0]) for one in found] == [Verdict.GOOD] * 2 + [verdict] * 2 + [Verdict.GOOD] * 2
    assert [int(one.clock[0]) for one in found] == [ClockVerdict.OWN] * 2 + [clock] * 2 + [ClockVerdict.OWN] * 2
    assert [int(one.time_us[0]) for one in found] == fixes["received_us"].tolist()


def test_a_gateway_that_is_ahead_of_us_is_taken_as_now() -> None:
    fixes = fix_rows([0])
    fixes["fix_us"] = fixes["received_us"] = START_US + YEAR_US
    found = judge(np.zeros(1, dtype=JUDGE_FIELDS), fixes, START_US, position_limits())
    assert (found.time_us[0], found.verdict[0]) == (START_US, Verdict.CLOCK_FUTURE)


def test_a_device_eight_hours_behind_is_found_out_and_one_that_delivers_late_is_not() -> None:
    behind = fix_rows(np.arange(8) * 10.0, np.arange(8) * 50.0)
    behind["fix_us"] -= 8 * 3600 * 1_000_000
    assert verdicts(behind)[3:] == [Verdict.CLOCK_PAST] * 5
    late = fix_rows(np.arange(8) * 10.0, np.arange(8) * 50.0)
    late["received_us"] = START_US + 8 * 3600 * 1_000_000 + np.arange(8) * 100_000
    late["fix_us"] = START_US + np.arange(8) * 600_000_000
    assert set(verdicts(late)) == {Verdict.GOOD}


def test_a_device_without_a_clock_has_that_of_the_receipt() -> None:
    fixes = fix_rows([5.0])
    fixes["fix_us"] = fixes["device_us"] = NO_TIME
    found = judged(fixes)[0]
    assert (found.time_us[0], found.clock[0], found.verdict[0]) == (fixes["received_us"][0], ClockVerdict.NONE, Verdict.GOOD)


def test_what_comes_late_or_twice_does_not_move_the_device() -> None:
    fixes = fix_rows([0, 10, 4, 10, 20], [0, 100, 40, 100, 200])
    fixes["received_us"] = START_US + np.arange(5) * 10_000_000 + 10_000_000
    assert verdicts(fixes) == [Verdict.GOOD, Verdict.GOOD, Verdict.LATE, Verdict.DUPLICATE, Verdict.GOOD]


def test_another_place_of_the_same_second_is_neither_late_nor_sent_again() -> None:
    fixes = fix_rows([0, 1, 1, 1, 2], [0, 10, 12, 10, 20])
    assert verdicts(fixes) == [Verdict.GOOD, Verdict.GOOD, Verdict.SAME_MOMENT, Verdict.DUPLICATE, Verdict.GOOD]


def test_backlog_is_for_the_smoother_but_what_is_live_is_live_whatever_its_bit_says() -> None:
    fixes = fix_rows([0, 1, 2], status=5)
    fixes["received_us"][0] += 600_000_000
    assert verdicts(fixes) == [Verdict.LATE, Verdict.GOOD, Verdict.GOOD]


def test_swapped_axes_are_exchanged_near_where_the_device_was_or_where_devices_serve() -> None:
    fixes = fix_rows(np.arange(3), np.arange(3) * 10.0)
    fixes["lon_e7"][2], fixes["lat_e7"][2] = fixes["lat_e7"][2], fixes["lon_e7"][2]
    found = judged(fixes)[2]
    assert (found.verdict[0], found.lon_e7[0], found.lat_e7[0]) == (Verdict.SWAPPED, fixes["lat_e7"][2], fixes["lon_e7"][2])
    first = fix_rows([0], lon_e7=LAT_E7, lat_e7=LON_E7)
    assert verdicts(first) == [Verdict.OUT_OF_RANGE]
    assert verdicts(first, area=FUJIAN) == [Verdict.SWAPPED]


def test_a_place_that_may_be_either_way_round_is_left_as_said() -> None:
    assert verdicts(fix_rows([0], lon_e7=870_000_000, lat_e7=430_000_000), area=FUJIAN) == [Verdict.GOOD]


def test_every_verdict_has_its_words_in_both_languages() -> None:
    assert [row.number for row in verdict_words()] == list(Verdict)
    assert [row.key.upper() for row in verdict_words()] == [one.name for one in Verdict]
    assert [row.key.upper() for row in clock_words()] == [one.name for one in ClockVerdict]
    assert all(row.zh and row.en for row in (*verdict_words(), *clock_words()))
