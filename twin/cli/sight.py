"""`twin query visible-from | coverage`, and what `twin query explain CAMERA` says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command

__all__ = ["TARGET", "coverage_of", "explained", "target_of", "visible_from_target"]

TARGET = "LON,LAT,HEIGHT with --datum, or the id of a feature"
SiteOf = Annotated[str | None, typer.Option(help="code of the site; may stay out where there is one")]
Datum = Annotated[str | None, typer.Option(help="what HEIGHT is counted from: ellipsoidal, 1985 or ground")]
Open = Annotated[list[str] | None, typer.Option("--open", help="id of a door or gate that stands open; again for each")]
Turned = Annotated[bool, typer.Option("--turned", help="cameras turned and zoomed to it as far as they can be")]


@command
def visible_from_target(
    target: Annotated[str, typer.Argument(metavar="TARGET", help=TARGET)],
    datum: Datum = None,
    open_doors: Open = None,
    left_out: Annotated[list[str] | None, typer.Option(help="id of a wall or other thing imagined away; again for each")] = None,
    turned: Turned = False,
    site: SiteOf = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Which cameras see feet, chest and head of who stands there, and what stands in the way; exit 3 where none does."""
    question = {"targets": [target_of(target, datum)], "open_doors": open_doors, "left_out": left_out, "turned": turned}
    document = _ask("visible", site, question)
    found = document["targets"][0]
    names = document["features"]
    lines = [_sighting(one, names) for one in found["cameras"]]
    lines += [f"{row['distance_m']:8.2f} m  {row['name']} ({row['sensor_type']})" for row in found["perimeter"]]
    lines += [f"  not asked: {one['camera']}: {one['message']}" for one in document["unusable"]]
    seen = any(any(one["sees"].values()) for one in found["cameras"])
    return Outcome(document=document, words="\n".join(lines) or "no camera", exit_code=0 if seen else DECIDE)


@command
def coverage_of(
    under: Annotated[str | None, typer.Option("--in", help="only of this building, storey or room")] = None,
    camera: Annotated[list[str] | None, typer.Option(help="only by this camera; again for each")] = None,
    failed: Annotated[list[str] | None, typer.Option(help="a camera imagined to have failed; again for each")] = None,
    what_if: Annotated[Path | None, typer.Option(help="FILE.json with cameras imagined moved or added, as POST /spatial/coverage")] = None,
    step_m: Annotated[float, typer.Option(help="step of the grid")] = 0.5,
    open_doors: Open = None,
    turned: Turned = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="FILE.geojson with the blind spots")] = None,
    site: SiteOf = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """How much of rooms, storeys, roads and the perimeter is seen, and by which camera alone."""
    imagined = {} if what_if is None else _read_what_if(what_if)
    imagined["failed"] = [*imagined.get("failed", ()), *(failed or ())]
    question = {"in": under, "cameras": camera, "step_m": step_m, "open_doors": open_doors, "turned": turned, "what_if": imagined}
    document = _ask("coverage", site, question)
    if output is not None:
        output.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    lines = [_share(kind, row["size"], row["seen"], "m" if kind == "perimeter" else "m²") for kind, row in document["totals"].items()]
    lines += [_share(f"  {row['name']}", row["size"], row["seen"], "m²") for row in document["storeys"]]
    ranked = sorted(document["cameras"], key=lambda one: -one["alone_m2"])
    lines += [f"  {one['camera']}: sees {_sizes(one, 'seen')}, alone {_sizes(one, 'alone')}" for one in ranked]
    lines += [f"  not asked: {one['camera']}: {one['message']}" for one in document["unusable"]]
    return Outcome(document=document, words="\n".join(lines) or "nothing to cover")


def explained(
    camera: str, target: str, datum: str | None, open_doors: list[str] | None, turned: bool, task: str | None, site: str | None
) -> Outcome:
    """Why a camera does or does not see a target, height by height; exit 3 where it does not."""
    question = {"camera": camera, "target": target_of(target, datum), "open_doors": open_doors, "turned": turned, "task": task}
    document = _ask("explain", site, question)
    if document["unusable"]:
        return Outcome(document=document, words=f"{camera}: {document['unusable']['message']}", exit_code=DECIDE)
    lines = [f"{camera} ({document['camera']['name']})"]
    for one in document["points"]:
        wall = (
            f": {_name(one['blocked_by'], document['features'])} after {one['blocked_after_m']:.2f} m"
            if one["verdict"] == "blocked"
            else ""
        )
        density = f", {one['pixels_per_metre']:.0f} px/m" if one["pixels_per_metre"] else ""
        lines.append(f"  {one['point']}: {one['words']['zh']} · {one['words']['en']}{wall} ({one['distance_m']:.2f} m{density})")
    lines += [f"  the lens is inside {_name(name, document['features'])}" for name in document["lens_inside"]]
    sees = any(one["verdict"] == "seen" for one in document["points"])
    return Outcome(document=document, words="\n".join(lines), exit_code=0 if sees else DECIDE)


def target_of(text: str, datum: str | None) -> dict[str, Any]:
    """A point of three numbers, whose height's datum must be named, or a feature."""
    try:
        lon, lat, height = (float(part) for part in text.split(","))
    except ValueError:
        return {"feature": text}
    if datum is None:
        raise typer.BadParameter("a height needs --datum: ellipsoidal, 1985 or ground")
    return {"lon": lon, "lat": lat, "height_m": height, "datum": datum}


def _ask(what: str, site: str | None, question: Mapping[str, Any]) -> dict[str, Any]:
    from twin.queries.place.frames import require_one
    from twin.queries.sight.answerer import Answerer

    with opened() as (settings, store):
        code = require_one([one.code for one in store.list_sites()], site)
        document: dict[str, Any] = json.loads(Answerer(store, settings).ask(what, code, None, question))
    return document


def _read_what_if(file: Path) -> dict[str, Any]:
    from pydantic import ValidationError

    from twin.api.sight_documents import WhatIf

    try:
        return WhatIf.model_validate_json(file.read_bytes()).model_dump(exclude_none=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{file}: {'.'.join(str(one) for one in first['loc'])}: {first['msg']}") from None
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


def _sighting(one: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    seen = [point for point, sees in one["sees"].items() if sees]
    walls = list(dict.fromkeys(_name(wall, names) for wall in one["blocked_by"].values() if wall))
    density = "" if one["pixels_per_metre"] is None else f", {one['pixels_per_metre']:.0f} px/m"
    what = f"sees {', '.join(seen)}{density}" if seen else f"blocked by {', '.join(walls)}" if walls else "does not see it"
    glass = " through glass" if one["through_glass"] else ""
    return f"{one['distance_m']:8.2f} m  {one['camera']} {_name(one['camera'], names)}: {what}{glass}"


def _sizes(one: Mapping[str, Any], what: str) -> str:
    return f"{one[f'{what}_m2']:,.0f} m² and {one[f'{what}_m']:,.0f} m"


def _name(name: str | None, names: Mapping[str, Any]) -> str:
    return "something hidden" if name is None else str(names.get(name, {}).get("name", name))


def _share(name: str, size: float, seen: float, unit: str) -> str:
    return f"{name}: {seen:,.0f} of {size:,.0f} {unit} ({seen / size:.0%})" if size else f"{name}: nothing"
