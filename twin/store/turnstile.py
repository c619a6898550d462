"""Writers of one SQLite file take turns in the order they came, threads and processes alike.

SQLite lets whoever asks at the right moment write next: an import that writes batch after batch would keep a waiting
correction out for seconds. Here a writer first queues; while it waits for the one before it, nobody can overtake.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["TurnTimeout", "Turnstile", "locked_file"]

POLL_S = 0.001


class TurnTimeout(Exception):
    """The turn did not come in time."""


class Turnstile:
    """Two lock files beside the records: `queue`, held while waiting, and `turn`, held while writing."""

    def __init__(self, folder: Path, name: str) -> None:
        self._queue = folder / f".{name}.queue"
        self._turn = folder / f".{name}.turn"

    @contextmanager
    def turn(self, timeout_s: float) -> Iterator[None]:
        """The writer's turn for the length of the block; raises TurnTimeout."""
        deadline = time.monotonic() + timeout_s
        with locked_file(self._queue, deadline):
            turn = _acquire(self._turn, deadline)
        try:
            yield
        finally:
            os.close(turn)


@contextmanager
def locked_file(path: Path, deadline: float) -> Iterator[None]:
    """The lock on a file, made where it is missing, until the end of the block; raises TurnTimeout at `deadline` (monotonic seconds)."""
    descriptor = _acquire(path, deadline)
    try:
        yield
    finally:
        os.close(descriptor)


def _acquire(path: Path, deadline: float) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise TurnTimeout(str(path)) from None
            time.sleep(POLL_S)
