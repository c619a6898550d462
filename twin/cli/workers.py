"""Workers of the service: forked from one process that has no thread and no connection, so that all share what it holds.

uvicorn's own supervisor starts each worker from nothing: two of them import and read everything twice, at once, on the same cores.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from twin.hub.ending import until_told

__all__ = ["Workers"]

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
PATIENCE_S = (0.0, 0.2, 1.0, 5.0, 30.0)
"""How long is waited before one is started again that lived less than `SHORT_S`, as so many of its kind before it did."""
SHORT_S = 5.0
Found = TypeVar("Found")


@dataclass(slots=True, kw_only=True)
class _Work:
    """What a process runs, its name, since when or from when on, and how many of it in a row lived short."""

    serve: Callable[[], None]
    name: str
    since_s: float = 0.0
    short_lived: int = 0


class Workers:
    """Child processes that run `serve`, or what else they are given, until SIGTERM or SIGINT; one that ends is started again, and one that
    ends again and again keeps none of the others waiting.

    SIGHUP ends each worker once it has answered what it was asked, one after another. They end with this process, however that
    ends. Only the main thread may use it, and there must be no other: `fork` copies no thread, but the locks they hold.
    """

    def __init__(self) -> None:
        self._running: dict[int, _Work] = {}
        self._due: list[_Work] = []
        self._alive, self._held = os.pipe()
        self._renewed: set[int] = set()
        self._stopping = False
        self._told = False
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)

    @property
    def pids(self) -> Sequence[int]:
        """The processes there are."""
        return tuple(self._running)

    def prepare(self, work: Callable[[], Found]) -> Found | None:
        """What work returns that takes long before more can be started. Told to stop it ends at once: then it is None, nothing more is
        to be started, and `watch` ends what there is."""
        return None if self._told else until_told(work, self._be_told)

    def _be_told(self) -> None:
        self._told = True

    def start(self, serve: Callable[[], None], name: str = "worker") -> int:
        """Fork one that runs `serve` and ends; its process id. `ps` and `top` show it as `twin-NAME`, of at most 10 characters.

        Raises RuntimeError where there is another thread.
        """
        return self._fork(_Work(serve=serve, name=name))

    def _fork(self, work: _Work) -> int:
        if threading.active_count() > 1:
            raise RuntimeError(f"threads are running: {', '.join(thread.name for thread in threading.enumerate())}")
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be_worker(work)
        work.since_s = time.monotonic()
        self._running[pid] = work
        return pid

    def is_told(self) -> bool:
        """Whether to stop or to end the workers is among what waits to be heard. For between the steps of what takes long: a process that
        has ended meanwhile is started again."""
        while signal.sigtimedwait((signal.SIGCHLD,), 0) is not None:
            self._reap()
        self._start_due()
        return not signal.sigpending().isdisjoint(HEARD[:3])

    def renew(self, pids: Sequence[int]) -> None:
        """End these once they have answered what they were asked: they are started again, with what this process holds by then."""
        self._renewed.update(pids)
        self.tell(signal.SIGTERM, pids)

    def watch(self) -> None:
        """Keep them running; returns when told to stop and all have ended."""
        if self._told:
            self._stop()
        while self._running or self._due:
            heard = self._heard()
            if heard == signal.SIGCHLD:
                self._reap()
            elif heard == signal.SIGHUP:
                self.tell(signal.SIGTERM)
            elif heard is not None:
                self._stop()
            self._start_due()

    def _stop(self) -> None:
        self.tell(signal.SIGKILL if self._stopping else signal.SIGTERM)
        self._stopping = True
        self._due.clear()

    def _heard(self) -> int | None:
        """The next signal; None where one is to be started first."""
        if not self._due:
            return signal.sigwait(HEARD)
        until = min(work.since_s for work in self._due)
        told = signal.sigtimedwait(HEARD, max(0.0, until - time.monotonic()))
        return None if told is None else told.si_signo

    def _start_due(self) -> None:
        now = time.monotonic()
        for work in [one for one in self._due if one.since_s <= now]:
            self._due.remove(work)
            self._fork(work)

    def tell(self, number: int, pids: Sequence[int] | None = None) -> None:
        """Send a signal to these, or to all of them."""
        for pid in self._running if pids is None else pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _reap(self) -> None:
        for pid in list(self._running):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                continue
            work, now = self._running.pop(pid), time.monotonic()
            if self._stopping:
                continue
            is_short = pid not in self._renewed and now - work.since_s < SHORT_S
            self._renewed.discard(pid)
            work.short_lived = work.short_lived + 1 if is_short else 0
            work.since_s = now + PATIENCE_S[min(work.short_lived, len(PATIENCE_S) - 1)]
            self._due.append(work)

    def _be_worker(self, work: _Work) -> None:
        """In the child, which never returns."""
        code = 1
        try:
            with suppress(OSError):
                Path("/proc/self/comm").write_text(f"twin-{work.name}", encoding="ascii")
            os.close(self._held)
            for number in HEARD:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
            threading.Thread(target=self._end_with_parent, name="parent", daemon=True).start()
            work.serve()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        except BaseException:  # noqa: BLE001  nothing may return into what the parent was doing
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _end_with_parent(self) -> None:
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)
