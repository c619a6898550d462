"""Registers read back with libraries that did not write them, and the checks of identifiers written out once more by hand."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import python_calamine

from twin.demo.registers import RegisterFile

USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VIN = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True))


@dataclass(frozen=True)
class Written:
    """A folder of registers: rows as dictionaries of text by register, the first lines, and the truth."""

    folder: Path
    files: list[RegisterFile]
    rows: dict[str, list[dict[str, str]]]
    truth: dict[str, Any]

    def planted(self, error: str) -> list[dict[str, Any]]:
        return [item for item in self.truth["planted"] if item["error"] == error]

    def row(self, item: dict[str, Any]) -> dict[str, str]:
        file = next(file for file in self.truth["files"] if file["file"] == item["file"])
        return self.rows[item["register"]][item["line"] - file["first_line"]]

    def keys(self, *errors: str) -> set[str]:
        return {item["key"] for error in errors for item in self.planted(error)}


def read_folder(folder: Path, files: list[RegisterFile]) -> Written:
    rows = {file.register or file.kind: read_rows(file) for file in files}
    return Written(folder, files, rows, json.loads((folder / "truth.json").read_text(encoding="utf-8")))


def read_rows(file: RegisterFile) -> list[dict[str, str]]:
    if file.path.suffix == ".parquet":
        table = parquet.read_table(file.path)
        return [{name: "" if value is None else str(value) for name, value in row.items()} for row in table.to_pylist()]
    if file.path.suffix == ".xlsx":
        cells = python_calamine.CalamineWorkbook.from_path(file.path).get_sheet_by_index(0).to_python()
        header = [str(cell) for cell in cells[file.first_line - 2]]
        body = cells[file.first_line - 1 : file.first_line - 1 + file.rows]
        return [dict(zip(header, (_text(cell) for cell in line), strict=True)) for line in body]
    for encoding in ("utf-8-sig", "gbk"):
        try:
            with file.path.open(encoding=encoding, newline="") as stream:
                return list(csv.DictReader(stream))
        except UnicodeDecodeError:
            continue
    raise AssertionError(file.path)


def _text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def uscc_right(code: str) -> bool:
    weights = [3**i % 31 for i in range(17)]
    total = sum(USCC.index(letter) * weight for letter, weight in zip(code, weights, strict=False))
    return USCC[(31 - total % 31) % 31] == code[17]


def organisation_right(nine: str) -> bool:
    remainder = 11 - sum(int(digit) * weight for digit, weight in zip(nine, (3, 7, 9, 10, 5, 8, 4, 2), strict=False)) % 11
    return nine[8] == {10: "X", 11: "0"}.get(remainder, str(remainder))


def vin_right(code: str) -> bool:
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = sum(VIN[letter] * weight for letter, weight in zip(code, weights, strict=True)) % 11
    return code[8] == ("X" if rest == 10 else str(rest))
