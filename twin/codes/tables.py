"""The tables of the field: those the package ships, with what the bureau's own folder corrects and adds.

A shipped table is `twin/codes/data/NAME.toml`: blocks `[[edition]]` with source, edition, dates, `verified`, and `rows`. The bureau
puts `NAME.toml` of the same form, or `NAME.csv` (UTF-8 or GBK, one line a row with `source`, `edition`, `valid_from`, `verified` of
its own), into `TWIN_HOME/codes`. A row with the key and edition of a shipped row takes its place, any other is added. A row that
cannot be read changes nothing and is a finding.
"""

import csv
import hashlib
import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from spatial.issue import Issue, Severity
from twin.codes.alarm import AlarmFamily, AlarmKind, CloseReason, EventType, ProcedureStep
from twin.codes.area import AreaLimit, AreaRule
from twin.codes.asset_class import AssetClass, ClassScheme
from twin.codes.cell import CellInvalid, row_reader
from twin.codes.device_id import DeviceType
from twin.codes.dictionary import Dictionary, corrected_dictionaries
from twin.codes.division import Division
from twin.codes.energy import KgceFactor
from twin.codes.item import ItemLimit
from twin.codes.row import Row
from twin.codes.step import Step

__all__ = ["ROW_TYPES", "Tables", "read_tables", "shipped_tables"]

ROWS: Final[tuple[type[Row], ...]] = (
    *(AlarmFamily, AlarmKind, AreaLimit, AreaRule, AssetClass, ClassScheme, CloseReason),
    *(DeviceType, Division, EventType, ItemLimit, KgceFactor, ProcedureStep, Step),
)
ROW_TYPES: Final[Mapping[str, type[Row]]] = MappingProxyType({row.TABLE: row for row in ROWS})
ENUMERATIONS: Final = "enumerations.toml"
READ_BY: Final = frozenset({"asset_classes", "class_schemes", "device_types", "divisions", "enumerations"})
"""Tables that say whether a cell of a ledger is right."""
RowType = TypeVar("RowType", bound=Row)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tables:
    """Every table, and the findings on what the bureau's folder says. Passed down like settings; nothing looks for a folder by itself.

    Two tables are the same where they are one object, so that what is made of them can be kept. `reading` is a hash of those of the
    bureau's files that ledgers are read by, empty where there are none.
    """

    by_type: Mapping[type[Row], tuple[Row, ...]]
    dictionaries: Mapping[str, Dictionary]
    issues: tuple[Issue, ...] = field(default=())
    reading: str = ""

    def rows(self, row_type: type[RowType]) -> tuple[RowType, ...]:
        """All rows of a table, of every edition."""
        return tuple(row for row in self.by_type[row_type] if isinstance(row, row_type))

    def rows_on(self, row_type: type[RowType], day: date) -> tuple[RowType, ...]:
        """The rows in force on a day; of rows with the same key columns the latest to begin, and the bureau's before the package's."""
        found: dict[tuple[object, ...], RowType] = {}
        for row in sorted(self.rows(row_type), key=lambda row: (row.valid_from, row.local)):
            if row.holds_on(day):
                found[row.key()[:-1]] = row
        return tuple(found.values())


@cache
def shipped_tables() -> Tables:
    """The tables as the package ships them."""
    return _read(None)


def read_tables(folder: Path | None) -> Tables:
    """The shipped tables with the corrections in a folder; None or a folder that is absent means no corrections.

    Findings: `CODE_TABLE_UNKNOWN` (a file that names no table), `CODE_TABLE_UNREADABLE` (not TOML or CSV), `CODE_ROW_INVALID`
    (a row that cannot be read).
    """
    return shipped_tables() if folder is None or not folder.is_dir() else _read(folder)


def _read(folder: Path | None) -> Tables:
    tables = {name: dict(_shipped(name)) for name in ROW_TYPES}
    issues: list[Issue] = []
    dictionaries = _dictionaries(folder and folder / ENUMERATIONS, issues)
    for path in sorted(folder.iterdir()) if folder is not None else ():
        if path.is_file() and path.name != ENUMERATIONS and not path.name.startswith("."):
            issues += _correct(tables, path, dictionaries)
    by_type = {ROW_TYPES[name]: tuple(rows.values()) for name, rows in tables.items()}
    return Tables(
        by_type=MappingProxyType(by_type), dictionaries=dictionaries, issues=tuple(issues), reading=_hash_of(folder) if folder else ""
    )


def _hash_of(folder: Path) -> str:
    found = [path for path in sorted(folder.iterdir()) if path.is_file() and path.stem in READ_BY]
    return hashlib.sha256(b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in found)).hexdigest() if found else ""


def _dictionaries(path: Path | None, issues: list[Issue]) -> Mapping[str, Dictionary]:
    if path is None or not path.is_file():
        return corrected_dictionaries({})[0]
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:
        issues.append(_issue("CODE_TABLE_UNREADABLE", path.name, f"not TOML: {error}"))
        return corrected_dictionaries({})[0]
    dictionaries, unread = corrected_dictionaries(tables)
    issues += [
        _issue("CODE_ROW_INVALID", f"{path.name}#{name}", f"{name} is no dictionary with code, zh and en of each value") for name in unread
    ]
    return dictionaries


@cache
def _shipped(name: str) -> Mapping[tuple[object, ...], Row]:
    text = (files("twin.codes") / "data" / f"{name}.toml").read_text("utf-8")
    read = row_reader(ROW_TYPES[name])
    rows = (read(cells) for _, cells in _toml_rows(text))
    return MappingProxyType({row.key(): row for row in rows})


def _correct(tables: Mapping[str, dict[tuple[object, ...], Row]], path: Path, dictionaries: Mapping[str, Dictionary]) -> Iterator[Issue]:
    if path.stem not in ROW_TYPES:
        yield _issue("CODE_TABLE_UNKNOWN", path.name, f"{path.stem} is no table; there are {', '.join(sorted(ROW_TYPES))}")
        return
    try:
        lines = list(_lines(path))
    except (ValueError, csv.Error, KeyError, TypeError, AttributeError) as error:
        yield _issue("CODE_TABLE_UNREADABLE", path.name, f"not a table in TOML or CSV: {error}")
        return
    read = row_reader(ROW_TYPES[path.stem])
    for number, cells in lines:
        try:
            row = replace(read(cells), local=True)
        except CellInvalid as error:
            yield _issue("CODE_ROW_INVALID", f"{path.name}#{number}", str(error))
            continue
        trouble = row.trouble(dictionaries)
        if trouble:
            yield _issue("CODE_ROW_INVALID", f"{path.name}#{number}", trouble)
        else:
            tables[path.stem][row.key()] = row


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if path.suffix.lower() == ".toml":
        return _toml_rows(path.read_text("utf-8"))
    if path.suffix.lower() == ".csv":
        return _csv_rows(path.read_bytes())
    raise ValueError(f"a table is .toml or .csv, not {path.suffix or 'without a suffix'}")


def _toml_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    number = 0
    for edition in tomllib.loads(text)["edition"]:
        shared = {name: value for name, value in edition.items() if name != "rows"}
        for row in edition["rows"]:
            number += 1
            yield number, {**shared, **row}


def _csv_rows(data: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    for cells in reader:
        yield reader.line_num, {name: value for name, value in cells.items() if value != ""}


def _issue(code: str, path: str, message: str) -> Issue:
    return Issue(code=code, path=path, message=message, severity=Severity.WARNING, source="codes")
