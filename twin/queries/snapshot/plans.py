"""Plans of storeys in a snapshot: those where an incident is open, the most severe first, and those that were asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from twin.auth import Labels
from twin.queries.place.scene import SitePlaces
from twin.queries.snapshot.drawn import Drawn
from twin.queries.snapshot.facts import Facts, Spot
from twin.queries.snapshot.names import Names, storey_name
from twin.queries.snapshot.phrases import phrase
from viewer.document import words_html

__all__ = ["MOST_PLANS", "plans_html"]

MOST_PLANS = 12


def plans_html(facts: Facts, places: SitePlaces, labels: Labels, drawn: Drawn, names: Names, storeys: Sequence[str]) -> str:
    """Figures under one heading, nothing where there is no plan to show. Raises NotFound for no such storey."""
    wanted: dict[str, list[int]] = {storey: [] for storey in storeys}
    rooms: dict[str, set[str]] = {}
    for one in facts.incidents:
        for storey, room in _storeys(facts.spots[one["id"]], places, labels):
            incidents = wanted.setdefault(storey, [])
            if one["id"] not in incidents:
                incidents.append(one["id"])
            rooms.setdefault(storey, set()).add(room)
    if not wanted:
        return ""
    shown, left = list(wanted)[:MOST_PLANS], list(wanted)[MOST_PLANS:]
    figures = ""
    for storey in shown:
        svg, name = drawn.plan(places, labels, storey), storey_name(places, names, storey)
        figures += _figure(storey, name, svg, wanted[storey], rooms.get(storey, set()))
    others = "、".join(storey_name(places, names, storey) for storey in left)
    note = f'<p class="subtitle">{words_html(phrase("more_plans", left=len(left), names=others))}</p>' if left else ""
    return f'<h2 id="plans">{words_html(phrase("plans"))}</h2>\n{note}{figures}'


def _storeys(spots: Sequence[Spot], places: SitePlaces, labels: Labels) -> Iterator[tuple[str, str]]:
    """Storey and place of each spot in a building, of those that the reader may know of."""
    words, seen = places.extents.words, places.visible(labels)
    for spot in spots:
        row = places.position.get(spot.place or "")
        if row is None or not seen[row]:
            continue
        storey = places.extents.ids[row] if words["kind"][row] == "storey" else words["storey"][row]
        at = places.position.get(storey or "")
        if storey is not None and at is not None and seen[at]:
            yield storey, places.extents.ids[row]


def _figure(storey: str, name: str, svg: str | None, incidents: list[int], rooms: set[str]) -> str:
    why = phrase("plan_of", incidents="、".join(map(str, incidents))) if incidents else phrase("plan_asked")
    caption = f"<figcaption>{escape(name)} · {words_html(why)}</figcaption>"
    if svg is None:
        return f'<figure class="sheet plan">{caption}<p>{words_html(phrase("no_plan"))}</p></figure>\n'
    for room in sorted(rooms):
        svg = svg.replace(f'<path data-id="{escape(room)}"', f'<path class="alarmed" data-id="{escape(room)}"')
    return f'<figure class="sheet plan" data-storey="{escape(storey)}">{caption}{svg}</figure>\n'
