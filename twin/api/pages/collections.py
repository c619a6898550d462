"""The pages of collections, of one, and of what can be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import shapely

from twin.api.negotiation import Language
from twin.api.pages.frame import Page, link, table, text
from twin.api.pages.picture import Drawn, draw_map
from twin.api.pages.said import property_words, title_of
from twin.api.pages.words import WORDS
from twin.queries.items.catalogue import Collection
from viewer.document import Words

__all__ = ["collection_page", "collections_page", "properties_page"]

SMALL_MAP = {"width": 430.0, "height": 300.0}
REL = "http://www.opengis.net/def/rel/ogc/1.0"


def collections_page(found: Sequence[tuple[Collection, dict[str, Any]]], language: Language) -> Page:
    """Every collection with its extent."""
    rows = [
        (
            link(_asked(f"/collections/{_id(document)}", language), text(title_of(collection), language)),
            f"<code>{text(collection.id)}</code>",
            _box(document),
            link(_asked(f"/collections/{_id(document)}/items", language), text(WORDS["browse"], language)),
        )
        for collection, document in found
    ]
    head = [text(WORDS[name], language) for name in ("title", "id", "extent", "items")]
    return Page(title=WORDS["collections"], body=f"<p>{text(WORDS['collections_about'], language)}</p>{table(head, rows)}")


def collection_page(collection: Collection, document: dict[str, Any], methods: Sequence[str], language: Language) -> Page:
    """One collection: where it lies, its reference systems, what can be done with it."""
    base = f"/collections/{_id(document)}"
    actions = [link(_asked(f"{base}/items", language), text(WORDS["browse"], language))]
    actions += [link(_asked(f"{base}/{name}", language), text(WORDS[name], language)) for name in ("schema", "queryables", "sortables")]
    actions.append(link(f"{base}/items?f=parquet", f"{text(WORDS['whole'], language)} (GeoParquet)"))
    tilesets = [one for one in document["links"] if one["rel"] == f"{REL}/tilesets-vector"]
    rows = [
        (text(WORDS["id"], language), f"<code>{text(collection.id)}</code>"),
        (text(WORDS["extent"], language), _box(document)),
        (text(WORDS["time"], language), _interval(document, language)),
        (text(WORDS["storage_crs"], language), f"<code>{text(document['storageCrs'])}</code>"),
        (text(WORDS["crs"], language), "<br>".join(f"<code>{text(uri)}</code>" for uri in document["crs"])),
        (text(WORDS["tilesets"], language), "<br>".join(link(one["href"], text(one["title"])) for one in tilesets)),
        (text(WORDS["writes"], language), text(", ".join(methods))),
    ]
    picture = _extent_map(collection, document, language)
    figure = f"<figure>{picture}<figcaption>{text(WORDS['extent'], language)}</figcaption></figure>" if picture else ""
    facts = f'<div class="facts">{table((), [row for row in rows if row[1]])}</div>'
    body = f'<div class="actions">{"".join(actions)}</div><div class="two">{facts}<div>{figure}</div></div>'
    return Page(title=title_of(collection), body=body, path=[_all(language)])


def properties_page(collection: Collection, document: dict[str, Any], name: str, language: Language) -> Page:
    """`schema`, `queryables` or `sortables`: names, what they mean, their types."""
    words = property_words(collection)
    rows = [
        (
            f"<code>{text(key)}</code>",
            text(words.get(key, Words.same(key)), language),
            text(" ".join(filter(None, (said.get("type"), said.get("format"))))),
        )
        for key, said in document["properties"].items()
    ]
    head = [text(WORDS[one], language) for one in ("property", "meaning", "type")]
    own = (_asked(f"/collections/{_id(document)}", language), title_of(collection))
    return Page(title=WORDS[name], body=table(head, rows), path=[_all(language), own], forms=(("json", "JSON Schema"),))


def _extent_map(collection: Collection, document: dict[str, Any], language: Language) -> str:
    if "spatial" not in document.get("extent", {}):
        return ""
    box = document["extent"]["spatial"]["bbox"][0]
    half = len(box) // 2
    shape = shapely.box(box[0], box[1], box[half], box[half + 1])
    if not shape.area:
        shape = shapely.Point(box[0], box[1]) if box[0] == box[half] and box[1] == box[half + 1] else shape.boundary
    href = _asked(f"/collections/{_id(document)}/items", language)
    return draw_map(
        [Drawn(shape, title_of(collection).zh if language == "zh" else title_of(collection).en, href)], text(WORDS["extent"], language)
    )


def _box(document: dict[str, Any]) -> str:
    """The sides in degrees, and the heights where they are known."""
    box = document.get("extent", {}).get("spatial", {}).get("bbox", [None])[0]
    if not box:
        return ""
    half = len(box) // 2
    plan = f"{_range(box[0], box[half], 5)}°, {_range(box[1], box[half + 1], 5)}°"
    return plan if half == 2 else f"{plan}, {_range(box[2], box[5], 1)} m"


def _range(low: float, high: float, digits: int) -> str:
    first, last = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return first if first == last else f"{first} – {last}"


def _interval(document: dict[str, Any], language: Language) -> str:
    begun = document.get("extent", {}).get("temporal", {}).get("interval", [[None]])[0][0]
    return f"{text(WORDS['from'], language)} {text(begun)}" if begun else ""


def _all(language: Language) -> tuple[str, Words]:
    return _asked("/collections", language), WORDS["collections"]


def _asked(path: str, language: Language) -> str:
    return f"{path}?{urlencode({'f': 'html', 'lang': language})}"


def _id(document: dict[str, Any]) -> str:
    """As it stands in an address."""
    return quote(str(document.get("id") or document.get("title")), safe="")
