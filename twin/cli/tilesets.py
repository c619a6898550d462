"""`twin tiles`."""

from typing import Annotated

import typer

from tiles import check_tileset
from twin.assemble import build_tiles, expected_in_tiles, manifests_of
from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command, progress_bar
from twin.errors import Refused

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
SiteOption = Annotated[str | None, typer.Option(help="code of the site; default: all sites")]


@app.command(name="build")
@command
def build(site: SiteOption = None, as_json: JsonFlag = False) -> Outcome:
    """Build the tiles of every layer whose source changed."""
    with opened() as (settings, store):
        reports = []
        for code in _codes(store.list_sites(), site):
            with progress_bar(f"tiles of {code}", quiet=as_json) as progress:
                reports.append(build_tiles(store, settings, code, progress=progress))
    words = [
        f"{report['site']}: {sum(layer['built'] for layer in report['layers'])} of {len(report['layers'])} layers built, "
        f"{sum(layer['bytes'] for layer in report['layers']) / 1e6:.1f} MB served, {len(report['replaced'])} city buildings replaced"
        for report in reports
    ]
    return Outcome(document={"sites": reports}, words="\n".join(words))


@app.command(name="check")
@command
def check(site: SiteOption = None, as_json: JsonFlag = False) -> Outcome:
    """Check every tileset against the standard, the ledger, and an independent way back to lon, lat, height."""
    with opened() as (settings, store):
        findings = []
        checked = 0
        for code in _codes(store.list_sites(), site):
            layers = len(manifests_of(settings, code))
            if not layers:
                continue
            checked += layers
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
    if findings:
        words = "\n".join(f"{item['layer']} {item['code']} {item['path']}: {item['message']}" for item in findings)
        return Outcome(document={"checked": checked, "issues": findings}, words=words, exit_code=1)
    return Outcome(document={"checked": checked, "issues": []}, words=f"{checked} tilesets are clean")


def _codes(sites: list, site: str | None) -> list[str]:  # type: ignore[type-arg]
    codes = [entry.code for entry in sites]
    if site is not None and site not in codes:
        raise Refused(f"no site {site!r}", code="SITE_UNKNOWN", path=site, hint=f"known: {', '.join(codes) or 'none'}")
    return [site] if site is not None else codes
