"""What an import did."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Imported", "Progress"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The document of `--json`, whether a revision was added, whether a person must decide (exit code 3)."""

    document: dict[str, Any]
    added: bool
    needs_decision: bool
