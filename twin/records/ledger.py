"""What a merge is told of a ledger, and what it tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from twin.codes import RecordKind

__all__ = ["Merged", "NewLedger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLedger:
    """A ledger about to be merged: `source` names which ledger of the kind it is, `as_of` the day its values hold from."""

    kind: RecordKind
    source: str
    sha256: str
    options: Mapping[str, Any]
    file: str
    who: str
    as_of: date
    facts: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Merged:
    """How the rows of a ledger were taken; `rows = new + changed + unchanged + quarantined`."""

    revision_id: int
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    vanished: int = 0
    seconds: float = 0.0
    issues: dict[str, int] = field(default_factory=dict)
