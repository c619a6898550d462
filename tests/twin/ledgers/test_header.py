"""Headers are recognised in Chinese and English, units in brackets convert, and what cannot be told is never guessed."""

from pathlib import Path

import pytest

from tests.twin.ledgers.written import only, raw, read, typed_rows, written
from twin.codes import get_kind, list_kinds
from twin.ledgers import HeaderError
from twin.ledgers.header import recognise


def columns(*headers: str, kind: str = "asset") -> dict[str, str]:
    found = recognise(headers, get_kind(kind), line=1, last_line=1)
    return {field.header: field.column.name for field in found.fields}


@pytest.mark.parametrize("kind", list_kinds(), ids=lambda kind: kind.name)
def test_the_chinese_and_english_headers_of_each_kind_are_all_recognised(kind: object) -> None:
    for words in ([column.zh for column in kind.columns], [column.name for column in kind.columns]):  # type: ignore[attr-defined]
        found = recognise(words, kind, line=1, last_line=1)  # type: ignore[arg-type]
        assert [field.column.name for field in found.fields] == [column.name for column in kind.columns]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "header", ["资产编号", " 资产 编号 ", "＊资产编号", "资产编号：", "资产编号（必填）", "asset code", "ASSET　CODE", "资产\n编号"]
)
def test_ways_of_writing_one_header(header: str) -> None:
    assert columns(header) == {header.strip(): "code"}


@pytest.mark.parametrize(
    ("header", "cell", "fen"),
    [
        ("原值", "1.5", 150),
        ("原值（元）", "1.5", 150),
        ("原值(万元)", "1.50001", 1_500_010),
        ("原值[千元]", "2", 200_000),
        ("价值,万元", "1", 1_000_000),
    ],
)
def test_units_of_money_in_the_header(tmp_path: Path, header: str, cell: str, fen: int) -> None:
    assert only(read(written(tmp_path / "a.csv", [("编号".join(("资产", "")), header), ("1", cell)], delimiter="\t"))).values[
        "value"
    ].to_pylist() == [fen]


@pytest.mark.parametrize(
    ("header", "metres"), [("占地面积(亩)", 2000 / 3), ("土地面积（公顷）", 10000.0), ("土地面积（㎡）", 1.0), ("土地面积(平方米)", 1.0)]
)
def test_units_of_area_in_the_header(tmp_path: Path, header: str, metres: float) -> None:
    ledger = read(written(tmp_path / "a.csv", [("楼栋编码", header), ("1", "1")]), "building")
    assert only(ledger).values["land_area"].to_pylist() == [metres]


def test_years_of_life_become_months(tmp_path: Path) -> None:
    ledger = read(written(tmp_path / "a.csv", [("资产编号", "使用年限（年）"), ("1", "6")]))
    assert only(ledger).values["life_months"].to_pylist() == [72]


def test_energy_in_ten_thousand_kilowatt_hours_and_tonnes(tmp_path: Path) -> None:
    ledger = read(
        written(tmp_path / "a.csv", [("单位", "月份", "用电量(万千瓦时)", "汽油(吨)"), ("甲", "2025-01", "1.2", "0.3")]), "energy"
    )
    values = only(ledger).values
    assert (values["electricity"].to_pylist(), values["petrol"].to_pylist()) == ([12000.0], [300.0])


def test_a_row_of_units_below_the_header(tmp_path: Path) -> None:
    ledger = read(written(tmp_path / "a.csv", [("资产编号", "原值", "备注"), ("", "万元", ""), ("1", "2", "x")]))
    (row,) = typed_rows(ledger)
    assert (row["value"], row["_line"]) == (2_000_000, 3)


def test_an_unknown_unit_is_told_and_its_column_kept_as_written(tmp_path: Path) -> None:
    ledger = read(written(tmp_path / "a.csv", [("资产编号", "原值(两白银)"), ("1", "3")]))
    assert [issue.code for issue in ledger.facts.issues if issue.code != "COLUMN_MISSING"] == ["UNIT_UNKNOWN"]
    (row,) = typed_rows(ledger)
    assert "value" not in row and row["_extra"] == '{"原值(两白银)":"3"}'


def test_titles_above_the_header_are_skipped(tmp_path: Path) -> None:
    ledger = read(raw(tmp_path / "a.csv", "某局固定资产台账,,\n编制日期：2025年,,\n\n资产编号,资产名称,车位\n1,桌,3\n"))
    assert ledger.facts.header_line == 4
    (row,) = typed_rows(ledger)
    assert (row["code"], row["_line"], row["_extra"]) == ("1", 5, '{"车位":"3"}')


def test_a_header_over_two_lines(tmp_path: Path) -> None:
    (row,) = typed_rows(read(raw(tmp_path / "a.csv", '资产编号,"原值\n（万元）"\n1,1\n')))
    assert (row["value"], row["_line"]) == (1_000_000, 3)


def refused(*headers: str, kind: str = "asset") -> HeaderError:
    with pytest.raises(HeaderError) as error:
        columns(*headers, kind=kind)
    return error.value


def test_two_headers_for_one_column_are_refused() -> None:
    error = refused("资产编号", "使用单位", "单位名称")
    assert error.code == "HEADER_TWICE" and "使用单位" in error.message and "单位名称" in error.message


def test_no_identity_is_refused_with_what_is_close() -> None:
    error = refused("资产編号", "资产名称")
    assert error.code == "IDENTITY_MISSING" and "'资产編号' is close to" in error.hint and "资产编码" in error.hint


def test_a_header_of_two_columns_is_refused_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"编号": frozenset({"code", "tag"}), "资产编号": frozenset({"code"})}
    monkeypatch.setattr("twin.ledgers.header._words", lambda kind: words)
    error = refused("编号")
    assert error.code == "HEADER_AMBIGUOUS" and "code or tag" in error.message


def test_a_required_column_without_header_is_told(tmp_path: Path) -> None:
    ledger = read(written(tmp_path / "a.csv", [("资产编号", "原值"), ("1", "3")]))
    assert [issue.code for issue in ledger.facts.issues] == ["COLUMN_MISSING"]
    assert "资产名称" in ledger.facts.issues[0].message


def test_unmapped_headers_without_or_with_one_name_stay_apart(tmp_path: Path) -> None:
    ledger = read(written(tmp_path / "a.csv", [("资产编号", "附注", "附注", ""), ("1", "a", "b", "c")]))
    assert ledger.facts.unmapped == ("附注", "附注~2", "column 4")
    assert typed_rows(ledger)[0]["_extra"] == '{"column 4":"c","附注":"a","附注~2":"b"}'
