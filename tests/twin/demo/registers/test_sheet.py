"""Files of registers: what Python's own csv module and calamine read is what was written."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.demo.registers.sheet import RegisterFile, csv_bytes, read_manifest, write_csv, write_manifest, write_workbook

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12))
def test_cells_survive_commas_quotes_and_line_ends(rows: list[tuple[str, str, str]]) -> None:
    columns = {name: pa.array(values, pa.string()) for name, values in zip("abc", zip(*rows, strict=True), strict=True)}
    read = list(csv.reader(io.StringIO(csv_bytes(columns).decode(), newline="")))
    assert [tuple(row) for row in read] == rows


def test_a_sliced_chunk_writes_its_own_rows_only() -> None:
    whole = pa.array([f"资产{n}" for n in range(10)])
    assert csv_bytes({"a": whole.slice(3, 2), "b": pa.array([1, None])}).decode() == "资产3,1\r\n资产4,\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_chunks_follow_one_header(tmp_path: Path, encoding: str) -> None:
    chunks = [{"名称": pa.array(["桌"]), "数": pa.array([1])}, {"名称": pa.array(["椅", "柜"]), "数": pa.array([2, 3])}]
    file = write_csv(tmp_path / "a.csv", "asset", chunks, encoding=encoding)
    assert file.rows == 3
    assert (tmp_path / "a.csv").read_bytes() == "名称,数\r\n桌,1\r\n椅,2\r\n柜,3\r\n".encode(encoding)


def test_a_workbook_has_title_notes_header_rows_and_a_total(tmp_path: Path) -> None:
    columns = {"编号": pa.array(["01", "02"]), "原值(万元)": pa.array([1.5, 2.25])}
    file = write_workbook(tmp_path / "a.xlsx", "asset", columns, title="台账", notes=("填报单位：某局",), total="原值(万元)")
    cells = python_calamine.CalamineWorkbook.from_path(file.path).get_sheet_by_index(0).to_python()
    assert cells[0][0] == "台账" and cells[1][0] == "填报单位：某局" and cells[2] == ["编号", "原值(万元)"]
    assert cells[file.first_line - 1 : file.first_line + 1] == [["01", 1.5], ["02", 2.25]]
    assert cells[-1] == ["合计", 3.75]


def test_the_manifest_tells_what_lies_there_in_order(tmp_path: Path) -> None:
    files = [
        RegisterFile(kind="unit", path=tmp_path / "u.xlsx", rows=3, first_line=5),
        RegisterFile(kind="asset", path=tmp_path / "a.csv", rows=9),
    ]
    assert read_manifest(tmp_path) == []
    write_manifest(tmp_path, files)
    assert read_manifest(tmp_path) == files
