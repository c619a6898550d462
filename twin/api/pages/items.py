"""The page of items and that of one: a map, a table, where to go from here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import shapely
from fastapi import Request

from twin.api.negotiation import Language
from twin.api.pages.frame import Page, link, table, text
from twin.api.pages.picture import Drawn, draw_map
from twin.api.pages.said import dossier_links, name_of, property_words, said, scene_link, title_of
from twin.api.pages.words import WORDS
from twin.queries.items.asked import ItemPage
from twin.queries.items.catalogue import Collection
from twin.queries.items.item import Item
from viewer.document import Words

__all__ = ["item_page", "items_page"]

COLUMNS = 7
LONGEST = 60
"""Characters of a value in the table of many items; the page of one has it whole."""
SMALL_MAP = {"width": 430.0, "height": 300.0}
LIMITS = (20, 100, 500, 1000)
LAST = ("label", "kind", "model", "global_id", "place_feature", "parent")
"""Properties that a narrow table leaves out first."""
NAME = re.compile(r"\w+")
FORMS = (("geojson", "GeoJSON"), ("jsonfg", "JSON-FG"))


def items_page(
    request: Request,
    collection: Collection,
    page: ItemPage,
    matched: int | None,
    sortables: Sequence[str],
    following: str | None,
    language: Language,
) -> Page:
    """A page of items: `following` is the address of the next one."""

    def word(key: str, **values: Any) -> str:
        return text(_filled(WORDS[key], **values), language)

    count = word("uncounted") if matched is None else word("matched", count=f"{matched:,}")
    drawn = [
        Drawn(item.geometry, f"{name_of(item)} ({item.id})", _href(collection, item, language)) for item in page.items if item.geometry
    ]
    picture = draw_map(drawn, text(WORDS["map"], language))
    lacking = len(page.items) - len(drawn)
    missing = f" · {word('no_place', count=lacking)}" if lacking else ""
    figure = f"<figure>{picture}<figcaption>{word('map')}{missing}</figcaption></figure>" if picture else ""
    body = (
        f'<p class="quiet">{count} · {word("shown", count=len(page.items))}</p>'
        f"{_form(request, sortables, property_words(collection), language)}{_pages(request, following, language)}"
        f"{figure}{_listed(request, collection, page.items, sortables, language)}{_pages(request, following, language)}"
    )
    title = Words(f"{collection.zh} · {WORDS['items'].zh}", f"{collection.en}: {WORDS['items'].en.lower()}")
    return Page(title=title, body=body, path=_path(collection, language), forms=(*FORMS, ("parquet", "GeoParquet")))


def item_page(collection: Collection, item: Item, language: Language) -> Page:
    """Everything a collection says of one item."""
    words = property_words(collection, valued=True)
    rows = [(text(words.get(name, Words.same(name)), language) + _plain(words, name), text(said(collection, name, value, language)))
            for name, value in item.properties.items() if value is not None]  # fmt: skip
    drawn = [Drawn(item.geometry, name_of(item), "")] if item.geometry else []
    picture = draw_map(drawn, text(WORDS["map"], language), **SMALL_MAP)
    figure = f"<figure>{picture}</figure>" if picture else f'<p class="quiet">{text(WORDS["nowhere"], language)}</p>'
    body = (
        f'<p class="quiet"><code>{text(item.id)}</code></p>{_actions(collection, item, language)}'
        f'<div class="two"><div class="facts">{table((), rows)}</div><div>{figure}{_whereabouts(item, language)}</div></div>'
    )
    items = (f"{_base(collection)}/items?{urlencode({'f': 'html', 'lang': language})}", WORDS["items"])
    return Page(title=Words.same(name_of(item)), body=body, path=(*_path(collection, language), items), forms=FORMS)


def _whereabouts(item: Item, language: Language) -> str:
    rows = []
    if item.geometry is not None and not item.geometry.is_empty:
        middle = shapely.centroid(item.geometry)
        rows.append((text(WORDS["position"], language), f"{middle.x:.7f}°, {middle.y:.7f}°"))
    if item.low_m is not None and item.high_m is not None:
        high = f" – {item.high_m:.2f}" if item.high_m - item.low_m >= 0.01 else ""
        rows.append((text(WORDS["heights"], language), f"{item.low_m:.2f}{high}"))
    for name, moment in (("since", item.since), ("until", item.until)):
        if moment is not None:
            rows.append((text(WORDS[name], language), text(moment.isoformat(timespec="seconds"))))
    return f'<div class="facts">{table((), rows)}</div>' if rows else ""


def _actions(collection: Collection, item: Item, language: Language) -> str:
    links = []
    scene, dossier = scene_link(collection, item), dossier_links(collection, item)
    if dossier is not None:
        page, document = dossier
        links.append(link(page, text(WORDS["dossier"], language)))
        links.append(link(document, f"{text(WORDS['dossier'], language)} · JSON"))
    if scene is not None:
        links.append(link(scene, text(WORDS["in_3d"], language)))
    return f'<div class="actions">{"".join(links)}</div>' if links else ""


def _listed(request: Request, collection: Collection, items: Sequence[Item], sortables: Sequence[str], language: Language) -> str:
    if not items:
        return f"<p>{text(WORDS['none'], language)}</p>"
    words = property_words(collection, valued=True)
    said_of = dict.fromkeys(name for item in items for name, value in item.properties.items() if value not in (None, item.id))
    asked = set(NAME.findall(f"{request.query_params.get('sortby', '')} {request.query_params.get('filter', '')}"))
    names = sorted(said_of, key=lambda name: (name not in asked, name in LAST))[:COLUMNS]
    head = [_head(request, name, words.get(name, Words.same(name)), sortables, language) for name in ("id", *names)]
    rows = [
        [
            link(_href(collection, item, language), text(item.id)),
            *(_cell(said(collection, name, item.properties.get(name), language)) for name in names),
        ]
        for item in items
    ]
    more = len(said_of) - len(names)
    caption = text(_filled(WORDS["more_columns"], count=more), language) if more else ""
    return f'<div class="items">{table(head, rows, caption=caption)}</div>'


def _cell(value: str) -> str:
    return text(value if len(value) <= LONGEST else f"{value[:LONGEST]}…")


def _head(request: Request, name: str, words: Words, sortables: Sequence[str], language: Language) -> str:
    """The name of a column, as a link that puts the items in its order, or in the other."""
    if name not in sortables:
        return text(words, language)
    now = request.query_params.get("sortby", "")
    wanted, mark = (f"-{name}", " ↑") if now.lstrip("+ ") == name else (name, " ↓" if now == f"-{name}" else "")
    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in ("sortby", "after")]
    return link(f"{request.url.path}?{urlencode([*kept, ('sortby', wanted)])}", text(words, language) + mark)


def _form(request: Request, sortables: Sequence[str], words: Any, language: Language) -> str:
    """The page's own form: a filter, an order, how many. What else was asked for stays."""
    given = request.query_params
    hidden = "".join(
        f'<input type="hidden" name="{text(name)}" value="{text(value)}">'
        for name, value in given.multi_items()
        if name not in ("filter", "sortby", "limit", "after", "f", "lang")
    )
    now = given.get("sortby", "").lstrip("+ ")
    orders = [("", text(WORDS["own_order"], language))]
    for name in sortables:
        called = text(words.get(name, Words.same(name)), language)
        orders += [
            (name, f"{called} · {text(WORDS['ascending'], language)}"),
            (f"-{name}", f"{called} · {text(WORDS['descending'], language)}"),
        ]
    if now not in dict(orders):
        orders.append((given.get("sortby", ""), text(given.get("sortby", ""))))
        now = given.get("sortby", "")
    limit = given.get("limit", "100")
    limits = [(str(one), f"{one:,}") for one in LIMITS]
    limits += [] if limit in dict(limits) else [(limit, text(limit))]
    written = f'<input name="filter" value="{text(given.get("filter", ""))}" spellcheck="false">'
    return (
        f'<form method="get" action="{text(request.url.path)}">{hidden}<input type="hidden" name="f" value="html">'
        f'<input type="hidden" name="lang" value="{language}"><label class="wide">{text(WORDS["filter"], language)}{written}</label>'
        f"<label>{text(WORDS['sort'], language)}{_select('sortby', orders, now)}</label>"
        f"<label>{text(WORDS['limit'], language)}{_select('limit', limits, limit)}</label>"
        f"<button>{text(WORDS['apply'], language)}</button></form>"
    )


def _select(name: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    """Options as value and HTML."""
    listed = "".join(f'<option value="{text(value)}"{" selected" if value == chosen else ""}>{said}</option>' for value, said in options)
    return f'<select name="{name}">{listed}</select>'


def _pages(request: Request, following: str | None, language: Language) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    first = link(f"{request.url.path}?{urlencode(kept)}", text(WORDS["first"], language)) if "after" in request.query_params else ""
    after = f'<a href="{text(following)}" rel="next">{text(WORDS["next"], language)} →</a>' if following else ""
    return f'<div class="pages">{first}{after}</div>' if first or after else ""


def _plain(words: Any, name: str) -> str:
    """The name a program uses, where people call it otherwise."""
    return f" <small><code>{text(name)}</code></small>" if words.get(name, Words.same(name)) != Words.same(name) else ""


def _path(collection: Collection, language: Language) -> tuple[tuple[str, Words], ...]:
    asked = urlencode({"f": "html", "lang": language})
    return ((f"/collections?{asked}", WORDS["collections"]), (f"{_base(collection)}?{asked}", title_of(collection)))


def _base(collection: Collection) -> str:
    return f"/collections/{quote(collection.id, safe='')}"


def _href(collection: Collection, item: Item, language: Language) -> str:
    return f"{_base(collection)}/items/{quote(item.id, safe='')}?{urlencode({'f': 'html', 'lang': language})}"


def _filled(words: Words, **values: Any) -> Words:
    return Words(words.zh.format(**values), words.en.format(**values))
