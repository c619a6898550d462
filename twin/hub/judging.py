"""A process of its own that judges again what was said: columns go in, columns come out, and it may be killed at any moment.

It ends with the hub, however that ends, because its pipe does; it steps back behind what is live where processors are few.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import Any

from twin.live.afterwards import Said, Stretch, judge_again
from twin.live.tracker import Tracker

__all__ = ["Judging", "JudgingFailed"]

WITHIN_S = 120.0
BEHIND = 5
Judge = Callable[[Sequence[Said], Tracker], list[Stretch]]


class JudgingFailed(RuntimeError):
    """Nothing came out of it: the process raised, ended, or took too long. The next question starts it anew."""


@dataclass(slots=True, kw_only=True, eq=False)
class Judging:
    """Started when it is first asked; one question at a time, from any thread. `judge` is what the process does."""

    judge: Judge = judge_again
    within_s: float = WITHIN_S
    _ended: bool = False
    _lock: Lock = field(default_factory=Lock)
    _process: BaseProcess | None = None
    _pipe: Pipe | None = None
    _settings: tuple[Any, ...] = field(default=())

    @property
    def pid(self) -> int | None:
        """Of the process, None where there is none."""
        return None if self._process is None else self._process.pid

    def ask(self, said: Sequence[Said], tracker: Tracker) -> list[Stretch]:
        """As `twin.live.afterwards.judge_again`. Raises JudgingFailed."""
        settings = tracker.limits, tracker.smoothing, tracker.area
        try:
            pipe = self._pipe or self._start()
            if len(self._settings) != len(settings) or any(one is not other for one, other in zip(self._settings, settings, strict=True)):
                pipe.send(settings)
                self._settings = settings
            pipe.send(list(said))
            if not pipe.poll(self.within_s):
                raise JudgingFailed(f"no answer within {self.within_s:g} s")
            answer: list[Stretch] | str = pipe.recv()
        except JudgingFailed:
            self.close()
            raise
        except (OSError, EOFError) as error:
            self.close()
            raise JudgingFailed(f"the process ended: {error!r}") from error
        if isinstance(answer, str):
            raise JudgingFailed(answer)
        return answer

    def end(self) -> None:
        """Close for good: also what another thread is about to start, which nobody would wait for any more."""
        with self._lock:
            self._ended = True
        self.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._lock:
            process, pipe, self._process, self._pipe, self._settings = self._process, self._pipe, None, None, ()
        if process is not None:
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()

    def _start(self) -> Pipe:
        context = multiprocessing.get_context("spawn")
        with self._lock:
            if self._ended:
                raise JudgingFailed("it was ended")
            ours, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self.judge), daemon=True)
            self._process.start()
            theirs.close()
            self._pipe = ours
        return ours


def _serve(pipe: Pipe, judge: Judge) -> None:
    """In the process: answer until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(BEHIND)
    tracker = Tracker()
    with suppress(EOFError, OSError):
        while True:
            asked = pipe.recv()
            if isinstance(asked, tuple):
                limits, smoothing, area = asked
                tracker = Tracker(limits=limits, smoothing=smoothing, area=area)
                continue
            answer: list[Stretch] | str
            try:
                answer = judge(asked, tracker)
            except Exception:  # noqa: BLE001 - told to who asked
                answer = traceback.format_exc(limit=-3)
            pipe.send(answer)
