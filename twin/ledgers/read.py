"""Open a ledger: find its form, its header row, its columns, and how their cells are to be read."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import MappingProxyType

from twin.codes import RecordKind
from twin.ledgers.block import Source
from twin.ledgers.delimited import open_delimited
from twin.ledgers.errors import HeaderError, LedgerUnreadable
from twin.ledgers.header import Field, Header, count_known, recognise
from twin.ledgers.kernels import regular_reader
from twin.ledgers.ledger import Ledger, LedgerFacts, Plan
from twin.ledgers.mapping import LedgerMapping, read_mapping
from twin.ledgers.readers import cell_reader, is_past
from twin.ledgers.rules import Checks, Reading, Rules
from twin.ledgers.typed import TypedColumn

__all__ = ["read_ledger"]

Rows = tuple[tuple[int, tuple[str, ...]], ...]


def read_ledger(
    path: Path,
    kind: RecordKind,
    *,
    profile: str | None = None,
    mapping: Path | None = None,
    checks: Checks = MappingProxyType({}),
    today: date | None = None,
    progress: Callable[[int], None] | None = None,
) -> Ledger:
    """The ledger of that kind in a CSV file, its columns recognised; rows are read as `batches` are asked for.

    `checks` are the checks of identifiers by name (`twin.codes.CHECKS`); dates that must have happened are compared with `today`;
    `progress` is told the line reached. Raises LedgerError where the file as a whole cannot be read.
    """
    if not path.is_file():
        raise LedgerUnreadable("there is no such file", path=str(path), code="LEDGER_MISSING")
    said = read_mapping(kind, profile, mapping)
    source = _open(path, kind, said)
    header = _find_header(source, kind, said, path)
    rules = Rules(
        timezone=said.timezone,
        date_order=said.date_order,
        century_pivot=said.century_pivot,
        decimal_comma=said.decimal_comma,
        empty=said.empty,
        today=today,
    )
    facts = LedgerFacts(
        source=source.facts,
        header_line=header.line,
        columns=MappingProxyType({field.header: field.column.name for field in header.fields}),
        constants=said.constants,
        unmapped=tuple(name for _, name in header.unmapped),
        profile=profile or "",
        mapping=str(mapping or ""),
        issues=header.issues,
    )
    return Ledger(facts=facts, source=source, plan=_plan(kind, header, said, rules, checks), progress=progress)


def _open(path: Path, kind: RecordKind, said: LedgerMapping) -> Source:
    def rank(rows: Rows) -> int:
        return max((count_known(cells, kind, said.columns) for _, cells in rows), default=0)

    return open_delimited(path, rank, encoding=said.encoding, delimiter=said.delimiter)


def _find_header(source: Source, kind: RecordKind, said: LedgerMapping, path: Path) -> Header:
    """The header row: the one that names most columns of the kind, or the one below `skip_rows`."""
    rows = source.top
    if said.skip_rows is not None:
        rows = tuple((line, cells) for line, cells in rows if line > said.skip_rows)[:1]
    if not rows:
        raise HeaderError("the file has no header row", path=str(path), code="IDENTITY_MISSING")
    line, cells = max(rows, key=lambda row: (count_known(row[1], kind, said.columns), -row[0]))
    return recognise(
        cells,
        kind,
        line=line,
        told=said.columns,
        units=said.units,
        constants=said.constants,
        only_told=said.only_told,
        path=str(path),
    )


def _plan(kind: RecordKind, header: Header, said: LedgerMapping, rules: Rules, checks: Checks) -> Plan:
    constants = [Field(index=-1, header="", column=kind.column(name)) for name in said.constants]
    fields = [*header.fields, *constants]
    readers = {field.column.name: cell_reader(field, kind, rules, checks) for field in fields}
    columns = {field.column.name: _typed_column(field, kind, readers[field.column.name], rules) for field in fields}
    factors = sorted((field.column.name, str(field.factor)) for field in header.fields)
    return Plan(
        kind=kind,
        header=header,
        constants=said.constants,
        rules=rules,
        readers=readers,
        columns=columns,
        statement=f"{said.statement()}{factors}",
    )


def _typed_column(field: Field, kind: RecordKind, read: Callable[[str], Reading], rules: Rules) -> TypedColumn:
    column = field.column
    return TypedColumn(column=column, read=read, regular=regular_reader(field, rules, past=is_past(kind, column)))
