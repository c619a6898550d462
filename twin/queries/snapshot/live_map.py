"""The map of a snapshot: what moves, with heading and age, and where incidents are, over what stands still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from twin.queries.snapshot.drawn import Ground
from twin.queries.snapshot.facts import Facts, Spot
from twin.queries.snapshot.phrases import age_words, phrase
from viewer.document import words_html

__all__ = ["map_svg"]

ARROW = "M0 -4.5L3 3.5L0 2L-3 3.5Z"
DISC = "M-2.4 0a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0 -4.8 0Z"
NAMED = 200
"""So many at most have their names written beside them; the others tell theirs when pointed at."""


def map_svg(facts: Facts, ground: Ground) -> str:
    """A figure with its heading."""
    west, south, east, north = ground.bounds
    movers = [(one, ground.xy(one["lon"], one["lat"])) for one in facts.positions]
    on = [(one, at) for one, at in movers if at is not None]
    drawn = "".join(_mover(one, at, facts.at_us, named=number < NAMED) for number, (one, at) in enumerate(on))
    marks = "".join(_incident(one, facts.spots[one["id"]], ground) for one in facts.incidents)
    said = words_html(phrase("map_told", on=len(on), off=facts.positions_total - len(on)))
    label = escape(phrase("map").zh + " " + phrase("map").en)
    box = f"{west:.1f} {-north:.1f} {east - west:.1f} {north - south:.1f}"
    return f"""<h2 id="map">{words_html(phrase("map"))}</h2>
<figure class="sheet"><figcaption>{said}</figcaption>
<svg class="map" viewBox="{box}" role="img" aria-label="{label}">{ground.svg}<g>{drawn}</g><g>{marks}</g></svg></figure>
"""


def _mover(one: Mapping[str, Any], at: tuple[float, float], at_us: int, *, named: bool) -> str:
    x, y = at
    heading = one["heading_deg"]
    kinds = ["mover", one["kind"], *(flag for flag in ("alarm", "silent") if flag in one["flags"])]
    shape = f'<path d="{DISC}"/>' if heading is None else f'<path transform="rotate({heading:.0f})" d="{ARROW}"/>'
    age = "" if one["time"] is None else " " + age_words(at_us / 1e6 - datetime.fromisoformat(one["time"]).timestamp()).zh
    key = escape(one["key"])
    text = f'<text x="5" y="2">{key}</text>' if named else ""
    return (
        f'<g class="{escape(" ".join(kinds))}" data-id="{escape(one["id"])}" transform="translate({x:.1f} {y:.1f})">'
        f"<title>{key}{age}</title>{shape}{text}</g>"
    )


def _incident(one: Mapping[str, Any], spots: Sequence[Spot], ground: Ground) -> str:
    """A ring at each place of an incident; the first has the name that the list leads to."""
    at = [ground.xy(*spot.lon_lat) for spot in spots if spot.lon_lat is not None]
    said = escape(one["title"]["zh"])
    rings = "".join(
        f'<g class="incident" transform="translate({place[0]:.1f} {place[1]:.1f})"><title>{one["id"]} {said}</title>'
        f'<circle r="9"/><text y="-11">{one["id"]}</text></g>'
        for place in dict.fromkeys(at)
        if place is not None
    )
    return f'<g id="incident-{one["id"]}">{rings}</g>'
