"""What devices sent late: spans that wait to be judged again with what was said around them, the oldest first.

Spans wait here until what was made of them is told and written; they are in the checkpoint, or made of the journal again. Judging takes
time, beside the loop (`twin.hub.late`): what a device says meanwhile follows on the judgement, or, where it is of the same time, makes it
stale, and the span goes on waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from sensors import Fixes
from sensors.verdict import Verdict
from twin.errors import TwinError
from twin.hub.happening import told
from twin.hub.lateness import is_late
from twin.hub.rederiving import AROUND_US, Chosen, Piece, Rederiving
from twin.live.afterwards import Stretch
from twin.live.fences import Fences
from twin.live.state import LiveState
from twin.live.tracker import JUDGED, Judged, Tracker

__all__ = ["NOT_JUDGED", "Backlog", "Failed"]

log = logging.getLogger(__name__)
NOT_JUDGED = "LATE_NOT_JUDGED"
SIDE_BY_SIDE = 32
"""Spans, each of another device, that are judged at once; the rest follows without a pause."""
ASIDE = (Verdict.LATE, Verdict.DUPLICATE, Verdict.SAME_MOMENT)
Events = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A part of a span that cannot be judged, by a fault of ours: it stands as it was judged first, and is tried again by the next hub."""

    device: str
    first_us: int
    last_us: int
    why: str


@dataclass(slots=True, kw_only=True, eq=False)
class Backlog:
    """`waiting` are spans of late fixes, first and last time, by device in the order in which they came; `failed` those of which
    `NOT_JUDGED` is told. All but `cut` of `rederiving` is for the one thread that applies commits."""

    rederiving: Rederiving
    waiting: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    _said: dict[int, list[Judged]] = field(default_factory=dict)

    def note(self, fixes: Fixes, judged: Judged, state: LiveState) -> None:
        """What of a commit came late."""
        for handle, said in self._said.items():
            mine = fixes["device"] == handle
            if mine.any():
                said.append(judged[mine])
        rows = np.flatnonzero(is_late(fixes, judged["time_us"], judged["verdict"]))
        for handle in np.unique(fixes["device"][rows]).tolist():
            times = judged["time_us"][rows[fixes["device"][rows] == handle]]
            self._wait(state.addresses[handle], int(times.min()), int(times.max()))

    def _wait(self, device: str, first_us: int, last_us: int) -> None:
        spans = self.waiting.setdefault(device, [])
        for at, (first, last) in enumerate(spans):
            if first_us <= last + AROUND_US and last_us >= first - AROUND_US:
                spans[at] = min(first, first_us), max(last, last_us)
                return
        spans.append((first_us, last_us))

    def take(self, state: LiveState, tracker: Tracker) -> list[Chosen]:
        """The spans to be judged next, the oldest of each device; none while alarms wait for the disk. They go on waiting until they are
        settled. What devices that are taken say from now on is remembered until `release`."""
        if self.rederiving.happening.waiting:
            return []
        chosen = [self._chosen(device, state, tracker) for device in islice(self.waiting, SIDE_BY_SIDE)]
        self._said = {one.handle: [] for one in chosen}
        return chosen

    def _chosen(self, device: str, state: LiveState, tracker: Tracker) -> Chosen:
        handle = state.handles([device]).tolist()[0]
        first_us, last_us = self.waiting[device][0]
        return Chosen(
            device=device,
            handle=handle,
            first_us=first_us,
            last_us=last_us,
            newest_us=int(state.rows["fix_us"][handle]),
            known=tracker.rows[handle].copy() if handle < len(tracker.rows) else None,
        )

    def release(self) -> None:
        """Nothing is taken any more."""
        self._said = {}

    def settle(self, piece: Piece, stretch: Stretch, state: LiveState, fences: Fences, *, now_us: int) -> Events | None:
        """What changed is told and written, and the span waits no more, or for its next part; the events. None where it goes on waiting:
        its device has said more of that time, or the disk refuses."""
        device = piece.span.device
        since = self._since(piece)
        if since is None:
            self._let_others_go_first(device)
            return None
        try:
            events = self.rederiving.finish(piece, stretch, since, state, fences, now_us)
        except TwinError as error:
            log.error("what %s sent late waits: %s (%s)", device, error.message, error.hint)
            self._let_others_go_first(device)
            return None
        except Exception as error:
            log.exception("a fault on what %s sent late", device)
            self.fail(piece.span, piece.until_us, repr(error))
            return []
        self.drop(piece.span, piece.until_us)
        self.failed = [
            one for one in self.failed if one.device != device or one.first_us < piece.span.first_us or one.last_us > piece.until_us
        ]
        return [told(event) for event in events]

    def fail(self, span: Chosen, until_us: int, why: str) -> None:
        """A part of a span waits no more, because it cannot be judged: that is kept, and told as `NOT_JUDGED`."""
        log.error("%s: what %s sent late from %d to %d stands as it came: %s", NOT_JUDGED, span.device, span.first_us, until_us, why)
        if self.drop(span, until_us):
            self.failed.append(Failed(device=span.device, first_us=span.first_us, last_us=until_us, why=why))

    def drop(self, span: Chosen, until_us: int) -> bool:
        """A span waits no more up to a moment; False where it is not as it was taken."""
        spans = self.waiting.get(span.device, [])
        for at, (first_us, last_us) in enumerate(spans):
            if first_us == span.first_us:
                spans[at : at + 1] = [(until_us + 1, last_us)] if until_us < last_us else []
                if not spans:
                    del self.waiting[span.device]
                return True
        return False

    def told(self) -> list[list[Any]]:
        """As JSON, for a checkpoint: what failed is tried again."""
        waiting = [[device, first, last] for device, spans in self.waiting.items() for first, last in spans]
        return waiting + [[one.device, one.first_us, one.last_us] for one in self.failed]

    def untold(self, told: Sequence[Sequence[Any]]) -> None:
        """Wait for what waited when it was told."""
        self.waiting = {}
        for device, first_us, last_us in told:
            self.waiting.setdefault(str(device), []).append((int(first_us), int(last_us)))

    def condition(self) -> Mapping[str, Any]:
        """How many spans wait, and which cannot be judged."""
        failed = [{"device": one.device, "from_us": one.first_us, "to_us": one.last_us, "why": one.why} for one in self.failed]
        return {"late_waiting": sum(map(len, self.waiting.values())), "late_failed": failed}

    def _let_others_go_first(self, device: str) -> None:
        self.waiting[device] = self.waiting.pop(device)

    def _since(self, piece: Piece) -> Judged | None:
        """What its device has said since, after all that the piece holds, as it was judged live; None where it said more of that time."""
        said = [one for part in self._said.get(piece.span.handle, ()) for one in (part[~np.isin(part["time_us"], piece.times)],)]
        more = np.concatenate(said) if said else np.zeros(0, dtype=JUDGED)
        if (more["time_us"] <= piece.times[-1]).any():
            return None
        follows: Judged = more[~np.isin(more["verdict"], ASIDE) & (piece.times[-1] >= piece.span.newest_us)]
        return follows
