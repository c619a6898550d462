"""Workers of the service: forked, started again when one dies, ended with whoever forked them; never beside a thread."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = """
import os, sys, time
from pathlib import Path
from twin.cli.workers import Workers

def work():
    (Path(sys.argv[1]) / str(os.getpid())).touch()
    while True:
        time.sleep(0.05)

workers = Workers()
for _ in range(2):
    workers.start(work)
workers.watch()
"""


def wait_for(number: int, folder: Path) -> set[int]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = {int(entry.name) for entry in folder.iterdir()}
        if len(found) >= number:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{number} workers never came")


def is_gone(pid: int) -> bool:
    """Whether a process has ended, whoever is to collect it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)]) as process:
        yield process
        process.kill()


def test_a_worker_that_dies_is_started_again_and_all_end_when_told_to(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    first = wait_for(2, tmp_path)
    os.kill(min(first), signal.SIGKILL)
    every = wait_for(3, tmp_path)
    supervisor.terminate()
    assert supervisor.wait(timeout=60) == 0
    assert all(is_gone(pid) for pid in every)


def test_a_worker_that_dies_while_the_supervisor_makes_ready_is_started_again(tmp_path: Path) -> None:
    busy = PROGRAM.replace("workers.watch()", "while not workers.is_told():\n    time.sleep(0.05)\nworkers.watch()")
    with subprocess.Popen([sys.executable, "-c", busy, str(tmp_path)]) as process:
        first = wait_for(2, tmp_path)
        os.kill(min(first), signal.SIGKILL)
        assert first < wait_for(3, tmp_path)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.parametrize("more", ["", "time.sleep(1)\n"], ids=["while it makes ready", "before it makes ready"])
def test_a_supervisor_that_is_told_to_stop_while_it_makes_ready_finishes_nothing_first(tmp_path: Path, more: str) -> None:
    """What it imports or reads is for nobody any more: on a loaded machine that took half a minute."""
    busy = PROGRAM.replace("workers.watch()", "print(flush=True)\n" + more + FOR_EVER)
    with subprocess.Popen([sys.executable, "-c", busy, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            every = wait_for(2, tmp_path)
            assert process.stdout is not None and process.stdout.readline() == "\n"
            process.terminate()
            assert process.communicate(timeout=60)[0] == "None None\n"
            assert process.returncode == 0 and all(is_gone(pid) for pid in every)
        finally:
            process.kill()


FOR_EVER = """
def long():
    while True:
        time.sleep(0.05)
print(workers.prepare(long), workers.prepare(long))
workers.watch()
"""


def test_workers_end_with_a_supervisor_that_is_killed(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    every = wait_for(2, tmp_path)
    supervisor.kill()
    assert all(is_gone(pid) for pid in every)


def test_workers_give_way_to_others_that_hold_what_the_supervisor_came_to_hold(tmp_path: Path) -> None:
    """Each of the first says nothing of it; those that come for them do, at once, however short the first lived."""
    program = (
        PROGRAM.partition("workers = ")[0].replace(".touch()", ".write_text(held)")
        + """
workers = Workers()
held = "lasting"
workers.start(work)
held = "first"
pids = [workers.start(work) for _ in range(2)]
held = "whole"
workers.renew(pids)
assert not workers.is_told()
workers.watch()
"""
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) as process:
        try:
            until = time.monotonic() + 60
            texts: list[str] = []
            while (texts.count("whole") < 2 or "lasting" not in texts) and time.monotonic() < until:
                time.sleep(0.02)
                texts = [path.read_text() for path in tmp_path.iterdir()]
            said = {int(path.name): path.read_text() for path in tmp_path.iterdir()}
            alive = {pid for pid in said if Path(f"/proc/{pid}").exists()}
            assert sorted(said[pid] for pid in alive) == ["lasting", "whole", "whole"], said
            process.terminate()
            assert process.wait(timeout=60) == 0 and all(is_gone(pid) for pid in said)
        finally:
            process.kill()


def test_nothing_is_forked_beside_a_thread() -> None:
    program = """
import threading
from twin.cli.workers import Workers
stop = threading.Event()
threading.Thread(target=stop.wait, name="another", daemon=True).start()
try:
    Workers().start(lambda: None)
except RuntimeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "another" in done.stdout


def test_one_that_ends_again_and_again_keeps_none_of_the_others_waiting(tmp_path: Path) -> None:
    """It would be started again after an hour; meanwhile another that dies comes back, each under its name."""
    program = (
        PROGRAM.partition("workers = ")[0].replace(".touch()", '.write_text(Path("/proc/self/comm").read_text().strip())')
        + """
from twin.cli import workers as module
module.PATIENCE_S = (0.0, 3600.0)
workers = Workers()
workers.start(lambda: None, "broken")
workers.start(work, "whole")
module.SHORT_S = 0.5
workers.watch()
"""
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) as process:
        try:
            (first,) = wait_for(1, tmp_path)
            time.sleep(1.0)
            os.kill(first, signal.SIGKILL)
            both = wait_for(2, tmp_path)
            assert {path.read_text() for path in tmp_path.iterdir()} == {"twin-whole"}
            process.terminate()
            assert process.wait(timeout=60) == 0 and all(is_gone(pid) for pid in both)
        finally:
            process.kill()
