"""`twin query route | guards | evacuation | unreached`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command

if TYPE_CHECKING:
    from spatial.frame import SiteFrame
    from twin.queries.routes import Network
    from twin.store import Store

__all__ = ["guards_near", "rooms_unreached", "route_between", "ways_out"]

PLACE = "id of a room, door or gate, or LON,LAT,HEIGHT"
SiteOf = Annotated[str | None, typer.Option(help="code of the site; may stay out where there is one")]
Closed = Annotated[list[str] | None, typer.Option(help="id of what is closed; again for each")]


@command
def route_between(
    start: Annotated[str, typer.Argument(metavar="FROM", help=PLACE)],
    end: Annotated[str, typer.Argument(metavar="TO", help=PLACE)],
    car: Annotated[bool, typer.Option("--car", help="by car instead of on foot")] = False,
    wheelchair: Annotated[bool, typer.Option("--wheelchair", help="without stairs, steep ramps and narrow doors")] = False,
    closed: Closed = None,
    lifts: Annotated[bool, typer.Option(help="lifts may be taken")] = True,
    site: SiteOf = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """A way between two places in words; exit 3 where there is none, with the reason."""
    from twin.queries.routes import Closures, route
    from twin.queries.routes.networks import line_in_degrees, place_of_text

    if car and wheelchair:
        raise typer.BadParameter("--car or --wheelchair")
    with _asked(site) as (network, frame, _):
        found = route(
            network,
            place_of_text(start, frame),
            place_of_text(end, frame),
            mode="car" if car else "wheelchair" if wheelchair else "foot",
            closures=Closures.of(network, closed or ()),
            lifts=lifts,
        )
        document = found.as_json() | {"site": frame.site.code, "line": line_in_degrees(found, frame)}
    if found.metres is None or found.seconds is None:
        said = document["words"] or {"zh": "", "en": ""}
        shut = f": {', '.join(found.closed_by)}" if found.closed_by else ""
        return Outcome(document=document, words=f"{said['zh']} · {said['en']}{shut}", exit_code=DECIDE)
    lines = [f"{found.metres:.1f} m, {found.seconds:.0f} s"]
    lines += [f"  {step['words']['zh']} · {step['words']['en']}" for step in document["steps"]]
    lines += [f"  ! {note['words']['zh']} · {note['words']['en']} ({len(note['features'])})" for note in document["notes"]]
    return Outcome(document=document, words="\n".join(lines))


@command
def guards_near(
    place: Annotated[str, typer.Argument(help=PLACE)],
    k: Annotated[int, typer.Option(help="how many")] = 3,
    closed: Closed = None,
    site: SiteOf = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """The guard posts nearest to a place along the way; exit 3 where none can come."""
    from twin.queries.routes import Closures, nearest
    from twin.queries.routes.networks import guard_posts, place_of_text

    with _asked(site) as (network, frame, store):
        posts = guard_posts(store, frame.site.code, None)
        found = nearest(network, place_of_text(place, frame), posts, k, closures=Closures.of(network, closed or ()))
    lines = [f"{one.metres:8.1f} m {one.seconds:6.0f} s  {one.id}" for one in found.found]
    return Outcome(document=found.as_json(), words="\n".join(lines) or "nobody", exit_code=0 if lines else DECIDE)


@command
def ways_out(
    stairs: Annotated[bool, typer.Option("--stairs", help="to the door of a staircase instead of the outside")] = False,
    closed: Closed = None,
    site: SiteOf = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """The way out of each room by stairs, the longest first; exit 3 where a room has none."""
    from twin.queries.routes import Closures, evacuation

    with _asked(site) as (network, _, _):
        found = evacuation(network, until="stairs" if stairs else "outside", closures=Closures.of(network, closed or ())).as_json()
    rows = sorted(found["rooms"], key=lambda row: -row["metres"])
    lines = [f"{row['metres']:8.1f} m {row['seconds']:6.0f} s  {row['room']} → {row['exit']}" for row in rows]
    lines += [f"  no way out: {row['room']} ({row['reason']})" for row in found["unreached"]]
    return Outcome(document=found, words="\n".join(lines) or "no rooms", exit_code=DECIDE if found["unreached"] else 0)


@command
def rooms_unreached(
    wheelchair: Annotated[bool, typer.Option("--wheelchair", help="without stairs, steep ramps and narrow doors")] = False,
    site: SiteOf = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Rooms without a way to the outside, and why; exit 3 where there are any."""
    from twin.queries.routes import unreached_rooms

    with _asked(site) as (network, _, _):
        found = unreached_rooms(network, "wheelchair" if wheelchair else "foot")
    words = "\n".join(f"{row.room}  {row.name}: {row.words.zh} · {row.words.en}" for row in found) or "all rooms are reached"
    return Outcome(document={"unreached": [row.as_json() for row in found]}, words=words, exit_code=DECIDE if found else 0)


@contextmanager
def _asked(site: str | None) -> Iterator[tuple[Network, SiteFrame, Store]]:
    from spatial.frame import SiteFrame
    from twin.queries.place.frames import require_one
    from twin.queries.routes import open_network

    with opened() as (settings, store):
        code = require_one([one.code for one in store.list_sites()], site)
        yield open_network(store, settings, code, None), SiteFrame.of(store.get_site(code)), store
