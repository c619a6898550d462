"""`twin import register`."""

from __future__ import annotations

import getpass
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command, progress_bar

if TYPE_CHECKING:
    from twin.imports.register import ImportedRegister

__all__ = ["register"]


@command
def register(
    kind: Annotated[str, typer.Argument(help="unit, person, building, room, post, asset, ledger_entry, title, vehicle, …")],
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet")],
    source: Annotated[str | None, typer.Option(help="which ledger of the kind this is a whole copy of; default: its one ledger")] = None,
    profile: Annotated[str | None, typer.Option(help="a shipped way of reading, e.g. gsa-rexus")] = None,
    mapping: Annotated[Path | None, typer.Option(help="map.toml: columns, constants, units, date order, encoding")] = None,
    as_of: Annotated[str | None, typer.Option(help="YYYY-MM-DD from which the values hold; default: today")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read and check, write nothing")] = False,
    as_json: JsonFlag = False,
) -> Outcome:
    """Import a ledger: rooms, people, assets, vehicles, energy …; new, changed and vanished rows are told apart."""
    day = _day(as_of)
    from twin.imports.begun import begin

    with ExitStack() as stack:
        begun = stack.enter_context(begin(file, reads=not dry_run))
        from twin.imports.register import import_register  # takes as long as what has begun

        settings, store = stack.enter_context(opened())
        progress = stack.enter_context(progress_bar(file.name, quiet=as_json))
        done = import_register(
            store,
            settings,
            kind,
            file,
            who=getpass.getuser(),
            now=datetime.now(UTC),
            source=source,
            profile=profile,
            mapping=mapping,
            as_of=day,
            dry_run=dry_run,
            progress=lambda rows: progress(rows, 0),
            begun=begun,
        )
    return Outcome(document=done.document, words=_words(done), exit_code=DECIDE if done.needs_decision else 0)


@command
def findings(
    name: Annotated[str, typer.Argument(help="asset/asset@3, as the import called it; a kind alone: its newest import")],
    code: Annotated[list[str] | None, typer.Option(help="of this code alone; repeatable")] = None,
    after: Annotated[str | None, typer.Option(help="where to go on: `next` of the page before")] = None,
    limit: Annotated[int, typer.Option(help="at most so many", min=1, max=10_000)] = 1000,
    as_json: JsonFlag = False,
) -> Outcome:
    """What was wrong with which line of an imported ledger: rows put aside first, then cells."""
    from twin.queries.records.context import Registers
    from twin.queries.register_imports import find_import, import_findings
    from twin.records.scope import Reader

    with opened() as (settings, store):
        registers, reader = Registers.of(store, settings.home / "columns", settings), Reader(name=getpass.getuser())
        page = import_findings(registers, reader, find_import(registers, reader, name), codes=tuple(code or ()), after=after, limit=limit)
    lines = [f"{page['import']['revision']}, {page['import']['file']}"]
    lines += [f"  line {one['line']}: {one['code']}: {one['value'] or ''} {one['message']}" for one in page["findings"]]
    lines += [f"  there are more: --after {page['next']}"] if page["next"] else []
    return Outcome(document=page, words="\n".join(lines))


@command
def disposals(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet: 申请单号, 资产编号, 处置方式, 申请日期")],
    profile: Annotated[str | None, typer.Option(help="a shipped way of reading")] = None,
    mapping: Annotated[Path | None, typer.Option(help="map.toml: columns, encoding")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Hold a list of disposal requests against the cards: unknown, lent, or in another state; nothing is written."""
    from twin.queries.assetops.disposal_list import check_disposals
    from twin.queries.records.context import Registers
    from twin.records.scope import Reader

    with opened() as (settings, store):
        registers, today = Registers.of(store, settings.home / "columns", settings), datetime.now(UTC).date()
        done = check_disposals(registers, Reader(name=getpass.getuser()), file, today=today, profile=profile, mapping=mapping)
    lines = [f"{done['file']}: {done['requests']:,} requests, {len(done['findings']):,} findings"]
    lines += [f"  line {one['line']}: {one['code']}: {one['message']}" for one in done["findings"]]
    return Outcome(document=done, words="\n".join(lines), exit_code=DECIDE if done["findings"] else 0)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date of the form YYYY-MM-DD") from None


def _words(done: ImportedRegister) -> str:
    facts = done.document
    if facts.get("dry_run"):
        head = f"{facts['file']} would be read as {facts['kind']}: {facts['rows']:,} rows, {facts['quarantined']:,} put aside"
    else:
        state = f"imported in {facts['seconds']} s" if done.added else "is there already"
        head = (
            f"{facts['revision']} {state}: {facts['rows']:,} rows = {facts['new']:,} new + {facts['changed']:,} changed "
            f"+ {facts['unchanged']:,} unchanged + {facts['quarantined']:,} put aside; {facts['vanished']:,} no longer in the file"
        )
    lines = [head, *(f"  {code}: {number:,}" for code, number in sorted(facts["issues"].items()))]
    lines += [f"  {note['code']}: {note['message']}" for note in facts["notes"]]
    if facts["unmapped"]:
        lines.append(f"  kept as they are, no column of {facts['kind']}: {', '.join(facts['unmapped'])}")
    return "\n".join(lines)
