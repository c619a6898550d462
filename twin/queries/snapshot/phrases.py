"""The words of a snapshot (`words.toml`), times as people read them, ages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files

from viewer.document import Words

__all__ = ["BEIJING", "age_words", "clock", "kind_words", "moment", "phrase", "sentences"]

BEIJING = timezone(timedelta(hours=8))
AGES = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def phrase(name: str, **facts: object) -> Words:
    """One row of the table with facts put in; a fact that is Words is told in each language."""
    row = sentences()[name]
    return Words(*(getattr(row, language).format(**_in(facts, language)) for language in ("zh", "en")))


def kind_words(kind: str) -> Words:
    """What a kind of device is called; its code where the table has no row."""
    return sentences().get(f"kind_{kind}", Words.same(kind))


def age_words(seconds: float) -> Words:
    """How long something is ago, in the largest unit of which it has two, whole and cut off.

    >>> age_words(150).zh
    '2 分钟'
    """
    whole = max(0, int(seconds))
    size, unit = next((one for one in AGES if whole >= 2 * one[0]), AGES[-1])
    return phrase(unit, n=whole // size)


def clock(text: str | None) -> str:
    """An RFC 3339 moment as a clock of GMT+8 shows it; empty for None.

    >>> clock("2026-11-26T18:03:04.500Z")
    '2026-11-27 02:03:04'
    """
    if text is None:
        return ""
    return datetime.fromisoformat(text).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def moment(at_us: int) -> str:
    """Microseconds of UTC as RFC 3339 to the second."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).isoformat().replace("+00:00", "Z")


@cache
def sentences() -> Mapping[str, Words]:
    """All rows."""
    document = tomllib.loads(files("twin.queries.snapshot").joinpath("words.toml").read_text(encoding="utf-8"))
    return {name: Words(row["zh"], row["en"]) for name, row in document.items()}


def _in(facts: Mapping[str, object], language: str) -> dict[str, object]:
    return {name: getattr(value, language) if isinstance(value, Words) else value for name, value in facts.items()}
