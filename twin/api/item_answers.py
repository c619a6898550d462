"""Items as answers: GeoJSON, JSON-FG, GeoParquet; their links, their CRS, the tag that a change must name."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.responses import Response

from spatial.frame import Site
from spatial.source import bytes_sha256
from twin.api.negotiation import GEOJSON, HTML, JSON, JSONFG
from twin.api.sending import EACH_TIME, encode_json
from twin.errors import Invalid
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.crs import CRS84, CRS84H, OutputCrs
from twin.queries.items.encode import JSONFG_CLASSES, features_of, point_feature
from twin.queries.items.item import Item
from twin.queries.items.parquet import MEDIA_TYPE, write_parquet
from twin.queries.items.query import item_query

__all__ = [
    "absolute",
    "answer_item",
    "answer_page",
    "answer_parquet",
    "base_of",
    "given_parameters",
    "item_document",
    "item_tag",
    "next_href",
    "plain_crs",
]

NAMES = {GEOJSON: ("geojson", "GeoJSON"), JSONFG: ("jsonfg", "JSON-FG"), HTML: ("html", "HTML")}


def answer_page(
    request: Request,
    collection: Collection,
    reader: ItemReader,
    page: ItemPage,
    matched: int | None,
    wanted: OutputCrs | None,
    *,
    media: str,
) -> Response:
    """A page of items as a feature collection, with its links."""
    given = plain_crs(page.items) if wanted is None else wanted
    features = features_of(page.items, reader.sites, given, jsonfg=media == JSONFG, feature_type=collection.id)
    query = given_parameters(request)
    links = [_link("self", _href(request, query), media, "this page"), *_alternates(_path(request), query, media)]
    links.append(_link("collection", f"/collections/{quote(collection.id, safe='')}", JSON, collection.id))
    following = next_href(request, page)
    if following is not None:
        links.append(_link("next", following, media, "the next page"))
    document: dict[str, Any] = {"type": "FeatureCollection", "links": links, "numberReturned": len(features)}
    if matched is not None:
        document["numberMatched"] = matched
    if media == JSONFG:
        document |= {"conformsTo": list(JSONFG_CLASSES), "featureType": collection.id}
    return _answer(absolute(request, {**document, "features": features}), given, media)


def answer_item(
    request: Request, collection: Collection, reader: ItemReader, item: Item, wanted: OutputCrs | None, *, media: str, status: int = 200
) -> Response:
    """One item as a feature; of a record with the tag that `If-Match` of a change names."""
    given = plain_crs([item]) if wanted is None else wanted
    query = given_parameters(request) if request.method == "GET" else []
    document = item_document(item, reader.sites, collection.id, given, base_of(request), media=media, query=query)
    answer = _answer(document, given, media, status)
    if item.version is not None:
        answer.headers["ETag"] = item_tag(item, bytes(answer.body))
    return answer


def item_document(
    item: Item,
    sites: Mapping[str, Site],
    collection_id: str,
    crs: OutputCrs,
    base: str,
    *,
    media: str = GEOJSON,
    query: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """One item as a feature with its links; `base` is the address of the service, without a slash at its end."""
    shape = item.geometry
    if media != JSONFG and crs.uri == CRS84H and shape is not None and shape.geom_type == "Point" and shape.has_z:
        feature = point_feature(item)
    else:
        (feature,) = features_of([item], sites, crs, jsonfg=media == JSONFG, feature_type=collection_id)
    collection = f"{base}/collections/{_quoted(collection_id)}"
    own = f"{collection}/items/{_quoted(item.id)}"
    feature["links"] = [
        _link("self", f"{own}?{urlencode(query)}" if query else own, media, item.id),
        *_alternates(own, query, media),
        _link("collection", collection, JSON, collection_id),
    ]
    if media == JSONFG:
        feature["conformsTo"] = list(JSONFG_CLASSES)
    return feature


def plain_crs(items: Sequence[Item]) -> OutputCrs:
    """Lon, lat, with heights where the items have them."""
    high = any(item.geometry is not None and item.geometry.has_z for item in items)
    return OutputCrs(CRS84H, None, "ellipsoidal") if high else OutputCrs(CRS84, None, "none")


def item_tag(item: Item, content: bytes) -> str:
    """The ETag of a record as it is said here: `"VERSION-DIGEST"`, of which a change needs the version alone."""
    return f'"{item.version}-{bytes_sha256(content)[:16]}"'


def answer_parquet(catalogue: Catalogue, collection: Collection, reader: ItemReader, asked: Asked, wanted: OutputCrs | None) -> Response:
    """All that matches as one file, which is gone when it is sent."""
    if wanted is not None and wanted.plan is not None:
        raise Invalid("a GeoParquet file is in degrees", path="crs", code="PARAMETER_INVALID", hint=f"leave crs out, or {CRS84}")
    handle, name = tempfile.mkstemp(suffix=".parquet")
    os.close(handle)
    try:
        with catalogue.store.database.reading() as connection:
            write_parquet(Path(name), collection, reader, item_query(connection, catalogue, collection, reader, asked))
    except BaseException:
        Path(name).unlink()
        raise
    return FileResponse(
        name,
        media_type=MEDIA_TYPE,
        filename=f"{collection.id}.parquet",
        headers={"Cache-Control": EACH_TIME, "Vary": "Accept"},
        background=BackgroundTask(Path(name).unlink),
    )


def given_parameters(request: Request) -> list[tuple[str, str]]:
    """The parameters of the request in their order; raises Invalid for one that is given twice."""
    given = request.query_params.multi_items()
    twice = [name for name, _ in given if request.query_params.getlist(name)[1:]]
    if twice:
        raise Invalid(f"{twice[0]} is given twice", path=twice[0], code="PARAMETER_INVALID")
    return given


def next_href(request: Request, page: ItemPage) -> str | None:
    """The address of the following page; None on the last one."""
    if page.after is None:
        return None
    return _href(request, [*(pair for pair in given_parameters(request) if pair[0] != "after"), ("after", page.after)])


def base_of(request: Request) -> str:
    """The address of the service, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def absolute(request: Request, document: dict[str, Any]) -> dict[str, Any]:
    """The document with its links as whole addresses: programs of others do not know where a path begins."""
    base = base_of(request)
    for one in (document, *document.get("collections", ())):
        one["links"] = [link | {"href": f"{base}{link['href']}"} for link in one["links"]]
    return document


def _alternates(path: str, query: Sequence[tuple[str, str]], media: str) -> list[dict[str, str]]:
    """The same in the other forms."""
    kept = urlencode([pair for pair in query if pair[0] not in ("f", "lang")])
    asked = f"{path}?{kept}&" if kept else f"{path}?"
    return [_link("alternate", f"{asked}f={form}", other, title) for other, (form, title) in NAMES.items() if other != media]


def _href(request: Request, query: Sequence[tuple[str, str]]) -> str:
    path = _path(request)
    return f"{path}?{urlencode(query)}" if query else path


def _path(request: Request) -> str:
    return quote(request.url.path, safe="/:@!$&'()*+,;=~-._")


def _quoted(text: str) -> str:
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def _link(rel: str, href: str, media: str, title: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media, "title": title}


def _answer(document: dict[str, Any], given: OutputCrs, media: str, status: int = 200) -> Response:
    return Response(
        encode_json(document), status_code=status, media_type=media, headers={"Content-Crs": f"<{given.uri}>", "Vary": "Accept"}
    )
