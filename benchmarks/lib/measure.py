"""A command measured from outside: CPU seconds of it and its children, wall, peak memory of the whole tree."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLED_S = 1.0
"""Counting the pages of a gigabyte stops the processes it is counted of: five times a second it slowed what it measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one run cost; memory is the highest sum over the process tree, sampled once a second, of what each holds (PSS: a
    page that several share counts once)."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    returncode: int
    stdout: str
    stderr: str


def run_measured(command: list[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Measured:
    """Run a command to its end. CPU is user + system of the process and of every child it waited for (wait4)."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, cwd=cwd, text=True
    ) as process:
        peak = _Peak(process.pid)
        texts: dict[str, str] = {}
        readers = [
            threading.Thread(target=lambda n=name, s=stream: texts.__setitem__(n, s.read()), daemon=True)
            for name, stream in (("out", process.stdout), ("err", process.stderr))
        ]
        for reader in readers:
            reader.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        for reader in readers:
            reader.join()
        peak.stop()
    return Measured(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=wall,
        peak_mb=peak.bytes / 2**20,  # not `ru_maxrss`: a child begins with that of whoever forked it
        returncode=process.returncode,
        stdout=texts.get("out", ""),
        stderr=texts.get("err", ""),
    )


class _Peak:
    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(pid,), daemon=True)
        self._thread.start()

    def _watch(self, pid: int) -> None:
        while not self._done.wait(SAMPLED_S):
            try:
                root = psutil.Process(pid)
                total = sum(self._size(process) for process in (root, *root.children(recursive=True)))
            except psutil.NoSuchProcess:
                continue
            self.bytes = max(self.bytes, total)

    @staticmethod
    def _size(process: psutil.Process) -> int:
        try:
            return int(process.memory_full_info().pss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return 0

    def stop(self) -> None:
        self._done.set()
        self._thread.join()
