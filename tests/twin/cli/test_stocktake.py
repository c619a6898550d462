"""`twin stocktake` and `twin report`, as a person in the compound uses them."""

from pathlib import Path

import pytest

from tests.twin.cli.conftest import Twin

CARDS = "资产编号,资产名称,标签号,使用单位,使用状况,楼栋,楼层,存放地点,原值\n" + "".join(
    f"ZC{n},办公桌,TY{n},办公室,在用,1号楼,1F,101,100.00\n" for n in (1, 2, 3)
)
SCANS = (
    "扫描时间,盘点任务,楼栋,楼层,房间号,标签号,盘点人\n"
    "2026-11-01 09:00:00,年度盘点,1号楼,1F,101,TY1,陈榕\n"
    "2026-11-01 09:00:05,年度盘点,1号楼,1F,102,TY2,陈榕\n"
    "2026-11-01 09:00:05,年度盘点,1号楼,1F,102,TY2,陈榕\n"
    "2026-11-01 09:00:09,年度盘点,1号楼,1F,101,,陈榕\n"
    "不知何时,年度盘点,1号楼,1F,101,TY3,陈榕\n"
)


@pytest.fixture
def compound(twin: Twin, tmp_path: Path) -> Path:
    """A building with two rooms and three cards; the file of scans."""
    files = {
        "unit": "单位编码,单位名称\nU1,办公室\n",
        "building": "楼栋编码,楼栋名称\nB1,1号楼\n",
        "room": "房间编码,楼栋,楼层,房间号\nB1-101,1号楼,1F,101\nB1-102,1号楼,1F,102\n",
        "asset": CARDS,
    }
    for kind, text in files.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        assert twin("import", "register", kind, path).code == 0
    scans = tmp_path / "盘点扫描.csv"
    scans.write_text(SCANS, encoding="gbk")
    return scans


def test_a_stock_take_from_the_opening_to_the_close(twin: Twin, compound: Path) -> None:
    opened = twin("stocktake", "open", "年度盘点", "--place", "1号楼/101")
    assert (opened.code, opened.document["counts"]["due"]) == (0, 3)
    take = opened.document["id"]
    sent = twin("stocktake", "scan", take, compound, "--profile", "zh")
    assert (sent.code, sent.document["new"], [one["line"] for one in sent.document["unread"]]) == (3, 3, [5, 6])
    assert twin("stocktake", "scan", take, compound, "--profile", "zh").document["new"] == 0
    shown = twin("stocktake", "show", take).document
    assert {row["code"]: (row["outcome"], row["findings"][-1]) for row in shown["outcomes"]} == {
        "ZC2": ("found_elsewhere", "STOCKTAKE_SCANNED_TWICE"),
        "ZC3": ("missing", "STOCKTAKE_MISSING"),
    }
    assert "3 due = 1 found + 1 found_elsewhere + 1 missing" in twin("stocktake", "show", take, words=True).stdout
    closed = twin("stocktake", "close", take, "--accept-all")
    assert (closed.code, closed.document["counts"]["moved"]) == (3, 1)
    assert twin("stocktake", "list").document["stocktakes"][0]["state"] == "closed"
    again = twin("stocktake", "close", take)
    assert (again.code, again.error["code"]) == (1, "STOCKTAKE_CLOSED")


def test_a_place_that_nobody_knows(twin: Twin, compound: Path) -> None:
    refused = twin("stocktake", "open", "年度盘点", "--place", "9号楼/101")
    assert (refused.code, refused.error["code"]) == (1, "NOT_FOUND")


def test_reports_are_listed_and_written_and_differences_reconciled(twin: Twin, compound: Path, tmp_path: Path) -> None:
    assert "stock" in [one["name"] for one in twin("report").document["reports"]]
    done = twin("report", "stock", "-o", tmp_path / "stock.csv", "--place", "1号楼/101", "--as-of", "2026-01-01")
    assert (done.code, [table["rows"] for table in done.document["tables"]]) == (0, [1, 1, 1])
    assert all(Path(file).is_file() for file in done.document["files"])
    assert twin("report", "stock").error["code"] == "USAGE_WRONG"
    assert twin("report", "stock", "-o", "x.pdf").error["code"] == "REPORT_FORMAT_UNKNOWN"
    assert twin("report", "thoughts", "-o", "x.csv").error["code"] == "REPORT_UNKNOWN"
    assert twin("report", "stock", "-o", "x.csv", "--as-of", "2026").error["code"] == "USAGE_WRONG"
    assert (twin("reconcile").code, twin("reconcile").document["differences"]) == (0, 0)
