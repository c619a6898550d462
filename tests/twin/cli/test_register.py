"""`twin import register` as a clerk types it."""

from pathlib import Path

from tests.twin.cli.conftest import Twin

CARDS = "资产编号,资产名称,资产分类代码,分类版本,车位\nZC1,办公桌,A05010201,2022,7\nZC2,笔记本电脑,A02010108,,8\nZC3,书柜,A0501020,2022,9\n"


def test_a_dry_run_tells_what_is_wrong_and_writes_nothing(twin: Twin, tmp_path: Path) -> None:
    path = tmp_path / "资产.csv"
    path.write_text(CARDS, encoding="utf-8")
    dry = twin("import", "register", "asset", path, "--dry-run")
    assert (dry.code, dry.document["rows"], dry.document["unmapped"]) == (0, 3, ["车位"])
    assert dry.document["issues"] == {"CLASS_CODE_FORM": 1, "CLASS_EDITION_UNKNOWN": 1}
    words = twin("import", "register", "asset", path, "--dry-run", words=True).stdout
    assert "CLASS_EDITION_UNKNOWN: 1" in words and "车位" in words
    done = twin("import", "register", "asset", path)
    assert (done.document["new"], done.document["issues"]) == (3, dry.document["issues"])


def test_what_is_odd_about_a_whole_file_is_a_note(twin: Twin, tmp_path: Path) -> None:
    path = tmp_path / "资产.csv"
    path.write_text("资产编号,资产分类代码\nZC1,A05010201\n", encoding="utf-8")
    done = twin("import", "register", "asset", path)
    assert [note["code"] for note in done.document["notes"]] == ["COLUMN_MISSING", "COLUMN_MISSING"]
    assert "分类版本" in twin("import", "register", "asset", path, words=True).stdout
