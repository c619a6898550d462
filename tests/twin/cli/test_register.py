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


def test_a_list_of_disposal_requests_is_held_against_the_cards(twin: Twin, tmp_path: Path) -> None:
    states = ("处置申请中", "处置已批", "出租出借", "在用", "")
    cards = "资产编号,资产名称,使用状况\n" + "".join(f"ZC{n},桌,{state}\n" for n, state in enumerate(states))
    (tmp_path / "资产.csv").write_text(cards, encoding="utf-8")
    assert twin("import", "register", "asset", tmp_path / "资产.csv").code == 0
    asked = "申请单号,资产编号,处置方式\n" + "".join(f"CZ{n},ZC{n},报废\n" for n in range(6)) + "CZ6,,报废\nCZ7,ZC0,烧掉\n"
    (tmp_path / "处置.csv").write_text(asked, encoding="gbk")
    done = twin("disposals", tmp_path / "处置.csv")
    assert (done.code, done.document["requests"]) == (3, 7)
    assert {(one["line"], one["code"], one["request"]) for one in done.document["findings"]} == {
        (4, "DISPOSAL_ASSET_LENT", "CZ2"), (5, "DISPOSAL_CARD_DISAGREES", "CZ3"), (6, "DISPOSAL_CARD_DISAGREES", "CZ4"),
        (7, "DISPOSAL_ASSET_UNKNOWN", "CZ5"), (8, "VALUE_MISSING", "CZ6"), (9, "ENUM_UNKNOWN", "CZ7"),
    }  # fmt: skip
    assert "出租出借" in twin("disposals", tmp_path / "处置.csv", words=True).stdout
    (tmp_path / "处置.csv").write_text("申请单号,资产编号\nCZ0,ZC0\n", encoding="utf-8")
    assert twin("disposals", tmp_path / "处置.csv").code == 0
