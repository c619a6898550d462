"""Limits of office area by rank, and the other numbers of the standard for office buildings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from twin.codes.dictionary import Dictionary
from twin.codes.row import Row, strangers

__all__ = ["AreaLimit", "AreaRule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLimit(Row):
    """The most usable area (m²) of the office of one person; `words` as the table prints the group, `ranks` codes of that dictionary."""

    TABLE: ClassVar[str] = "area_limits"
    KEY: ClassVar[tuple[str, ...]] = ("level", "words")

    level: str
    words: str
    en: str
    ranks: tuple[str, ...]
    area_m2: float

    def trouble(self, dictionaries: Mapping[str, Dictionary]) -> str:
        """A level or rank that no dictionary has."""
        return strangers([self.level], dictionaries["level"]) or strangers(self.ranks, dictionaries["rank"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRule(Row):
    """A number of the standard by name, for one level or for all (empty).

    Where it falls from `value` to `value_at_most_people` between `people_from` and `people_to` posts, it is interpolated in between.
    """

    TABLE: ClassVar[str] = "area_rules"
    KEY: ClassVar[tuple[str, ...]] = ("name", "level")

    name: str
    level: str = ""
    value: float
    unit: str
    zh: str
    en: str
    people_from: int | None = None
    people_to: int | None = None
    value_at_most_people: float | None = None

    def trouble(self, dictionaries: Mapping[str, Dictionary]) -> str:
        """A level that no dictionary has, or an interpolation without both of its ends."""
        ends = (self.people_from, self.people_to, self.value_at_most_people)
        if any(end is None for end in ends) and any(end is not None for end in ends):
            return "people_from, people_to and value_at_most_people go together"
        if self.people_from is not None and self.people_to is not None and self.people_to <= self.people_from:
            return f"people_to {self.people_to} is not above people_from {self.people_from}"
        return strangers([self.level], dictionaries["level"])

    def at(self, people: int) -> float:
        """The number for that many posts, in `unit`.

        8 m² up to 200 people and 6 m² from 400 on is 7 m² at 300.
        """
        if self.people_from is None or self.people_to is None or self.value_at_most_people is None:
            return self.value
        share = (people - self.people_from) / (self.people_to - self.people_from)
        return self.value + min(max(share, 0.0), 1.0) * (self.value_at_most_people - self.value)
