"""Whether an asset and an element can be one thing, by class: a desk is no boiler (data/class_families.toml)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from twin.link.written import unify

__all__ = ["classes_agree"]


@dataclass(frozen=True, slots=True)
class _Table:
    words: tuple[tuple[str, str], ...]
    codes: tuple[tuple[str, str], ...]
    families_of: Mapping[str, frozenset[str]]


@lru_cache(maxsize=1 << 16)
def classes_agree(name: str, class_code: str, ifc_class: str) -> bool | None:
    """True where the asset's family is one of the element's, False where both have families and share none, else None.

    >>> classes_agree("办公桌", "A05010201", "IfcBoiler"), classes_agree("锅炉", "", "IfcEnergyConversionDevice")
    (False, True)
    """
    table = _read()
    family, there = _family(name, class_code, table), table.families_of.get(ifc_class)
    return None if family is None or not there else family in there


def _family(name: str, class_code: str, table: _Table) -> str | None:
    said = unify(name)
    worded = [(len(word), family) for word, family in table.words if word in said]
    if worded:
        return max(worded)[1]
    coded = [(len(code), family) for code, family in table.codes if class_code.startswith(code)]
    return max(coded)[1] if coded else None


@cache
def _read() -> _Table:
    rows = tomllib.loads((files("twin.link") / "data" / "class_families.toml").read_text("utf-8"))["family"]
    families_of: dict[str, set[str]] = {}
    for row in rows:
        for ifc_class in row["classes"]:
            families_of.setdefault(ifc_class, set()).add(row["name"])
    return _Table(
        words=tuple((unify(word), row["name"]) for row in rows for word in row.get("words", ())),
        codes=tuple((code, row["name"]) for row in rows for code in row.get("codes", ())),
        families_of={ifc_class: frozenset(names) for ifc_class, names in families_of.items()},
    )
