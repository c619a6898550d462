"""What routes say in Chinese and English, from `words.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Words", "said"]


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    zh: str
    en: str

    def as_json(self) -> dict[str, str]:
        """`{zh, en}`."""
        return {"zh": self.zh, "en": self.en}


def said(table: str, key: str, **values: "str | Words") -> Words:
    """The words of a table's row (`steps`, `places`, `reasons`) with its values filled in.

    >>> said("steps", "gate", name="南大门").en
    'Pass 南大门'
    """
    row = _tables()[table][key]
    filled = {language: {name: getattr(value, language, value) for name, value in values.items()} for language in ("zh", "en")}
    return Words(row["zh"].format(**filled["zh"]), row["en"].format(**filled["en"]))


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("twin.queries.routes").joinpath("words.toml").read_text(encoding="utf-8"))
