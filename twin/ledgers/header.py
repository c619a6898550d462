"""Which header means which column of a kind: the kinds' own words and aliases, folded, with units in brackets taken apart."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from spatial.issue import Issue
from twin.codes import Column, ColumnType, RecordKind, fold
from twin.ledgers.errors import HeaderError
from twin.ledgers.units import find_factor, is_unit

__all__ = ["Field", "Header", "count_known", "names_identity", "recognise"]

BRACKET = re.compile(r"^(.*?)[(\[{<【〔](.*?)[)\]}>】〕]$")
AFTER_COMMA = re.compile(r"^(.*?)[,:/]([^,:/]+)$")
IMPLIED = {ColumnType.MONEY: Fraction(100)}
"""A number of money whose unit nobody states is yuan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of the kind in the file: where it stands, its header, and what one of the file's numbers is in the stored unit."""

    index: int
    header: str
    column: Column
    factor: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header row: its line, the line above the first row, the fields found, and the (index, name) of what is kept as it is."""

    line: int
    last_line: int
    width: int
    fields: tuple[Field, ...]
    unmapped: tuple[tuple[int, str], ...]
    issues: tuple[Issue, ...] = ()


def count_known(cells: Sequence[str], kind: RecordKind, told: Mapping[str, Sequence[str]] = MappingProxyType({})) -> int:
    """How many cells of a row are headers of the kind: tells a header row from titles and data."""
    wanted = {_clean(header) for header in told}
    return sum(1 for cell in cells if cell.strip() and (_clean(cell) in wanted or _candidates(cell, kind)))


def names_identity(
    cells: Sequence[str], kind: RecordKind, told: Mapping[str, Sequence[str]] = MappingProxyType({}), constants: Iterable[str] = ()
) -> int:
    """How many of the kind's identities a row of headers has all columns of."""
    known = {_clean(header): frozenset(names) for header, names in told.items()}
    found = {name for cell in cells if cell.strip() for name in known.get(_clean(cell), _candidates(cell, kind))} | set(constants)
    return sum(found.issuperset(identity) for identity in kind.identity)


def recognise(
    cells: Sequence[str],
    kind: RecordKind,
    *,
    line: int,
    last_line: int,
    told: Mapping[str, Sequence[str]] = MappingProxyType({}),
    units: Mapping[str, str] = MappingProxyType({}),
    constants: Iterable[str] = (),
    unit_row: Sequence[str] = (),
    only_told: bool = False,
    path: str = "",
) -> Header:
    """The columns that a header row means. `told` (header → names of columns, none to keep it as it is) goes before recognition;
    `units` (column → unit) and a row of units below the header say what brackets do not.

    Raises HeaderError: HEADER_AMBIGUOUS, HEADER_TWICE, HEADER_UNKNOWN (a told header that is missing), IDENTITY_MISSING.
    """
    known = {_clean(header): names for header, names in told.items()}
    fields: list[Field] = []
    unmapped: list[tuple[int, str]] = []
    issues: list[Issue] = []
    for index, cell in enumerate(cells):
        below = unit_row[index] if index < len(unit_row) else ""
        before = len(fields)
        for column in _columns_of(cell, kind, known, only_told=only_told, path=path):
            factor = _factor_of(cell, column, units.get(column.name, ""), below)
            if factor is None:
                issues.append(_unknown_unit(cell, column, path))
            else:
                fields.append(Field(index=index, header=cell.strip(), column=column, factor=factor))
        if len(fields) == before:
            unmapped.append((index, cell.strip()))
    _refuse_missing(known, cells, path)
    _refuse_twice(fields, path)
    _refuse_without_identity({field.column.name for field in fields} | set(constants), cells, kind, path)
    return Header(
        line=line,
        last_line=last_line,
        width=len(cells),
        fields=tuple(fields),
        unmapped=tuple(_apart(unmapped)),
        issues=tuple(issues),
    )


def _columns_of(cell: str, kind: RecordKind, known: Mapping[str, Sequence[str]], *, only_told: bool, path: str) -> list[Column]:
    names = known.get(_clean(cell))
    if names is not None:
        return [kind.column(name) for name in names]
    if only_told or not cell.strip():
        return []
    found = _candidates(cell, kind)
    if len(found) > 1:
        raise HeaderError(
            f"the header {cell.strip()!r} may mean {' or '.join(sorted(found))}",
            path=path,
            hint="say which in a mapping file: [columns] " + f'"{cell.strip()}" = "{min(found)}"',
            code="HEADER_AMBIGUOUS",
        )
    return [kind.column(name) for name in found]


def _candidates(cell: str, kind: RecordKind) -> frozenset[str]:
    """The names of the columns the header may mean: as it stands, else without what its bracket says."""
    words = _words(kind)
    text = _clean(cell)
    return words.get(text) or words.get(_split(text)[0], frozenset())


def _factor_of(cell: str, column: Column, told: str, below: str) -> Fraction | None:
    """The factor of the unit that somebody states; 1 where nobody does and where the column has no unit; None for an unknown unit."""
    if not column.unit:
        return Fraction(1)
    stated = told or _split(_clean(cell))[1] or below.strip()
    if not stated:
        return IMPLIED.get(column.type, Fraction(1))
    return find_factor(stated, column.unit)


def _unknown_unit(cell: str, column: Column, path: str) -> Issue:
    message = f"the unit of {cell.strip()!r} is none of {column.zh} ({column.unit}); the column is kept as it is written, not converted"
    return Issue(code="UNIT_UNKNOWN", path=path, message=message)


def _refuse_missing(known: Mapping[str, Sequence[str]], cells: Sequence[str], path: str) -> None:
    present = {_clean(cell) for cell in cells}
    missing = sorted(header for header, names in known.items() if header not in present and names)
    if missing:
        raise HeaderError(
            f"the mapping names headers that the file does not have: {', '.join(missing)}",
            path=path,
            hint="its headers are: " + ", ".join(cell.strip() for cell in cells if cell.strip()),
        )


def _refuse_twice(fields: Sequence[Field], path: str) -> None:
    first: dict[str, Field] = {}
    for field in fields:
        other = first.setdefault(field.column.name, field)
        if other is not field:
            raise HeaderError(
                f"two headers mean {field.column.zh} ({field.column.name}): {other.header!r} and {field.header!r}",
                path=path,
                hint=f'say in a mapping file which one counts: [columns] "{field.header}" = "" keeps the other',
                code="HEADER_TWICE",
            )


def _refuse_without_identity(names: set[str], cells: Sequence[str], kind: RecordKind, path: str) -> None:
    if any(names.issuperset(identity) for identity in kind.identity):
        return
    wanted = sorted({name for identity in kind.identity for name in identity} - names)
    near = [
        f"{cell.strip()!r} is close to {match[0]!r}"
        for cell in cells
        if cell.strip() and not _candidates(cell, kind) and (match := get_close_matches(_clean(cell), list(_words(kind)), 1, 0.6))
    ]
    meant = "; ".join(f"{kind.column(name).zh} ({', '.join(kind.column(name).aliases[:4])})" for name in wanted)
    found = ", ".join(cell.strip() for cell in cells if cell.strip())
    raise HeaderError(
        f"no header says which {kind.en} a row is; the headers are: {found}",
        path=path,
        hint=f"needed: {meant}" + (f"; {'; '.join(near)}" if near else ""),
        code="IDENTITY_MISSING",
    )


def _apart(unmapped: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
    """Names for what is kept as it is: no name twice, none empty."""
    taken: set[str] = set()
    for index, header in unmapped:
        name = header or f"column {index + 1}"
        number = 2
        while name in taken:
            name, number = f"{header}~{number}", number + 1
        taken.add(name)
        yield index, name


def _clean(header: str) -> str:
    return fold(header).strip("*:＊'\"﻿")


def _split(text: str) -> tuple[str, str]:
    """The header and the unit it names: `原值(万元)` and `原值,万元` alike; no unit where the bracket is something else."""
    found = BRACKET.match(text)
    if found:
        return found[1], found[2]
    found = AFTER_COMMA.match(text)
    return (found[1], found[2]) if found and is_unit(found[2]) else (text, "")


@cache
def _words(kind: RecordKind) -> Mapping[str, frozenset[str]]:
    """Each word of the kind, folded, with the columns it may mean; a column's own names go before the aliases of others."""
    own: dict[str, set[str]] = {}
    others: dict[str, set[str]] = {}
    for column in kind.columns:
        for word in (column.name, column.zh, column.en):
            own.setdefault(_clean(word), set()).add(column.name)
        for word in column.aliases:
            others.setdefault(_clean(word), set()).add(column.name)
    return MappingProxyType({word: frozenset(own.get(word) or others[word]) for word in own.keys() | others.keys()})
