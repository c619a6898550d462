"""The table of what the tie leaves to people: code → family (`families.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

__all__ = ["Family", "families", "family_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Items of which the same is asked: `codes` in the order of the table."""

    name: str
    zh: str
    en: str
    codes: tuple[str, ...]

    def words(self) -> dict[str, str]:
        """Its name in both languages."""
        return {"name": self.name, "zh": self.zh, "en": self.en}


@cache
def families() -> tuple[Family, ...]:
    """The families in the order in which they are worked off."""
    table = tomllib.loads((files("twin.queries.worklist") / "families.toml").read_text("utf-8"))
    return tuple(Family(**{**row, "codes": tuple(row["codes"])}) for row in table["family"])


@cache
def family_of() -> Mapping[str, Family]:
    """Code → its family."""
    return MappingProxyType({code: family for family in families() for code in family.codes})
