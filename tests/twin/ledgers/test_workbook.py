"""Workbooks: what a sheet shows is what is read; what would not fit into memory is refused before it is opened."""

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.twin.ledgers.written import findings, quarantined, raw, read, typed_rows
from twin.ledgers import LedgerUnreadable


def workbook(path: Path, sheets: dict[str, list[list[Any]]], merges: dict[str, list[str]] | None = None, **options: Any) -> Path:
    """A workbook of those sheets; dates are written as dates, `=…` as formulas; `merges` are ranges by sheet."""
    with xlsxwriter.Workbook(path, options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, date):
                        sheet.write_datetime(row, column, cell, day)
                    elif isinstance(cell, str) and cell.startswith("="):
                        sheet.write_formula(row, column, cell, None, "#N/A")
                    elif cell is not None:
                        sheet.write(row, column, cell)
            for merged in (merges or {}).get(name, []):
                sheet.merge_range(merged, "")
                first = merged.split(":")[0]
                sheet.write(first, rows[int(first[1:]) - 1][ord(first[0]) - 65])
    return path


HEADER = ["资产编号", "资产名称", "原值(万元)", "取得日期", "使用年限(月)"]


def test_codes_that_are_numbers_dates_and_serials(tmp_path: Path) -> None:
    rows = [
        HEADER,
        [1001.0, "桌", 0.1 + 0.2, date(2015, 6, 30), 72],
        ["1002", "椅", 1.5, 42185, 72.0],
        [20150630, "柜", "", "2015.6.30", ""],
    ]
    found = typed_rows(read(workbook(tmp_path / "a.xlsx", {"台账": rows})))
    assert [(row["code"], row["value"], row["acquired"], row["life_months"], row["_line"]) for row in found] == [
        ("1001", 300_000, "2015-06-30", 72, 2),
        ("1002", 1_500_000, "2015-06-30", 72, 3),
        ("20150630", None, "2015-06-30", None, 4),
    ]


def test_serials_of_a_workbook_that_counts_from_1904_are_findings(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"s": [HEADER, ["1", "桌", 1, 42185, 1]]}, date_1904=True)
    assert [item["code"] for item in findings(read(path))] == ["DATE_INVALID"]


def test_titles_units_merged_cells_and_blank_rows(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["某局资产台账"],
        [],
        ["资产编号", "资产名称", "使用单位", "原值"],
        ["", "", "", "千元"],
        ["1", "桌", "甲局", 1],
        ["2", "椅", None, 2],
        [],
        ["3", "柜", "乙局", 3],
        ["合计", "", "", 6],
    ]
    ledger = read(workbook(tmp_path / "a.xlsx", {"台账": rows}, {"台账": ["A1:D1", "C5:C6"]}))
    assert ledger.facts.header_line == 3
    assert [(row["_line"], row["unit"], row["value"]) for row in typed_rows(ledger)] == [
        (5, "甲局", 100_000), (6, "甲局", 200_000), (8, "乙局", 300_000),
    ]  # fmt: skip
    assert [(row.line, row.code) for row in quarantined(ledger)] == [(9, "ROW_TOTAL")]


def test_a_header_of_two_rows_with_cells_merged_downwards(tmp_path: Path) -> None:
    rows = [["资产编号", "资产名称", "购置", None], [None, None, "原值", "取得日期"], ["1", "桌", 5, date(2020, 1, 1)]]
    ledger = read(workbook(tmp_path / "a.xlsx", {"台账": rows}, {"台账": ["A1:A2", "B1:B2", "C1:D1"]}))
    (row,) = typed_rows(ledger)
    assert (row["code"], row["name"], row["value"], row["acquired"]) == ("1", "桌", 500, "2020-01-01")


def test_the_sheet_with_the_headers_is_found_and_the_others_are_counted(tmp_path: Path) -> None:
    sheets = {"说明": [["如何填写"], ["第一步"]], "台账": [HEADER, ["1", "桌", 1, "", ""]], "空": []}
    ledger = read(workbook(tmp_path / "a.xlsx", sheets))
    assert ledger.facts.source.sheet == "台账"
    (issue,) = ledger.facts.issues
    assert (issue.code, issue.path.split("#")[1], issue.message.split()[0]) == ("SHEET_UNREAD", "说明", "1")


def test_two_such_sheets_are_refused_until_a_mapping_says_which(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"2024": [HEADER, ["1", "桌"]], "2025": [HEADER, ["2", "椅"]]})
    with pytest.raises(LedgerUnreadable) as refused:
        read(path)
    assert refused.value.code == "SHEET_AMBIGUOUS" and "2024, 2025" in refused.value.message
    told = raw(tmp_path / "m.toml", '[file]\nsheet = "2025"\n')
    assert [row["code"] for row in typed_rows(read(path, mapping=told))] == ["2"]
    with pytest.raises(LedgerUnreadable) as refused:
        read(path, mapping=raw(tmp_path / "m.toml", '[file]\nsheet = "2026"\n'))
    assert refused.value.code == "SHEET_MISSING"


def test_error_cells_are_counted(tmp_path: Path) -> None:
    ledger = read(workbook(tmp_path / "a.xlsx", {"s": [HEADER, ["1", "桌", "=NA()"], ["2", "椅", "=NA()"]]}))
    assert [(issue.code, issue.message.split()[0]) for issue in ledger.facts.issues] == [("CELLS_ERROR", "2")]


def test_cells_beyond_the_header_are_kept(tmp_path: Path) -> None:
    ledger = read(workbook(tmp_path / "a.xlsx", {"s": [["资产编号", "资产名称"], ["1", "桌"], ["2", "椅", "", "?"]]}))
    assert [(row["code"], row["_extra"]) for row in typed_rows(ledger)] == [("1", None), ("2", '{"column 4":"?"}')]


def test_times_of_day_booleans_and_long_numbers_as_the_sheet_shows_them(tmp_path: Path) -> None:
    rows = [["资产编号", "取得日期", "备注", "序列号"], ["1", datetime(2015, 6, 30, 12, 5), True, 123456789012345678]]
    (row,) = typed_rows(read(workbook(tmp_path / "a.xlsx", {"s": rows})))
    assert (row["acquired"], row["remark"], row["serial"]) == ("2015-06-30", "TRUE", "1.23456789012346E+17")


def test_a_damaged_locked_or_empty_workbook_is_refused(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", {"s": [HEADER, ["1", "桌"]]}).read_bytes()
    for content, code in (
        (whole[: len(whole) // 2], "WORKBOOK_DAMAGED"),
        (b"PK\x03\x04nonsense", "WORKBOOK_DAMAGED"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "WORKBOOK_DAMAGED"),
    ):
        with pytest.raises(LedgerUnreadable) as refused:
            read(raw(tmp_path / "b.xlsx", content))
        assert refused.value.code == code
    with pytest.raises(LedgerUnreadable) as refused:
        read(workbook(tmp_path / "c.xlsx", {"s": []}))
    assert refused.value.code == "LEDGER_EMPTY"
    with zipfile.ZipFile(tmp_path / "d.xlsx", "w") as archive:
        archive.writestr("EncryptionInfo", "x")
    with pytest.raises(LedgerUnreadable) as refused:
        read(tmp_path / "d.xlsx")
    assert refused.value.code == "WORKBOOK_LOCKED"


def rewritten(source: Path, target: Path, sheet: bytes) -> Path:
    """The workbook with another first sheet."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, sheet if member.filename.endswith("sheet1.xml") else content)
    return target


@pytest.mark.parametrize(
    "cells", [b'<row r="1"><c r="A1"/></row><row r="1048576"><c r="ZZ1048576"/></row>', b'<row r="1"><c r="XFD1"/></row>']
)
def test_a_sheet_that_would_fill_the_memory_is_refused_unopened(tmp_path: Path, cells: bytes) -> None:
    whole = workbook(tmp_path / "a.xlsx", {"s": [HEADER, ["1", "桌"]]})
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' + cells + b"</sheetData></worksheet>"
    )
    with pytest.raises(LedgerUnreadable) as refused:
        read(rewritten(whole, tmp_path / "b.xlsx", sheet))
    assert refused.value.code == "LEDGER_TOO_LARGE"


def test_a_zip_bomb_is_refused_unpacked_only_by_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.ledgers.archive.UNPACKED_LIMIT_BYTES", 10_000_000)
    whole = workbook(tmp_path / "a.xlsx", {"s": [HEADER, ["1", "桌"]]})
    with pytest.raises(LedgerUnreadable) as refused:
        read(rewritten(whole, tmp_path / "b.xlsx", bytes(20_000_000)))
    assert refused.value.code == "LEDGER_TOO_LARGE"
