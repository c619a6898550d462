"""`twin site`."""

import math
from datetime import UTC, datetime
from typing import Annotated

import typer

from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command

__all__ = ["app", "parse_numbers", "parse_place"]

app = typer.Typer(no_args_is_help=True)


@app.command(name="add")
@command
def add(
    code: Annotated[str, typer.Argument(help="short code: letters, digits, - and _")],
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
    from spatial.crs import horizontal
    from spatial.frame import Site

    lon, lat, height_m = parse_place(origin, 3, "--origin", "LON,LAT,ELLIPSOIDAL_HEIGHT")
    if not (math.isfinite(radius_m) and radius_m > 0):
        raise typer.BadParameter(f"--radius-m is a length in metres above 0, not {radius_m}")
    if geoid_separation is not None and not abs(geoid_separation) <= 120:
        raise typer.BadParameter(f"--geoid-separation is metres between -120 and 120, not {geoid_separation}")
    horizontal(crs).from_lon_lat([lon], [lat])
    facts = Site(
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
        added = store.add_site(facts, now=datetime.now(UTC))
    words = f"site {code} {'added' if added else 'is there already'}"
    if geoid_separation is None:
        words += "\n  without --geoid-separation its 1985 heights (IFC, DEM, CityJSON) will be refused"
    return Outcome(document={"site": code, "added": added}, words=words)


def parse_place(text: str, size: int, option: str, form: str) -> tuple[float, ...]:
    """LON,LAT and more numbers; a usage error where they are no place on Earth."""
    numbers = parse_numbers(text, size, option, form)
    lon, lat = numbers[:2]
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise typer.BadParameter(f"{option} takes {form}: longitude {lon:g}, latitude {lat:g} is no place on Earth; are they swapped?")
    return numbers


def parse_numbers(text: str, size: int, option: str, form: str) -> tuple[float, ...]:
    """`size` finite numbers from a comma-separated option; a usage error (exit 2) where they are not."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{option} takes {form}, not {text!r}") from error
    if len(numbers) != size:
        raise typer.BadParameter(f"{option} takes {form}, {size} numbers, not {len(numbers)}")
    if not all(map(math.isfinite, numbers)):
        raise typer.BadParameter(f"{option} takes {form}, finite numbers, not {text!r}")
    return numbers
