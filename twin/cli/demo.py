"""`twin demo`."""

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from twin.assemble import build_tiles
from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command, progress_bar
from twin.cli.serve import run_service
from twin.demo import written_demo
from twin.imports import import_bim, import_city

__all__ = ["demo"]

SEED = 7


@command
def demo(
    scale: Annotated[str, typer.Option(help="how much: compound")] = "compound",
    seed: Annotated[int, typer.Option(help="the same seed makes the same bytes")] = SEED,
    serve: Annotated[bool, typer.Option("--serve", help="serve it afterwards")] = False,
    host: Annotated[str | None, typer.Option(help="with --serve")] = None,
    port: Annotated[int | None, typer.Option(help="with --serve")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Generate the demo compound, import it and build its tiles; what is there already is left as it is."""
    outcome = _prepare(scale, seed, as_json)
    if serve:
        typer.echo(outcome.words, err=True)
        run_service(host, port, None)
    return outcome


def _prepare(scale: str, seed: int, quiet: bool) -> Outcome:
    started = time.perf_counter()
    now = datetime.now(UTC)
    with opened() as (settings, store):
        with progress_bar("generating the compound", quiet=quiet) as progress:
            files = written_demo(
                settings.home / "demo" / f"{scale}-{seed}",
                seed=seed,
                scale=scale,
                progress=lambda what, share: progress(round(share * 100), 100),
            )
        store.add_site(files.site, now=now)
        done = []
        for path in (files.terrain, files.city, files.layers):
            with progress_bar(path.name, quiet=quiet) as progress:
                done.append(import_city(store, settings, path, site=files.site.code, who="demo", now=now, progress=progress))
        for key, path in files.models.items():
            with progress_bar(path.name, quiet=quiet) as progress:
                done.append(import_bim(store, settings, path, site=files.site.code, key=key, who="demo", now=now, progress=progress))
        with progress_bar("tiles", quiet=quiet) as progress:
            tiles = build_tiles(store, settings, files.site.code, progress=progress)
    seconds = round(time.perf_counter() - started, 1)
    imported = sum(item.added for item in done)
    return Outcome(
        document={"site": files.site.code, "imports": [item.document for item in done], "tiles": tiles, "seconds": seconds},
        words=f"{files.site.name}: {imported} of {len(done)} files imported, {len(tiles['layers'])} layers tiled, {seconds} s",
        exit_code=DECIDE if any(item.needs_decision for item in done) else 0,
    )
