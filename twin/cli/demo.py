"""`twin demo`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command, progress_bar
from twin.cli.serve import announced
from twin.codes import list_kinds
from twin.codes.kind import ColumnType
from twin.errors import ModelKeyTaken, Refused

if TYPE_CHECKING:
    from twin.demo.registers import RegisterFile
    from twin.imports.imported import Imported
    from twin.imports.register import ImportedRegister
    from twin.imports.registers import Ledger
    from twin.imports.tie import Tied

__all__ = ["demo"]

SEED = 7
SOURCES = {"ledger_finance": "finance", "ledger_asset": "asset", "asset_institution": "institution", "camera_platform": "platform"}
"""Which ledger of its kind a register of the demo is a whole copy of."""


class Scale(StrEnum):
    """How much of a demo."""

    SMALL = "small"
    COMPOUND = "compound"
    PROVINCE = "province"


@command
def demo(
    scale: Annotated[
        Scale, typer.Option(help="how much: a small part, the whole compound, or with the registers of the whole province")
    ] = Scale.COMPOUND,
    seed: Annotated[int, typer.Option(help="the same seed makes the same bytes")] = SEED,
    serve: Annotated[bool, typer.Option("--serve", help="serve it afterwards")] = False,
    host: Annotated[str | None, typer.Option(help="with --serve")] = None,
    port: Annotated[int | None, typer.Option(help="with --serve")] = None,
    simulate: Annotated[bool, typer.Option("--simulate/--no-simulate", help="with --serve: let it live")] = False,
    as_json: JsonFlag = False,
) -> Outcome:
    """Generate the demo compound, import it and build its tiles; what is there already is left as it is."""
    if not serve and (host or port is not None or simulate):
        raise typer.BadParameter("--host, --port and --simulate are for --serve")
    prepared = _prepare(scale, seed, as_json)
    return announced(host, port, None, as_json=as_json, after=prepared, lives=simulate) if serve else prepared


def _prepare(scale: Scale, seed: int, quiet: bool) -> Outcome:
    from twin.assemble import build_tiles
    from twin.demo import written_demo
    from twin.imports.city import import_city
    from twin.imports.model import import_bim
    from twin.imports.registers import import_registers
    from twin.store.lean import seldom_collected

    started = time.perf_counter()
    now = datetime.now(UTC)
    with seldom_collected(), opened() as (settings, store):
        with progress_bar("generating the compound", quiet=quiet) as progress:
            files = written_demo(
                settings.home / "demo" / f"{scale.value}-{seed}",
                seed=seed,
                scale=scale.value,
                progress=lambda what, share: progress(round(share * 100), 100),
            )
        store.add_site(files.site, now=now)
        done: list[Imported] = []
        for key, path in files.models.items():
            with progress_bar(path.name, quiet=quiet) as progress, _other_demo(settings.home):
                done.append(import_bim(store, settings, path, site=files.site.code, key=key, who="demo", now=now, progress=progress))
        for path in (files.terrain, files.city, files.layers):
            with progress_bar(path.name, quiet=quiet) as progress:
                done.append(import_city(store, settings, path, site=files.site.code, who="demo", now=now, progress=progress))
        with progress_bar("registers", quiet=quiet) as progress:
            ledgers = _ledgers(files.registers)
            registers, tied = import_registers(
                store, settings, ledgers, who="demo", now=now, progress=lambda ledger, rows: progress(rows, 0)
            )
        with progress_bar("tiles", quiet=quiet) as progress:
            tiles = build_tiles(store, settings, files.site.code, progress=progress)
    seconds = round(time.perf_counter() - started, 1)
    imported = sum(item.added for item in done)
    return Outcome(
        document={
            "site": files.site.code,
            "imports": [item.document for item in done],
            "registers": [item.document for item in registers],
            "tie": tied.to_json(),
            "tiles": tiles,
            "waiting": [{"kind": file.kind, "file": str(file.path), "rows": file.rows} for file in files.registers if not _is_ledger(file)],
            "seconds": seconds,
        },
        words="\n".join(
            [
                f"{files.site.name}: {imported} of {len(done)} files imported, {len(tiles['layers'])} layers tiled, {seconds} s",
                *_register_words(registers, tied),
            ]
        ),
        exit_code=DECIDE if any(item.needs_decision for item in done) else 0,
    )


def _is_ledger(file: RegisterFile) -> bool:
    return file.kind in {kind.name for kind in list_kinds()}


def _ledgers(files: Sequence[RegisterFile]) -> list[Ledger]:
    """The registers as they are imported: times of day are Beijing's, which the profile says."""
    from twin.imports.registers import Ledger

    timed = {kind.name for kind in list_kinds() if any(column.type is ColumnType.INSTANT for column in kind.columns)}
    return [
        Ledger(kind=file.kind, path=file.path, source=SOURCES.get(file.register), profile="zh" if file.kind in timed else None)
        for file in files
        if _is_ledger(file)
    ]


def _register_words(registers: Sequence[ImportedRegister], tied: Tied) -> list[str]:
    facts = [item.document for item in registers]
    if not facts:
        return []
    rows, put_aside = sum(one["rows"] for one in facts), sum(one["quarantined"] for one in facts)
    findings = sum(sum(one["issues"].values()) for one in facts)
    added = sum(item.added for item in registers)
    lines = [f"{added} of {len(facts)} registers imported: {rows:,} rows, {put_aside:,} put aside, {findings:,} findings"]
    if tied.places:
        lines.append(
            f"{tied.places:,} places; {tied.buildings_linked:,} buildings and {tied.rooms_linked:,} rooms found in the models, "
            f"{tied.elements_linked:,} assets are elements of them; {tied.items_opened:,} things for a person to decide"
        )
    return lines


@contextmanager
def _other_demo(home: Path) -> Iterator[None]:
    """Models come first, so that a demo of another seed is refused before anything of the one that is there is changed."""
    try:
        yield
    except ModelKeyTaken as error:
        raise Refused(
            f"{home} holds a demo of another seed", code="DEMO_DIFFERS", path=str(home), hint="name another TWIN_HOME, or the seed it has"
        ) from error
