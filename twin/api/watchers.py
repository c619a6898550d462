"""How many watch at once: so many of one key, and so many in all of a worker; whoever comes beyond that is told when to come again."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twin.auth import Principal
from twin.errors import NotReady, TooManyWatching, TwinError

__all__ = ["Watchers"]

RETRY_S = 15
LOGGED_EVERY_S = 60.0
log = logging.getLogger(__name__)


class Watchers:
    """The lines of `/live` and `/events` that are open, by the name of who watches; for one event loop.

    A line counts while the block lasts that holds its place: it cannot end, in whatever way, and go on counting.

    >>> watchers = Watchers(each=1, most=5)
    >>> with watchers.place(principal):
    ...     len(watchers)
    1
    """

    def __init__(self, *, each: int, most: int, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._each = each
        self._most = most
        self._held = Counter[str]()
        self._clock_s = clock_s
        self._logged_s = -LOGGED_EVERY_S

    def __len__(self) -> int:
        return self._held.total()

    @contextmanager
    def place(self, principal: Principal) -> Iterator[None]:
        """One more line for the length of the block. Raises TooManyWatching where the principal has as many as one may have, NotReady
        (`WATCHING_FULL`) where all together have."""
        name = principal.name
        if self._held[name] >= self._each:
            raise self._noted(TooManyWatching(f"{name} has {self._each:,} lines open in this worker", retry_s=RETRY_S))
        if len(self) >= self._most:
            hint = f"try again in {RETRY_S} s; TWIN_CONNECTIONS says how many connections there may be"
            raise self._noted(NotReady(f"{self._most:,} lines are open in this worker", code="WATCHING_FULL", hint=hint, retry_s=RETRY_S))
        self._held[name] += 1
        try:
            yield
        finally:
            self._held[name] -= 1
            if not self._held[name]:
                del self._held[name]

    def _noted(self, error: TwinError) -> TwinError:
        """The error, now and then with a line in the log."""
        now_s = self._clock_s()
        if now_s - self._logged_s >= LOGGED_EVERY_S:
            self._logged_s = now_s
            log.warning("%s: %s; more are refused", error.code, error.message)
        return error
