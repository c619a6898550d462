"""`twin import`."""

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command, progress_bar
from twin.cli.sites import parse_numbers
from twin.errors import Refused
from twin.imports import Anchor, Imported, import_bim, import_city

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
Files = Annotated[list[Path], typer.Argument(help="one or more files")]
SiteOption = Annotated[str, typer.Option(help="code of the site")]


@app.command(name="bim")
@command
def bim(
    files: Files,
    site: SiteOption,
    model: Annotated[str | None, typer.Option(help="key of the model; default: the file's stem")] = None,
    anchor: Annotated[str | None, typer.Option(help="LON,LAT,ELLIPSOIDAL_HEIGHT,HEADING_DEG of the model's origin")] = None,
    anchor_point: Annotated[str | None, typer.Option(help="X,Y,Z in the model's metres that --anchor names; default 0,0,0")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Import IFC models: structure, rooms, elements, properties, geometry, place."""
    place, point = _anchor(anchor, anchor_point)
    if len(files) > 1 and (model or place):
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
                    progress=progress,
                )

        return _all(files, one, _bim_words)


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
    """Import city layers: CityJSON, GeoPackage, GeoJSON, and GeoTIFF terrain (terrain first: layers lie on it)."""
    if len(files) > 1 and layer:
        raise typer.BadParameter("--layer is for one file")
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

        return _all(sorted(files, key=_terrain_last_word), one, _city_words)


def _all(files: list[Path], one: Callable[[Path], Imported], words: Callable[[Imported], str]) -> Outcome:
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise Refused(
            f"no such file: {missing[0]}", code="FILE_NOT_FOUND", path=str(missing[0]), hint="check the path; nothing was imported"
        )
    done = [one(path) for path in files]
    document: dict[str, Any] = done[0].document if len(done) == 1 else {"imports": [item.document for item in done]}
    return Outcome(
        document=document,
        words="\n".join(words(item) for item in done),
        exit_code=DECIDE if any(item.needs_decision for item in done) else 0,
    )


def _anchor(anchor: str | None, anchor_point: str | None) -> tuple[Anchor | None, tuple[float, float, float] | None]:
    if anchor is None:
        if anchor_point is not None:
            raise typer.BadParameter("--anchor-point needs --anchor")
        return None, None
    lon, lat, height_m, heading = parse_numbers(anchor, 4, "--anchor", "LON,LAT,ELLIPSOIDAL_HEIGHT,HEADING_DEG")
    x, y, z = parse_numbers(anchor_point, 3, "--anchor-point", "X,Y,Z") if anchor_point else (0.0, 0.0, 0.0)
    return Anchor(lon=lon, lat=lat, height_m=height_m, heading_deg=heading), (x, y, z)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _terrain_last_word(path: Path) -> bool:
    return path.suffix.lower() not in (".tif", ".tiff")


def _bim_words(item: Imported) -> str:
    facts = item.document
    elements = facts["elements"]
    lines = [
        f"{facts['revision']} {'imported' if item.added else 'is there already'} ({facts['schema']}, {facts['seconds']} s): "
        f"{facts['buildings']} buildings, {facts['storeys']} storeys, {facts['rooms']} rooms",
        f"  elements: {elements['read']} read = {elements['placed']} placed ({elements['boxed']} as boxes) "
        f"+ {elements['without_geometry']} without geometry + {elements['failed']} failed",
        f"  place: {facts['georeference']['verdict']}",
    ]
    lines += [f"  {code}: {count}" for code, count in facts["issues"].items()]
    if facts["georeference"]["verdict"] == "needs_anchor":
        lines.append("  → say where it stands: twin import bim FILE --anchor LON,LAT,ELLIPSOIDAL_HEIGHT,HEADING_DEG")
    return "\n".join(lines)


def _city_words(item: Imported) -> str:
    facts = item.document
    features = facts["features"]
    lines = [
        f"{facts['revision']} {'imported' if item.added else 'is there already'} ({facts['schema']}, {facts['seconds']} s): "
        f"{features['read']} read = {features['placed']} placed + {features['without_geometry']} without geometry "
        f"+ {features['failed']} failed"
    ]
    return "\n".join(lines + [f"  {code}: {count}" for code, count in facts["issues"].items()])
