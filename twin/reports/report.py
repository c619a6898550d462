"""A report as data: what stands in it, of which type and unit, without any word on files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from twin.errors import Invalid
from viewer.document import Words

__all__ = ["CellType", "Chart", "Field", "Heading", "Report", "Table", "Values", "column_list", "fill_table", "iter_rows", "need_columns"]

CHUNK = 4096


class Arrow(Protocol):
    """A pyarrow array or chunked array, as far as reports look at it."""

    def __len__(self) -> int: ...
    def to_pylist(self) -> list[Any]: ...


Values: TypeAlias = Sequence[Any] | Arrow
"""The values of one column: a list, a numpy array or an Arrow array. None, or NaN of a numpy array, is an empty cell, never zero."""


class CellType(StrEnum):
    """What a cell holds: `money` are whole fen, `share` is a fraction of one, `date` and `month` are ISO texts or dates."""

    TEXT = "text"
    WORDS = "words"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    SHARE = "share"
    DATE = "date"
    MONTH = "month"
    BOOLEAN = "boolean"

    @property
    def numeric(self) -> bool:
        """Whether cells are set to the right and may be summed."""
        return self in (CellType.INTEGER, CellType.NUMBER, CellType.MONEY, CellType.SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column: `width` in characters (a Chinese one counts two), `alert` is `""`, `positive` or `nonzero`."""

    name: str
    words: Words
    type: CellType
    unit: str = ""
    width: int | None = None
    digits: int = 2
    total: bool = False
    alert: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table by columns: `columns[field.name]` for each field, all of one length."""

    words: Words
    fields: tuple[Field, ...]
    columns: Mapping[str, Values]

    def __len__(self) -> int:
        return len(self.columns[self.fields[0].name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Numbers to be drawn: `kind` is `bars` (lying, few categories with long names) or `columns` (standing, months)."""

    words: Words
    kind: str
    categories: tuple[Words | str, ...]
    values: tuple[float, ...]
    unit: Words | str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a report says of itself: ISO date it holds for, whose numbers, where from, when made (ISO instant, or empty)."""

    as_of: str
    scope: Words | str
    sources: tuple[Words | str, ...]
    made_at: str = ""
    notes: tuple[Words | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Tables and charts under one heading; `basis` is what its layout rests on."""

    name: str
    words: Words
    heading: Heading
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...] = ()
    basis: Words | str = ""
    notes: tuple[Words | str, ...] = field(default=())


def fill_table(table: Table, columns: Mapping[str, Values]) -> Table:
    """The table with those columns in it; optional fields nobody gave are left out, what the layout does not name is not shown.

    REPORT_COLUMN_MISSING where a field has no column, REPORT_COLUMNS_UNEVEN where lengths differ.
    """
    need_columns(table.words, [column.name for column in table.fields if not column.optional], columns)
    fields = tuple(column for column in table.fields if column.name in columns)
    lengths = {column.name: len(columns[column.name]) for column in fields}
    if len(set(lengths.values())) > 1:
        raise Invalid(
            f"{table.words.zh}: columns of different length: {', '.join(f'{name} {length}' for name, length in lengths.items())}",
            path=table.words.zh,
            code="REPORT_COLUMNS_UNEVEN",
            hint="each column holds one value a row; None is an empty cell",
        )
    return replace(table, fields=fields, columns={column.name: columns[column.name] for column in fields})


def need_columns(owner: Words, names: Sequence[str], columns: Mapping[str, Values]) -> None:
    """REPORT_COLUMN_MISSING unless all those columns were given."""
    missing = [name for name in names if name not in columns]
    if missing:
        raise Invalid(
            f"{owner.zh}: no column {', '.join(missing)}",
            path=missing[0],
            code="REPORT_COLUMN_MISSING",
            hint=f"given were {', '.join(columns) or 'none'}",
        )


def iter_rows(table: Table) -> Iterator[tuple[Any, ...]]:
    """The rows as plain Python values, a few thousand at a time: a million rows are never a million tuples at once."""
    columns = [table.columns[column.name] for column in table.fields]
    for start in range(0, len(table), CHUNK):
        yield from zip(*(_plain(values, start) for values in columns), strict=True)


def column_list(values: Values) -> list[Any]:
    """All values of a column as plain Python ones, for sums over groups."""
    return [value for start in range(0, len(values), CHUNK) for value in _plain(values, start)]


def _plain(values: Any, start: int) -> Sequence[Any]:
    part = values[start : start + CHUNK]
    if getattr(getattr(part, "dtype", None), "kind", "") == "f":
        return [None if value != value else value for value in part.tolist()]
    for method in ("to_pylist", "tolist"):
        if hasattr(part, method):
            plain: list[Any] = getattr(part, method)()
            return plain
    return list(part)
