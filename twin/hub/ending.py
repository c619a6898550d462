"""Work that SIGTERM ends at once, wherever it is: what takes long and may be left half done keeps nobody waiting who stops a service."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

__all__ = ["until_told"]

ENDING = (signal.SIGTERM, signal.SIGINT)
Found = TypeVar("Found")


class _Told(BaseException):
    """No `except Exception` in the work takes it for a fault of its own."""


def until_told(work: Callable[[], Found], told: Callable[[], None]) -> Found | None:
    """What the work returns; None where SIGTERM or SIGINT ended it between two steps of Python, of which `told` was told first.

    For the main thread, also where they are blocked otherwise, or a loop hears them: that is so again afterwards, and none is lost.
    """
    working = True

    def leave(number: int, frame: FrameType | None) -> None:
        nonlocal working
        told()
        if working:
            working = False
            raise _Told

    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    before = {number: signal.signal(number, leave) for number in ENDING}
    try:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            return work()
        finally:
            working = False
    except _Told:
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in before.items():
            signal.signal(number, handler)
