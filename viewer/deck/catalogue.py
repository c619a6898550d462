"""The sentences of the pages in both languages, from `words.json`."""

import json
from collections.abc import Mapping
from functools import cache

from viewer.document import Words, read_part

__all__ = ["number", "words"]


def words(key: str, **places: str) -> Words:
    """The sentence of that key with its places filled: `words("page.as_of", date="2026-01-31")` is 截至 2026-01-31."""
    zh, en = _catalogue()[key]
    return Words(zh.format(**places), en.format(**places))


def number(value: float | None, digits: int) -> str:
    """A number for people: `number(1234.5, 2)` is `1,234.50`; nothing at all where it is not known."""
    return "" if value is None else f"{value:,.{digits}f}"


@cache
def _catalogue() -> Mapping[str, tuple[str, str]]:
    return {key: (zh, en) for key, (zh, en) in json.loads(read_part("viewer.deck", "words.json")).items()}
