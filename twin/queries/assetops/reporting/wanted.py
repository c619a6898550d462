"""What a report is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The day a report holds for; `place` (an id) and `unit` (a key) with all below, None: everything."""

    as_of: date
    place: int | None = None
    unit: str | None = None
