"""Judging again beside the loop: what comes meanwhile, what cannot be judged, a process that is killed."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.hub.drives import DEVICE, SECOND, Here, Home, drive, driven, same, say_late, say_live, told_in_order
from twin.hub.judging import Judging, JudgingFailed
from twin.live.afterwards import Said, Stretch, judge_again
from twin.live.tracker import Tracker


class Meanwhile(Here):
    """Judges, and once something else happens before it answers."""

    def __init__(self, happens: Callable[[], None]) -> None:
        self.happens: Callable[[], None] | None = happens

    def ask(self, said: Sequence[Said], tracker: Tracker) -> list[Stretch]:
        answer = judge_again(said, tracker)
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        return answer


class Faulty(Here):
    """Cannot judge what holds a moment."""

    def __init__(self, moment_us: int) -> None:
        self.moment_us, self.asked = moment_us, 0

    def ask(self, said: Sequence[Said], tracker: Tracker) -> list[Stretch]:
        self.asked += 1
        if any((one.time_us == self.moment_us).any() for one in said):
            raise JudgingFailed("a fault")
        return judge_again(said, tracker)


def raising(said: Sequence[Said], tracker: Tracker) -> list[Stretch]:
    raise ZeroDivisionError(len(said))


def test_what_is_said_while_a_stretch_is_judged_follows_on_it(tmp_path: Path) -> None:
    """In the hole it was deep inside; what is told live, before it, after it and meanwhile, wavers on the edge."""
    coming, wavering = np.linspace(600.0, 20.0, 40), np.tile([-1.0, 1.0], 3)
    hole = np.concatenate([np.linspace(5.0, -300.0, 20), np.linspace(-285.0, -3.0, 20)])
    fixes = driven(np.concatenate([coming, hole, wavering[:2], wavering, np.linspace(15.0, 600.0, 40)]), noise_m=0.0)
    home = Home(tmp_path / "late")
    say_live(home, np.delete(fixes[:82], np.s_[40:80]))
    say_late(home, fixes[40:80], int(fixes["fix_us"][81]) + SECOND)
    home.sweep(Meanwhile(lambda: say_live(home, fixes[82:88])))
    assert home.applier.fences.told()["members"]
    say_live(home, fixes[88:])
    ordered = told_in_order(tmp_path / "ordered", fixes)
    assert [entered for _, entered, _ in sorted(home.crossings(), key=lambda one: one[2])] == ["entered", "left"]
    assert home.crossings() == ordered.crossings()
    for one in (home, ordered):
        one.close()


def test_what_comes_late_while_its_time_is_judged_makes_the_result_stale_and_nothing_is_lost(tmp_path: Path) -> None:
    fixes, home = drive(), Home(tmp_path / "late")
    say_live(home, np.delete(fixes, np.s_[30:140]))
    now_us = int(fixes["fix_us"][-1]) + 100 * SECOND
    first, rest = fixes[[30, *range(32, 138, 2), 139]], fixes[[31, *range(33, 139, 2), 138]]
    say_late(home, first, now_us)
    home.sweep(Meanwhile(lambda: say_late(home, np.sort(rest, order="fix_us"), now_us + SECOND)))
    ordered = told_in_order(tmp_path / "ordered", fixes)
    same(home, ordered, fixes)
    for one in (home, ordered):
        one.close()


def test_what_cannot_be_judged_is_told_and_kept_until_it_can(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fixes, home = drive(), Home(tmp_path / "late")
    say_live(home, np.delete(fixes, np.s_[30:140]))
    say_late(home, fixes[30:140], int(fixes["fix_us"][-1]) + 100 * SECOND)
    faulty = Faulty(int(fixes["fix_us"][35]))
    home.sweep(faulty)
    assert faulty.asked == 2
    assert "LATE_NOT_JUDGED" in caplog.text
    condition = home.backlog.condition()
    assert condition["late_waiting"] == 0
    (failed,) = condition["late_failed"]
    assert (failed["device"], failed["why"]) == (DEVICE, "a fault")
    assert (failed["from_us"], failed["to_us"]) == (int(fixes["fix_us"][30]), int(fixes["fix_us"][139]))
    assert len(home.tracks.track(DEVICE, int(fixes["fix_us"][0]), int(fixes["fix_us"][-1]) + 1).time_us) == len(fixes)
    home.backlog.untold(home.backlog.told())
    home.sweep()
    assert home.backlog.condition() == {"late_waiting": 0, "late_failed": []}
    ordered = told_in_order(tmp_path / "ordered", fixes)
    same(home, ordered, fixes)
    for one in (home, ordered):
        one.close()


def test_the_process_judges_as_the_loop_would_and_is_started_again_when_it_was_killed() -> None:
    fixes, tracker, judging = drive(300), Tracker(), Judging()
    said = [Said(fixes=fixes, time_us=fixes["fix_us"].copy())]
    (here,) = judge_again(said, tracker)
    for _ in range(2):
        (there,) = judging.ask(said, tracker)
        assert there.live.tobytes() == here.live.tobytes()
        assert there.after.tobytes() == here.after.tobytes()
        assert judging.pid is not None
        os.kill(judging.pid, signal.SIGKILL)
        with pytest.raises(JudgingFailed):
            judging.ask(said, tracker)
    judging.close()
    assert judging.pid is None


def test_a_fault_in_the_process_is_told_and_one_that_takes_too_long_is_ended() -> None:
    fixes, judging = drive(60), Judging(judge=raising)
    said = [Said(fixes=fixes, time_us=fixes["fix_us"].copy())]
    with pytest.raises(JudgingFailed, match="ZeroDivisionError: 1"):
        judging.ask(said, Tracker())
    pid, judging.within_s = judging.pid, 0.0
    with pytest.raises(JudgingFailed, match="no answer within"):
        judging.ask([], Tracker())
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    judging.close()


def asleep(said: Any, tracker: Tracker) -> Any:
    time.sleep(3600)


@pytest.mark.parametrize("begun", [True, False])
def test_one_that_is_ended_for_good_keeps_no_thread_waiting_that_asks_or_is_about_to(begun: bool) -> None:
    """A thread of the hub asks; the hub waits for its threads when it ends."""
    judging = Judging(judge=asleep)
    with ThreadPoolExecutor() as pool:
        if not begun:
            judging.end()
        asking = pool.submit(judging.ask, [], Tracker())
        while begun and judging.pid is None:
            time.sleep(0.01)
        judging.end()
        with pytest.raises(JudgingFailed):
            asking.result(60)
    assert judging.pid is None
