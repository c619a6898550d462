"""Reading the cells of a row of a table by the types its dataclass declares."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import date
from math import isfinite
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_type_hints

from twin.codes.row import Row

__all__ = ["CellInvalid", "row_reader"]

RowType = TypeVar("RowType", bound=Row)
NOT_WRITTEN: Final = frozenset({"local"})
"""Fields that no file may say."""

BOOLEANS: Final = MappingProxyType({"true": True, "false": False, "1": True, "0": False, "是": True, "否": False})


class CellInvalid(ValueError):
    """A row of a table that cannot be read; the message says which cell, what it holds and what was expected."""


def row_reader(row_type: type[RowType]) -> Callable[[Mapping[str, Any]], RowType]:
    """A function from what TOML or CSV says of one row to the row; it raises CellInvalid on a missing, unknown or unreadable cell.

    Lists are written as lists in TOML and with semicolons in CSV, dates as 2014-11-24, booleans as true and false.
    """
    hints = get_type_hints(row_type)
    known = {entry.name: entry for entry in fields(row_type) if entry.name not in NOT_WRITTEN}

    def read(cells: Mapping[str, Any]) -> RowType:
        _check_names(row_type, cells, known)
        row = row_type(**{name: _cell(name, value, hints[name]) for name, value in cells.items()})
        if row.valid_until is not None and row.valid_until <= row.valid_from:
            raise CellInvalid(f"valid_until {row.valid_until} is not after valid_from {row.valid_from}")
        return row

    return read


def _check_names(row_type: type[Row], cells: Mapping[str, Any], known: Mapping[str, Field[Any]]) -> None:
    unknown = [str(name) for name in cells if name not in known]
    if unknown:
        raise CellInvalid(f"no column of {row_type.TABLE}: {', '.join(unknown)}; its columns are {', '.join(known)}")
    missing = [name for name, entry in known.items() if name not in cells and entry.default is MISSING]
    if missing:
        raise CellInvalid(f"missing: {', '.join(missing)}")


def _cell(name: str, value: Any, hint: Any) -> Any:
    read, expected = READERS[hint]
    try:
        return read(value)
    except (ValueError, TypeError) as error:
        raise CellInvalid(f"{name}: {value!r} is not {expected}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    number = float(value)
    if not isfinite(number) or number < 0:
        raise ValueError
    return number


def _integer(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value).casefold()
    if word not in BOOLEANS:
        raise ValueError
    return BOOLEANS[word]


def _date(value: Any) -> date:
    return value if type(value) is date else date.fromisoformat(_text(value))


def _list(of: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read(value: Any) -> tuple[Any, ...]:
        parts = value.replace("；", ";").split(";") if isinstance(value, str) else value
        return tuple(of(part) for part in parts)

    return read


READERS: Final[Mapping[Any, tuple[Callable[[Any], Any], str]]] = MappingProxyType(
    {
        str: (_text, "a text"),
        float: (_number, "a number of at least 0"),
        float | None: (_number, "a number of at least 0"),
        int: (_integer, "a whole number of at least 0"),
        int | None: (_integer, "a whole number of at least 0"),
        bool: (_boolean, "true or false"),
        date: (_date, "a date such as 2014-11-24"),
        date | None: (_date, "a date such as 2014-11-24"),
        tuple[str, ...]: (_list(_text), "a list of texts"),
        tuple[int, ...]: (_list(_integer), "a list of whole numbers"),
    }
)
