"""`twin site`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from spatial.crs import horizontal
from spatial.frame import Site
from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command

__all__ = ["app", "parse_numbers"]

app = typer.Typer(no_args_is_help=True)


@app.command(name="add")
@command
def add(
    code: Annotated[str, typer.Argument(help="short code, [a-z0-9_-]+")],
    name: Annotated[str, typer.Option(help="name, e.g. 屏山大院")],
    origin: Annotated[str, typer.Option(help="LON,LAT,ELLIPSOIDAL_HEIGHT in degrees and metres")],
    crs: Annotated[str, typer.Option(help="project CRS, EPSG:n")],
    geoid_separation: Annotated[
        float | None, typer.Option(help="N = ellipsoidal minus 1985 height in metres, surveyed; without it 1985 heights are refused")
    ] = None,
    radius_m: Annotated[float, typer.Option(help="what lies within is in the site's frame")] = 3000.0,
    division: Annotated[str | None, typer.Option(help="GB/T 2260 division code, e.g. 350102")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Add a compound; the same facts again change nothing."""
    lon, lat, height_m = parse_numbers(origin, 3, "--origin", "LON,LAT,ELLIPSOIDAL_HEIGHT")
    horizontal(crs)
    site = Site(
        code=code,
        name=name,
        lon=lon,
        lat=lat,
        height_m=height_m,
        crs=crs,
        geoid_separation_m=geoid_separation,
        radius_m=radius_m,
        division=division,
    )
    with opened() as (_, store):
        added = store.add_site(site, now=datetime.now(UTC))
    return Outcome(document={"site": code, "added": added}, words=f"site {code} {'added' if added else 'is there already'}")


def parse_numbers(text: str, count: int, option: str, form: str) -> tuple[float, ...]:
    """`count` numbers from a comma-separated option; a usage error (exit 2) where they are not."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{option} takes {form}, not {text!r}") from error
    if len(numbers) != count:
        raise typer.BadParameter(f"{option} takes {form}, {count} numbers, not {len(numbers)}")
    return numbers
