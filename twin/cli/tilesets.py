"""`twin tiles`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import REFUSED, JsonFlag, Outcome, command, count, error_document, progress_bar
from twin.errors import Refused, SiteUnknown

if TYPE_CHECKING:
    from spatial.frame import Site

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
SiteOption = Annotated[str | None, typer.Option(help="code of the site; default: all sites")]


@app.command(name="build")
@command
def build(site: SiteOption = None, as_json: JsonFlag = False) -> Outcome:
    """Build the tiles of every layer whose source changed; layers left on another ground by a killed import follow it first."""
    from twin.assemble import build_tiles
    from twin.imports.layer import follow_ground

    with opened() as (settings, store):
        reports = []
        for code in _codes(store.list_sites(), site):
            with progress_bar(f"ground of {code}", quiet=as_json) as progress:
                laid, left = follow_ground(store, settings, site=code, who="twin tiles build", now=datetime.now(UTC), progress=progress)
            with progress_bar(f"tiles of {code}", quiet=as_json) as progress:
                reports.append(build_tiles(store, settings, code, progress=progress) | {"laid_again": laid, "left_behind": left})
    return Outcome(document={"sites": reports}, words="\n".join(map(_built_words, reports)) or "no site yet: twin site add, or twin demo")


@app.command(name="check")
@command
def check(site: SiteOption = None, as_json: JsonFlag = False) -> Outcome:
    """Check every tileset against the standard, the ledger, and an independent way back to lon, lat, height."""
    from tiles import check_tileset
    from twin.assemble import expected_in_tiles, manifests_of, stale_layers

    with opened() as (settings, store):
        findings: list[dict[str, Any]] = []
        checked = 0
        for code in _codes(store.list_sites(), site):
            layers = len(manifests_of(settings, code))
            if not layers:
                continue
            checked += layers
            findings += [_stale(code, layer) for layer in stale_layers(store, settings, code)[0]]
            expected = expected_in_tiles(store, code)
            issues = check_tileset(
                settings.tiles_dir / code,
                expected_ids=expected.ids,
                expected_boxes=expected.boxes,
                expected_labels=expected.labels,
                site=store.get_site(code),
            )
            findings += [
                {"site": code, "layer": issue.path.partition("/")[0], "code": issue.code, "path": issue.path, "message": issue.message}
                for issue in issues
            ]
    if checked == 0:
        raise Refused("there are no tiles to check", code="NO_TILES", hint="twin tiles build")
    if not findings:
        return Outcome(document={"checked": checked, "issues": []}, words=f"{count(checked, 'tileset')} clean")
    error = {
        "code": "TILES_FAULTY",
        "message": f"{count(len(findings), 'finding')} in {count(checked, 'tileset')}",
        "path": str(settings.tiles_dir),
        "hint": "twin tiles build, then check again; what stays is a fault of the program",
    }
    words = [f"{item['layer']} {item['code']} {item['path']}: {item['message']}" for item in findings]
    document = error_document(error, findings) | {"checked": checked}
    return Outcome(document=document, words="\n".join([*words, f"{error['message']} → {error['hint']}"]), exit_code=REFUSED)


def _stale(site: str, layer: str) -> dict[str, Any]:
    return {
        "site": site,
        "layer": layer,
        "code": "TILES_STALE",
        "path": layer,
        "message": "the tiles are missing or older than the store: twin tiles build",
    }


def _built_words(report: dict[str, Any]) -> str:
    layers = report["layers"]
    lines = [
        f"{report['site']}: {sum(layer['built'] for layer in layers)} of {count(len(layers), 'layer')} built, "
        f"{sum(layer['bytes'] for layer in layers) / 1e6:.1f} MB served, {count(len(report['replaced']), 'city building')} replaced"
    ]
    if report["laid_again"]:
        lines.append(f"  laid on the ground again: {', '.join(report['laid_again'])}")
    lines += [f"  still on other ground: {left['model']} ({left['code']}: {left['message']})" for left in report["left_behind"]]
    return "\n".join(lines)


def _codes(sites: Sequence[Site], site: str | None) -> list[str]:
    codes = [entry.code for entry in sites]
    if site is not None and site not in codes:
        raise SiteUnknown(f"there is no site {site!r}", path=site, hint=f"known: {', '.join(codes) or 'none'}")
    return [site] if site is not None else codes
