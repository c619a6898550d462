"""Typed columns: kernels agree with reading cell by cell, findings keep the text of the cell, rows are never lost."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.issue import Severity
from tests.twin.ledgers.written import findings, only, read, typed_rows, written
from twin.codes import ColumnType, get_kind, shipped_tables
from twin.ledgers.header import Field
from twin.ledgers.kernels import regular_reader
from twin.ledgers.memo import arrow_type
from twin.ledgers.readers import cell_reader, is_past
from twin.ledgers.rules import Rules
from twin.ledgers.typed import TypedColumn

ODD = st.text(st.sampled_from("01 9.-/,年 月(e)元万+５　#é"), max_size=9)
TEXTS = {
    "value": st.one_of(ODD, st.integers(-(10**8), 10**8).map(lambda value: f"{value // 1000}.{value % 1000:03d}")),
    "quantity": st.one_of(ODD, st.decimals(-(10**8), 10**8, places=4).map(str)),
    "life_months": st.one_of(ODD, st.integers(-(10**19), 10**19).map(str)),
    "acquired": st.one_of(ODD, st.dates().map(str), st.just("2015-02-30")),
    "serial": st.one_of(ODD, st.text(max_size=9)),
}


@pytest.mark.parametrize("name", sorted(TEXTS))
@settings(max_examples=60, deadline=None)
@given(data=st.data(), factor=st.sampled_from([1, 100, 1_000_000, 12]), empty=st.sampled_from([False, False, True]))
def test_the_kernels_say_what_reading_cell_by_cell_says(name: str, data: Any, factor: int, empty: bool) -> None:
    kind = get_kind("asset")
    column = kind.column(name)
    texts = data.draw(st.lists(TEXTS[name], max_size=12))
    rules = Rules(today=date(2026, 11, 26), empty=frozenset({"0", "e"}) if empty else frozenset())
    field = Field(index=0, header=name, column=column, factor=Fraction(factor) if column.type is not ColumnType.TEXT else Fraction(1))
    reader = cell_reader(field, kind, rules, {})
    fast = TypedColumn(column=column, read=reader, regular=regular_reader(field, rules, past=is_past(kind, column)))
    values, found = fast.convert(pa.array(texts, pa.string()))
    expected = [reader(text) for text in texts]
    assert values.type == arrow_type(column.type)
    assert values.to_pylist() == [value for value, _ in expected]
    told = {(int(row), item.value, item.trouble.code) for item in found for row in item.rows}
    assert told == {(row, texts[row], trouble.code) for row, (_, trouble) in enumerate(expected) if trouble is not None}
    slow, _ = TypedColumn(column=column, read=reader).convert(pa.array(texts, pa.string()).dictionary_encode())
    assert slow.to_pylist() == values.to_pylist()


def test_every_type_of_column(tmp_path: Path) -> None:
    rows = [
        ("房间编码", "楼栋", "楼层", "使用面积", "工位数", "合用", "使用状态", "分配日期", "备注"),
        ("R1", "主楼", "３", "20.5", "2", "是", "使用中", "2020年1月2日", "（东）"),
        ("R2", "主楼", "", "", "", "", "", "", ""),
    ]
    ledger = read(written(tmp_path / "a.csv", rows), "room")
    typed = only(ledger)
    assert {name: column.to_pylist()[0] for name, column in typed.values.items()} == {
        "code": "R1", "building": "主楼", "storey": "3", "usable_area": 20.5, "seats": 2, "shared": True, "state": "in_use",
        "allocated_from": "2020-01-02", "remark": "(东)",
    }  # fmt: skip
    assert [column.to_pylist()[1] for name, column in typed.values.items() if name not in ("code", "building")] == [None] * 7
    assert isinstance(typed.values["building"], pa.DictionaryArray) and pa.types.is_string(typed.values["state"].type)
    assert len(typed.findings) == 0


def test_a_term_written_in_two_ways_is_one(tmp_path: Path) -> None:
    typed = only(read(written(tmp_path / "a.csv", [("资产编号", "资产名称"), ("1", "桌（大）"), ("2", " 桌(大)"), ("3", "")])))
    assert typed.values["name"].dictionary.to_pylist() == ["桌(大)"]
    assert typed.values["name"].to_pylist() == ["桌(大)", "桌(大)", None]


def test_bad_cells_are_null_their_text_in_the_finding_and_the_row_kept(tmp_path: Path) -> None:
    rows = [("房间编码", "楼栋", "合用", "使用状态", "工位数"), ("R1", "主楼", "也许", "飞了", "x"), ("R2", "", "是", "空置", "1")]
    ledger = read(written(tmp_path / "a.csv", rows), "room")
    assert [(row["_key"], row["shared"], row["state"], row["seats"]) for row in typed_rows(ledger)] == [
        ("R1", None, None, None), ("R2", True, "vacant", 1),
    ]  # fmt: skip
    told = [(item["row"], item["column"], item["code"], item["value"], item["severity"]) for item in findings(ledger)]
    assert sorted(told) == [
        (0, "seats", "NUMBER_INVALID", "x", "error"), (0, "shared", "BOOLEAN_UNKNOWN", "也许", "error"),
        (0, "state", "ENUM_UNKNOWN", "飞了", "error"), (1, "building", "VALUE_MISSING", "", "warning"),
    ]  # fmt: skip


def test_only_the_selected_rows_are_typed_by_mask_or_position(tmp_path: Path) -> None:
    rows = [("资产编号", "数量", "车位"), *((str(number), str(number) if number % 2 else "x", f"p{number}") for number in range(10))]
    (batch,) = read(written(tmp_path / "a.csv", rows)).batches()
    mask = np.arange(10) % 3 == 0
    for chosen in (mask, np.flatnonzero(mask)):
        typed = batch.typed(chosen)
        assert typed.values["code"].to_pylist() == ["0", "3", "6", "9"]
        assert typed.values["quantity"].to_pylist() == [None, 3.0, None, 9.0]
        assert typed.findings["row"].to_pylist() == [0, 2]
        assert typed.extra.to_pylist() == ['{"车位":"p0"}', '{"车位":"p3"}', '{"车位":"p6"}', '{"车位":"p9"}']
    assert len(batch.typed(np.zeros(10, bool)).values["code"]) == 0
    assert batch.extra.to_pylist()[1] == '{"车位":"p1"}'


def test_a_failed_check_is_a_warning_and_the_value_stands(tmp_path: Path) -> None:
    rows = [("单位编码", "统一社会信用代码"), ("1", "91350100M000100Y43"), ("2", "91350100M000100Y44"), ("3", "")]
    ledger = read(written(tmp_path / "a.csv", rows), "unit", tables=shipped_tables())
    assert [row["credit_code"] for row in typed_rows(ledger)] == ["91350100M000100Y43", "91350100M000100Y44", None]
    (told,) = findings(ledger)
    assert (told["row"], told["code"], told["value"], told["severity"]) == (1, "USCC_CHECK_DIGIT", "91350100M000100Y44", Severity.WARNING)


CLASSES = [
    ("资产编号", "资产分类代码", "分类版本"),
    ("1", "A02010105", "GB/T 14885-2022"),
    ("2", "A02010105", ""),
    ("3", "2010104", "GB/T 14885-2022"),
    ("4", "A9901", "2022"),
    ("5", "", ""),
    ("6", "2010104", "2010"),
    ("7", "A02010105", "某版"),
]


def test_a_class_is_checked_with_the_edition_beside_it(tmp_path: Path) -> None:
    ledger = read(written(tmp_path / "a.csv", CLASSES), tables=shipped_tables())
    told = {(item["row"], item["code"], item["value"]) for item in findings(ledger) if item["column"] == "class_code"}
    assert told == {
        (1, "CLASS_EDITION_UNKNOWN", "A02010105"), (2, "CLASS_CODE_FORM", "2010104"), (3, "CLASS_CODE_UNKNOWN", "A9901"),
        (6, "CLASS_EDITION_UNKNOWN", "A02010105"),
    }  # fmt: skip
    assert [row["class_code"] for row in typed_rows(ledger)] == [row[1] or None for row in CLASSES[1:]]
    (batch,) = ledger.batches()
    assert batch.typed(np.array([0, 3])).findings["row"].to_pylist() == [1]


def test_a_part_is_not_larger_than_its_whole(tmp_path: Path) -> None:
    rows = [("资产编号", "原值", "净值"), ("1", "100", "100"), ("2", "100", "100.01"), ("3", "", "5"), ("4", "5", ""), ("5", "x", "9")]
    ledger = read(written(tmp_path / "a.csv", rows))
    (told,) = [item for item in findings(ledger) if item["code"] == "PART_ABOVE_WHOLE"]
    assert (told["row"], told["column"], told["value"], told["severity"]) == (1, "net_value", "100.01", Severity.WARNING)
    assert "净值 100.01 above 原值 100.00" in told["message"]
    rooms = [("房间编码", "使用面积", "建筑面积"), ("R1", "20.5", "20"), ("R2", "20", "20.5")]
    assert [item["row"] for item in findings(read(written(tmp_path / "r.csv", rooms), "room"))] == [0]


def test_a_class_under_a_name_of_another_edition_is_told(tmp_path: Path) -> None:
    rows = [("资产编号", "资产名称", "资产分类代码", "分类版本")]
    names = ("笔记本", "台式机", "笔记本", "")
    rows += [(str(at), name, "A02010105", "GB/T 14885-2022") for at, name in enumerate(names)]
    told = findings(read(written(tmp_path / "a.csv", rows), tables=shipped_tables()))
    assert [item["row"] for item in told if item["code"] == "CLASS_EDITION_CONTRADICTS"] == [0, 2]


def test_without_a_column_of_editions_the_file_is_told_once_and_a_class_may_be_of_any(tmp_path: Path) -> None:
    rows = [("资产编号", "资产名称", "资产分类代码"), ("1", "桌", "A02010105"), ("2", "桌", "A0201010")]
    ledger = read(written(tmp_path / "a.csv", rows), tables=shipped_tables())
    assert [(item["row"], item["code"]) for item in findings(ledger)] == [(1, "CLASS_CODE_FORM")]
    (issue,) = ledger.facts.issues
    assert issue.code == "COLUMN_MISSING" and "分类版本" in issue.message


def test_a_date_in_the_future_is_told_through_the_kernel(tmp_path: Path) -> None:
    rows = [("资产编号", "取得日期"), *((str(day), f"2026-11-{day:02d}") for day in range(1, 31))]
    ledger = read(written(tmp_path / "a.csv", rows), today=date(2026, 11, 26))
    assert [(item["code"], item["value"]) for item in findings(ledger)] == [("DATE_FUTURE", f"2026-11-{day}") for day in range(27, 31)]
    assert [row["acquired"] for row in typed_rows(ledger)][-1] == "2026-11-30"


def test_extra_is_json_whatever_the_cells_hold(tmp_path: Path) -> None:
    import json

    nasty = 'a"b\\c\n\t</é{}'
    rows = [("资产编号", 'x"y', "z"), ("1", nasty, ""), ("2", "", "q"), ("3", " ", "")]
    extra = [row["_extra"] for row in typed_rows(read(written(tmp_path / "a.csv", rows)))]
    assert [json.loads(text) if text else None for text in extra] == [{'x"y': nasty}, {"z": "q"}, None]


@pytest.mark.parametrize("rows", [0, 1, 100, 101, 250])
def test_batches_are_bounded_and_complete(tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.ledgers.delimited.BLOCK_ROWS", 100)
    table = [("资产编号", "资产名称"), *((str(number), "桌") for number in range(rows))]
    batches = list(read(written(tmp_path / "a.csv", table)).batches())
    assert all(len(batch.lines) <= 100 for batch in batches)
    assert [line for batch in batches for line in batch.lines.tolist()] == list(range(2, rows + 2))
    assert [key for batch in batches for key in batch.keys.to_pylist()] == [str(number) for number in range(rows)]


def test_failed_formulas_are_told_and_are_no_keys(tmp_path: Path) -> None:
    rows = [("资产编号", "资产名称", "序列号", "原值"), ("1", "#N/A", "#REF!", "#DIV/0!"), ("#N/A", "桌", "#9", "1")]
    ledger = read(written(tmp_path / "a.csv", rows))
    assert [(row["_key"], row["name"], row["serial"], row["value"]) for row in typed_rows(ledger)] == [("1", None, None, None)]
    assert [item["code"] for item in findings(ledger)] == ["CELL_ERROR"] * 3
