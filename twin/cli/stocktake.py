"""`twin stocktake`."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command

if TYPE_CHECKING:
    from twin.queries.records.context import Registers
    from twin.records.scope import Reader

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
TakeId = Annotated[int, typer.Argument(help="number of the stock-take")]
BATCH = 5_000
MOST = 1_000_000
OPEN_ENDS = ("found_elsewhere", "missing", "ambiguous", "unexpected", "not_due")


@app.command(name="open")
@command
def open_take(
    name: Annotated[str, typer.Argument(help="e.g. 2026年度盘点")],
    place: Annotated[list[str], typer.Option(help="id of a place, or BUILDING, BUILDING/ROOM, BUILDING/STOREY/ROOM; repeatable")],
    as_json: JsonFlag = False,
) -> Outcome:
    """Open a stock-take of rooms, storeys or buildings: what stands there now is what will be looked for."""
    from twin.queries.assetops.stocktakes import open_stock_take

    with _registers() as (registers, reader):
        done = open_stock_take(registers, reader, _places(registers, place), name)
    return Outcome(document=done, words=_words(done))


@app.command(name="scan")
@command
def scan(
    take: TakeId,
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet: 标签号, 扫描时间, 楼栋, 楼层, 房间号, 盘点人")],
    profile: Annotated[str | None, typer.Option(help="a shipped way of reading; zh: times of day are those of China")] = None,
    mapping: Annotated[Path | None, typer.Option(help="map.toml: columns, time zone, encoding")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Take the scans of a file in; the same file again adds nothing."""
    from twin.queries.assetops.scan_file import read_scans
    from twin.queries.assetops.stocktakes import scan_assets

    at = datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.is_file() else datetime.now(UTC)
    read = read_scans(file, at=at, profile=profile, mapping=mapping)
    document: dict[str, Any] = {"received": 0, "new": 0, "known": 0, "unknown_places": 0}
    with _registers() as (registers, reader):
        for start in range(0, len(read.scans), BATCH):
            part = scan_assets(registers, reader, take, read.scans[start : start + BATCH])
            document = {name: document[name] + part[name] for name in document}
    document["unread"] = [{"line": line, "why": why} for line, why in read.unread]
    lines = [f"{document['received']:,} scans: {document['new']:,} new, {document['known']:,} known"]
    if document["unknown_places"]:
        lines.append(f"  {document['unknown_places']:,} in places that were not understood")
    lines += [f"  line {line}: {why}" for line, why in read.unread]
    return Outcome(document=document, words="\n".join(lines), exit_code=DECIDE if read.unread or document["unknown_places"] else 0)


@app.command(name="show")
@command
def show(
    take: TakeId,
    outcome: Annotated[list[str] | None, typer.Option(help=f"{', '.join(('found', *OPEN_ENDS, 'outside'))}; repeatable")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """How a stock-take stands, and what needs a person."""
    from twin.queries.assetops.stocktakes import read_stock_take, stock_take_outcomes

    with _registers() as (registers, reader):
        document = read_stock_take(registers, reader, take)
        rows = stock_take_outcomes(registers, reader, take, only=outcome or OPEN_ENDS, limit=MOST)["outcomes"]
    return Outcome(document=document | {"outcomes": rows}, words="\n".join([_words(document), *map(_line, rows)]))


@app.command(name="close")
@command
def close(
    take: TakeId,
    accept: Annotated[list[str] | None, typer.Option(help="code of an asset whose place it was found in is accepted; repeatable")] = None,
    accept_all: Annotated[bool, typer.Option("--accept-all", help="accept every place in which something was found elsewhere")] = False,
    as_json: JsonFlag = False,
) -> Outcome:
    """Close a stock-take: only what is accepted moves; what is missing keeps its place and becomes work to do."""
    from twin.queries.assetops.stocktakes import close_stock_take, stock_take_outcomes

    with _registers() as (registers, reader):
        codes = list(accept or [])
        if accept_all:
            rows = stock_take_outcomes(registers, reader, take, only=("found_elsewhere",), limit=MOST)["outcomes"]
            codes += [row["code"] for row in rows if row["found"] is not None]
        done = close_stock_take(registers, reader, take, dict.fromkeys(codes))
    counts = done["counts"]
    open_ends = sum(counts[name] for name in ("missing", "ambiguous", "unexpected", "not_due")) + counts["found_elsewhere"]
    return Outcome(document=done, words=_words(done), exit_code=DECIDE if open_ends + counts["brought"] > counts["moved"] else 0)


@app.command(name="list")
@command
def list_takes(as_json: JsonFlag = False) -> Outcome:
    """Every stock-take, newest first."""
    from twin.queries.assetops.stocktakes import stock_take_list

    with _registers() as (registers, reader):
        document = stock_take_list(registers, reader)
    words = "\n".join(f"{one['id']} {one['name']} {one['state']} {one['opened_at'][:10]}" for one in document["stocktakes"])
    return Outcome(document=document, words=words or "no stock-take yet: twin stocktake open NAME --place PLACE")


@contextmanager
def _registers() -> Iterator[tuple[Registers, Reader]]:
    from twin.queries.records.context import Registers
    from twin.records.scope import Reader

    with opened() as (settings, store):
        yield Registers.of(store, settings.home / "columns", settings), Reader(name=getpass.getuser())


def _places(registers: Registers, said: Sequence[str]) -> list[int]:
    from twin.queries.assetops.named_places import find_named_places

    return find_named_places(registers, said)


def _words(document: dict[str, Any]) -> str:
    counts = document["counts"]
    head = f"{document['id']} {document['name']} · {document['state']} · {'、'.join(place['name'] for place in document['places'])}"
    due = " + ".join(f"{counts[name]:,} {name}" for name in ("found", "found_elsewhere", "missing", "ambiguous"))
    beside = ", ".join(f"{counts[name]:,} {name}" for name in ("brought", "unexpected", "not_due", "outside", "moved") if counts[name])
    return f"{head}\n  {counts['due']:,} due = {due}" + (f"; {beside}" if beside else "")


def _line(row: dict[str, Any]) -> str:
    where = [f"{word} {row[word]['name']}" for word in ("expected", "found") if row[word]]
    return f"  {row['code']}: {row['outcome']} {' '.join(where)}"
