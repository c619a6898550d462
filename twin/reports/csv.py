"""A report as CSV: UTF-8 with its mark (Excel needs it for Chinese), values without thousands, one file a table.

A text that a spreadsheet would compute gets an apostrophe before it: a CSV cell has no type that could say "text".
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.reports.cell import check_cell, neutral_text, plain_text
from twin.reports.phrases import unit_words
from twin.reports.report import CellType, Field, Report, Table, iter_rows

__all__ = ["write_csv"]


def write_csv(report: Report, path: Path, *, language: str = "zh") -> tuple[Path, ...]:
    """Write the tables and return their paths: `stock.csv` for the only one, else `stock-按分类.csv` and so on beside it.

    Money is in yuan with two digits. Errors as of `check_cell`: the file of the table at fault is not left behind.
    """
    if len(report.tables) == 1:
        return (_write_table(report.tables[0], path, language),)
    return tuple(
        _write_table(table, path.with_name(f"{path.stem}-{plain_text(table.words, language)}{path.suffix}"), language)
        for table in report.tables
    )


def _write_table(table: Table, path: Path, language: str) -> Path:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([_header(column, language) for column in table.fields])
            for at, row in enumerate(iter_rows(table), start=1):
                writer.writerow(_cells(row, table.fields, at, language))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _header(column: Field, language: str) -> str:
    text = plain_text(column.words, language)
    return neutral_text(f"{text}({plain_text(unit_words(column.unit), language)})" if column.unit else text)


def _cells(row: Sequence[Any], fields: Sequence[Field], at: int, language: str) -> list[str]:
    return [_said(check_cell(value, column, at), column, language) for value, column in zip(row, fields, strict=True)]


def _said(value: Any, column: Field, language: str) -> str:
    """A checked value for a program to read back: `1234.50`, `2026-01-31`, `0.125`."""
    match column.type:
        case _ if value is None:
            return ""
        case CellType.MONEY:
            return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
        case CellType.MONTH:
            return f"{value:%Y-%m}"
        case CellType.DATE:
            return f"{value:%Y-%m-%d}"
        case CellType.BOOLEAN:
            return {True: "是", False: "否"}[value] if language == "zh" else str(value).lower()
        case CellType.TEXT | CellType.WORDS:
            return neutral_text(plain_text(value, language))
        case _:
            return repr(value)
