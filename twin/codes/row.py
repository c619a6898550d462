"""One row of a table of the field, with where it comes from and when it holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from twin.codes.dictionary import Dictionary

__all__ = ["Row", "strangers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What every row says of itself. It holds on `valid_from <= day < valid_until`; `verified` is False until two sources agreed.

    A kind of row names its table (`TABLE`, the file's stem) and what tells its rows apart within one edition (`KEY`).
    `local` is True where the bureau's own folder says so, not the package.
    """

    TABLE: ClassVar[str] = ""
    KEY: ClassVar[tuple[str, ...]] = ()

    source: str
    edition: str
    valid_from: date
    valid_until: date | None = None
    verified: bool
    note: str = ""
    local: bool = False

    def holds_on(self, day: date) -> bool:
        """Whether the row is in force on that day."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)

    def trouble(self, dictionaries: Mapping[str, Dictionary]) -> str:
        """What makes a row useless though each cell can be read (a rank no dictionary has), empty where nothing does."""
        return ""

    def key(self) -> tuple[object, ...]:
        """What no two rows of a table share: its key columns and its edition."""
        return (*(getattr(self, name) for name in self.KEY), self.edition)


def strangers(words: Iterable[str], dictionary: Dictionary) -> str:
    """`no rank: chef, boss` where words are no codes of the dictionary, else empty; an empty word is none."""
    known = {value.code for value in dictionary.values}
    others = [word for word in words if word and word not in known]
    return f"no {dictionary.name}: {', '.join(others)}; there are {', '.join(sorted(known))}" if others else ""
