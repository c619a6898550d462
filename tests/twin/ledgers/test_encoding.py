"""The encoding is decided by the whole file, and what fits none costs its row."""

from pathlib import Path

import pytest

from tests.twin.ledgers.written import quarantined, raw, read, typed_rows, written
from twin.ledgers import LedgerUnreadable
from twin.ledgers.encoding import find_encoding

TABLE = (("资产编号", "资产名称"), ("甲1", "办公桌"), ("甲2", "多功能一体机"))
GERMAN = (("Asset Code", "Name"), ("1", "Schrank groß"), ("2", "Bürostühle für Gäste"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_chinese_text_reads_the_same_in_each_encoding(tmp_path: Path, encoding: str) -> None:
    rows = typed_rows(read(written(tmp_path / "a.csv", TABLE, encoding=encoding)))
    assert [(row["code"], row["name"], row["_line"]) for row in rows] == [("甲1", "办公桌", 2), ("甲2", "多功能一体机", 3)]


def test_chinese_pairs_that_are_utf8_by_chance_are_chinese(tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_bytes(("资产编号,资产名称,楼层,备注\n" + "A1,一一一,一,一一一一\n" * 12).encode("gb18030"))
    assert find_encoding(file, "").encoding == "gb18030"


@pytest.mark.parametrize("wrong", [b"\xff", b"\xc4\xe3\xba\xc3", b"\xc4"])
def test_utf8_with_a_few_wrong_bytes_is_utf8(tmp_path: Path, wrong: bytes) -> None:
    file = tmp_path / "cards.csv"
    file.write_bytes("numéro,désignation\n".encode() + "é1,café\n".encode() * 90 + b"2,b" + wrong + b"\n")
    assert find_encoding(file, "").encoding == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_accents_read_the_same_in_each_encoding(tmp_path: Path, encoding: str) -> None:
    ledger = read(written(tmp_path / "a.csv", GERMAN, encoding=encoding))
    assert ledger.facts.source.encoding == encoding
    assert [row["name"] for row in typed_rows(ledger)] == ["Schrank groß", "Bürostühle für Gäste"]


def test_evidence_is_sought_in_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.ledgers.encoding.READ_BYTES", 50_000)
    rows = [("Asset Code", "Name"), *((str(number), "desk") for number in range(30_000)), ("z", "办公桌")]
    ledger = read(written(tmp_path / "a.csv", rows, encoding="gb18030"))
    assert ledger.facts.source.encoding == "gb18030"
    assert [batch.typed().values["name"][-1].as_py() for batch in ledger.batches()][-1] == "办公桌"


def test_a_broken_byte_costs_its_row_and_shows_itself(tmp_path: Path) -> None:
    text = "资产编号,资产名称\n甲1,办公桌\n甲2,\xff椅\n甲3,柜\n".encode()
    text = text.replace("\xff".encode(), b"\xff")
    ledger = read(raw(tmp_path / "a.csv", text))
    assert [row["code"] for row in typed_rows(ledger)] == ["甲1", "甲3"]
    assert [(row.line, row.code, row.cells) for row in quarantined(ledger)] == [(3, "TEXT_UNDECODABLE", ("甲2", "\\xff椅"))]


def test_a_broken_byte_in_gbk_in_a_quoted_cell_of_two_lines(tmp_path: Path) -> None:
    text = '资产编号,资产名称\n甲1,"办公\n桌@"\n甲2\n甲3,柜\n'.encode("gbk").replace(b"@", b"\xff")
    ledger = read(raw(tmp_path / "a.csv", text))
    assert [(row["_line"], row["code"]) for row in typed_rows(ledger)] == [(5, "甲3")]
    assert sorted((row.line, row.code) for row in quarantined(ledger)) == [(2, "TEXT_UNDECODABLE"), (4, "ROW_RAGGED")]


def test_divided_evidence_is_refused_and_a_mapping_decides(tmp_path: Path) -> None:
    text = "Asset Code,Name\n1,Stühle für Gäste groß\n".encode("latin-1") + "2,办公桌\n".encode("gbk")
    path = raw(tmp_path / "a.csv", text)
    with pytest.raises(LedgerUnreadable) as refused:
        read(path)
    assert refused.value.code == "ENCODING_AMBIGUOUS"
    told = raw(tmp_path / "map.toml", '[file]\nencoding = "latin-1"\n')
    assert typed_rows(read(path, mapping=told))[0]["name"] == "Stühle für Gäste groß"


def test_an_encoding_nobody_reads_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", TABLE)
    with pytest.raises(LedgerUnreadable) as refused:
        read(path, mapping=raw(tmp_path / "map.toml", '[file]\nencoding = "ebcdic"\n'))
    assert refused.value.code == "ENCODING_UNKNOWN"


def test_half_a_character_of_utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreadable):
        read(raw(tmp_path / "a.csv", "资产编号,资产名称\n".encode("utf-16")[:-1]))


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.ledgers.encoding.LINE_LIMIT_BYTES", 100)
    monkeypatch.setattr("twin.ledgers.encoding.READ_BYTES", 50)
    with pytest.raises(LedgerUnreadable) as refused:
        read(raw(tmp_path / "a.csv", "code,name " + "x" * 200))
    assert refused.value.code == "LINE_TOO_LONG"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreadable) as refused:
        read(tmp_path / "none.csv")
    assert refused.value.code == "LEDGER_MISSING"
