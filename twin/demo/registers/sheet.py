"""A register as columns, and the files an office would keep it in: CSV, workbook, Parquet."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "Columns",
    "RegisterFile",
    "read_manifest",
    "chunks_of",
    "columns_text",
    "csv_bytes",
    "write_csv",
    "write_manifest",
    "write_parquet",
    "write_workbook",
]

Columns = dict[str, pa.Array]
MANIFEST = "registers.json"
QUOTED = r'[,"\r\n]'


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFile:
    """A written register: which kind of record it holds, where it lies, how many rows, and the line of its first row (1-based).

    `register` is its name in the truth, where two files hold one kind.
    """

    kind: str
    path: Path
    rows: int
    first_line: int = 2
    register: str = ""


def write_manifest(folder: Path, files: Sequence[RegisterFile]) -> None:
    """Write `registers.json`: what lies in the folder, in the order an import wants it."""
    rows = [
        {"kind": file.kind, "file": file.path.name, "rows": file.rows, "first_line": file.first_line, "register": file.register}
        for file in files
    ]
    (folder / MANIFEST).write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def read_manifest(folder: Path) -> list[RegisterFile]:
    """The registers that lie in a folder, as `write_manifest` left them; none where it has not written."""
    path = folder / MANIFEST
    rows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return [
        RegisterFile(kind=row["kind"], path=folder / row["file"], rows=row["rows"], first_line=row["first_line"], register=row["register"])
        for row in rows
    ]


def columns_text(columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> dict[str, pa.Array]:
    """The columns as text, null as the empty string; numbers as pyarrow prints them."""
    texts = {}
    for name, values in columns.items():
        text = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        if pa.types.is_dictionary(text.type):
            text = text.cast(text.type.value_type)
        texts[name] = pc.fill_null(text.cast(pa.string()), "")
    return texts


def csv_bytes(columns: Columns) -> bytes:
    """The rows as UTF-8 CSV without a header, lines ended by CR LF, quoted only where a cell needs it (RFC 4180)."""
    texts = [_quoted(text) for text in columns_text(columns).values()]
    if not len(texts[0]):
        return b""
    texts[-1] = pc.binary_join_element_wise(texts[-1], "\r\n", "")
    joined = pc.binary_join_element_wise(*texts, ",")
    _, offsets, data = joined.buffers()
    ends = np.frombuffer(offsets, np.int32)[joined.offset :]
    return bytes(memoryview(data)[ends[0] : ends[len(joined)]])


def write_csv(path: Path, kind: str, chunks: Iterable[Columns], *, encoding: str = "utf-8") -> RegisterFile:
    """Write chunks of equal columns one after the other; `utf-8-sig` begins with a byte order mark, `gbk` is what older Excel saves."""
    rows = 0
    with path.open("wb") as file:
        for columns in chunks:
            if not rows:
                file.write((",".join(columns) + "\r\n").encode(encoding))
            data = csv_bytes(columns)
            file.write(data if encoding.startswith("utf-8") else data.decode().encode(encoding))
            rows += len(next(iter(columns.values())))
    return RegisterFile(kind=kind, path=path, rows=rows)


def write_parquet(path: Path, kind: str, columns: Columns) -> RegisterFile:
    """Write one Parquet file with the columns' own types; it has no header line, so its first row is line 1."""
    import pyarrow.parquet as parquet

    table = pa.table(columns)
    parquet.write_table(table, path, compression="zstd")
    return RegisterFile(kind=kind, path=path, rows=table.num_rows, first_line=1)


def write_workbook(
    path: Path, kind: str, columns: Columns, *, title: str, notes: Sequence[str] = (), total: str | None = None
) -> RegisterFile:
    """Write a workbook as clerks keep it: a merged title, a line for each note, the header, the rows, and a 合计 of one column."""
    import xlsxwriter
    from xlsxwriter.utility import xl_col_to_name

    header = 1 + len(notes)
    rows = len(next(iter(columns.values())))
    with xlsxwriter.Workbook(str(path), {"strings_to_numbers": False, "strings_to_formulas": False}) as book:
        book.set_properties({"title": title, "created": _no_clock()})
        sheet = book.add_worksheet(title[:31])
        bold = book.add_format({"bold": True, "align": "center"})
        sheet.merge_range(0, 0, 0, max(len(columns) - 1, 1), title, bold)
        for line, note in enumerate(notes):
            sheet.write_string(1 + line, 0, note)
        for at, (name, values) in enumerate(columns.items()):
            sheet.write_string(header, at, name, bold)
            for row, value in enumerate(values.to_pylist(), header + 1):
                _put(sheet, row, at, value)
            if total == name:
                letter = xl_col_to_name(at)
                sheet.write_formula(header + 1 + rows, at, f"=SUM({letter}{header + 2}:{letter}{header + 1 + rows})", None, _sum(values))
        if total is not None:
            sheet.write_string(header + 1 + rows, 0, "合计")
        sheet.freeze_panes(header + 1, 1)
    return RegisterFile(kind=kind, path=path, rows=rows, first_line=header + 2)


def chunks_of(columns: Columns, size: int = 100_000) -> Iterator[Columns]:
    """Slices of the columns, so that a long register is joined and encoded piece by piece."""
    rows = len(next(iter(columns.values())))
    for start in range(0, max(rows, 1), size):
        yield {name: values.slice(start, size) for name, values in columns.items()}


def _quoted(text: pa.Array) -> pa.Array:
    if not any(mark in _bytes(text) for mark in (b",", b'"', b"\r", b"\n")):
        return text
    doubled = pc.replace_substring(text, '"', '""')
    return pc.if_else(pc.match_substring_regex(text, QUOTED), pc.binary_join_element_wise('"', doubled, '"', ""), text)


def _bytes(text: pa.Array) -> bytes:
    buffer = text.buffers()[2]
    return b"" if buffer is None else bytes(memoryview(buffer))


def _put(sheet: Any, row: int, at: int, value: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):
        sheet.write_string(row, at, value)
    else:
        sheet.write_number(row, at, value)


def _sum(values: pa.Array) -> float:
    return float(pc.sum(values).as_py() or 0) if pa.types.is_integer(values.type) or pa.types.is_floating(values.type) else 0.0


def _no_clock() -> Any:
    from datetime import datetime

    return datetime(2026, 1, 1)
