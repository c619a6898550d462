"""Questions about lines of sight in JSON, answered as bytes of JSON: in the process that holds the scene, or in one's own."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from spatial.errors import SightLibraryMissing, SpatialError
from spatial.source import bytes_sha256
from twin.auth import Labels
from twin.errors import Invalid, NotInstalled, NotReady
from twin.queries.sight.asking import explain_camera, seen_from
from twin.queries.sight.covered import coverage_json
from twin.queries.sight.covering import Covers, cover
from twin.queries.sight.sights import Sights
from twin.settings import Settings
from twin.store import Store

__all__ = ["Answerer", "Sight"]

Pause = Callable[[], None]
KEPT_ANSWERS, KEPT_BYTES = 16, 64 * 2**20
MOST_BYTES = 192 * 2**20
MOST_WAITING = 8
YIELDING_S = 0.25


class Sight(Protocol):
    """Who answers: `question` about a site for a reader of some labels; `gone` says whether the asker has left, which ends the work."""

    def ask(self, what: str, site: str, labels: Labels, question: Mapping[str, Any], *, gone: Callable[[], bool] = lambda: False) -> bytes:
        """`what` is visible, explain or coverage. Raises NotFound, Invalid, TooLarge, NotReady, NotInstalled."""


class Answerer:
    """Answers from a scene in this process. Short questions go before long ones, which stop for them every few milliseconds; an answer
    about coverage is kept until a revision or another question takes its place."""

    def __init__(self, store: Store, settings: Settings, *, rebuild: bool = True) -> None:
        self.sights = Sights(store, settings, rebuild=rebuild)
        self._store = store
        self._covers = Covers()
        self._short = 0
        self._idle = threading.Condition()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def ask(self, what: str, site: str, labels: Labels, question: Mapping[str, Any], *, gone: Callable[[], bool] = lambda: False) -> bytes:
        """See `Sight`."""
        try:
            if what == "coverage":
                return self._coverage(site, labels, question, gone)
            with self._first():
                sight = self.sights.of(site)
                if what == "visible":
                    return _json(seen_from(self._store, sight, labels, question))
                if what == "explain":
                    return _json(explain_camera(self._store, sight, labels, question))
        except SightLibraryMissing as error:
            raise NotInstalled(str(error), code=error.code, hint=error.hint) from None
        except SpatialError as error:
            raise Invalid(str(error), code="TARGET_INVALID", hint=error.hint) from None
        raise Invalid(f"no question {what}", hint="visible, explain or coverage")

    def _coverage(self, site: str, labels: Labels, question: Mapping[str, Any], gone: Callable[[], bool]) -> bytes:
        sight = self.sights.of(site)
        said = json.dumps([site, None if labels is None else sorted(labels), question], sort_keys=True)
        key = bytes_sha256(f"{sight.live.revision} {sight.drawn.scene.revision} {sight.outdated} {said}".encode())
        if key in self._kept:
            return self._kept[key]
        if not self._waiting.acquire(blocking=False):
            raise NotReady(f"{MOST_WAITING} coverages are being worked out", code="SIGHT_BUSY", retry_s=5)
        try:

            def pause() -> None:
                if gone():
                    raise NotReady("the question was taken back", code="SIGHT_CANCELLED")
                with self._idle:
                    self._idle.wait_for(lambda: not self._short, timeout=YIELDING_S)

            pieces, size = [], 0
            for piece in coverage_json(cover(self._covers, self._store, sight, labels, question, pause=pause), pause=pause):
                pieces.append(piece)
                size += len(piece)
                if size > MOST_BYTES:
                    raise Invalid(
                        f"an answer of more than {MOST_BYTES:,} bytes", code="COVERAGE_INVALID", hint="a longer step, or a part: in"
                    )
        finally:
            self._waiting.release()
        return self._keep(key, b"".join(pieces))

    def _keep(self, key: str, answer: bytes) -> bytes:
        with self._idle:
            self._kept[key] = answer
            while len(self._kept) > KEPT_ANSWERS or (len(self._kept) > 1 and sum(map(len, self._kept.values())) > KEPT_BYTES):
                self._kept.popitem(last=False)
        return answer

    @contextmanager
    def _first(self) -> Iterator[None]:
        """A short question: long ones stop at their next pause until it is answered."""
        with self._idle:
            self._short += 1
        try:
            yield
        finally:
            with self._idle:
                self._short -= 1
                self._idle.notify_all()


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
