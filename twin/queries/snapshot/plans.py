"""Plans of storeys in a snapshot: those where an incident is open, the most severe first, and those that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from twin.auth import Labels
from twin.queries.place.scene import SitePlaces
from twin.queries.snapshot.drawn import Drawn
from twin.queries.snapshot.facts import Facts
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
        storey = one["place"]["storey"]
        if storey is not None:
            wanted.setdefault(storey, []).append(one["id"])
            rooms.setdefault(storey, set()).add(str(one["place"]["room"]))
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


def _figure(storey: str, name: str, svg: str | None, incidents: list[int], rooms: set[str]) -> str:
    why = phrase("plan_of", incidents="、".join(map(str, incidents))) if incidents else phrase("plan_asked")
    caption = f"<figcaption>{escape(name)} · {words_html(why)}</figcaption>"
    if svg is None:
        return f'<figure class="sheet plan">{caption}<p>{words_html(phrase("no_plan"))}</p></figure>\n'
    for room in sorted(rooms):
        svg = svg.replace(f'<path data-id="{escape(room)}"', f'<path class="alarmed" data-id="{escape(room)}"')
    return f'<figure class="sheet plan" data-storey="{escape(storey)}">{caption}{svg}</figure>\n'
