"""`twin import`."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, REFUSED, JsonFlag, Outcome, command, complain, count, error_document, progress_bar
from twin.cli.refusal import Facts, find_refusal
from twin.cli.sites import parse_numbers, parse_place

if TYPE_CHECKING:
    from bim import Anchor
    from cim import PlanAnchor
    from twin.imports.imported import Imported

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
Files = Annotated[list[Path], typer.Argument(help="one or more files")]
SiteOption = Annotated[str, typer.Option(help="code of the site")]
OWN_CLAIMS = "none"
ANCHOR_FORM = "LON,LAT,ELLIPSOIDAL_HEIGHT,HEADING_DEG"
PLAN_ANCHOR_FORM = "LON,LAT,HEADING_DEG"


@app.command(name="bim")
@command
def bim(
    files: Files,
    site: SiteOption,
    model: Annotated[str | None, typer.Option(help="key of the model; default: the file's stem")] = None,
    anchor: Annotated[
        str | None, typer.Option(help=f"{ANCHOR_FORM} of the model's origin; '{OWN_CLAIMS}' drops an earlier one and asks the file again")
    ] = None,
    anchor_point: Annotated[str | None, typer.Option(help="X,Y,Z in the model's metres that --anchor names; default 0,0,0")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Import IFC models: structure, rooms, elements, properties, geometry, place."""
    from twin.imports.model import import_bim

    own_claims = anchor == OWN_CLAIMS
    place, point = _anchor(None if own_claims else anchor, anchor_point)
    if len(files) > 1 and (model or anchor):
        raise typer.BadParameter("--model and --anchor are for one file")
    with opened() as (settings, store):

        def one(path: Path) -> Imported:
            with progress_bar(path.name, quiet=as_json) as progress:
                return import_bim(
                    store,
                    settings,
                    path,
                    site=site,
                    who=_who(),
                    now=datetime.now(UTC),
                    key=model,
                    anchor=place,
                    anchor_point=point,
                    own_claims=own_claims,
                    progress=progress,
                )

        store.get_site(site)
        return _all(files, one, _bim_words, as_json)


@app.command(name="city")
@command
def city(
    files: Files,
    site: SiteOption,
    layer: Annotated[str | None, typer.Option(help="key of the layer; default: the file's stem")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS where the file names none, EPSG:n")] = None,
    force_crs: Annotated[bool, typer.Option("--force-crs", help="use --crs although the file names another")] = False,
    as_json: JsonFlag = False,
) -> Outcome:
    """Import city layers: CityJSON, GeoPackage, GeoJSON, and GeoTIFF terrain; in any order, layers follow the terrain."""
    from twin.imports.city import import_city

    if len(files) > 1 and layer:
        raise typer.BadParameter("--layer is for one file")
    if force_crs and crs is None:
        raise typer.BadParameter("--force-crs needs --crs")
    with opened() as (settings, store):

        def one(path: Path) -> Imported:
            with progress_bar(path.name, quiet=as_json) as progress:
                return import_city(
                    store,
                    settings,
                    path,
                    site=site,
                    who=_who(),
                    now=datetime.now(UTC),
                    key=layer,
                    crs=crs,
                    force_crs=force_crs,
                    progress=progress,
                )

        store.get_site(site)
        return _all(sorted(files, key=_terrain_first), one, _city_words, as_json)


@app.command(name="plan")
@command
def plan(
    file: Annotated[Path, typer.Argument(help="a DXF file with the rooms of one storey")],
    site: SiteOption,
    building: Annotated[str, typer.Option(help="name or id of the building")],
    storey: Annotated[str, typer.Option(help="name, number or id of the storey: 3, 3F, 三层, B1")],
    layer: Annotated[str | None, typer.Option(help="key of the layer; default: the file's stem")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of the drawing's coordinates, EPSG:n")] = None,
    anchor: Annotated[str | None, typer.Option(help=f"{PLAN_ANCHOR_FORM} of the drawing's origin, where it has a frame of its own")] = None,
    anchor_point: Annotated[str | None, typer.Option(help="X,Y in the drawing's metres that --anchor names; default 0,0")] = None,
    layers: Annotated[list[str] | None, typer.Option(help="layers with outlines and numbers; default: those named like rooms")] = None,
    unit: Annotated[str | None, typer.Option(help="mm, cm or m, where the drawing does not say")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Import the rooms of a storey from a DXF plan."""
    from twin.imports.plan import import_plan

    if unit not in (None, "mm", "cm", "m"):
        raise typer.BadParameter("--unit takes mm, cm or m")
    place = _plan_anchor(anchor, anchor_point)
    with opened() as (settings, store):

        def one(path: Path) -> Imported:
            with progress_bar(path.name, quiet=as_json) as progress:
                return import_plan(
                    store,
                    settings,
                    path,
                    site=site,
                    building=building,
                    storey=storey,
                    who=_who(),
                    now=datetime.now(UTC),
                    key=layer,
                    crs=crs,
                    anchor=place,
                    layers=layers or (),
                    unit=unit,
                    progress=progress,
                )

        store.get_site(site)
        return _all([file], one, _city_words, as_json)


def _all(files: list[Path], one: Callable[[Path], Imported], words: Callable[[Imported], str], as_json: bool) -> Outcome:
    """Import each file; one that is refused keeps no other from being imported, and all that are refused are named."""
    done: list[Imported] = []
    refused: list[Facts] = []
    for path in files:
        try:
            done.append(one(path))
        except Exception as error:
            facts = find_refusal(error)
            if facts is None:
                raise
            refused.append(facts | {"path": facts["path"] or str(path), "hint": facts["hint"] or "open it in the program that made it"})
            if not as_json:
                complain(refused[-1], as_json)
    alone = len(files) == 1
    if not done:
        document = error_document(refused[0]) | ({} if alone else {"refused": refused})
        return Outcome(document=document, words="", exit_code=REFUSED)
    return Outcome(
        document=done[0].document if alone else {"imports": [item.document for item in done], "refused": refused},
        words="\n".join(words(item) for item in done),
        exit_code=DECIDE if refused or any(item.needs_decision for item in done) else 0,
    )


def _anchor(anchor: str | None, anchor_point: str | None) -> tuple[Anchor | None, tuple[float, float, float] | None]:
    from bim import Anchor

    if anchor is None:
        if anchor_point is not None:
            raise typer.BadParameter("--anchor-point needs --anchor")
        return None, None
    lon, lat, height_m, heading = parse_place(anchor, 4, "--anchor", ANCHOR_FORM)
    x, y, z = parse_numbers(anchor_point, 3, "--anchor-point", "X,Y,Z") if anchor_point else (0.0, 0.0, 0.0)
    return Anchor(lon=lon, lat=lat, height_m=height_m, heading_deg=heading), (x, y, z)


def _plan_anchor(anchor: str | None, anchor_point: str | None) -> PlanAnchor | None:
    from cim import PlanAnchor

    if anchor is None:
        if anchor_point is not None:
            raise typer.BadParameter("--anchor-point needs --anchor")
        return None
    lon, lat, heading = parse_place(anchor, 3, "--anchor", PLAN_ANCHOR_FORM)
    x, y = parse_numbers(anchor_point, 2, "--anchor-point", "X,Y") if anchor_point else (0.0, 0.0)
    return PlanAnchor(lon=lon, lat=lat, heading_deg=heading, point=(x, y))


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _terrain_first(path: Path) -> bool:
    return path.suffix.lower() not in (".tif", ".tiff")


def _bim_words(item: Imported) -> str:
    facts = item.document
    elements, place = facts["elements"], facts["georeference"]
    lines = [
        f"{_headline(item)}: {count(facts['buildings'], 'building')}, {count(facts['storeys'], 'storey')}, {count(facts['rooms'], 'room')}",
        f"  elements: {elements['read']} read = {elements['placed']} placed ({elements['boxed']} as boxes) "
        f"+ {elements['without_geometry']} without geometry + {elements['failed']} failed",
        f"  place: {place['verdict']}",
        *_findings(item),
    ]
    if place["verdict"] != "needs_anchor":
        return "\n".join(lines)
    lines += [f"  claim: {_claim_words(claim)}" for claim in place["claims"]]
    lines.append(
        f"  → say where it stands: twin import bim {facts['file']} --site {facts['site']} --model {facts['model']} --anchor {ANCHOR_FORM}"
    )
    if before := facts["anchor_before"]:
        at = before["anchor"]
        numbers = ",".join(str(at[name]) for name in ("lon", "lat", "height_m", "heading_deg"))
        lines.append(f"    {before['revision']} stood at --anchor {numbers} --anchor-point {','.join(map(str, before['anchor_point']))}")
    return "\n".join(lines)


def _claim_words(claim: dict[str, Any]) -> str:
    where = "no place" if claim.get("lon") is None else f"lon {claim['lon']:.6f}, lat {claim['lat']:.6f}"
    far = "" if claim.get("distance_to_site_m") is None else f", {claim['distance_to_site_m'] / 1000:,.1f} km from the site"
    doubts = f" ({', '.join(claim['suspicious'])})" if claim.get("suspicious") else ""
    return f"{claim['kind']} {claim['source_entity']}: {where}{far}{doubts}"


def _city_words(item: Imported) -> str:
    facts = item.document
    features = facts["features"]
    lines = [
        f"{_headline(item)}: {features['read']} read = {features['placed']} placed + {features['without_geometry']} without geometry "
        f"+ {features['failed']} failed",
        *_findings(item),
    ]
    if facts["ground"]:
        lines.append(f"  lies on {facts['ground']}")
    if facts["laid_again"]:
        lines.append(f"  laid on it again: {', '.join(facts['laid_again'])}")
    lines += [f"  still on other ground: {left['model']} ({left['code']}: {left['message']})" for left in facts["left_behind"]]
    return "\n".join(lines)


def _headline(item: Imported) -> str:
    facts = item.document
    done = f"imported in {facts['seconds']} s" if item.added else "is there already"
    return f"{facts['revision']} {done} ({facts['schema']})"


def _findings(item: Imported) -> list[str]:
    return [f"  {code}: {number}" for code, number in item.document["issues"].items()]
