"""What a person says about a ledger (`--mapping map.toml`), and the profiles we ship (`profiles/*.toml`), in one form.

    [columns]                      # header = column of the kind; "" keeps the header's cells as they are
    资产编号 = "code"              # or several columns: Name = ["code", "name"]
    [constants]                    # a value for each row, where the file has no such column
    class_edition = "GB/T 14885-2022"
    [units]                        # column = the unit its numbers are in, where the header does not say
    value = "万元"
    [reading]
    timezone = "Asia/Shanghai"     # of times of day without a zone
    date_order = "dmy"             # of 3/4/2015
    century_pivot = 30             # years of two digits: 00–29 are 20xx
    decimal_comma = true
    empty = ["n/a"]                # words that mean no value
    only_told = true               # no header is recognised but those in [columns]
    [file]
    encoding = "gb18030"
    delimiter = ";"
    sheet = "Sheet1"
    skip_rows = 2                  # rows above the header
    [book]                         # columns from other sheets of the same workbook, to be named in [columns] as Type.Brand
    first = ["Facility"]           # sheets whose first row counts for all rows
    join = { Type = { on = "TypeName", key = "Name" } }
    combine = { "Full Name" = ["GivenName", "FamilyName"] }

A profile may have a table of these for a kind alone: `[asset.columns]`, `[asset.file]`.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from twin.codes import RecordKind, fold, list_kinds
from twin.ledgers.errors import MappingError

__all__ = ["LedgerMapping", "list_profiles", "read_mapping"]

SECTIONS = ("columns", "constants", "units", "reading", "file", "book")
BARE_KEY = re.compile(r"^(\s*)([^\s#\"'\[=][^#\"'=\n]*?)(\s*=)", re.MULTILINE)
READING = {
    "timezone": str,
    "date_order": str,
    "century_pivot": int,
    "decimal_comma": bool,
    "empty": list,
    "only_told": bool,
}
BOOK = {"first": list, "join": dict, "combine": dict}
FILE = {"encoding": str, "delimiter": str, "sheet": str, "skip_rows": int}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMapping:
    """Everything somebody says about a ledger; what is empty nobody says."""

    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]
    units: Mapping[str, str]
    timezone: str = ""
    date_order: str = ""
    century_pivot: int | None = None
    decimal_comma: bool = False
    empty: frozenset[str] = frozenset()
    only_told: bool = False
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    skip_rows: int | None = None
    first: tuple[str, ...] = ()
    join: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    combine: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def statement(self) -> str:
        """All of it as one text, for the hash of the rows: what is said otherwise is read otherwise."""
        said = [sorted(part.items()) for part in (self.columns, self.constants, self.units)]
        return repr((said, self.timezone, self.date_order, self.century_pivot, self.decimal_comma, sorted(self.empty)))


def read_mapping(kind: RecordKind, profile: str | None, mapping: Path | None) -> LedgerMapping:
    """The profile with the mapping file laid over it, for one kind. Raises MappingError."""
    tables = _sections({}, kind, "")
    if profile is not None:
        tables = _merged(tables, _sections(_profile(profile), kind, f"profile {profile}"))
    if mapping is not None:
        tables = _merged(tables, _sections(_parse(_text_of(mapping), str(mapping)), kind, str(mapping)))
    reading, file, book = tables["reading"], tables["file"], tables["book"]
    return LedgerMapping(
        columns={header: _names(told) for header, told in tables["columns"].items()},
        constants=tables["constants"],
        units=tables["units"],
        empty=frozenset(map(fold, reading.pop("empty", ()))),
        first=tuple(book.pop("first", ())),
        **reading,
        **file,
        **book,
    )


def list_profiles() -> tuple[str, ...]:
    """The names of the profiles we ship."""
    folder = files("twin.ledgers") / "profiles"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def _profile(name: str) -> dict[str, Any]:
    if name not in list_profiles():
        raise MappingError(
            f"there is no profile {name!r}", path=name, hint=f"profiles: {', '.join(list_profiles())}", code="PROFILE_UNKNOWN"
        )
    return _parse((files("twin.ledgers") / "profiles" / f"{name}.toml").read_text("utf-8"), f"profile {name}")


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"the mapping file cannot be read: {error}", path=str(path)) from error


def _parse(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(BARE_KEY.sub(_quoted, text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"no TOML: {error}", path=path) from error


def _quoted(found: re.Match[str]) -> str:
    """A key beyond ASCII in the quotation marks that TOML 1.0 wants around it."""
    return found[0] if found[2].isascii() else f'{found[1]}"{found[2]}"{found[3]}'


def _sections(table: Mapping[str, Any], kind: RecordKind, path: str) -> dict[str, dict[str, Any]]:
    """The five sections of a table, those of the kind alone laid over those of all. Raises MappingError."""
    names = {known.name for known in list_kinds()}
    for name in table:
        if name not in (*SECTIONS, *names, "about"):
            raise MappingError(f"the section [{name}] is not known", path=path, hint=f"sections: {', '.join(SECTIONS)}, or one of a kind")
    own = _tables(table.get(kind.name, {}), path)
    general = _tables({name: part for name, part in table.items() if name in SECTIONS}, path)
    sections = {name: {**general.get(name, {}), **own.get(name, {})} for name in SECTIONS}
    _check(sections, kind, path)
    return sections


def _merged(low: Mapping[str, dict[str, Any]], high: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {**low[name], **high[name]} for name in SECTIONS}


def _tables(table: Any, path: str) -> dict[str, dict[str, Any]]:
    """The sections in a table, each of which must be a table again."""
    if not isinstance(table, dict) or not all(name in SECTIONS and isinstance(part, dict) for name, part in table.items()):
        raise MappingError("a section is no table of known name", path=path, hint=f"sections: {', '.join(SECTIONS)}")
    return table


def _check(sections: Mapping[str, Mapping[str, Any]], kind: RecordKind, path: str) -> None:
    texts = [*sections["constants"].values(), *sections["units"].values()]
    for told in sections["columns"].values():
        texts += told if isinstance(told, list) else [told]
    if not all(isinstance(text, str) for text in texts):
        raise MappingError("columns, constants and units are texts", path=path, hint='such as quantity = "1"')
    columns = {column.name for column in kind.columns}
    named = [*(name for told in sections["columns"].values() for name in _names(told)), *sections["constants"], *sections["units"]]
    for name in named:
        if name and name not in columns:
            raise MappingError(f"{kind.name} has no column {name!r}", path=path, hint=f"its columns: {', '.join(sorted(columns))}")
    for part, types in (("reading", READING), ("file", FILE), ("book", BOOK)):
        for key, value in sections[part].items():
            if key not in types or not isinstance(value, types[key]):
                raise MappingError(f"[{part}] {key} = {value!r} is not known", path=path, hint=f"it takes {', '.join(types)}")
    _check_zone(sections["reading"].get("timezone", ""), path)
    if sections["reading"].get("date_order", "ymd") not in ("ymd", "dmy", "mdy"):
        raise MappingError("date_order is ymd, dmy or mdy", path=path)


def _names(told: str | Sequence[str]) -> tuple[str, ...]:
    """The columns a header feeds, none for one that is kept as it is."""
    return tuple(name for name in ((told,) if isinstance(told, str) else told) if name)


def _check_zone(name: str, path: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError) as error:
        raise MappingError(f"there is no time zone {name!r}", path=path, hint="such as Asia/Shanghai") from error
