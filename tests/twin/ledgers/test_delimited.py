"""Delimited text against Python's csv module: the same cells, the same physical lines, whatever the writing."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.ledgers.written import quarantined, raw, read, typed_rows, written
from twin.ledgers import LedgerUnreadable
from twin.ledgers.delimited import DELIMITERS
from twin.ledgers.records import split_regular

HEADER = ("资产编号", "资产名称", "楼层", "备注")
CELLS = st.text(st.sampled_from("ab楼一 ,;\t|\"\n'é0"), max_size=6)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12)


@settings(deadline=None, max_examples=40)
@given(
    rows=ROWS,
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "gb18030")),
    end=st.sampled_from(("\n", "\r\n")),
)
def test_what_csv_writes_is_read_back_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], delimiter: str, encoding: str, end: str
) -> None:
    rows = [(one.replace("é", "e"), two.replace("é", "e"), three.replace("é", "e")) for one, two, three in rows]
    table = [HEADER, *((f"Z{number}", *row) for number, row in enumerate(rows))]
    path = written(tmp_path_factory.mktemp("csv") / "a.csv", table, encoding=encoding, delimiter=delimiter, end=end)
    ledger = read(path)
    (source,) = [ledger.facts.source]
    assert (source.delimiter, source.encoding.removesuffix("-sig")) in ((delimiter, encoding.removesuffix("-sig")), (delimiter, "utf-8"))
    cells = [
        row for block in ledger.source.blocks(1, len(HEADER)) for row in zip(*(column.to_pylist() for column in block.cells), strict=True)
    ]
    assert cells == [tuple(row) for row in table[1:]]
    assert [row["_line"] for row in typed_rows(ledger)] == _lines(path.read_bytes().decode(encoding), delimiter)[1:]


@settings(deadline=None, max_examples=200)
@given(text=st.text(st.sampled_from('ab,"\n'), max_size=60), step=st.integers(1, 40))
def test_stray_quotes_and_blank_lines_read_as_csv_reads_them(tmp_path_factory: pytest.TempPathFactory, text: str, step: int) -> None:
    text = "code,name\n" + text.lstrip("\n")
    expected = _records(text, ",")
    path = raw(tmp_path_factory.mktemp("csv") / "a.csv", text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twin.ledgers.encoding.READ_BYTES", step)
        ledger = read(path)
        blocks = list(ledger.source.blocks(1, 2))
    got = [
        (int(line), list(row))
        for block in blocks
        for line, row in zip(block.lines, zip(*(column.to_pylist() for column in block.cells), strict=True), strict=True)
    ]
    refused = [row.line for block in blocks for row in block.refused if row.code != "QUOTE_OPEN"]
    opened = [row.line for block in blocks for row in block.refused if row.code == "QUOTE_OPEN"]
    wanted = [(line, cells) for line, cells in expected if len(cells) == 2 and line > 1 and (not opened or line < opened[0])]
    assert [row for row in got if not opened or row[0] < opened[0]] == wanted
    ragged = [line for line, cells in expected if len(cells) != 2 and any(cell.strip() for cell in cells)]
    assert [line for line in refused if not opened or line < opened[0]] == [line for line in ragged if not opened or line < opened[0]]


def test_inches_in_cells_need_no_reading_cell_by_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "code,name\n" + "".join(f'{number},24" screen {number}\n' for number in range(50)) + '50,"a ""b"" c"d\n\n51,e\n'
    ledger = read(raw(tmp_path / "a.csv", text))
    monkeypatch.setattr("twin.ledgers.delimited._Reader._take_slowly", None)
    rows = typed_rows(ledger)
    assert [(row["_line"], row["name"]) for row in rows[:2]] == [(2, '24" screen 0'), (3, '24" screen 1')]
    assert [(row["_line"], row["name"]) for row in rows[-2:]] == [(52, 'a "b" cd'), (54, "e")]


def test_a_quotation_never_closed_costs_one_line(tmp_path: Path) -> None:
    path = raw(tmp_path / "a.csv", 'code,name\n1,a\n2,"b\n3,c\n4,d\n')
    ledger = read(path)
    assert [(row["_line"], row["code"]) for row in typed_rows(ledger)] == [(2, "1"), (4, "3"), (5, "4")]
    assert [(row.line, row.code, row.cells) for row in quarantined(ledger)] == [(3, "QUOTE_OPEN", ('2,"b',))]


@pytest.mark.parametrize("text", [b'a,"b"c\n', b'a"b,c\n', b'a,b"\n', b"a\rb\n", b'"a""\n'])
def test_marks_out_of_place_are_not_taken_for_regular(text: bytes) -> None:
    assert split_regular(text, ",", last=True) is None


def test_blank_lines_are_counted_and_are_no_records() -> None:
    found = split_regular(b'a\n\n\r\n"b\n\nc"\nd', ",", last=True)
    assert found is not None and (found.starts.tolist(), found.newlines, found.end) == ([0, 3, 6], 7, 13)


def test_ragged_rows_keep_their_line_and_cells(tmp_path: Path) -> None:
    path = raw(tmp_path / "a.csv", 'code,name\n1,a\n\n2\n"3\n",b,c\n4,d\n')
    ledger = read(path)
    assert [(row["_line"], row["code"]) for row in typed_rows(ledger)] == [(2, "1"), (7, "4")]
    assert [(row.line, row.code, row.cells) for row in quarantined(ledger)] == [
        (4, "ROW_RAGGED", ("2",)),
        (5, "ROW_RAGGED", ("3\n", "b", "c")),
    ]


def test_old_macintosh_line_ends(tmp_path: Path) -> None:
    ledger = read(raw(tmp_path / "a.csv", "code,name\r1,a\r2,b\r"))
    assert [(row["_line"], row["code"], row["name"]) for row in typed_rows(ledger)] == [(2, "1", "a"), (3, "2", "b")]


def test_a_stray_carriage_return_costs_one_line(tmp_path: Path) -> None:
    ledger = read(raw(tmp_path / "a.csv", "code,name\n1,a\n2,b\rb\n3,c\n"))
    assert [row["code"] for row in typed_rows(ledger)] == ["1", "3"]
    assert [(row.line, row.code) for row in quarantined(ledger)] == [(3, "ROW_BREAK_STRAY")]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\0\0\1"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(LedgerUnreadable):
        read(raw(tmp_path / "a.csv", content))


def test_a_header_alone_and_blank_lines_below_it(tmp_path: Path) -> None:
    for text in ("code,name\n", "code,name", "code,name\n\n\n", "\n\ncode,name\r\n\r\n,\n ,\n"):
        ledger = read(raw(tmp_path / "a.csv", text))
        assert typed_rows(ledger) == [] and quarantined(ledger) == []


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreadable) as refused:
        read(raw(tmp_path / "a.csv", "code," + ",".join(f"c{number}" for number in range(1000)) + "\n"))
    assert refused.value.code == "LEDGER_TOO_LARGE"


def _records(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Each record with the physical line it begins at, as csv reads them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found, line = [], 1
    for cells in reader:
        if cells:
            found.append((line, cells))
        line = reader.line_num + 1
    return found


def _lines(text: str, delimiter: str) -> list[int]:
    return [line for line, _ in _records(text.removeprefix("﻿"), delimiter)]
