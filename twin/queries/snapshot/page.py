"""The page of a snapshot: one file, both languages, printable, whole without a script and without a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from twin.auth import Labels
from twin.history.retention import Retention
from twin.queries.place.scene import SitePlaces
from twin.queries.snapshot.drawn import Drawn
from twin.queries.snapshot.facts import Facts
from twin.queries.snapshot.live_map import map_svg
from twin.queries.snapshot.names import Names, names_of, where
from twin.queries.snapshot.phrases import age_words, clock, kind_words, moment, phrase, sentences
from twin.queries.snapshot.plans import plans_html
from viewer.document import Document, Words, read_part, words_html

__all__ = ["page_of", "policy_of"]

OLD_S = 180
"""A snapshot is made every minute: one three times as old tells that nobody makes it any more."""
AGES = ("fresh", "old", "second", "minute", "hour", "day")
Cells = Sequence[tuple[str, str]]
"""HTML of a cell and the class of its column."""


def page_of(facts: Facts, places: SitePlaces, labels: Labels, drawn: Drawn, retention: Retention, *, storeys: Sequence[str] = ()) -> str:
    """The whole HTML file; plans of `storeys` beside those with an open incident. Raises NotFound for no such storey."""
    ground, names = drawn.ground(places, labels), names_of(places, labels)
    body = "".join(
        (
            _masthead(facts, labels),
            _incidents(facts, names),
            map_svg(facts, ground),
            plans_html(facts, places, labels, drawn, names, storeys),
            _gates(facts),
            _alarming(facts),
            _silent(facts, retention),
            _positions(facts, names),
            f'<footer class="sources"><p>{_say("floor")}</p></footer></main>\n',
        )
    )
    return _document(facts).html(body)


def policy_of(facts: Facts) -> str:
    """The content policy that the page carries, for the header of an answer."""
    return _document(facts).policy()


def _document(facts: Facts) -> Document:
    words = sentences()
    return Document(
        title=phrase("title", site=facts.site.name),
        styles=(read_part("twin.queries.snapshot", "snapshot.css"),),
        scripts=(read_part("twin.queries.snapshot", "snapshot.js"),),
        data={"ages": {name: {"zh": words[name].zh, "en": words[name].en} for name in AGES}},
    )


def _masthead(facts: Facts, labels: Labels) -> str:
    at = moment(facts.at_us)
    whom = phrase("all_labels") if labels is None else Words.same("、".join(sorted(labels)))
    made = f'<time datetime="{at}">{words_html(phrase("made", at=clock(at)))}</time>'
    age = f'<span class="stamp" data-made="{facts.at_us // 1000}" data-old="{OLD_S}"></span>'
    return f"""<main class="page"><header class="masthead"><div><h1>{_say("title", site=facts.site.name)}</h1>
<p class="subtitle">{made} {age} · {_say("for_whom", labels=whom)}</p></div>
<div class="actions"><button type="button" data-action="language">{_say("language")}</button>
<button type="button" data-action="print">{_say("print")}</button></div></header>
"""


def _incidents(facts: Facts, names: Names) -> str:
    heads = ("number", "severity", "what", "where", "since", "until", "state", "count", "devices", "assigned")
    rows = [_incident(one, names) for one in facts.incidents]
    shown = len(facts.incidents)
    note = phrase("more_incidents", total=facts.incidents_total, shown=shown) if facts.incidents_total > shown else None
    return _table("incidents", facts.incidents_total, heads, rows, "no_incidents", note)


def _incident(one: Mapping[str, Any], names: Names) -> Cells:
    said = _say(f"severity_{one['severity']}")
    severity = f'<span class="severity s{one["severity"]}">{said}</span>'
    flapping = f" · {_say('flapping')}" if one["flapping"] else ""
    devices = "、".join(escape(str(device["name"])) for device in one["devices"])
    more = one["devices_total"] - len(one["devices"])
    return (
        (f'<a href="#incident-{one["id"]}">{one["id"]}</a>', "number"),
        (severity, ""),
        (words_html(Words(one["title"]["zh"], one["title"]["en"])), "middle"),
        (words_html(where(one["place"], names)), "middle"),
        (clock(one["since"]), "narrow"),
        (clock(one["until"]), "narrow"),
        (_say(one["state"]) + flapping, "narrow"),
        (str(one["count"]), "number"),
        (devices + (f" +{more}" if more else ""), "wide"),
        (escape(one["assigned"] or ""), ""),
    )


def _gates(facts: Facts) -> str:
    found = [one for one in facts.states if one["kind"] == "gate"]
    heads = ("number", "name", "state", "entered", "left", "alarms", "heard")
    rows = [
        (
            (escape(one["key"]), ""),
            (escape(one["name"] or ""), "middle"),
            (escape(one["state"] or ""), ""),
            (str(one["value"].get("in", 0)), "number"),
            (str(one["value"].get("out", 0)), "number"),
            (_alarms(one, facts), ""),
            (clock(one["received"]), "narrow"),
        )
        for one in found
    ]
    return _table("gates", len(found), heads, rows, "unknown", None)


def _alarming(facts: Facts) -> str:
    found = [one for one in facts.states if one["alarms"]]
    heads = ("device", "kind", "name", "state", "alarms", "since", "heard")
    rows = [
        (
            (escape(one["key"]), ""),
            (words_html(kind_words(one["kind"])), ""),
            (escape(one["name"] or ""), "middle"),
            (escape(one["state"] or ""), ""),
            (_alarms(one, facts), ""),
            (clock(one["since"]), "narrow"),
            (clock(one["received"]), "narrow"),
        )
        for one in found
    ]
    return _table("states", len(found), heads, rows, "none_states", None)


def _alarms(one: Mapping[str, Any], facts: Facts) -> str:
    rows = [facts.kinds.get(code) for code in one["alarms"]]
    return words_html(Words("、".join(row.zh for row in rows), ", ".join(row.en for row in rows)))


def _silent(facts: Facts, retention: Retention) -> str:
    """What spoke and is silent for longer than its kind may be; of what never did, how many of each kind."""
    told = [one for one in (*facts.states, *facts.positions) if one["silent_s"] is not None]
    found = [one for one in told if one["silent_s"] > retention.of(one["id"]).silence_s]
    found.sort(key=lambda one: (one["kind"], one["id"]))
    never = Counter(one["kind"] for one in facts.states if one["silent_s"] is None)
    heads = ("device", "kind", "name", "heard", "quiet")
    rows = [
        (
            (escape(one["key"]), ""),
            (words_html(kind_words(one["kind"])), ""),
            (escape(one.get("name") or ""), "middle"),
            (clock(one["received"]), "narrow"),
            (words_html(age_words(one["silent_s"])), "narrow"),
        )
        for one in found
    ]
    note = phrase("never", kinds=_counted(never)) if never else None
    return _table("silent", len(found), heads, rows, "none_silent", note)


def _counted(kinds: Counter[str]) -> Words:
    told = [(kind_words(kind), count) for kind, count in sorted(kinds.items())]
    return Words("、".join(f"{words.zh} {count}" for words, count in told), ", ".join(f"{words.en} {count}" for words, count in told))


def _positions(facts: Facts, names: Names) -> str:
    heads = ("device", "kind", "lon_lat", "heading", "speed", "accuracy", "where", "fixed", "age", "alarms")
    at = facts.at_us / 1e6
    rows = [_position(one, names, at) for one in facts.positions]
    shown = len(facts.positions)
    note = phrase("more_positions", total=facts.positions_total, shown=shown) if facts.positions_total > shown else None
    return _table("positions", facts.positions_total, heads, rows, "no_positions", note)


def _position(one: Mapping[str, Any], names: Names, at: float) -> Cells:
    return (
        (escape(one["key"]), "narrow"),
        (words_html(kind_words(one["kind"])), ""),
        (f"{one['lon']:.6f}, {one['lat']:.6f}", "narrow"),
        (_whole(one["heading_deg"]), "number"),
        (_whole(one["speed_kmh"]), "number"),
        (_whole(one["accuracy_m"]), "number"),
        (escape("、".join(filter(None, map(names, one["place"])))), "middle"),
        (clock(one["time"]), "narrow"),
        (words_html(age_words(at - _seconds(one["time"]))) if one["time"] else _say("unknown"), "narrow"),
        (f"0x{one['alarm']:08x}" if one["alarm"] else "", ""),
    )


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _table(name: str, total: int, heads: Iterable[str], rows: Sequence[Cells], empty: str, note: Words | None) -> str:
    titled = f'<h2 id="{name}">{_say(name)}<span class="count">{total:,}</span></h2>\n'
    noted = f'<p class="subtitle">{words_html(note)}</p>\n' if note is not None else ""
    if not rows:
        return f"{titled}{noted}<p>{_say(empty)}</p>\n"
    head = "".join(f'<th scope="col">{_say(one)}</th>' for one in heads)
    lines = "".join("<tr>" + "".join(f"<td{_class(kind)}>{cell}</td>" for cell, kind in row) + "</tr>\n" for row in rows)
    around = f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{name}">'
    return f"{titled}{noted}{around}<table><thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table></div>\n"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _say(name: str, **facts: object) -> str:
    return words_html(phrase(name, **facts))
