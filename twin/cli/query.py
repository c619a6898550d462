"""`twin query locate | nearest | within | pick | plan | explain`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command
from twin.cli.sight import TARGET, explained

if TYPE_CHECKING:
    from spatial.mesh import Float64
    from twin.queries.place.assets import AssetPoints
    from twin.queries.place.scene import Scenes
    from twin.queries.records.context import Registers
    from twin.records.scope import Reader

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
EVERYWHERE = ("*",)
Point = Annotated[str, typer.Argument(metavar="LON,LAT[,HEIGHT]", help="degrees and ellipsoidal metres")]
Kind = Annotated[str, typer.Option(help="room, storey, building, element, asset, …")]


@dataclass(frozen=True, slots=True)
class _Asked:
    scenes: Scenes
    registers: Registers
    assets: AssetPoints
    reader: Reader


@app.command(name="locate")
@command
def locate(
    point: Point,
    accuracy_m: Annotated[float | None, typer.Option(help="the point may be this far off, metres")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Building, storey, room and zone of a point; exit 3 where it lies in no site."""
    from twin.queries.place.locate import LEVELS, as_one, locate_points

    with _asked() as asked:
        found = as_one(locate_points(asked.scenes, EVERYWHERE, None, _point(point)[None], accuracy_m))
    if found["site"] is None:
        return Outcome(document=found, words="in no site", exit_code=DECIDE)
    lines = [found["site"]]
    for level in LEVELS:
        sure = "" if found["certain"][level] else " (possibly)"
        lines.append(f"  {level}: {_name(found[level])}{sure}")
    lines += [f"  possible: {_name(room)}" for room in found["possible"] if room != found["room"]]
    return Outcome(document=found, words="\n".join(lines))


@app.command(name="nearest")
@command
def nearest_of(
    point: Point,
    kind: Kind,
    k: Annotated[int, typer.Option(help="how many")] = 1,
    along: Annotated[str | None, typer.Option(help="walking, driving or wheelchair: along the way instead of straight")] = None,
    closed: Annotated[list[str] | None, typer.Option(help="id of what is closed; again for each")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """The k nearest of a kind, straight through walls or along the way; exit 3 where the point lies in no site."""
    from twin.queries.place.along import TRAVELS, nearest_by_route
    from twin.queries.place.near import nearest
    from twin.queries.routes.networks import Networks

    how = next((name for name in TRAVELS if name == along), None)
    if along is not None and how is None:
        raise typer.BadParameter(f"--along {along}: one of {', '.join(TRAVELS)}")
    if closed and how is None:
        raise typer.BadParameter("--closed goes with --along")
    with _asked() as asked:
        if how is None:
            found = nearest(asked.scenes, asked.assets, EVERYWHERE, asked.reader, _point(point), kind=kind, k=k)
        else:
            networks = Networks(asked.scenes.store, asked.scenes.settings)
            given = asked.scenes, networks, asked.assets, EVERYWHERE, asked.reader, _point(point)
            found = nearest_by_route(*given, kind=kind, k=k, along=how, closed=closed or ())
    if found["site"] is None:
        return Outcome(document=found, words="in no site", exit_code=DECIDE)
    lines = [f"{one['distance_m']:10.3f} m  {_seconds(one)}{_name(one)}" for one in found["nearest"]]
    lines += [f"   no way  {_name(one)}: {one['words']['zh']} · {one['words']['en']}" for one in found.get("unreached", [])]
    return Outcome(document=found, words="\n".join(lines) or "nothing")


@app.command(name="within")
@command
def within_area(
    kind: Kind,
    site: Annotated[str | None, typer.Option(help="code of the site; may stay out where there is one")] = None,
    bbox: Annotated[str | None, typer.Option(help="W,S,E,N or W,S,LOW,E,N,HIGH: degrees and ellipsoidal metres")] = None,
    polygon: Annotated[str | None, typer.Option(help="WKT polygon in degrees")] = None,
    low_m: Annotated[float | None, typer.Option(help="lowest ellipsoidal height")] = None,
    high_m: Annotated[float | None, typer.Option(help="highest ellipsoidal height")] = None,
    around: Annotated[str | None, typer.Option(metavar="LON,LAT[,HEIGHT]", help="centre of a ball, or of an upright cylinder")] = None,
    radius_m: Annotated[float | None, typer.Option(help="its radius")] = None,
    holder: Annotated[str | None, typer.Option("--in", help="id of a building, storey, room or zone")] = None,
    after: Annotated[str | None, typer.Option(help="the last id of the page before")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="how many a page")] = 100,
    as_json: JsonFlag = False,
) -> Outcome:
    """What lies within a box, a polygon with heights, a ball, a building, storey, room or zone."""
    import math

    import shapely

    from twin.queries.items.box import parse_box
    from twin.queries.place.frames import require_one
    from twin.queries.place.within import Area, within

    if bbox is not None and (polygon, low_m, high_m) != (None, None, None):
        raise typer.BadParameter("--bbox of six numbers bounds heights; it goes without --polygon, --low-m and --high-m")
    try:
        shape = None if polygon is None else shapely.from_wkt(polygon)
    except shapely.errors.GEOSException:
        raise typer.BadParameter(f"{polygon!r} is no WKT") from None
    if bbox is not None:
        box = parse_box(bbox)
        shape, low_m, high_m = box.plan, box.windows[0].low_m, box.windows[0].high_m
    middle = None if around is None else [float(one) for one in _point(around)]
    centre = None if middle is None else (middle[0], middle[1], None if math.isnan(middle[2]) else middle[2])
    area = Area(polygon=shape, low_m=low_m, high_m=high_m, centre=centre, radius_m=radius_m, feature=holder)
    with _asked() as asked:
        places = asked.scenes.site(require_one(asked.scenes.codes(EVERYWHERE), site))
        found = within(places, asked.assets, asked.reader, area, kind=kind, after=after, limit=limit)
    lines = [f"{found['total']:,} within", *(f"  {_name(one)}" for one in found["found"])]
    lines += [f"  and more: --after {found['next']}"] if found["next"] else []
    return Outcome(document=found, words="\n".join(lines))


@app.command(name="pick")
@command
def pick_first(
    point: Point,
    to: Annotated[str | None, typer.Option(metavar="LON,LAT,HEIGHT", help="towards this point")] = None,
    heading_deg: Annotated[float | None, typer.Option(help="clockwise from north")] = None,
    tilt_deg: Annotated[float, typer.Option(help="above the horizon")] = 0.0,
    range_m: Annotated[float, typer.Option(help="how far at most")] = 1000.0,
    as_json: JsonFlag = False,
) -> Outcome:
    """The first thing a ray meets; exit 3 where it meets nothing."""
    from twin.queries.place.pick import pick, towards

    origin = _point(point)
    if (to is None) == (heading_deg is None):
        raise typer.BadParameter("give --to or --heading-deg")
    heading, tilt = (heading_deg or 0.0, tilt_deg) if to is None else towards(origin, _point(to))
    with _asked() as asked:
        found = pick(asked.scenes, EVERYWHERE, None, origin, heading_deg=heading, tilt_deg=tilt, range_m=range_m)
    hit = found["hit"]
    words = "nothing" if hit is None else f"{hit['distance_m']:.3f} m  {_name(hit)}"
    return Outcome(document=found, words=words, exit_code=0 if hit else DECIDE)


@app.command(name="plan")
@command
def plan_of(
    storey: Annotated[str, typer.Argument(help="id of the storey")],
    site: Annotated[str | None, typer.Option(help="code of the site; may stay out where there is one")] = None,
    height_m: Annotated[float | None, typer.Option(help="cut above the floor; default 1.2")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="FILE.svg or FILE.geojson")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """A storey cut at a height: rooms, walls, windows, doors, names and areas."""
    from twin.queries.place.frames import require_one
    from twin.queries.place.plan import CUT_M, as_geojson, cut_storey
    from twin.queries.place.plan_svg import as_svg

    if output is not None and output.suffix not in (".svg", ".geojson", ".json"):
        raise typer.BadParameter(f"{output.name}: a plan is .svg or .geojson")
    with _asked() as asked:
        places = asked.scenes.site(require_one(asked.scenes.codes(EVERYWHERE), site))
        plan = cut_storey(places, None, storey, cut_m=CUT_M if height_m is None else height_m)
    document = as_geojson(plan)
    if output is not None:
        text = as_svg(plan) if output.suffix == ".svg" else json.dumps(document, ensure_ascii=False)
        output.write_text(text, encoding="utf-8")
    rooms = sum(part.layer == "room" for part in plan.parts)
    words = f"{rooms} rooms, {len(plan.parts) - rooms} other parts" + (f" → {output}" if output else "")
    return Outcome(document=document, words=words)


@app.command(name="explain")
@command
def explain(
    subject: Annotated[str, typer.Argument(help="code of the asset, or id of a camera with --target")],
    target: Annotated[str | None, typer.Option(help=f"of a camera: {TARGET}")] = None,
    datum: Annotated[str | None, typer.Option(help="what the target's height is counted from: ellipsoidal, 1985 or ground")] = None,
    open_doors: Annotated[list[str] | None, typer.Option("--open", help="id of a door that stands open; again for each")] = None,
    turned: Annotated[bool, typer.Option("--turned", help="the camera turned and zoomed to it as far as it can be")] = False,
    task: Annotated[str | None, typer.Option(help="EDITION/CLASS that the picture must do, for example 2014/identify")] = None,
    site: Annotated[str | None, typer.Option(help="code of the site; may stay out where there is one")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Why an asset is where it is: the method, its evidence and links; why a camera does or does not see a target: which wall."""
    if target is not None:
        return explained(subject, target, datum, open_doors, turned, task, site)
    return _explain_asset(subject)


def _explain_asset(asset: str) -> Outcome:
    from twin.queries.place.explain import explain_asset

    with _asked() as asked:
        found = explain_asset(asked.scenes, asked.registers, EVERYWHERE, asked.reader, asset)
    path = " / ".join(str(step["name"]) for step in found["place"]["path"]) if found["place"] else "nowhere"
    lines = [f"{found['asset']['key']}: {path}"]
    lines += [f"  {found[name]['zh']} · {found[name]['en']}" for name in ("method", "reason") if found[name]]
    if found["said"]:
        lines.append("  ledger: " + " / ".join(str(one) for one in found["said"].values() if one))
    lines += [f"  link: {link['feature_id']} by {link['method']} ({link['confidence']:.2f})" for link in found["links"]]
    if found["agrees"] is not None:
        lines.append("  geometry agrees" if found["agrees"] else "  geometry puts it elsewhere")
    return Outcome(document=found, words="\n".join(lines))


@contextmanager
def _asked() -> Iterator[_Asked]:
    from twin.auth import local_administrator
    from twin.queries.place.assets import asset_points
    from twin.queries.place.scene import Scenes
    from twin.queries.records.context import Registers, reader_of

    with opened() as (settings, store):
        registers = Registers.of(store, settings.home / "columns")
        yield _Asked(Scenes(store, settings), registers, asset_points(registers), reader_of(local_administrator()))


def _point(text: str) -> Float64:
    from twin.queries.place.frames import columns_of

    try:
        lon, lat, *height = [float(one) for one in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not LON,LAT or LON,LAT,HEIGHT") from None
    if len(height) > 1:
        raise typer.BadParameter(f"{text!r} has more than three numbers")
    point: Float64 = columns_of([lon], [lat], height or None)[0]
    return point


def _seconds(one: dict[str, Any]) -> str:
    return f"{one['seconds']:6.0f} s  " if "seconds" in one else ""


def _name(one: dict[str, Any] | None) -> str:
    if one is None:
        return "–"
    words: list[Any] = [one.get("name"), one.get("long_name"), one.get("key")]
    place = one.get("place") or {}
    return " ".join(str(word) for word in [*words, place.get("name"), f"({one['id']})"] if word)
