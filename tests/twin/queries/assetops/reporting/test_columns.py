"""Columns of reports on both databases: sums as of days against history, and what the reports say of them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.twin.queries.assetops.conftest import ALL, Office
from tests.twin.records.conftest import NOW
from twin.codes import get_kind
from twin.errors import Invalid, NotFound
from twin.queries.assetops.reconcile.run import reconcile
from twin.queries.assetops.reporting.made import FETCHERS, make_report
from twin.queries.assetops.reporting.stock_columns import annual_columns, stock_columns
from twin.queries.assetops.reporting.wanted import Wanted
from twin.records.write import Author, change_fields
from twin.reports import write_report
from twin.reports.report import column_list


def change(office: Office, code: str, day: str, **values: Any) -> None:
    """Change fields of an asset from a day on."""
    author = Author(who="test", method="manual", source="test", now=NOW, valid_from=date.fromisoformat(day))
    with office.store.database.writing() as connection:
        change_fields(connection, get_kind("asset"), office.get("asset", code).id, values, author)


def rows(office: Office, fetch: Any, day: str, **wanted: Any) -> list[dict[str, Any]]:
    with office.store.database.reading() as connection:
        columns = fetch(office.registers, connection, Wanted(as_of=date.fromisoformat(day), **wanted), ALL)
    lists = {name: column_list(values) for name, values in columns.items()}
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def test_the_stock_of_a_day_is_that_of_the_history(office: Office) -> None:
    change(office, "ZC1", "2025-06-01", value=70000, unit="U2")
    change(office, "ZC8", "2026-02-01", state="disposed")
    (then,) = rows(office, stock_columns, "2025-05-31")
    assert (then["unit_code"], then["class_code"], then["cards"], then["value"]) == ("U1", "A05", 8, 360000)
    later = {row["unit_code"]: (row["cards"], row["value"]) for row in rows(office, stock_columns, "2026-03-01")}
    assert later == {"U1": (6, 270000), "U2": (1, 70000)}
    assert rows(office, stock_columns, "2024-02-29") == []


def test_the_stock_of_a_place_and_of_a_unit(office: Office) -> None:
    assert [row["cards"] for row in rows(office, stock_columns, "2026-01-01", place=office.place("1号楼/101"))] == [4]
    assert rows(office, stock_columns, "2026-01-01", unit="U2") == []
    with pytest.raises(NotFound):
        rows(office, stock_columns, "2026-01-01", unit="U9")


def test_the_year_balances_and_what_came_and_went_within_it_is_both(office: Office) -> None:
    office.take(
        "asset",
        [office.asset(20, 1, 101, 取得日期="2025-03-01"), office.asset(21, 1, 101, 取得日期="2025-04-01", 使用状况="已处置")],
        source="new",
    )
    change(office, "ZC1", "2025-06-01", value=70000)
    change(office, "ZC8", "2025-08-01", state="disposed")
    (year,) = rows(office, annual_columns, "2025-12-31")
    assert (year["opening_cards"], year["added_cards"], year["disposed_cards"], year["closing_cards"]) == (8, 2, 2, 8)
    assert (year["opening_value"], year["added_value"], year["disposed_value"], year["adjusted_value"]) == (360000, 410000, 290000, 60000)
    assert year["closing_value"] == year["opening_value"] + year["added_value"] - year["disposed_value"] + year["adjusted_value"]
    report = make_report(office.registers, "annual", Wanted(as_of=date(2025, 12, 31)), ALL)
    (table,) = report.tables
    assert column_list(table.columns["gap_value"]) == [0] and not report.notes


def test_one_code_of_two_editions_is_two_rows(office: Office) -> None:
    office.take("asset", [office.asset(1, 1, 101, 分类版本="2010", 资产分类代码="6010201"), office.asset(2, 1, 101)])
    assert len({str(row["class_name"]) for row in rows(office, stock_columns, "2026-11-26")}) == 2


def test_the_class_of_a_year_is_that_of_its_end_not_that_of_today(office: Office) -> None:
    change(office, "ZC1", "2026-02-01", class_code="A02010105")
    change(office, "ZC2", "2026-02-01", class_code="6010201", class_edition="GB/T 14885-2010")
    change(office, "ZC3", "2025-02-01", class_code="A02010105")

    def year(day: str) -> dict[str, tuple[int, int, int]]:
        return {
            row["class_code"]: (row["opening_cards"], row["added_cards"], row["closing_cards"]) for row in rows(office, annual_columns, day)
        }

    assert year("2024-12-31") == {"A05": (0, 8, 8)}
    assert year("2025-12-31") == {"A02": (1, 0, 1), "A05": (7, 0, 7)}
    assert year("2026-11-26") == {"A02": (2, 0, 2), "A05": (5, 0, 5), "6": (1, 0, 1)}
    stock = {row["class_code"]: row["cards"] for row in rows(office, stock_columns, "2025-06-30")}
    assert stock == {"A02": 1, "A05": 7}


def test_every_report_is_made_and_written(office: Office, tmp_path: Path) -> None:
    office.take("vehicle", [{"车牌号": "闽A12345", "使用单位": "U1", "车辆状态": "在用", "购置价格": "180000"}])
    office.take("title", [{"权证编号": "证1", "权证类型": "不动产权证", "楼栋": "1号楼", "车牌号": "", "权利人": "U1", "证载面积": 900}])
    reconcile(office.registers)
    for name in FETCHERS:
        report = make_report(office.registers, name, Wanted(as_of=date(2026, 11, 26), unit="U1" if name == "stock" else None), ALL)
        assert sum(len(table) for table in report.tables) > 0, name
        for ending in ("xlsx", "html", "csv"):
            assert all(file.stat().st_size for file in write_report(report, tmp_path / f"{name}.{ending}"))
    (titles,) = make_report(office.registers, "titles", Wanted(as_of=date(2026, 11, 26)), ALL).tables
    assert (column_list(titles.columns["area_gap"]), column_list(titles.columns["holder"])) == ([-100.0], ["办公室"])


def test_a_report_of_units_is_not_asked_of_a_place_and_an_unknown_one_is_told(office: Office) -> None:
    with pytest.raises(Invalid):
        make_report(office.registers, "vehicles", Wanted(as_of=date(2026, 1, 1), place=office.place("1号楼")), ALL)
    with pytest.raises(NotFound) as refused:
        make_report(office.registers, "thoughts", Wanted(as_of=date(2026, 1, 1)), ALL)
    assert refused.value.code == "REPORT_UNKNOWN"
