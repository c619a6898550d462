"""Which assets are intangible, by class code and edition (`twin/placement/data/intangible.toml`)."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["IntangibleClass", "is_intangible", "list_intangible_classes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntangibleClass:
    """One class of one edition, by how its codes begin; `verified` is False until someone compared it with the standard."""

    edition: str
    prefix: str
    zh: str
    en: str
    source: str
    valid_from: date
    verified: bool


@cache
def list_intangible_classes() -> tuple[IntangibleClass, ...]:
    """Every row of the table."""
    text = (files("twin.placement") / "data" / "intangible.toml").read_text("utf-8")
    return tuple(IntangibleClass(**row) for row in tomllib.loads(text)["class"])


def is_intangible(codes: Sequence[str | None], editions: Sequence[str | None]) -> NDArray[np.bool_]:
    """Whether each (code, edition) is an intangible class, (n,) bool; a code without edition is never one.

    Ask it of the distinct classes of a register, not of its rows.

    >>> is_intangible(["A08060301", "A08060301"], ["GB/T 14885-2022", None]).tolist()
    [True, False]
    """
    pairs: Iterable[tuple[str | None, str | None]] = zip(codes, editions, strict=True)
    return np.array([_matches(code, edition) for code, edition in pairs], dtype=bool)


def _matches(code: str | None, edition: str | None) -> bool:
    return any(row.edition == edition and (code or "").startswith(row.prefix) for row in list_intangible_classes())
