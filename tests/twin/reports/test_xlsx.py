"""Workbooks, read back by python-calamine, which shares nothing with xlsxwriter, and by their XML where calamine does not look."""

import json
import re
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

import twin.reports.report
import twin.reports.xlsx
from tests.twin.reports import facts
from tests.twin.reports.facts import FORMULAS, HARMLESS, HEADING
from twin.errors import Invalid
from twin.reports import (
    CellType,
    Field,
    Report,
    Table,
    Words,
    annual_report,
    differences_report,
    energy_report,
    rooms_report,
    stock_report,
    titles_report,
    vehicles_report,
    write_xlsx,
)
from twin.reports.sheet import SheetNames, column_width

HEADER = 3
NAMESPACE = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def tag(name: str) -> str:
    """A name of SpreadsheetML as ElementTree has it."""
    return f"{{{NAMESPACE['s']}}}{name}"


def rows_of(path: Path, sheet: str) -> list[list[Any]]:
    """All rows of a sheet from its header on."""
    return CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python(skip_empty_area=False)[HEADER:]


def xml(path: Path, name: str) -> ElementTree.Element:
    with zipfile.ZipFile(path) as book:
        return ElementTree.fromstring(book.read(name))


def one_column(values: list[Any], kind: str = "text", **properties: Any) -> Report:
    field = Field(name="c", words=Words("栏", "column"), type=CellType(kind), **properties)
    table = Table(words=Words("表", "table"), fields=(field,), columns={"c": values})
    return Report(name="x", words=Words("报告", "report"), heading=HEADING, tables=(table,))


def test_numbers_dates_and_texts_come_back_as_such(tmp_path: Path) -> None:
    path = write_xlsx(vehicles_report(HEADING, facts.vehicles()), tmp_path / "v.xlsx")
    header, *rows, total = rows_of(path, "车辆台账")
    assert header[:4] == ["车牌号", "车辆识别代号", "品牌型号", "车辆类型"]
    price, purchased = header.index("购置价格\n(元)"), header.index("购置日期")
    assert [row[price] for row in rows] == [179_999.0, 219_800.5, 150_000.0, ""]
    assert [row[purchased] for row in rows] == [date(2019, 6, 30), date(2023, 1, 15), date(2020, 12, 31), ""]
    assert rows[3][2] == "=cmd|'/C calc'!A0"
    assert (total[0], total[price]) == ("合计", 549_799.5)


def test_english_workbooks_are_english(tmp_path: Path) -> None:
    path = write_xlsx(annual_report(HEADING, facts.annual()), tmp_path / "a.xlsx", language="en")
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["Movements of the year", "Charts", "Notes and sources"]
    header = rows_of(path, "Movements of the year")[0]
    assert header[:4] == ["Class code", "Class", "Opening, cards\n(cards)", "Opening value\n(yuan)"]
    everything = json.dumps([book.get_sheet_by_name(name).to_python() for name in book.sheet_names], ensure_ascii=False, default=str)
    assert re.findall(r"[一-鿿]+", everything) == []


def test_totals_are_formulas_over_the_filtered_rows_with_their_value_beside(tmp_path: Path) -> None:
    columns = facts.stock()
    path = write_xlsx(stock_report(HEADING, columns), tmp_path / "s.xlsx")
    formulas = {
        cell.attrib["r"]: (cell.findtext("s:f", namespaces=NAMESPACE), float(cell.findtext("s:v", "nan", NAMESPACE)))
        for cell in xml(path, "xl/worksheets/sheet3.xml").iter(tag("c"))
        if cell.find("s:f", NAMESPACE) is not None
    }
    last = HEADER + 1 + 36
    assert formulas == {
        f"D{last + 1}": (f"SUBTOTAL(109,D{HEADER + 2}:D{last})", float(sum(columns["cards"]))),
        f"E{last + 1}": (f"SUBTOTAL(109,E{HEADER + 2}:E{last})", sum(columns["value"]) / 100),
        f"F{last + 1}": (f"SUBTOTAL(109,F{HEADER + 2}:F{last})", sum(columns["net_value"]) / 100),
    }


def test_texts_like_formulas_are_texts_and_stay_texts_when_edited(tmp_path: Path) -> None:
    texts = FORMULAS + HARMLESS
    path = write_xlsx(one_column(texts), tmp_path / "f.xlsx")
    assert [row[0] for row in rows_of(path, "表")[1:]] == texts
    sheet, styles = xml(path, "xl/worksheets/sheet1.xml"), xml(path, "xl/styles.xml")
    assert list(sheet.iter(tag("f"))) == []
    formats = styles.find("s:cellXfs", NAMESPACE)
    assert formats is not None
    quoted = {at for at, style in enumerate(formats) if style.attrib.get("quotePrefix") == "1"}
    cells = {cell.attrib["r"]: int(cell.attrib["s"]) in quoted for cell in sheet.iter(tag("c"))}
    assert [cells[f"A{HEADER + 2 + at}"] for at in range(len(texts))] == [True] * len(FORMULAS) + [False] * len(HARMLESS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])).filter(bool), min_size=1, max_size=20))
def test_any_text_comes_back_whole(tmp_path: Path, texts: list[str]) -> None:
    path = write_xlsx(one_column(texts), tmp_path / "t.xlsx")
    assert [row[0] for row in rows_of(path, "表")[1 : len(texts) + 1]] == texts


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=20))
def test_any_fen_come_back_to_the_fen(tmp_path: Path, fen: list[int]) -> None:
    path = write_xlsx(one_column(fen, "money", total=True), tmp_path / "m.xlsx")
    back = [round(float(row[0]) * 100) for row in rows_of(path, "表")[1:]]
    assert back == [*fen, sum(fen)]


def test_a_sheet_is_frozen_filtered_and_set_up_for_print(tmp_path: Path) -> None:
    path = write_xlsx(rooms_report(HEADING, facts.rooms()), tmp_path / "r.xlsx")
    sheet = xml(path, "xl/worksheets/sheet3.xml")
    pane = sheet.find(".//s:pane", NAMESPACE)
    setup, filtered = sheet.find("s:pageSetup", NAMESPACE), sheet.find("s:autoFilter", NAMESPACE)
    assert pane is not None and setup is not None and filtered is not None
    assert (pane.attrib["ySplit"], pane.attrib["state"]) == (str(HEADER + 1), "frozen")
    assert (setup.attrib["orientation"], setup.attrib["paperSize"], setup.attrib["fitToHeight"]) == ("landscape", "9", "0")
    assert filtered.attrib["ref"] == f"A{HEADER + 1}:K{HEADER + 1 + 40}"
    names = {name.attrib["name"]: name.text for name in xml(path, "xl/workbook.xml").iter(tag("definedName"))}
    assert str(names["_xlnm.Print_Titles"]).endswith("!$4:$4")


def test_the_last_sheet_says_where_the_numbers_come_from(tmp_path: Path) -> None:
    path = write_xlsx(annual_report(HEADING, facts.annual()), tmp_path / "a.xlsx")
    said = {tuple(row) for row in CalamineWorkbook.from_path(path).get_sheet_by_name("说明与来源").to_python()}
    assert ("来源", "资产卡片 assets-2026.csv，第 4 次导入") in said
    assert ("截至日期", "2026-10-31") in said
    assert ("行数", "年度增减变动: 6") in said
    assert any(label == "表式依据" and "未经核对" in text for label, text in said)
    assert any(label == "说明" and "1 类资产" in text for label, text in said)


def test_charts_draw_their_own_numbers(tmp_path: Path) -> None:
    units, months = facts.energy()
    path = write_xlsx(energy_report(HEADING, units, months), tmp_path / "e.xlsx")
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name("图表").to_python()
    assert [row[:2] for row in rows[1:3]] == [["2024-01", 3400.0], ["2024-02", 3000.0]]
    with zipfile.ZipFile(path) as book:
        chart = book.read("xl/charts/chart1.xml").decode()
    assert "图表!$B$2:$B$25" in chart
    assert len(re.findall(r"<c:v>3400(?:\.0)?</c:v>", chart)) == 2


def test_a_table_longer_than_a_sheet_goes_on_in_the_next_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin.reports.xlsx, "SHEET_ROWS", 16)
    path = write_xlsx(one_column(list(range(25)), "integer", total=True), tmp_path / "long.xlsx")
    assert CalamineWorkbook.from_path(path).sheet_names == ["表", "表 (2)", "表 (3)", "说明与来源"]
    first, second, third = (rows_of(path, name)[1:] for name in ("表", "表 (2)", "表 (3)"))
    assert [row[0] for row in first[:10]] == list(range(10))
    assert (first[10][0], "第 2 页" in first[11][0]) == (45, True)
    assert [row[0] for row in second[:10]] == list(range(10, 20))
    assert [row[0] for row in third] == [20, 21, 22, 23, 24, 110]


def test_a_text_longer_than_a_cell_holds_is_cut_and_counted(tmp_path: Path) -> None:
    path = write_xlsx(one_column(["长" * 40_000, "短"]), tmp_path / "long.xlsx")
    text = rows_of(path, "表")[1][0]
    assert (len(text), text[-1]) == (32_767, "…")
    notes = [row[1] for row in CalamineWorkbook.from_path(path).get_sheet_by_name("说明与来源").to_python()]
    assert any(note.startswith("1 个单元格的文字超过") for note in notes)


def test_what_cannot_be_written_leaves_no_file_and_spares_the_old_one(tmp_path: Path) -> None:
    path = write_xlsx(one_column([1], "integer"), tmp_path / "x.xlsx")
    before = path.read_bytes()
    with pytest.raises(Invalid) as refused:
        write_xlsx(one_column([1, "two"], "integer"), path)
    assert refused.value.code == "REPORT_VALUE_INVALID"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("wanted", ["a/b:c*d?e[f]g\\h", "'quoted'", "很" * 40, "", "History"])
def test_sheet_names_are_such_as_excel_takes(wanted: str) -> None:
    names = SheetNames()
    taken = [names.take(wanted, 1) for _ in range(12)]
    assert len({name.casefold() for name in taken}) == 12
    for name in taken:
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'") and not name.endswith("'")
        assert name.casefold() != "history"


def test_columns_are_wide_enough_for_chinese() -> None:
    field = Field(name="c", words=Words("栏", "column"), type=CellType.TEXT)
    assert column_width(field, ["福建省机关事务管理局"], "zh") >= 20
    assert column_width(field, ["Fujian"], "zh") < 12
    assert column_width(Field(name="m", words=Words("原值", "value"), type=CellType.MONEY), [123_456_789_012], "zh") >= 16


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_xlsx(titles_report(HEADING, facts.titles()), tmp_path / f"{at}.xlsx").read_bytes() for at in range(2))
    assert first == second


def test_every_difference_is_in_the_list(tmp_path: Path) -> None:
    path = write_xlsx(differences_report(HEADING, facts.differences()), tmp_path / "d.xlsx")
    header, *rows, total = rows_of(path, "差异清单")
    assert [row[1] for row in rows] == ["TY0001", "TY0002", "TY0003", "TY0004", "TY0005"]
    assert total[header.index("金额差额\n(元)")] == 99.0


def long_report(count: int) -> Report:
    """Vehicles as Arrow columns, which no garbage collector counts as ours."""
    numbered = {name: pa.array([f"{name}{at}" for at in range(count)]) for name in ("plate", "brand", "body", "state")}
    same = {name: pa.array([text] * count) for name, text in (("energy", "电"), ("unit", "局"), ("purchased", "2020-01-31"))}
    return vehicles_report(HEADING, {**numbered, **same, "price": pa.array(range(count))})


def peak_of_writing(count: int, path: Path) -> int:
    """Most bytes that Python held at once while writing that many rows."""
    report = long_report(count)
    tracemalloc.start()
    try:
        write_xlsx(report, path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_rows_stream_so_that_more_of_them_need_no_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin.reports.report, "CHUNK", 50)
    few, many = peak_of_writing(500, tmp_path / "few.xlsx"), peak_of_writing(2_000, tmp_path / "many.xlsx")
    assert many < 1.3 * few
    rows = rows_of(tmp_path / "many.xlsx", "车辆台账")
    assert (len(rows), rows[-2][0], rows[-1][0]) == (2_002, "plate1999", "合计")


@pytest.mark.nightly
def test_a_hundred_thousand_rows_stream(tmp_path: Path) -> None:
    write_xlsx(long_report(100_000), tmp_path / "long.xlsx")
    assert len(rows_of(tmp_path / "long.xlsx", "车辆台账")) == 100_002


def test_created_is_when_the_report_was_made(tmp_path: Path) -> None:
    path = write_xlsx(one_column(["x"]), tmp_path / "c.xlsx")
    with zipfile.ZipFile(path) as book:
        (created,) = re.findall(r"<dcterms:created[^>]*>([^<]+)<", book.read("docProps/core.xml").decode())
    assert datetime.fromisoformat(created) == datetime.fromisoformat(HEADING.made_at)
