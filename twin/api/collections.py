"""OGC API Features over all sites: /conformance, /collections, their queryables and items (17-069r4, 18-058r1, 19-079r2)."""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import Path, Query, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.background import BackgroundTask
from starlette.responses import Response

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.geojson_documents import Feature, FeatureCollection, JsonFgFeature, JsonFgFeatureCollection, reference
from twin.api.item_documents import CollectionDocument, CollectionList, Conformance, Queryables
from twin.api.router import Router
from twin.api.sending import EACH_TIME
from twin.auth import Action, Principal, allows, permitted_labels
from twin.errors import Invalid
from twin.queries.cql2 import parse
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.box import parse_box
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.crs import CRS84, CRS84H, OutputCrs, find_crs, list_crs
from twin.queries.items.documents import CONFORMANCE, collection_document, queryables_document
from twin.queries.items.encode import JSONFG_CLASSES, features_of
from twin.queries.items.item import Item
from twin.queries.items.parquet import MEDIA_TYPE, write_parquet
from twin.queries.items.query import item_query
from twin.queries.items.queryables import PARAMETERS, equals
from twin.queries.items.time import parse_datetime
from twin.queries.records.context import reader_of

__all__ = ["router"]

router = Router(tags=["collections"], responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]
CollectionId = Annotated[str, Path(description=bilingual("集合", "id of the collection"))]
ItemId = Annotated[str, Path(description=bilingual("要素", "id of the item"))]
Form = Annotated[Literal["json", "geojson", "jsonfg"], Query(description=bilingual("格式", "format"))]
Crs = Annotated[str | None, Query(description=bilingual("坐标参考系 URI", "URI of the CRS of the answer; default lon, lat"))]
When = Annotated[str | None, Query(description=bilingual("时点或时段,RFC 3339", "instant or interval, RFC 3339: as of then"))]
GEOJSON, JSONFG, SCHEMA = "application/geo+json", "application/vnd.ogc.fg+json", "application/schema+json"
CONTENT_CRS = {
    "description": bilingual("坐标参考系", "the CRS of the coordinates, in angle brackets (OGC 18-058r1)"),
    "schema": {"type": "string", "pattern": "^<.+>$"},
}
BY_NAME = {
    "name": "queryables",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": bilingual(
        "可查询的属性等于", "NAME=VALUE: a queryable of the collection equals, /collections/{collection_id}/queryables"
    ),
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
ITEM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "GeoJSON or JSON-FG",
        "headers": {"Content-Crs": CONTENT_CRS},
        "content": {GEOJSON: {"schema": reference(Feature)}, JSONFG: {"schema": reference(JsonFgFeature)}},
    }
}
PAGES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "GeoJSON, JSON-FG or GeoParquet",
        "headers": {"Content-Crs": CONTENT_CRS},
        "content": {
            GEOJSON: {"schema": reference(FeatureCollection)},
            JSONFG: {"schema": reference(JsonFgFeatureCollection)},
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
SCHEMA_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "JSON Schema", "content": {SCHEMA: {"schema": reference(Queryables)}}}
}


def catalogue_of(request: Request) -> Catalogue:
    """The collections of the process."""
    found: Catalogue = request.app.state.catalogue
    return found


@router.get("/conformance", summary=bilingual("所符合的标准", "the conformance classes"), response_model=Conformance)
def read_conformance(request: Request, principal: Reader) -> dict[str, Any]:
    """符合的一致性类。The conformance classes that the service conforms to."""
    _known(request, ("f",))
    return {"conformsTo": list(CONFORMANCE)}


@router.get("/collections", summary=bilingual("集合列表", "the collections"), response_model=CollectionList)
def list_collections(request: Request, principal: Reader, f: Literal["json"] = "json") -> dict[str, Any]:
    """每类要素一个集合,每个导入的图层一个集合。One a kind of features, one an imported layer."""
    _known(request, ("f",))
    catalogue, reader = catalogue_of(request), _reader(request, principal)
    with catalogue.store.database.reading() as connection:
        found = [collection_document(connection, catalogue, one, reader, _offered(reader)) for one in catalogue.collections(reader)]
    links = [{"rel": "self", "href": "/collections", "type": "application/json", "title": "collections"}]
    return _absolute(request, {"links": links, "collections": found})


@router.get("/collections/{collection_id}", summary=bilingual("一个集合", "one collection"), response_model=CollectionDocument)
def read_collection(request: Request, principal: Reader, collection_id: CollectionId, f: Literal["json"] = "json") -> dict[str, Any]:
    """范围、坐标参考系、链接。Its extent, reference systems and links."""
    _known(request, ("f",))
    catalogue, reader = catalogue_of(request), _reader(request, principal)
    collection = catalogue.get(reader, collection_id)
    with catalogue.store.database.reading() as connection:
        return _absolute(request, collection_document(connection, catalogue, collection, reader, _offered(reader)))


@router.get(
    "/collections/{collection_id}/queryables",
    summary=bilingual("可查询的属性", "what a filter may name"),
    responses=SCHEMA_ANSWER,
    response_class=Response,
)
def read_queryables(request: Request, principal: Reader, collection_id: CollectionId, f: Literal["json"] = "json") -> Response:
    """JSON Schema。What can be asked of its items, as JSON Schema."""
    _known(request, ("f",))
    reader = _reader(request, principal)
    collection = catalogue_of(request).get(reader, collection_id)
    return JSONResponse(queryables_document(collection, reader), media_type=SCHEMA)


@router.get(
    "/collections/{collection_id}/items",
    summary=bilingual("要素", "items: a page"),
    responses=PAGES,
    response_class=Response,
    openapi_extra={"parameters": [BY_NAME]},
)
def list_items(
    request: Request,
    principal: Reader,
    collection_id: CollectionId,
    bbox: Annotated[str | None, Query(description=bilingual("范围,4 或 6 个数", "four or six numbers"))] = None,
    bbox_crs: Annotated[str | None, Query(alias="bbox-crs", description=bilingual("范围的坐标参考系", "URI of the CRS of bbox"))] = None,
    crs: Crs = None,
    datetime: When = None,
    filter: Annotated[str | None, Query(description=bilingual("CQL2 条件", "a filter in CQL2"))] = None,
    filter_lang: Annotated[
        Literal["cql2-text", "cql2-json"], Query(alias="filter-lang", description=bilingual("条件的写法", "the language of filter"))
    ] = "cql2-text",
    filter_crs: Annotated[
        str | None, Query(alias="filter-crs", description=bilingual("条件中几何的坐标参考系", "URI of the CRS of geometries in filter"))
    ] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description=bilingual("每页至多", "at most so many a page"))] = 100,
    after: Annotated[str, Query(max_length=1000, description=bilingual("由 next 链接给出", "given by the next link"))] = "",
    f: Annotated[
        Literal["json", "geojson", "jsonfg", "parquet"],
        Query(description=bilingual("格式;parquet 为全部", "format; parquet is everything that matches, in one file")),
    ] = "geojson",
) -> Response:
    """可查询的属性可直接作参数。What can be queried is a parameter too: `?class=IfcDoor`; `next` links lead on."""
    catalogue, reader = catalogue_of(request), _reader(request, principal)
    collection = catalogue.get(reader, collection_id)
    offered = _offered(reader)
    wanted = find_crs(crs, offered) if crs is not None else None
    if bbox is None and bbox_crs is not None:
        raise Invalid("bbox-crs without bbox", path="bbox-crs", code="PARAMETER_INVALID")
    filters = [equals(collection, reader, name, text) for name, text in _given(request) if name not in PARAMETERS]
    if filter is not None:
        filters.append(parse(filter, filter_lang))
    asked = Asked(
        box=parse_box(bbox, find_crs(bbox_crs, offered, "bbox-crs") if bbox_crs else None) if bbox is not None else None,
        span=parse_datetime(datetime) if datetime is not None else None,
        filters=tuple(filters),
        filter_crs=find_crs(filter_crs, offered, "filter-crs") if filter_crs is not None else None,
    )
    if f == "parquet":
        return _parquet(catalogue, collection, reader, asked, wanted)
    with catalogue.store.database.reading() as connection:
        query = item_query(connection, catalogue, collection, reader, asked)
        page, matched = query.page(after=after, limit=limit), query.count()
    return _page(request, collection, reader, page, matched, wanted, jsonfg=f == "jsonfg")


@router.get(
    "/collections/{collection_id}/items/{item_id:path}",
    summary=bilingual("一个要素", "one item"),
    responses=ITEM,
    response_class=Response,
)
def get_item(
    request: Request,
    principal: Reader,
    collection_id: CollectionId,
    item_id: ItemId,
    crs: Crs = None,
    datetime: When = None,
    f: Form = "geojson",
) -> Response:
    """一个要素,现在或某一时点。One item, now or as of a time."""
    _known(request, ("crs", "datetime", "f"))
    catalogue, reader = catalogue_of(request), _reader(request, principal)
    collection = catalogue.get(reader, collection_id)
    wanted = find_crs(crs, _offered(reader)) if crs is not None else None
    span = parse_datetime(datetime) if datetime is not None else None
    with catalogue.store.database.reading() as connection:
        item = item_query(connection, catalogue, collection, reader, Asked(span=span)).one(item_id)
    given = _crs_of([item], wanted)
    feature = features_of([item], reader.sites, given, jsonfg=f == "jsonfg", feature_type=collection.id)[0]
    href = f"/collections/{quote(collection.id, safe='')}"
    feature["links"] = [
        {"rel": "self", "href": f"{href}/items/{quote(item.id, safe='')}", "type": GEOJSON, "title": item.id},
        {"rel": "collection", "href": href, "type": "application/json", "title": collection.id},
    ]
    if f == "jsonfg":
        feature["conformsTo"] = list(JSONFG_CLASSES)
    return _answer(_absolute(request, feature), given, jsonfg=f == "jsonfg")


def _page(
    request: Request,
    collection: Collection,
    reader: ItemReader,
    page: ItemPage,
    matched: int | None,
    wanted: OutputCrs | None,
    *,
    jsonfg: bool,
) -> Response:
    given = _crs_of(page.items, wanted)
    features = features_of(page.items, reader.sites, given, jsonfg=jsonfg, feature_type=collection.id)
    media = JSONFG if jsonfg else GEOJSON
    path, query = request.url.path, _given(request)
    links = [{"rel": "self", "href": f"{path}?{urlencode(query)}" if query else path, "type": media, "title": "this page"}]
    if page.after is not None:
        following = [(name, value) for name, value in query if name != "after"]
        href = f"{path}?{urlencode([*following, ('after', str(page.after))])}"
        links.append({"rel": "next", "href": href, "type": media, "title": "the next page"})
    document: dict[str, Any] = {"type": "FeatureCollection", "links": links, "numberReturned": len(features)}
    if matched is not None:
        document["numberMatched"] = matched
    if jsonfg:
        document |= {"conformsTo": list(JSONFG_CLASSES), "featureType": collection.id}
    return _answer(_absolute(request, {**document, "features": features}), given, jsonfg=jsonfg)


def _parquet(catalogue: Catalogue, collection: Collection, reader: ItemReader, asked: Asked, wanted: OutputCrs | None) -> Response:
    if wanted is not None and wanted.plan is not None:
        raise Invalid("a GeoParquet file is in degrees", path="crs", code="PARAMETER_INVALID", hint=f"leave crs out, or {CRS84}")
    handle, name = tempfile.mkstemp(suffix=".parquet")
    os.close(handle)
    try:
        with catalogue.store.database.reading() as connection:
            write_parquet(FilePath(name), collection, reader, item_query(connection, catalogue, collection, reader, asked))
    except BaseException:
        FilePath(name).unlink()
        raise
    return FileResponse(
        name,
        media_type=MEDIA_TYPE,
        filename=f"{collection.id}.parquet",
        headers={"Cache-Control": EACH_TIME},
        background=BackgroundTask(FilePath(name).unlink),
    )


def _answer(document: dict[str, Any], given: OutputCrs, *, jsonfg: bool) -> Response:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, media_type=JSONFG if jsonfg else GEOJSON, headers={"Content-Crs": f"<{given.uri}>"})


def _crs_of(items: Sequence[Item], wanted: OutputCrs | None) -> OutputCrs:
    """What is asked for, else lon, lat, with heights where the items have them."""
    if wanted is not None:
        return wanted
    high = any(item.geometry is not None and item.geometry.has_z for item in items)
    return OutputCrs(CRS84H, None, "ellipsoidal") if high else OutputCrs(CRS84, None, "none")


def _reader(request: Request, principal: Principal) -> ItemReader:
    records = reader_of(principal) if allows(principal, Action.READ_RECORD) else None
    return catalogue_of(request).reader(principal.scopes, permitted_labels(principal), records)


def _offered(reader: ItemReader) -> list[OutputCrs]:
    return list_crs([site.crs for site in reader.sites.values()])


def _given(request: Request) -> list[tuple[str, str]]:
    given = request.query_params.multi_items()
    twice = [name for name, _ in given if request.query_params.getlist(name)[1:]]
    if twice:
        raise Invalid(f"{twice[0]} is given twice", path=twice[0], code="PARAMETER_INVALID")
    return given


def _known(request: Request, names: Sequence[str]) -> None:
    unknown = [name for name, _ in _given(request) if name not in names]
    if unknown:
        hint = f"one of: {', '.join(names)}"
        raise Invalid(f"{unknown[0]} is no parameter here", path=unknown[0], code="PARAMETER_INVALID", hint=hint)


def _absolute(request: Request, document: dict[str, Any]) -> dict[str, Any]:
    """The document with its links as whole addresses: programs of others do not know where a path begins."""
    base = str(request.base_url).rstrip("/")
    for one in (document, *document.get("collections", ())):
        one["links"] = [link | {"href": f"{base}{link['href']}"} for link in one["links"]]
    return document
