"""OGC API Features over all sites: /conformance, /collections, what can be asked of them and their items (17-069r4, 18-058r1, 19-079r2)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from tiles import ManifestInvalid
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.geojson_documents import Feature, FeatureCollection, JsonFgFeature, JsonFgFeatureCollection, reference
from twin.api.item_answers import absolute, answer_item, answer_page, answer_parquet, given_parameters, next_href
from twin.api.item_documents import CollectionDocument, CollectionList, Conformance, Queryables
from twin.api.negotiation import GEOJSON, HTML, JSON, JSONFG, Lang, PageForm, chosen_form, chosen_language
from twin.api.pages.collections import collection_page, collections_page, properties_page
from twin.api.pages.frame import send_page
from twin.api.pages.items import item_page, items_page
from twin.api.pages.service import conformance_page
from twin.api.published import Published
from twin.api.router import Router
from twin.auth import Action, Principal, allows, permitted_labels
from twin.errors import Invalid
from twin.queries.cql2 import parse
from twin.queries.items.asked import Asked
from twin.queries.items.box import parse_box
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.crs import OutputCrs, find_crs, list_crs
from twin.queries.items.documents import CONFORMANCE, collection_document, feature_schema, queryables_document, sortables_document
from twin.queries.items.parquet import MEDIA_TYPE
from twin.queries.items.query import item_query
from twin.queries.items.queryables import PARAMETERS, equals, sortable_types
from twin.queries.items.schema_document import schema_document
from twin.queries.items.sorting import parse_sortby
from twin.queries.items.time import parse_datetime
from twin.queries.records.context import reader_of

__all__ = ["CONTENT_CRS", "CollectionId", "ItemId", "catalogue_of", "item_reader", "methods_of", "router"]

router = Router(tags=["collections"], responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]
CollectionId = Annotated[str, Path(description=bilingual("集合", "id of the collection"))]
ItemId = Annotated[str, Path(description=bilingual("要素", "id of the item"))]
Crs = Annotated[str | None, Query(description=bilingual("坐标参考系 URI", "URI of the CRS of the answer; default lon, lat"))]
When = Annotated[str | None, Query(description=bilingual("时点或时段,RFC 3339", "instant or interval, RFC 3339: as of then"))]
SCHEMA = "application/schema+json"
PAGE = {HTML: {"schema": {"type": "string"}}}
ITEM_FORMS = {"geojson": (GEOJSON, JSON), "jsonfg": (JSONFG,), "html": (HTML,)}
PAGE_FORMS = {**ITEM_FORMS, "parquet": (MEDIA_TYPE,)}
FORMS = {"json": (JSON,), "html": (HTML,)}
SCHEMA_FORMS = {"json": (SCHEMA, JSON), "html": (HTML,)}
MEDIA = {"json": GEOJSON, "geojson": GEOJSON, "jsonfg": JSONFG}
AS_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": PAGE}}
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
        "description": "GeoJSON, JSON-FG or a page",
        "headers": {"Content-Crs": CONTENT_CRS},
        "content": {GEOJSON: {"schema": reference(Feature)}, JSONFG: {"schema": reference(JsonFgFeature)}, **PAGE},
    }
}
PAGES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "GeoJSON, JSON-FG, GeoParquet or a page",
        "headers": {"Content-Crs": CONTENT_CRS},
        "content": {
            GEOJSON: {"schema": reference(FeatureCollection)},
            JSONFG: {"schema": reference(JsonFgFeatureCollection)},
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
            **PAGE,
        },
    }
}
SCHEMA_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "JSON Schema", "content": {SCHEMA: {"schema": reference(Queryables)}, **PAGE}}
}
Forms = Literal["json", "geojson", "jsonfg", "html"]


def catalogue_of(request: Request) -> Catalogue:
    """The collections of the process."""
    found: Catalogue = request.app.state.catalogue
    return found


@router.get("/conformance", summary=bilingual("所符合的标准", "the conformance classes"), response_model=Conformance, responses=AS_PAGE)
def read_conformance(request: Request, principal: Reader, f: PageForm = None, lang: Lang = None) -> Response:
    """符合的一致性类。The conformance classes that the service conforms to."""
    _known(request, ("f", "lang"))
    if chosen_form(request, f, FORMS) == "html":
        language = chosen_language(request, lang)
        return send_page(request, conformance_page(CONFORMANCE, language), language)
    return _json({"conformsTo": list(CONFORMANCE)})


@router.get("/collections", summary=bilingual("集合列表", "the collections"), response_model=CollectionList, responses=AS_PAGE)
def list_collections(request: Request, principal: Reader, f: PageForm = None, lang: Lang = None) -> Response:
    """每类要素一个集合,每个导入的图层一个集合。One a kind of features, one an imported layer."""
    _known(request, ("f", "lang"))
    reader = item_reader(request, principal)
    collections = catalogue_of(request).collections(reader)
    documents = _documents(request, principal, reader, collections)
    if chosen_form(request, f, FORMS) == "html":
        language = chosen_language(request, lang)
        return send_page(request, collections_page(list(zip(collections, documents, strict=True)), language), language)
    links = [
        {"rel": "self", "href": "/collections", "type": JSON, "title": "collections"},
        {"rel": "alternate", "href": "/collections?f=html", "type": HTML, "title": "HTML"},
    ]
    return _json(absolute(request, {"links": links, "collections": documents}))


@router.get(
    "/collections/{collection_id}", summary=bilingual("一个集合", "one collection"), response_model=CollectionDocument, responses=AS_PAGE
)
def read_collection(request: Request, principal: Reader, collection_id: CollectionId, f: PageForm = None, lang: Lang = None) -> Response:
    """范围、坐标参考系、链接。Its extent, reference systems and links."""
    _known(request, ("f", "lang"))
    reader = item_reader(request, principal)
    collection = catalogue_of(request).get(reader, collection_id)
    document = _documents(request, principal, reader, [collection])[0]
    if chosen_form(request, f, FORMS) == "html":
        language, methods = chosen_language(request, lang), methods_of(collection, principal)
        return send_page(request, collection_page(collection, document, methods, language), language)
    return _json(absolute(request, document))


@router.get(
    "/collections/{collection_id}/queryables",
    summary=bilingual("可查询的属性", "what a filter may name"),
    responses=SCHEMA_ANSWER,
    response_class=Response,
)
def read_queryables(request: Request, principal: Reader, collection_id: CollectionId, f: PageForm = None, lang: Lang = None) -> Response:
    """JSON Schema。What can be asked of its items, as JSON Schema."""
    reader = item_reader(request, principal)
    collection = catalogue_of(request).get(reader, collection_id)
    return _schema(request, collection, queryables_document(collection, reader), "queryables", f, lang)


@router.get(
    "/collections/{collection_id}/sortables",
    summary=bilingual("可排序的属性", "what sortby may name"),
    responses=SCHEMA_ANSWER,
    response_class=Response,
)
def read_sortables(request: Request, principal: Reader, collection_id: CollectionId, f: PageForm = None, lang: Lang = None) -> Response:
    """JSON Schema。What its items can be put in order by, as JSON Schema."""
    reader = item_reader(request, principal)
    collection = catalogue_of(request).get(reader, collection_id)
    return _schema(request, collection, sortables_document(collection, reader), "sortables", f, lang)


@router.get(
    "/collections/{collection_id}/feature-schema",
    summary=bilingual("要素的结构", "what a feature looks like"),
    responses={200: {"description": "JSON Schema", "content": {SCHEMA: {"schema": {"type": "object"}}}}},
    response_class=Response,
)
def read_feature_schema(request: Request, principal: Reader, collection_id: CollectionId) -> Response:
    """JSON Schema,GDAL 等据此定字段类型。Types of the columns, which GDAL and others read."""
    reader = item_reader(request, principal)
    document = feature_schema(catalogue_of(request).get(reader, collection_id), reader)
    return JSONResponse(document | {"$id": f"{str(request.base_url).rstrip('/')}{document['$id']}"}, media_type=SCHEMA)


@router.get(
    "/collections/{collection_id}/schema",
    summary=bilingual("要素的属性", "what its items have"),
    responses=SCHEMA_ANSWER,
    response_class=Response,
)
def read_schema(request: Request, principal: Reader, collection_id: CollectionId, f: PageForm = None, lang: Lang = None) -> Response:
    """JSON Schema,带单位与角色。Properties with titles, units and roles, as JSON Schema (OGC API Features Part 5, draft)."""
    reader = item_reader(request, principal)
    collection = catalogue_of(request).get(reader, collection_id)
    return _schema(request, collection, schema_document(collection, reader), "schema", f, lang)


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
    sortby: Annotated[str | None, Query(description=bilingual("排序:+升 -降,逗号分隔", "+up, -down, by commas; nulls last"))] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description=bilingual("每页至多", "at most so many a page"))] = 100,
    after: Annotated[str, Query(max_length=20_000, description=bilingual("由 next 链接给出", "given by the next link"))] = "",
    f: Annotated[
        Literal["json", "geojson", "jsonfg", "html", "parquet"] | None,
        Query(description=bilingual("格式,默认按 Accept;parquet 为全部", "format; parquet is everything that matches, in one file")),
    ] = None,
    lang: Lang = None,
) -> Response:
    """可查询的属性可直接作参数。What can be queried is a parameter too: `?class=IfcDoor`; `next` links lead on."""
    catalogue, reader = catalogue_of(request), item_reader(request, principal)
    collection = catalogue.get(reader, collection_id)
    form = chosen_form(request, f, PAGE_FORMS)
    if form == "html":  # a form of a page sends what was left empty
        filter, sortby = filter or None, sortby or None
    offered = _offered(reader)
    wanted = find_crs(crs, offered) if crs is not None else None
    if bbox is None and bbox_crs is not None:
        raise Invalid("bbox-crs without bbox", path="bbox-crs", code="PARAMETER_INVALID")
    filters = [equals(collection, reader, name, text) for name, text in given_parameters(request) if name not in PARAMETERS]
    if filter is not None:
        filters.append(parse(filter, filter_lang))
    sortables = list(sortable_types(collection, reader))
    asked = Asked(
        box=parse_box(bbox, find_crs(bbox_crs, offered, "bbox-crs") if bbox_crs else None) if bbox is not None else None,
        span=parse_datetime(datetime) if datetime is not None else None,
        filters=tuple(filters),
        filter_crs=find_crs(filter_crs, offered, "filter-crs") if filter_crs is not None else None,
        sort=parse_sortby(sortby, sortables) if sortby is not None else (),
    )
    if form == "parquet":
        return answer_parquet(catalogue, collection, reader, asked, wanted)
    with catalogue.store.database.reading() as connection:
        query = item_query(connection, catalogue, collection, reader, asked)
        page, matched = query.page(after=after, limit=limit), query.count()
    if form == "html":
        language = chosen_language(request, lang)
        following = next_href(request, page)
        return send_page(request, items_page(request, collection, page, matched, sortables, following, language), language)
    return answer_page(request, collection, reader, page, matched, wanted, media=MEDIA[form])


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
    f: Annotated[Forms | None, Query(description=bilingual("格式,默认按 Accept", "format; default by Accept"))] = None,
    lang: Lang = None,
) -> Response:
    """一个要素,现在或某一时点;登记的 ETag 用于修改。One item, now or as of a time; of a record the ETag is for changes."""
    _known(request, ("crs", "datetime", "f", "lang"))
    catalogue, reader = catalogue_of(request), item_reader(request, principal)
    collection = catalogue.get(reader, collection_id)
    wanted = find_crs(crs, _offered(reader)) if crs is not None else None
    span = parse_datetime(datetime) if datetime is not None else None
    with catalogue.store.database.reading() as connection:
        item = item_query(connection, catalogue, collection, reader, Asked(span=span)).one(item_id)
    form = chosen_form(request, f, ITEM_FORMS)
    if form == "html":
        language = chosen_language(request, lang)
        return send_page(request, item_page(collection, item, language), language)
    return answer_item(request, collection, reader, item, wanted, media=MEDIA[form])


def item_reader(request: Request, principal: Principal) -> ItemReader:
    """Who asks, as collections take it."""
    records = reader_of(principal) if allows(principal, Action.READ_RECORD) else None
    return catalogue_of(request).reader(principal.scopes, permitted_labels(principal), records)


def methods_of(collection: Collection, principal: Principal) -> tuple[str, ...]:
    """What a principal may do with a collection's items beside reading them."""
    writes = collection.record is not None and allows(principal, Action.WRITE_RECORD)
    return ("POST", "PUT", "PATCH", "DELETE") if writes else ()


def _documents(request: Request, principal: Principal, reader: ItemReader, collections: Sequence[Collection]) -> list[dict[str, Any]]:
    catalogue, offered, tiled = catalogue_of(request), _offered(reader), _tiled(request, principal, reader)
    with catalogue.store.database.reading() as connection:
        return [collection_document(connection, catalogue, one, reader, offered, tiled) for one in collections]


def _tiled(request: Request, principal: Principal, reader: ItemReader) -> set[str]:
    """The sites of which the reader gets 3D Tiles."""
    published: Published = request.app.state.published
    return {code for code in reader.sites if allows(principal, Action.READ_TILES) and _has_tiles(published, code, principal)}


def _has_tiles(published: Published, code: str, principal: Principal) -> bool:
    try:
        return any(manifest.seen_by(permitted_labels(principal)).contents for manifest in published.manifests(code))
    except ManifestInvalid:
        return False


def _offered(reader: ItemReader) -> list[OutputCrs]:
    return list_crs([site.crs for site in reader.sites.values()])


def _schema(request: Request, collection: Collection, document: dict[str, Any], name: str, f: str | None, lang: Any) -> Response:
    _known(request, ("f", "lang"))
    if chosen_form(request, f, SCHEMA_FORMS) == "html":
        language = chosen_language(request, lang)
        return send_page(request, properties_page(collection, document, name, language), language)
    whole = document | {"$id": f"{str(request.base_url).rstrip('/')}{document['$id']}"}
    return JSONResponse(whole, media_type=SCHEMA, headers={"Vary": "Accept"})


def _json(document: dict[str, Any]) -> Response:
    return JSONResponse(document, headers={"Vary": "Accept"})


def _known(request: Request, names: Sequence[str]) -> None:
    unknown = [name for name, _ in given_parameters(request) if name not in names]
    if unknown:
        hint = f"one of: {', '.join(names)}"
        raise Invalid(f"{unknown[0]} is no parameter here", path=unknown[0], code="PARAMETER_INVALID", hint=hint)
