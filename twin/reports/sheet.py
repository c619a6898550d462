"""Sheets of a workbook: their names, widths of columns for Chinese text, headers, number formats."""

from twin.reports.cell import plain_text, said
from twin.reports.phrases import unit_words
from twin.reports.report import CellType, Field, Values
from viewer.document import Words

__all__ = ["SheetNames", "column_width", "header_text", "number_format"]

NAME_CHARACTERS = 31
RESERVED = "history"
FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
SAMPLE = 200
NARROWEST, WIDEST = 8, 60


class SheetNames:
    """Names that a workbook takes: at most 31 characters, none of `[]:*?/\\`, no apostrophe at the ends, not `History`, each only once."""

    def __init__(self) -> None:
        self._taken = {RESERVED}

    def take(self, wanted: str, part: int) -> str:
        """A name like the one wanted, with ` (2)` for a second part or where the name is taken."""
        plain = wanted.translate(FORBIDDEN).strip(" '") or "Sheet"
        while True:
            tail = f" ({part})" if part > 1 else ""
            name = plain[: NAME_CHARACTERS - len(tail)] + tail
            if name.casefold() not in self._taken:
                self._taken.add(name.casefold())
                return name
            part += 1


def header_text(column: Field, language: str) -> str:
    """The header of a column with its unit below: `账面原值` over `(元)`."""
    text = plain_text(column.words, language)
    return f"{text}\n({plain_text(unit_words(column.unit), language)})" if column.unit else text


def column_width(column: Field, values: Values, language: str) -> float:
    """Characters of width: as the layout says, else as the header and the first 200 values need; a Chinese character counts two."""
    if column.width is not None:
        return float(column.width)
    part = values[:SAMPLE]  # type: ignore[index]
    sample = part.to_pylist() if hasattr(part, "to_pylist") else list(part)
    texts = [*header_text(column, language).split("\n"), *(_shown(value, column, language) for value in sample)]
    return float(min(max(NARROWEST, *(_cells(text) + 3 for text in texts)), WIDEST))


def number_format(column: Field) -> str:
    """The format of a column's cells: `#,##0.00` for money and two digits, `yyyy-mm-dd` for dates, text as text."""
    match column.type:
        case CellType.INTEGER:
            return "#,##0"
        case CellType.NUMBER:
            return f"#,##0.{'0' * column.digits}" if column.digits else "#,##0"
        case CellType.MONEY:
            return "#,##0.00"
        case CellType.SHARE:
            return "0.0%"
        case CellType.DATE:
            return "yyyy-mm-dd"
        case CellType.MONTH:
            return "yyyy-mm"
        case CellType.BOOLEAN:
            return "General"
        case _:
            return "@"


def _shown(value: object, column: Field, language: str) -> str:
    if column.type in (CellType.DATE, CellType.MONTH) or value is None:
        return "2026-12-31"
    if isinstance(value, (str, Words)):
        return plain_text(value, language)
    try:
        return plain_text(said(value, column), language)
    except (TypeError, ValueError):
        return str(value)


def _cells(text: str) -> int:
    return sum(2 if ord(letter) >= 0x2E80 else 1 for letter in text)
