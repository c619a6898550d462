"""Sentences of reports in both languages, from `words.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from viewer.document import Words

__all__ = ["phrase", "unit_words"]


def phrase(key: str, **places: str | Words) -> Words:
    """The sentence of that key with its places filled: `phrase("as_of", date="2026-01-31")` is 截至 2026-01-31."""
    zh, en = _phrases()[key]
    return Words(zh.format(**_side(places, "zh")), en.format(**_side(places, "en")))


def unit_words(unit: str) -> Words:
    """A unit of a layout in both languages: 元 is yuan, m² is m²."""
    return Words(unit, _texts()["units"].get(unit, unit))


def _side(places: Mapping[str, str | Words], language: str) -> dict[str, str]:
    return {key: getattr(text, language) if isinstance(text, Words) else text for key, text in places.items()}


@cache
def _phrases() -> Mapping[str, tuple[str, str]]:
    return {key: (pair[0], pair[1]) for key, pair in _texts().items() if key != "units"}


@cache
def _texts() -> Mapping[str, Any]:
    return tomllib.loads(files("twin.reports").joinpath("words.toml").read_text(encoding="utf-8"))
