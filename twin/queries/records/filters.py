"""Filters of a list of records: equality and ranges on any column, checked before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select

from twin.codes import Column, ColumnType, RecordKind, fold
from twin.errors import Forbidden, Invalid
from twin.queries.records.documents import withheld_columns
from twin.records.checked import checked_values
from twin.records.scope import Reader, one_of
from twin.records.stored import SEPARATOR, domain_of
from twin.records.unit_tree import UnitTree
from twin.store import record_schema as schema
from twin.store.record_schema import column_name
from twin.store.values import to_microseconds

__all__ = ["FILTER_INVALID", "filter_conditions", "filter_names"]

FILTER_INVALID = "FILTER_INVALID"
RANGED = (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.MONEY, ColumnType.DATE, ColumnType.MONTH, ColumnType.INSTANT)
ENDS = ("_from", "_to")
WHOLE = (ColumnType.INTEGER, ColumnType.MONEY)
MOST_FILTERS = 20


def filter_names(kind: RecordKind) -> list[str]:
    """The parameters a list of this kind understands: each column, and `_from`, `_to` of those with an order."""
    names: list[str] = []
    for column in kind.columns:
        names += [column.name, *(f"{column.name}{end}" for end in ENDS if column.type in RANGED)]
    return names


def filter_conditions(kind: RecordKind, given: Sequence[tuple[str, str]], units: UnitTree, reader: Reader) -> list[ColumnElement[bool]]:
    """Conditions on the table of the kind. A name given twice means either value; a unit means it and all below.

    Raises Invalid (`FILTER_INVALID`) naming the parameter and what it may be, Forbidden for money that is not for this reader.
    """
    known = filter_names(kind)
    by_name: dict[str, list[str]] = {}
    for name, text in given:
        if name not in known:
            raise Invalid(f"{name} is no column of {kind.plural}", path=name, code=FILTER_INVALID, hint=f"one of: {', '.join(known)}")
        by_name.setdefault(name, []).append(text)
    if len(given) > MOST_FILTERS:
        raise Invalid(f"{len(given)} filters are too many", path=given[-1][0], code=FILTER_INVALID, hint=f"at most {MOST_FILTERS}")
    return [_condition(kind, name, texts, units, reader) for name, texts in by_name.items()]


def _condition(kind: RecordKind, name: str, texts: list[str], units: UnitTree, reader: Reader) -> ColumnElement[bool]:
    column, end = _column_and_end(kind, name)
    if column.name in withheld_columns(kind, reader):
        raise Forbidden(f"{reader.name} may not read values", path=name)
    values = [_value(kind, column, name, text) for text in texts]
    stored = schema.kind_table(kind.name).c[column_name(column)]
    if end:
        return and_(*(stored >= value if end == "_from" else stored <= value for value in values))
    if column.part:
        return _of_part(column, stored, values)
    if column.references == "unit":
        return _of_units(stored, values, units)
    if column.interned:
        return _of_terms(kind, column, stored, values)
    return stored.in_([int(value) if isinstance(value, bool) else value for value in values])


def _column_and_end(kind: RecordKind, name: str) -> tuple[Column, str]:
    columns = {column.name: column for column in kind.columns}
    if name in columns:
        return columns[name], ""
    end = next(end for end in ENDS if name.endswith(end))
    return columns[name.removesuffix(end)], end


def _value(kind: RecordKind, column: Column, name: str, text: str) -> Any:
    try:
        return checked_values(kind, {column.name: _read(column, text)})[column.name]
    except Invalid as error:
        raise Invalid(f"{name}: {error.message}", path=name, code=FILTER_INVALID, hint=error.hint or _allowed(column)) from error
    except (ValueError, OverflowError):
        raise Invalid(f"{name}: {text!r} is no {column.type}", path=name, code=FILTER_INVALID, hint=_allowed(column)) from None


def _read(column: Column, text: str) -> Any:
    if not text.strip():
        raise ValueError(text)
    if column.type in WHOLE:
        return int(text)
    if column.type is ColumnType.NUMBER:
        return float(text)
    if column.type is ColumnType.INSTANT:
        return to_microseconds(datetime.fromisoformat(text))
    if column.type is ColumnType.BOOLEAN:
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else text
    return text


def _allowed(column: Column) -> str:
    return {
        ColumnType.MONEY: "whole fen",
        ColumnType.INTEGER: "a whole number",
        ColumnType.NUMBER: f"a number{f' in {column.unit}' if column.unit else ''}",
        ColumnType.INSTANT: "YYYY-MM-DDTHH:MM:SS+08:00",
        ColumnType.BOOLEAN: "true or false",
    }.get(column.type, "a text that is not empty")


def _of_part(column: Column, stored: ColumnElement[int], values: Iterable[str]) -> ColumnElement[bool]:
    table = schema.article if column.part == "article" else schema.location
    return stored.in_(select(table.c.id).where(table.c[column.name].in_([value.replace(SEPARATOR, " ") for value in values])))


def _of_units(stored: ColumnElement[int], values: Iterable[str], units: UnitTree) -> ColumnElement[bool]:
    """The texts that name these units or one below them, and these texts themselves where they name none."""
    values = list(values)
    named = one_of(stored, units.terms_of(units.permitted(values)))
    return or_(named, stored.in_(_terms("unit", values)))


def _of_terms(kind: RecordKind, column: Column, stored: ColumnElement[int], values: Iterable[str]) -> ColumnElement[bool]:
    """The texts as written but for case and width, and those that name the record of this key."""
    values = list(values)
    found: list[ColumnElement[bool]] = [stored.in_(_terms(domain_of(kind, column.name), values))]
    if column.references:
        table = schema.kind_table(column.references)
        records = select(table.c.record_id).where(table.c.key.in_(values))
        found.append(stored.in_(select(schema.term.c.id).where(schema.term.c.record_id.in_(records))))
    return or_(false(), *found)


def _terms(domain: str, values: Iterable[str]) -> Any:
    term = schema.term.c
    return select(term.id).where(term.domain == domain, term.folded.in_([fold(value) for value in values]))
