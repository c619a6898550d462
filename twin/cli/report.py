"""`twin report` and `twin reconcile`."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command

if TYPE_CHECKING:
    from twin.codes import Tables
    from twin.queries.assetops.reporting.wanted import Wanted
    from twin.queries.records.context import Registers

__all__ = ["reconcile", "report"]

MAP_WORDS = {
    "occupancy-map": ("楼层用房使用图", "map of a storey's occupancy"),
    "assets-map": ("各楼栋资产图", "map of assets by building"),
    "energy-map": ("各楼栋能耗图", "map of energy by building"),
}


@command
def report(
    name: Annotated[
        str | None, typer.Argument(help="stock, annual, titles, vehicles, differences, rooms, energy, …-map; without one they are listed")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="FILE.xlsx, FILE.html or FILE.csv")] = None,
    place: Annotated[str | None, typer.Option(help="id of a place, or BUILDING, BUILDING/ROOM, BUILDING/STOREY/ROOM")] = None,
    unit: Annotated[str | None, typer.Option(help="key of a unit; with all below it")] = None,
    as_of: Annotated[str | None, typer.Option(help="YYYY-MM-DD; default: today. The annual report opens with that year")] = None,
    language: Annotated[str, typer.Option(help="zh or en, for XLSX and CSV; a page holds both")] = "zh",
    as_json: JsonFlag = False,
) -> Outcome:
    """Write a report: asset stock, annual report, property registration, vehicles, differences, rooms, energy."""
    from twin.codes import read_tables
    from twin.queries.assetops.reporting.made import NAMES, make_report
    from twin.queries.assetops.reporting.wanted import Wanted
    from twin.records.scope import Reader
    from twin.reports import get_layout, write_report

    if name is None:
        rows = [{"name": one, "zh": get_layout(one).words.zh, "en": get_layout(one).words.en} for one in NAMES]
        rows += [{"name": name, "zh": zh, "en": en} for name, (zh, en) in MAP_WORDS.items()]
        return Outcome(document={"reports": rows}, words="\n".join(f"{row['name']}: {row['zh']} · {row['en']}" for row in rows))
    if output is None:
        raise typer.BadParameter("where to? -o FILE.xlsx, FILE.html or FILE.csv")
    if language not in ("zh", "en"):
        raise typer.BadParameter(f"--language is zh or en, not {language}")
    day = _day(as_of)
    with opened() as (settings, store):
        registers = _registers(settings, store)
        wanted = Wanted(as_of=day, place=_place(registers, place), unit=unit)
        tables = read_tables(settings.home / "codes")
        if name in MAP_WORDS:
            return _map(registers, name, output, wanted, tables)
        made = make_report(registers, name, wanted, Reader(name=getpass.getuser()), tables=tables)
        files = write_report(made, output, language=language)
    shown = [{"zh": table.words.zh, "en": table.words.en, "rows": len(table)} for table in made.tables]
    document = {"report": name, "as_of": day.isoformat(), "files": [str(file) for file in files], "tables": shown}
    words = "\n".join([*map(str, files), *(f"  {table['zh']}: {table['rows']:,} rows" for table in shown)])
    return Outcome(document=document, words=words)


def _map(registers: Registers, name: str, output: Path, wanted: Wanted, tables: Tables) -> Outcome:
    """A page that opens with no network."""
    from twin.queries.energy.period import read_period
    from twin.queries.maps import map_of_assets, map_of_energy, map_of_occupancy
    from twin.records.scope import Reader

    if output.suffix.lower() != ".html":
        raise typer.BadParameter("a map is a page: -o FILE.html")
    reader = Reader(name=getpass.getuser())
    if name == "occupancy-map":
        page = map_of_occupancy(registers, reader, place=wanted.place, as_of=wanted.as_of, tables=tables)
    elif name == "assets-map":
        page = map_of_assets(registers, reader, place=wanted.place)
    else:
        page = map_of_energy(registers, reader, read_period(None, None, wanted.as_of), place=wanted.place, tables=tables)
    page.write(output)
    return Outcome(document={"report": name, "as_of": wanted.as_of.isoformat(), "files": [str(output)]}, words=str(output))


@command
def reconcile(as_json: JsonFlag = False) -> Outcome:
    """核对: ledgers against ledgers, cards, places and titles; what differs becomes the work list, what is mended leaves it."""
    from twin.queries.assetops.reconcile.run import reconcile as run

    with opened() as (settings, store), store.database.alone("reconcile"):
        found, counts = run(_registers(settings, store))
    document: dict[str, Any] = counts | {"sums": list(found.totals)}
    lines = [f"{counts['differences']:,} differences; {counts['opened']:,} new, {counts['closed']:,} mended"]
    lines += [f"  {_meaning(code)}: {number:,}" for code, number in counts["by_code"].items()]
    return Outcome(document=document, words="\n".join(lines), exit_code=DECIDE if counts["differences"] else 0)


def _meaning(code: str) -> str:
    from twin.codes import find_issue_code

    words = find_issue_code(code)
    return f"{code} {words.zh} · {words.en}" if words else code


def _registers(settings: Any, store: Any) -> Registers:
    from twin.queries.records.context import Registers

    return Registers.of(store, settings.home / "columns", settings)


def _place(registers: Registers, said: str | None) -> int | None:
    from twin.queries.assetops.named_places import find_named_places

    return None if said is None else find_named_places(registers, [said])[0]


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date of the form YYYY-MM-DD") from None
