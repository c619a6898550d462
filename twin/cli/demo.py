"""`twin demo`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command, progress_bar
from twin.cli.serve import announced
from twin.errors import ModelKeyTaken, Refused

if TYPE_CHECKING:
    from twin.imports import Imported

__all__ = ["demo"]

SEED = 7


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
    as_json: JsonFlag = False,
) -> Outcome:
    """Generate the demo compound, import it and build its tiles; what is there already is left as it is."""
    if not serve and (host or port is not None):
        raise typer.BadParameter("--host and --port are for --serve")
    prepared = _prepare(scale, seed, as_json)
    return announced(host, port, None, as_json=as_json, after=prepared) if serve else prepared


def _prepare(scale: Scale, seed: int, quiet: bool) -> Outcome:
    from twin.assemble import build_tiles
    from twin.demo import written_demo
    from twin.imports import import_bim, import_city

    started = time.perf_counter()
    now = datetime.now(UTC)
    with opened() as (settings, store):
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
        with progress_bar("tiles", quiet=quiet) as progress:
            tiles = build_tiles(store, settings, files.site.code, progress=progress)
    seconds = round(time.perf_counter() - started, 1)
    imported = sum(item.added for item in done)
    return Outcome(
        document={
            "site": files.site.code,
            "imports": [item.document for item in done],
            "tiles": tiles,
            "registers": [{"kind": file.kind, "file": str(file.path), "rows": file.rows} for file in files.registers],
            "seconds": seconds,
        },
        words=f"{files.site.name}: {imported} of {len(done)} files imported, {len(tiles['layers'])} layers tiled, {seconds} s\n"
        f"{len(files.registers)} registers with {sum(file.rows for file in files.registers):,} rows written",
        exit_code=DECIDE if any(item.needs_decision for item in done) else 0,
    )


@contextmanager
def _other_demo(home: Path) -> Iterator[None]:
    """Models come first, so that a demo of another seed is refused before anything of the one that is there is changed."""
    try:
        yield
    except ModelKeyTaken as error:
        raise Refused(
            f"{home} holds a demo of another seed", code="DEMO_DIFFERS", path=str(home), hint="name another TWIN_HOME, or the seed it has"
        ) from error
