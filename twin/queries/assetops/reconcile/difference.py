"""A difference as a fact: what stands against what, where each side says it, how much, who must act; and the table of their kinds."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from twin.codes import list_issue_codes

__all__ = ["Difference", "DifferenceKind", "Side", "difference_kinds", "family_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceKind:
    """A row of `differences.toml`: `family` is 账账, 账卡, 账实 or 账证; `acts` who mends it: finance, assets, unit."""

    code: str
    family: str
    zh: str
    en: str
    acts: str
    remedy_zh: str
    remedy_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side: what it is called (a ledger, 资产卡片, …), what it says, in which file and line; empty where it says nothing."""

    name: str
    says: str
    file: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference: `key` names the thing, `amount` is left − right in fen (None where no money differs), `unit` the key of the unit."""

    code: str
    key: str
    left: Side
    right: Side
    amount: int | None = None
    unit: str | None = None
    unit_name: str | None = None
    record_id: int | None = None

    @property
    def subject(self) -> str:
        """What it is about, among all of its code: the same in every run until it is gone."""
        return f"{self.left.name}|{self.right.name}|{self.key}"

    @property
    def id(self) -> str:
        """A name of 16 hexadecimal digits, the same in every run."""
        return hashlib.sha256(f"{self.code}|{self.subject}".encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """The difference as a document."""
        kind = difference_kinds()[self.code]
        return {
            "id": self.id,
            "code": self.code,
            "family": kind.family,
            "key": self.key,
            "zh": kind.zh,
            "en": kind.en,
            "left": _side(self.left),
            "right": _side(self.right),
            "amount": self.amount,
            "unit": None if self.unit is None else {"key": self.unit, "name": self.unit_name},
            "acts": kind.acts,
            "remedy": {"zh": kind.remedy_zh, "en": kind.remedy_en},
        }


@cache
def difference_kinds() -> Mapping[str, DifferenceKind]:
    """Every kind of difference by its code, in the order of the file."""
    words = {one.code: one for one in list_issue_codes()}
    kinds = [DifferenceKind(**row, zh=words[row["code"]].zh, en=words[row["code"]].en) for row in _table()["rows"]]
    return MappingProxyType({kind.code: kind for kind in kinds})


def family_words(family: str) -> dict[str, str]:
    """What a family compares, in both languages.

    >>> family_words("账卡")
    {'zh': '账卡', 'en': 'ledger and card'}
    """
    return {"zh": family, "en": _table()["families"][family]}


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("twin.queries.assetops.reconcile").joinpath("differences.toml").read_text(encoding="utf-8"))


def _side(side: Side) -> dict[str, Any]:
    return {"name": side.name, "says": side.says, "file": side.file or None, "line": side.line}
