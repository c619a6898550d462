"""Layouts of reports, from `layouts.toml`: names, tables, columns."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from twin.errors import NotFound
from twin.reports.phrases import phrase
from twin.reports.report import CellType, Field, Heading, Report, Table, Values, fill_table
from viewer.document import Words

__all__ = ["Layout", "get_layout", "list_layouts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A report without its numbers; `tables` by name, in their order. `verified` says whether anyone held it against the form."""

    name: str
    words: Words
    source: Words
    edition: str
    verified: bool
    tables: Mapping[str, Table]

    def table(self, name: str, columns: Mapping[str, Values]) -> Table:
        """One table with its numbers; errors as of `fill_table`."""
        return fill_table(self.tables[name], columns)

    def report(self, heading: Heading, **parts: Any) -> Report:
        """A report of this layout; `parts` are tables, charts and notes."""
        basis = phrase("edition" if self.verified else "edition_unverified", source=self.source, edition=self.edition)
        return Report(name=self.name, words=self.words, heading=heading, basis=basis, **parts)


@cache
def list_layouts() -> Mapping[str, Layout]:
    """All layouts by name."""
    rows = tomllib.loads(files("twin.reports").joinpath("layouts.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: _layout(name, row) for name, row in rows.items()})


def get_layout(name: str) -> Layout:
    """The layout of that name; REPORT_UNKNOWN lists those there are."""
    layouts = list_layouts()
    if name not in layouts:
        raise NotFound(f"no report is called {name!r}", path=name, code="REPORT_UNKNOWN", hint=f"there are {', '.join(layouts)}")
    return layouts[name]


def _layout(name: str, row: Mapping[str, Any]) -> Layout:
    return Layout(
        name=name,
        words=Words(row["zh"], row["en"]),
        source=Words(row["source"], row["source_en"]),
        edition=row["edition"],
        verified=row["verified"],
        tables=MappingProxyType({table["name"]: _table(table) for table in row["tables"]}),
    )


def _table(row: Mapping[str, Any]) -> Table:
    return Table(words=Words(row["zh"], row["en"]), fields=tuple(map(_field, row["columns"])), columns={})


def _field(row: Mapping[str, Any]) -> Field:
    known = {key: value for key, value in row.items() if key not in ("zh", "en", "type")}
    return Field(words=Words(row["zh"], _capital(row["en"])), type=CellType(row["type"]), **known)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
