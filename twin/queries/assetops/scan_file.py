"""Scans from a CSV, XLSX or Parquet file, headers in Chinese or English (`scan.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.codes import RecordKind
from twin.codes.kind import kind_from
from twin.queries.assetops.stocktakes import Scan
from twin.store.values import from_microseconds

if TYPE_CHECKING:
    from twin.ledgers import Ledger

__all__ = ["ScanFile", "read_scans", "scan_kind"]

PLACE = ("building", "storey", "room")
REPEATED = ("ROW_DUPLICATE", "KEY_DUPLICATE")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFile:
    """The scans of a file in the order of its lines; `unread` are lines without a code or a time that can be read, with why."""

    scans: Sequence[Scan]
    unread: Sequence[tuple[int, str]]


@cache
def scan_kind() -> RecordKind:
    """The columns of a file of scans."""
    return kind_from(tomllib.loads(files("twin.queries.assetops").joinpath("scan.toml").read_text(encoding="utf-8")))


def read_scans(path: Path, *, at: datetime, profile: str | None = None, mapping: Path | None = None) -> ScanFile:
    """The scans of a file; one that says no time was read `at`. A line that stands there twice is two scans: somebody read two things
    with one code, or one thing twice. A time
    without its zone needs a profile (`zh`) or mapping that says which. Raises LedgerError for a file that is none."""
    from twin.ledgers import read_ledger

    ledger = read_ledger(path, scan_kind(), profile=profile, mapping=mapping, today=at.date())
    rows: list[tuple[int, Mapping[str, Any]]] = []
    unread: list[tuple[int, str]] = []
    for batch in ledger.batches():
        values = {name: column.to_pylist() for name, column in batch.typed().values.items()}
        rows += [(line, {name: cells[row] for name, cells in values.items()}) for row, line in enumerate(batch.lines.tolist())]
        for kept in batch.quarantined:
            if kept.code in REPEATED:
                rows.append((kept.line, _read_again(ledger, kept.cells)))
            else:
                unread.append((kept.line, kept.message))
    scans: list[Scan] = []
    stated = any(field.column.name == "at" for field in ledger.plan.header.fields)
    for line, row in sorted(rows, key=lambda one: one[0]):
        if stated and row.get("at") is None:
            unread.append((line, "its time cannot be read"))
            continue
        scans.append(_scan(path, line, row, at))
    return ScanFile(scans=scans, unread=sorted(unread))


def _read_again(ledger: Ledger, cells: Sequence[str]) -> dict[str, Any]:
    """The values of a line that repeats another's key."""
    import pyarrow as pa

    plan = ledger.plan
    return {
        field.column.name: plan.columns[field.column.name].convert(pa.array([cells[field.index]], pa.string()))[0][0].as_py()
        for field in plan.header.fields
    }


def _scan(path: Path, line: int, row: Mapping[str, Any], at: datetime) -> Scan:
    moment = row.get("at")
    return Scan(
        code=row["code"],
        at=at if moment is None else from_microseconds(moment),
        said={name: row[name] for name in PLACE if row.get(name)},
        who=row.get("who") or "",
        source=f"{path.name}:{line}",
    )
