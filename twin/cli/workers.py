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

__all__ = ["Workers"]

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
PATIENCE_S = (0.0, 0.2, 1.0, 5.0, 30.0)
"""How long is waited before a worker is started again, after so many that lived less than `SHORT_S`."""
SHORT_S = 5.0


class Workers:
    """Child processes that run `serve`, or what else they are given, until SIGTERM or SIGINT; one that ends is started again.

    SIGHUP ends each worker once it has answered what it was asked, one after another. They end with this process, however that
    ends. Only the main thread may use it, and there must be no other: `fork` copies no thread, but the locks they hold.
    """

    def __init__(self) -> None:
        self._running: dict[int, tuple[Callable[[], None], float]] = {}
        self._alive, self._held = os.pipe()
        self._renewed: set[int] = set()
        self._short_lived = 0
        self._stopping = False
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)

    @property
    def pids(self) -> Sequence[int]:
        """The processes there are."""
        return tuple(self._running)

    def start(self, serve: Callable[[], None]) -> int:
        """Fork one that runs `serve` and ends; its process id. Raises RuntimeError where there is another thread."""
        if threading.active_count() > 1:
            raise RuntimeError(f"threads are running: {', '.join(thread.name for thread in threading.enumerate())}")
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be_worker(serve)
        self._running[pid] = serve, time.monotonic()
        return pid

    def is_told(self) -> bool:
        """Whether to stop or to end the workers is among what waits to be heard."""
        return not signal.sigpending().isdisjoint(HEARD[:3])

    def renew(self, pids: Sequence[int]) -> None:
        """End these once they have answered what they were asked: they are started again, with what this process holds by then."""
        self._renewed.update(pids)
        self.tell(signal.SIGTERM, pids)

    def watch(self) -> None:
        """Keep them running; returns when told to stop and all have ended."""
        while self._running:
            heard = signal.sigwait(HEARD)
            if heard == signal.SIGCHLD:
                self._reap()
            elif heard == signal.SIGHUP:
                self.tell(signal.SIGTERM)
            else:
                self.tell(signal.SIGKILL if self._stopping else signal.SIGTERM)
                self._stopping = True

    def tell(self, number: int, pids: Sequence[int] | None = None) -> None:
        """Send a signal to these, or to all of them."""
        for pid in self._running if pids is None else pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _reap(self) -> None:
        for pid in list(self._running):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                continue
            serve, since = self._running.pop(pid)
            if self._stopping:
                continue
            if pid in self._renewed:
                self._renewed.discard(pid)
                self.start(serve)
                continue
            self._short_lived = self._short_lived + 1 if time.monotonic() - since < SHORT_S else 0
            told = signal.sigtimedwait(HEARD[:2], PATIENCE_S[min(self._short_lived, len(PATIENCE_S) - 1)])
            if told is None:
                self.start(serve)
            else:
                self._stopping = True
                self.tell(signal.SIGTERM)

    def _be_worker(self, serve: Callable[[], None]) -> None:
        """In the child, which never returns."""
        code = 1
        try:
            os.close(self._held)
            for number in HEARD:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
            threading.Thread(target=self._end_with_parent, name="parent", daemon=True).start()
            serve()
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
