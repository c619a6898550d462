"""Why the history cannot keep or tell something.

TwinError
├── StoreUnavailable
│   └── HistoryUnavailable       it cannot be written or read now
│       ├── HistoryFull          no room on the disk: nothing of what was handed over is kept; the next may be
│       └── HistoryTaken         another process writes this history
├── Refused
│   └── HistoryAsked             a question it cannot be asked: a period turned round, an unknown kind
└── HistoryDamaged               bytes that were kept are not what they were
    └── PositionGone             asked from a position that is no longer, or not yet, in the journal
"""

from twin.errors import Invalid, StoreUnavailable, TwinError

__all__ = ["HistoryAsked", "HistoryDamaged", "HistoryFull", "HistoryTaken", "HistoryUnavailable", "PositionGone"]


class HistoryUnavailable(StoreUnavailable):
    """The history cannot be written or read now."""

    code = "HISTORY_UNAVAILABLE"


class HistoryFull(HistoryUnavailable):
    """There is no room: nothing of what was handed over is kept, what was kept before is whole."""

    code = "HISTORY_FULL"


class HistoryTaken(HistoryUnavailable):
    """Another process writes here; a history has one writer."""

    code = "HISTORY_TAKEN"


class HistoryAsked(Invalid):
    """A question that has no answer of the form asked for."""

    code = "HISTORY_ASKED"


class HistoryDamaged(TwinError):
    """Bytes that were kept are not what they were. `position` is the first record that cannot be told, `resume` the first after the
    damage that can (None: none is known)."""

    code = "HISTORY_DAMAGED"

    def __init__(self, message: str, *, path: str = "", hint: str = "", position: int = 0, resume: int | None = None) -> None:
        super().__init__(message, path=path, hint=hint)
        self.position = position
        self.resume = resume


class PositionGone(HistoryDamaged):
    """The journal does not reach back, or on, to that position; `resume` is the first it has."""

    code = "POSITION_GONE"
