"""Dictionaries: what an enumerated column may say, with source and edition (`twin/codes/data/enumerations.toml`)."""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["Dictionary", "Value", "corrected_dictionaries", "fold", "get_dictionary", "list_dictionaries"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value: the code that is kept, its words, and what else ledgers write for it."""

    code: str
    zh: str
    en: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """The values of an enumerated column; `verified` is False until the bureau has compared them with the standard's own table."""

    name: str
    zh: str
    en: str
    source: str
    edition: str
    verified: bool
    values: tuple[Value, ...]

    def find(self, written: str) -> Value | None:
        """The value that a ledger means by these words, None for words it does not know.

        >>> get_dictionary("asset_state").find(" 使用中 ").code
        'in_use'
        """
        return _words(self).get(fold(written))

    def get(self, code: str) -> Value:
        """The value of a code; raises KeyError."""
        return _codes(self)[code]


def fold(text: str) -> str:
    """Text as dictionaries and searches compare it: compatibility forms unified (full width too), case and inner blanks ignored.

    >>> fold("Ａ座 二层")
    'a座二层'
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def get_dictionary(name: str) -> Dictionary:
    """The dictionary of that name; raises KeyError."""
    return _dictionaries()[name]


def list_dictionaries() -> tuple[Dictionary, ...]:
    """Every dictionary, as the file orders them."""
    return tuple(_dictionaries().values())


def corrected_dictionaries(tables: Mapping[str, Any]) -> tuple[Mapping[str, Dictionary], tuple[str, ...]]:
    """The shipped dictionaries with what a file of the same form says besides, and the names of those it says in a way nobody can read.

    A value of the same code takes the place of the shipped one, others are added; a dictionary that is not shipped is taken whole.
    """
    found = dict(_dictionaries())
    unread = []
    for name, table in tables.items():
        try:
            said = _read(name, {**_facts(found.get(name)), **table})
        except (KeyError, TypeError, ValueError):
            unread.append(name)
            continue
        own = {value.code: value for value in said.values}
        kept = tuple(own.pop(value.code, value) for value in (found[name].values if name in found else ()))
        found[name] = replace(said, values=(*kept, *own.values()))
    return MappingProxyType(found), tuple(unread)


def _facts(dictionary: Dictionary | None) -> dict[str, Any]:
    names = ("zh", "en", "source", "edition", "verified")
    return {} if dictionary is None else {name: getattr(dictionary, name) for name in names}


@cache
def _dictionaries() -> Mapping[str, Dictionary]:
    text = (files("twin.codes") / "data" / "enumerations.toml").read_text("utf-8")
    return MappingProxyType({name: _read(name, table) for name, table in tomllib.loads(text).items()})


def _read(name: str, table: Mapping[str, Any]) -> Dictionary:
    values = tuple(Value(**{**row, "aliases": tuple(row.get("aliases", ()))}) for row in table["values"])
    return Dictionary(
        name=name,
        zh=table["zh"],
        en=table["en"],
        source=table["source"],
        edition=table["edition"],
        verified=table["verified"],
        values=values,
    )


@cache
def _words(dictionary: Dictionary) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for value in dictionary.values:
        for word in (value.code, value.zh, value.en, *value.aliases):
            found.setdefault(fold(word), value)
    return MappingProxyType(found)


@cache
def _codes(dictionary: Dictionary) -> Mapping[str, Value]:
    return MappingProxyType({value.code: value for value in dictionary.values})
