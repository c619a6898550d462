"""The reader of each column's cells: text in, the value its type keeps and what is wrong with it out."""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from spatial.issue import Severity
from twin.codes import Column, ColumnType, RecordKind, fold, get_dictionary
from twin.ledgers.dates import date_reader, year_reader
from twin.ledgers.header import Field
from twin.ledgers.numbers import number_reader
from twin.ledgers.rules import Checks, Reading, Rules, Trouble
from twin.ledgers.words import normalise, tidy

__all__ = ["NOTHING", "cell_reader", "is_past"]

DATES = frozenset({ColumnType.DATE, ColumnType.MONTH, ColumnType.INSTANT})
NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.MONEY})
VALUE_MISSING = Trouble(code="VALUE_MISSING", message="empty, and each record should have it", severity=Severity.WARNING)
CELL_ERROR = Trouble(code="CELL_ERROR", message="a formula that failed, not a value")
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
NOTHING = (None, VALUE_MISSING, CELL_ERROR)
"""What may be said of a cell that holds no value at all."""

YES = frozenset({"是", "有", "1", "y", "yes", "true", "t", "√", "✓", "对"})
NO = frozenset({"否", "无", "0", "n", "no", "false", "f", "×", "✗", "x", "不"})


def cell_reader(field: Field, kind: RecordKind, rules: Rules, checks: Checks) -> Callable[[str], Reading]:
    """A reader of one column's cells; empty cells and the words that mean none are (None, None)."""
    column = field.column
    read = _reader_of(field, kind, rules)
    check = checks.get(column.check) if column.check else None

    def read_cell(text: str) -> Reading:
        if not text.strip() or fold(text) in rules.empty:
            return None, VALUE_MISSING if column.required else None
        if text.startswith("#") and text.strip().upper() in ERRORS:
            return None, CELL_ERROR
        value, trouble = read(text)
        if check is None or trouble is not None or value is None:
            return value, trouble
        fault = check(str(value))
        return value, None if fault is None else Trouble(code=fault.code, message=fault.message, severity=Severity.WARNING)

    return read_cell


def is_past(kind: RecordKind, column: Column) -> bool:
    """Whether the column says what has happened, so that a later day cannot be right."""
    return column.name in _past().get(kind.name, ())


def _reader_of(field: Field, kind: RecordKind, rules: Rules) -> Callable[[str], Reading]:
    column = field.column
    if column.unit == "year":
        return year_reader(rules, past=is_past(kind, column))
    if column.type in NUMBERS:
        return number_reader(column, field.factor, rules)
    if column.type in DATES:
        return date_reader(column, rules, past=is_past(kind, column))
    if column.type is ColumnType.ENUM:
        return _enum_reader(column, rules)
    if column.type is ColumnType.BOOLEAN:
        return _read_boolean
    if column.normalise:
        return lambda text: (normalise(text, column.normalise), None)
    return lambda text: (tidy(text) or None, None)


def _enum_reader(column: Column, rules: Rules) -> Callable[[str], Reading]:
    dictionary = rules.dictionaries.get(column.dictionary) or get_dictionary(column.dictionary)

    def read(text: str) -> Reading:
        value = dictionary.find(text)
        if value is None:
            return None, Trouble(
                code="ENUM_UNKNOWN", message=f"no value of {dictionary.zh} ({dictionary.en}), edition {dictionary.edition}"
            )
        return value.code, None

    return read


def _read_boolean(text: str) -> Reading:
    word = fold(text)
    if word in YES or word in NO:
        return word in YES, None
    return None, Trouble(code="BOOLEAN_UNKNOWN", message="neither yes nor no")


@cache
def _past() -> Mapping[str, tuple[str, ...]]:
    """For each kind the dates that have happened (`data/past.toml`)."""
    table = tomllib.loads((files("twin.ledgers") / "data" / "past.toml").read_text("utf-8"))
    return MappingProxyType({name: tuple(columns) for name, columns in table["past"].items()})
