"""Work that a signal ends: at once, wherever it is, and no signal is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from twin.hub.ending import until_told

BOTH = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What was told; the signals are heard as before."""
    before = {number: signal.getsignal(number) for number in BOTH}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield []
    assert {number: signal.getsignal(number) for number in BOTH} == before
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask


@pytest.mark.parametrize("number", BOTH)
def test_it_ends_in_the_middle_and_takes_it_for_no_fault_of_its_own(told: list[str], number: signal.Signals) -> None:
    def work() -> str:
        try:
            os.kill(os.getpid(), number)
            time.sleep(3600)
        except Exception:  # noqa: BLE001  as work does that goes on after a fault
            told.append("a fault")
        finally:
            told.append("left")
        return "done"

    assert until_told(work, lambda: told.append("told")) is None
    assert told == ["told", "left"]


def test_what_is_not_told_to_end_returns_what_it_found_and_raises_what_it_raises(told: list[str]) -> None:
    assert until_told(lambda: 7, lambda: told.append("told")) == 7
    with pytest.raises(ZeroDivisionError):
        until_told(lambda: 1 // 0, lambda: told.append("told"))
    assert told == []


def test_what_was_told_before_while_signals_were_blocked_is_heard() -> None:
    program = """
import os, signal, sys
from twin.hub.ending import until_told
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
os.kill(os.getpid(), signal.SIGTERM)
print(until_told(lambda: print("worked"), lambda: print("told")))
os.kill(os.getpid(), signal.SIGTERM)
print(signal.sigwait([signal.SIGTERM]).name)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["told", "None", "SIGTERM"]


BEFORE = """
import os, signal, sys, time
from pathlib import Path
from twin.cli import live
from twin.queries.live import service, snapshots
from twin.live.state import LiveState
from twin.settings import Settings
from twin.store import Store

def long(*_, **__):
    print("begun", flush=True)
    while True:
        time.sleep(0.05)

settings = Settings(home=sys.argv[1])
Store.open(settings.database_url).migrate()
"""
HUB = BEFORE + "service.OpenHub.open = long\nlive.be_hub(settings)\n"
SNAPSHOTS = (
    BEFORE
    + """
async def state(*_):
    return LiveState()
snapshots.whole_state = state
snapshots.Maker.write = long
live.be_snapshots(settings)
"""
)


@pytest.mark.parametrize("program", [HUB, SNAPSHOTS], ids=["a hub that comes to the end of its journal", "snapshots that are drawn"])
def test_a_process_that_is_busy_ends_when_it_is_told_to(program: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "history").mkdir()
    with subprocess.Popen([sys.executable, "-c", program + "print('ended')", str(home)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            process.terminate()
            assert process.communicate(timeout=60)[0] == "ended\n"
        finally:
            process.kill()
