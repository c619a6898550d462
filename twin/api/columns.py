"""The columns of a kind of records as OpenAPI describes them: as parameters of its list, and as the body of what is written."""

from typing import Any

from twin.api.documents import bilingual
from twin.codes import Column, ColumnType, RecordKind, get_dictionary
from twin.queries.records.filters import filter_names
from twin.records.checked import MOST_CHARACTERS, WHOLE

__all__ = ["filter_parameters", "values_body"]

TYPES: dict[ColumnType, dict[str, Any]] = {
    ColumnType.TEXT: {"type": "string", "maxLength": MOST_CHARACTERS},
    ColumnType.TERM: {"type": "string", "maxLength": MOST_CHARACTERS},
    ColumnType.REF: {"type": "string", "maxLength": MOST_CHARACTERS},
    ColumnType.ENUM: {"type": "string"},
    ColumnType.INTEGER: {"type": "integer", "minimum": -WHOLE, "maximum": WHOLE},
    ColumnType.MONEY: {"type": "integer", "minimum": -WHOLE, "maximum": WHOLE},
    ColumnType.NUMBER: {"type": "number"},
    ColumnType.DATE: {"type": "string", "format": "date"},
    ColumnType.MONTH: {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
    ColumnType.INSTANT: {"type": "integer", "minimum": -WHOLE, "maximum": WHOLE},
    ColumnType.BOOLEAN: {"type": "boolean"},
}
IN_ADDRESS: dict[ColumnType, dict[str, Any]] = TYPES | {ColumnType.INSTANT: {"type": "string", "format": "date-time"}}


def filter_parameters(kind: RecordKind) -> list[dict[str, Any]]:
    """The parameters of its list: each column, a name given twice means either value; `_from` and `_to` of what has an order."""
    columns = {column.name: column for column in kind.columns}
    return [_parameter(name, columns.get(name) or columns[name.rpartition("_")[0]]) for name in filter_names(kind)]


def values_body(kind: RecordKind, *, whole: bool) -> dict[str, Any]:
    """The body of what is written: columns by name, null for none; `whole` where what is not given becomes empty."""
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {column.name: _in_body(column) for column in kind.columns},
    }
    required = [column.name for column in kind.columns if column.required]
    if whole and required:
        schema["required"] = required
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _parameter(name: str, column: Column) -> dict[str, Any]:
    words = {"_from": ("不小于", "at least"), "_to": ("不大于", "at most")}.get(name.removeprefix(column.name), ("", ""))
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": bilingual(column.zh + words[0], f"{column.en} {words[1]}".rstrip() + (f", {column.unit}" if column.unit else "")),
        "schema": {"type": "array", "items": _described(IN_ADDRESS[column.type], column)},
    }


def _in_body(column: Column) -> dict[str, Any]:
    value = _described(TYPES[column.type], column)
    words = bilingual(column.zh, column.en + (f", {column.unit}" if column.unit else ""))
    return {"description": words, **value} if column.required else {"description": words, "anyOf": [value, {"type": "null"}]}


def _described(type_of: dict[str, Any], column: Column) -> dict[str, Any]:
    bounds = {"minimum": column.low, "maximum": column.high}
    described = type_of | {name: value for name, value in bounds.items() if value is not None}
    if column.type is ColumnType.ENUM:
        words = ", ".join(f"{value.code} {value.zh}" for value in get_dictionary(column.dictionary).values)
        described["description"] = f"{column.dictionary}: {words}"
    return described
