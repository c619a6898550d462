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


def test_what_was_wrong_is_listed_with_its_line(twin: Twin, tmp_path: Path) -> None:
    path = tmp_path / "资产.csv"
    path.write_text(CARDS + "ZC1,办公椅,A05010201,2022,7\n,椅,A05010201,2022,7\n", encoding="utf-8")
    assert twin("import", "register", "asset", path).code == 3
    page = twin("import", "findings", "asset").document
    assert [(one["line"], one["code"], one["put_aside"]) for one in page["findings"]] == [
        (5, "KEY_DUPLICATE", True), (6, "KEY_MISSING", True), (3, "CLASS_EDITION_UNKNOWN", False), (4, "CLASS_CODE_FORM", False),
    ]  # fmt: skip
    assert page["findings"][0]["cells"][1] == "办公椅" and page["findings"][2]["record"]["href"] == "/assets/ZC2"
    assert "line 6: KEY_MISSING" in twin("import", "findings", "asset/asset@1", words=True).stdout
    first = twin("import", "findings", "asset", "--limit", 1).document
    rest = twin("import", "findings", "asset", "--limit", 9, "--after", first["next"]).document
    assert first["findings"] + rest["findings"] == page["findings"] and rest["next"] is None
    assert [one["line"] for one in twin("import", "findings", "asset", "--code", "CLASS_CODE_FORM").document["findings"]] == [4]
    for unknown in ("asset@7", "asset/other@1", "room", "asset@x"):
        assert twin("import", "findings", unknown).error["code"] == "NOT_FOUND"
    assert twin("import", "findings", "asset", "--after", "x").error["code"] == "FILTER_INVALID"
