"""Open a ledger: find its form, its header row, its columns, and how their cells are to be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from spatial.issue import Issue
from twin.codes import RecordKind, Tables, checks_beside_of, checks_of
from twin.ledgers.beside import checked_beside, parts_of
from twin.ledgers.block import Source
from twin.ledgers.book import pick_sheet, resolve_units, unread_sheets
from twin.ledgers.delimited import open_delimited
from twin.ledgers.encoding import TextForm, find_encoding
from twin.ledgers.errors import HeaderError, LedgerUnreadable
from twin.ledgers.geopackage import open_geopackage
from twin.ledgers.header import Field, Header, count_known, names_identity, recognise
from twin.ledgers.kernels import regular_reader
from twin.ledgers.ledger import Ledger, LedgerFacts, Plan
from twin.ledgers.mapping import LedgerMapping, read_mapping
from twin.ledgers.parquet import open_parquet
from twin.ledgers.readers import cell_reader, is_past
from twin.ledgers.rules import Reading, Rules
from twin.ledgers.typed import TypedColumn
from twin.ledgers.units import is_unit
from twin.ledgers.workbook import Workbook, open_workbook

__all__ = ["read_ledger"]

COLUMN_LIMIT = 1000
COBIE_SHEETS = frozenset({"Contact", "Facility", "Floor", "Space", "Type", "Component", "Attribute"})
Rows = tuple[tuple[int, tuple[str, ...]], ...]


def read_ledger(
    path: Path,
    kind: RecordKind,
    *,
    profile: str | None = None,
    mapping: Path | None = None,
    tables: Tables | None = None,
    today: date | None = None,
    progress: Callable[[int], None] | None = None,
    form: TextForm | None = None,
) -> Ledger:
    """The ledger of that kind in a CSV, XLSX, Parquet or GeoPackage file, its columns recognised; rows are read as `batches` are asked for.

    Identifiers, classes and enumerations are held against `tables`; without them only enumerations, against those shipped. Dates that
    must have happened are compared with `today`; `progress` is told the line reached; `form` is that of the same text, found before.
    Raises LedgerError where the file as a whole cannot be read.
    """
    if not path.is_file():
        raise LedgerUnreadable("there is no such file", path=str(path), code="LEDGER_MISSING")
    opened = _open(path, kind, profile, mapping, form)
    said = opened.said
    header = _find_header(opened.source, kind, said, path)
    rules = Rules(
        timezone=said.timezone,
        date_order=said.date_order,
        century_pivot=said.century_pivot,
        decimal_comma=said.decimal_comma,
        empty=said.empty,
        serial_dates=opened.serial_dates,
        today=today,
        dictionaries=tables.dictionaries if tables else MappingProxyType({}),
    )
    facts = LedgerFacts(
        source=opened.source.facts,
        header_line=header.line,
        columns=_columns_by_header(header),
        constants=said.constants,
        unmapped=tuple(name for _, name in header.unmapped),
        profile=opened.profile,
        mapping=str(mapping or ""),
        issues=(*opened.issues, *header.issues, *_missing(header, kind, said, path, tables)),
    )
    return Ledger(facts=facts, source=opened.source, plan=_plan(kind, header, said, rules, tables), progress=progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """An open file, the mapping with what the file adds to it, and what is odd about the file."""

    source: Source
    said: LedgerMapping
    profile: str
    serial_dates: bool = False
    issues: tuple[Issue, ...] = ()


def _open(path: Path, kind: RecordKind, profile: str | None, mapping: Path | None, form: TextForm | None) -> _Opened:
    """The file by its first bytes; a COBie book is read by the profile `cobie` where nobody says another."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return _open_book(open_workbook(path), kind, profile, mapping)
    said = read_mapping(kind, profile, mapping)
    if start == b"SQLi":
        return _Opened(source=open_geopackage(path, said.sheet), said=said, profile=profile or "")
    if start == b"PAR1":
        return _Opened(source=open_parquet(path), said=said, profile=profile or "")

    def rank(rows: Rows) -> int:
        return max((count_known(cells, kind, said.columns) for _, cells in rows), default=0)

    text = open_delimited(path, rank, form or find_encoding(path, said.encoding), delimiter=said.delimiter)
    return _Opened(source=text, said=said, profile=profile or "")


def _open_book(book: Workbook, kind: RecordKind, profile: str | None, mapping: Path | None) -> _Opened:
    if profile is None and COBIE_SHEETS.issubset(book.names):
        profile = "cobie"
    said = read_mapping(kind, profile, mapping)
    sheet = pick_sheet(
        book,
        said,
        lambda cells: count_known(cells, kind, said.columns),
        lambda cells: names_identity(cells, kind, said.columns, said.constants),
    )
    return _Opened(
        source=sheet,
        said=replace(said, units=resolve_units(book, said.units)),
        profile=profile or "",
        serial_dates=book.serial_dates,
        issues=(*book.issues, *unread_sheets(book, sheet.name)),
    )


def _find_header(source: Source, kind: RecordKind, said: LedgerMapping, path: Path) -> Header:
    """The header row: the one that names most columns of the kind, or the one below `skip_rows`; a row of units may follow."""
    rows = source.top
    if said.skip_rows is not None:
        rows = tuple((line, cells) for line, cells in rows if line > said.skip_rows)
    if not rows:
        raise HeaderError("the file has no header row", path=str(path), code="IDENTITY_MISSING")
    at = 0
    if said.skip_rows is None:
        at = max(range(len(rows)), key=lambda index: (count_known(rows[index][1], kind, said.columns), -index))
    line, cells = rows[at]
    if len(cells) > COLUMN_LIMIT:
        raise LedgerUnreadable(f"{len(cells):,} columns; at most {COLUMN_LIMIT:,} are read", path=str(path), code="LEDGER_TOO_LARGE")
    below = rows[at + 1][1] if at + 1 < len(rows) else ()
    has_units = any(map(str.strip, below)) and all(is_unit(cell) for cell in below if cell.strip())
    after = at + 2 if has_units else at + 1
    last_line = rows[after][0] - 1 if after < len(rows) else rows[after - 1][0] + sum(cell.count("\n") for cell in rows[after - 1][1])
    return recognise(
        cells,
        kind,
        line=line,
        last_line=last_line,
        told=said.columns,
        units=said.units,
        constants=said.constants,
        unit_row=below if has_units else (),
        only_told=said.only_told,
        path=str(path),
    )


def _missing(header: Header, kind: RecordKind, said: LedgerMapping, path: Path, tables: Tables | None) -> tuple[Issue, ...]:
    """A note on each column that the file does not have, though each record should or what it does have means nothing without."""
    present = {field.column.name for field in header.fields} | set(said.constants)
    beside = checks_beside_of(tables) if tables else {}
    needed = {beside[kind.column(name).check][0][0]: kind.column(name) for name in present if kind.column(name).check in beside}
    missing = [column for column in kind.columns if column.name not in present]
    whys = [(column, f"which each {kind.en} should have") for column in missing if column.required]
    whys += [(column, f"without which {needed[column.name].zh} is ambiguous") for column in missing if column.name in needed]
    return tuple(
        Issue(code="COLUMN_MISSING", path=str(path), message=f"no header says {column.zh} ({column.en}), {why}") for column, why in whys
    )


def _columns_by_header(header: Header) -> Mapping[str, str]:
    found: dict[str, list[str]] = {}
    for field in header.fields:
        found.setdefault(field.header, []).append(field.column.name)
    return MappingProxyType({title: ", ".join(names) for title, names in found.items()})


def _plan(kind: RecordKind, header: Header, said: LedgerMapping, rules: Rules, tables: Tables | None) -> Plan:
    constants = [Field(index=-1, header="", column=kind.column(name)) for name in said.constants]
    fields = [*header.fields, *constants]
    checks = checks_of(tables) if tables else {}
    beside = checked_beside(fields, checks_beside_of(tables)) if tables else ()
    paired = {one.column for one in beside}
    readers = {field.column.name: cell_reader(field, kind, rules, {} if field.column.name in paired else checks) for field in fields}
    columns = {field.column.name: _typed_column(field, kind, readers[field.column.name], rules) for field in fields}
    factors = sorted((field.column.name, str(field.factor)) for field in header.fields)
    return Plan(
        kind=kind,
        header=header,
        constants=said.constants,
        rules=rules,
        readers=readers,
        columns=columns,
        beside=(*beside, *parts_of(fields)),
        statement=f"{said.statement()}{factors}{tables.reading if tables else ''}",
    )


def _typed_column(field: Field, kind: RecordKind, read: Callable[[str], Reading], rules: Rules) -> TypedColumn:
    column = field.column
    return TypedColumn(column=column, read=read, regular=regular_reader(field, rules, past=is_past(kind, column)))
