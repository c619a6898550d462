"""Limits of office furniture and equipment: how many, how dear, how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from twin.codes.dictionary import Dictionary
from twin.codes.row import Row

__all__ = ["ItemLimit"]

GROUPS: Final = ("bureau", "division", "all")
PER: Final = ("person", "office", "staff", "need")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLimit(Row):
    """The limit of one item for a group of staff (`bureau` 司局级 and above, `division` 处级及以下, `all`).

    `count` is the most for each `per`: `person`, `office`, `staff` (a share of all staff); none for `need` (as the room or secrecy needs).
    `price_yuan` is the most for one piece. Items of one `choice` are alternatives: one of them takes the place of the others.
    """

    TABLE: ClassVar[str] = "item_limits"
    KEY: ClassVar[tuple[str, ...]] = ("item", "group")

    item: str
    zh: str
    en: str
    group: str
    per: str
    count: float | None = None
    price_yuan: float | None = None
    life_years: int
    choice: str = ""

    def trouble(self, dictionaries: Mapping[str, Dictionary]) -> str:
        """A group or a way of counting that is none."""
        if self.group not in GROUPS:
            return f"no group: {self.group}; there are {', '.join(GROUPS)}"
        return "" if self.per in PER else f"no way of counting: {self.per}; there are {', '.join(PER)}"
