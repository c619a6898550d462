"""Ledgers written by the tests, in any encoding and with any delimiter, by Python's own csv module."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from twin.codes import get_kind
from twin.ledgers import Ledger, Quarantined, Typed, read_ledger


def written(path: Path, rows: Iterable[Sequence[str]], *, encoding: str = "utf-8", delimiter: str = ",", end: str = "\n") -> Path:
    """A file of those rows, header first."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def raw(path: Path, text: str | bytes) -> Path:
    """A file of just that text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path: Path, kind: str = "asset", **options: Any) -> Ledger:
    """The ledger of a kind."""
    return read_ledger(path, get_kind(kind), **options)


def typed_rows(ledger: Ledger) -> list[dict[str, Any]]:
    """Every row as a dictionary of values, with its key, line and extra."""
    rows = []
    for batch in ledger.batches():
        typed = batch.typed()
        columns = {name: column.to_pylist() for name, column in typed.values.items()}
        columns |= {"_key": batch.keys.to_pylist(), "_line": batch.lines.tolist(), "_extra": typed.extra.to_pylist()}
        rows += [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return rows


def quarantined(ledger: Ledger) -> list[Quarantined]:
    """Every row that is none, in file order."""
    return [row for batch in ledger.batches() for row in batch.quarantined]


def findings(ledger: Ledger) -> list[dict[str, Any]]:
    """Every finding of every batch."""
    tables = [batch.typed().findings for batch in ledger.batches()]
    return list(pa.concat_tables(tables).to_pylist()) if tables else []


def only(ledger: Ledger) -> Typed:
    """The values of a ledger that fits one batch."""
    (batch,) = ledger.batches()
    return batch.typed()
