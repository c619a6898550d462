"""CSV: read back by Python's csv and by Arrow; neutral in a spreadsheet; nothing half written."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv

from tests.twin.reports import facts
from tests.twin.reports.facts import FORMULAS, HARMLESS, HEADING
from tests.twin.reports.test_xlsx import one_column
from twin.errors import Invalid
from twin.reports import annual_report, stock_report, vehicles_report, write_csv, write_report


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_file_begins_with_the_mark_that_excel_needs_for_chinese(tmp_path: Path) -> None:
    (path,) = write_csv(annual_report(HEADING, facts.annual()), tmp_path / "年报.csv")
    assert path.read_bytes()[:3] == b"\xef\xbb\xbf"
    header, *rows = read(path)
    assert header[:4] == ["分类代码", "分类名称", "年初数量(张)", "年初原值(元)"]
    assert [row[0] for row in rows] == ["A01", "A02", "A03", "A04", "A05", "A08"]
    assert rows[2][-1] == "100.01"


def test_each_table_is_a_file_of_its_own(tmp_path: Path) -> None:
    paths = write_csv(stock_report(HEADING, facts.stock()), tmp_path / "stock.csv")
    assert [path.name for path in paths] == ["stock-按分类.csv", "stock-按单位.csv", "stock-单位与分类.csv"]
    english = write_csv(stock_report(HEADING, facts.stock()), tmp_path / "stock.csv", language="en")
    assert [path.name for path in english] == ["stock-By class.csv", "stock-By unit.csv", "stock-Unit and class.csv"]
    assert len(read(paths[2])) == 37


def test_programs_read_numbers_as_numbers(tmp_path: Path) -> None:
    ledger = write_csv(vehicles_report(HEADING, facts.vehicles()), tmp_path / "v.csv")[1]
    table = arrow_csv.read_csv(ledger)
    assert table["购置价格(元)"].to_pylist() == [179_999.0, 219_800.5, 150_000.0, None]
    assert str(table.schema.field("购置日期").type) == "date32[day]"


def test_formulas_are_neutral_numbers_are_not_touched(tmp_path: Path) -> None:
    (path,) = write_csv(one_column(FORMULAS + HARMLESS), tmp_path / "f.csv")
    assert [row[0] if row else "" for row in read(path)[1:]] == [f"'{text}" for text in FORMULAS] + HARMLESS
    (path,) = write_csv(one_column([-5, -1234567], "money"), tmp_path / "m.csv")
    assert read(path)[1:] == [["-0.05"], ["-12345.67"]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(bool), min_size=1, max_size=20))
def test_any_text_comes_back_but_for_the_apostrophe(tmp_path: Path, texts: list[str]) -> None:
    (path,) = write_csv(one_column(texts), tmp_path / "t.csv")
    for (back,), text in zip(read(path)[1:], texts, strict=True):
        assert back in (text, f"'{text}")
        assert back[0] not in "=@＝＋＠\t\r"


PLAIN = {"share": (0.125, "0.125"), "month": ("2026-01", "2026-01"), "boolean": (True, "是"), "number": (0.1, "0.1"), "integer": (7, "7")}


@pytest.mark.parametrize("kind", PLAIN)
def test_each_type_is_written_plainly(tmp_path: Path, kind: str) -> None:
    value, shown = PLAIN[kind]
    (path,) = write_csv(one_column([value, None], kind), tmp_path / "x.csv")
    assert [row[0] if row else "" for row in read(path)[1:]] == [shown, ""]


def test_what_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        write_csv(one_column(["a", 5]), tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_the_name_says_the_kind_and_another_is_refused(tmp_path: Path) -> None:
    report = one_column(["x"])
    for name in ("x.xlsx", "x.HTML", "x.csv"):
        (path,) = write_report(report, tmp_path / name)
        assert path.stat().st_size > 0
    for name in ("x.pdf", "x"):
        with pytest.raises(Invalid) as refused:
            write_report(report, tmp_path / name)
        assert refused.value.code == "REPORT_FORMAT_UNKNOWN"
