"""A finding on data: what, where, how bad; findings are collected, none stops the work."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Issue", "Severity", "count_codes"]


class Severity(StrEnum):
    """How much a finding costs: `error` lost something, `warning` needs a look, `info` is a note."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One finding. `code` is UPPER_SNAKE and listed in docs/issue-codes.md; `path` names the entity (`#12 IfcWall 2O2Fr$…`)."""

    code: str
    path: str
    message: str
    severity: Severity = Severity.WARNING
    source: str = ""


def count_codes(issues: Iterable[Issue]) -> dict[str, int]:
    """How often each code occurs, sorted by code: `{"STOREY_EMPTY": 2}`."""
    return dict(sorted(Counter(issue.code for issue in issues).items()))
