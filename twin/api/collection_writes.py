"""Records, zones, cameras, gates … written through their collections (OGC 20-002r1, draft of OGC API Features Part 4).

What is written, checked and kept is what `/records` does (`twin.queries.records.editing`); here it comes and goes as GeoJSON.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Body, Depends, Header, Request
from starlette.responses import Response

from twin.api.collections import CONTENT_CRS, CollectionId, ItemId, catalogue_of, item_reader, methods_of
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.geojson_documents import Feature as GeoJsonFeature
from twin.api.geojson_documents import reference
from twin.api.item_answers import answer_item
from twin.api.negotiation import GEOJSON, JSON
from twin.api.preconditions import IfMatch, seen_version, stale
from twin.api.problems import MethodNotAllowed
from twin.api.registers import Clerk, registers_of
from twin.api.router import Router
from twin.auth import Action, Principal
from twin.codes import RecordKind
from twin.errors import Invalid, MediaUnsupported, NotFound, Refused
from twin.queries.items.asked import Asked
from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.query import item_query
from twin.queries.items.writing import values_of_feature
from twin.queries.records.context import reader_of
from twin.queries.records.editing import change_record, create_record, finish_record

__all__ = ["router"]

MERGE_PATCH = "application/merge-patch+json"
FEATURES, PATCHES = (GEOJSON, JSON), (MERGE_PATCH, GEOJSON, JSON)
CRS84 = ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "http://www.opengis.net/def/crs/OGC/0/CRS84h")
FROM_FILE: dict[int | str, dict[str, Any]] = {
    405: {"description": bilingual("来自文件,请提更正", "it came from a file: file a correction")}
}
FEATURE: dict[str, Any] = {
    "description": bilingual("写入后的要素", "the feature as it is now"),
    "content": {GEOJSON: {"schema": reference(GeoJsonFeature)}},
    "headers": {"Content-Crs": CONTENT_CRS},
}
WRITTEN: dict[int | str, dict[str, Any]] = {
    200: FEATURE,
    204: {"description": bilingual("已写入,您不可知", "written, and not for you to know of")},
}
router = Router(tags=["collections"], responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]
ContentCrs = Annotated[str, Header(description=bilingual("几何的坐标参考系", "the CRS of the geometry: lon, lat"))]


def _of(*media: str) -> Any:
    """A dependency that lets only bodies of some media types pass, in the default reference system."""

    def check(request: Request, content_crs: ContentCrs = "") -> None:
        said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if said not in media:
            hint = f"one of: {', '.join(media)}"
            raise MediaUnsupported(
                f"{said or 'a body without a type'} is not taken here", path="Content-Type", code="BODY_TYPE_REFUSED", hint=hint
            )
        crs = content_crs.strip("<> ")
        if crs and crs not in CRS84:
            raise Invalid(f"Content-Crs {crs} is not taken", path="Content-Crs", code="PARAMETER_INVALID", hint=f"lon, lat: {CRS84[0]}")

    return Depends(check)


Feature = Annotated[dict[str, Any], Body(media_type=GEOJSON, description=bilingual("GeoJSON 要素", "a GeoJSON feature"))]
Patch = Annotated[dict[str, Any], Body(media_type=MERGE_PATCH, description=bilingual("合并补丁,RFC 7396", "a merge patch of the feature"))]


@router.post(
    "/collections/{collection_id}/items",
    summary=bilingual("新增要素", "a new item"),
    dependencies=[_of(*FEATURES)],
    status_code=201,
    response_class=Response,
    responses={**FROM_FILE, 201: FEATURE},
)
def add_item(request: Request, principal: Clerk, collection_id: CollectionId, feature: Feature) -> Response:
    """登记的集合可新增,属性即各列。Into a collection of records; its properties are the columns. `Location` names it."""
    collection, reader, kind = _writable(request, principal, collection_id)
    values = values_of_feature(kind, feature, None, whole=True)
    document, _ = create_record(registers_of(request), kind, values, reader_of(principal))
    answer = _answer(request, collection, reader, document["key"], status=201)
    answer.headers["Location"] = f"{str(request.base_url).rstrip('/')}{_path(collection, document['key'])}"
    return answer


@router.put(
    "/collections/{collection_id}/items/{item_id:path}",
    summary=bilingual("替换要素", "an item replaced"),
    dependencies=[_of(*FEATURES)],
    response_class=Response,
    responses={**FROM_FILE, **WRITTEN},
)
def replace_item(
    request: Request, principal: Clerk, collection_id: CollectionId, item_id: ItemId, feature: Feature, if_match: IfMatch = ""
) -> Response:
    """未给出的列变为空;须带 If-Match。Columns that are not given become empty; with `If-Match`."""
    return _changed(request, principal, collection_id, item_id, feature, if_match, whole=True)


@router.patch(
    "/collections/{collection_id}/items/{item_id:path}",
    summary=bilingual("修改要素", "an item changed"),
    dependencies=[_of(*PATCHES)],
    response_class=Response,
    responses={**FROM_FILE, **WRITTEN},
)
def change_item(
    request: Request, principal: Clerk, collection_id: CollectionId, item_id: ItemId, patch: Patch, if_match: IfMatch = ""
) -> Response:
    """合并补丁:只改给出的成员,null 为空;须带 If-Match。A merge patch: what it names, null empties; with `If-Match`."""
    return _changed(request, principal, collection_id, item_id, patch, if_match, whole=False)


@router.delete(
    "/collections/{collection_id}/items/{item_id:path}",
    summary=bilingual("终止要素", "an item ended"),
    status_code=204,
    response_class=Response,
    responses=FROM_FILE,
)
def end_item(request: Request, principal: Clerk, collection_id: CollectionId, item_id: ItemId, if_match: IfMatch = "") -> Response:
    """终止有效期,不删除任何内容;须带 If-Match。Ends its validity, erases nothing; with `If-Match`."""
    _, _, kind = _writable(request, principal, collection_id)
    version = seen_version(if_match)
    try:
        finish_record(registers_of(request), kind, item_id, reader_of(principal), version=version)
    except Refused as error:
        raise stale(error) from error
    return Response(status_code=204)


@router.options(
    "/collections/{collection_id}/items", summary=bilingual("可用方法", "what can be done"), status_code=204, response_class=Response
)
def read_items_options(request: Request, principal: Reader, collection_id: CollectionId) -> Response:
    """`Allow` 与 `Accept-Post`。What this reader may do here."""
    writes = "POST" in _methods(request, principal, collection_id)
    return Response(
        status_code=204,
        headers={"Allow": "GET, HEAD, OPTIONS, POST", "Accept-Post": ", ".join(FEATURES)} if writes else {"Allow": "GET, HEAD, OPTIONS"},
    )


@router.options(
    "/collections/{collection_id}/items/{item_id:path}",
    summary=bilingual("可用方法", "what can be done"),
    status_code=204,
    response_class=Response,
)
def read_item_options(request: Request, principal: Reader, collection_id: CollectionId, item_id: ItemId) -> Response:
    """`Allow` 与 `Accept-Patch`。What this reader may do with an item."""
    methods = [one for one in _methods(request, principal, collection_id) if one != "POST"]
    patches = {"Accept-Patch": ", ".join(PATCHES)} if methods else {}
    return Response(status_code=204, headers={"Allow": ", ".join(["GET", "HEAD", "OPTIONS", *methods]), **patches})


def _changed(
    request: Request, principal: Principal, collection_id: str, item_id: str, feature: Mapping[str, Any], if_match: str, *, whole: bool
) -> Response:
    collection, reader, kind = _writable(request, principal, collection_id)
    version = seen_version(if_match)
    values = values_of_feature(kind, feature, _item(request, collection, reader, item_id), whole=whole)
    try:
        document, _ = change_record(registers_of(request), kind, item_id, values, reader_of(principal), version=version, replace=whole)
    except Refused as error:
        raise stale(error) from error
    return _answer(request, collection, reader, document["key"])


def _answer(request: Request, collection: Collection, reader: ItemReader, key: str, *, status: int = 200) -> Response:
    """The item as it is now; nothing of one that its writer may not know of any more."""
    try:
        item = _item(request, collection, reader, key)
    except NotFound:
        return Response(status_code=status if status == 201 else 204)
    return answer_item(request, collection, reader, item, None, media=GEOJSON, status=status)


def _item(request: Request, collection: Collection, reader: ItemReader, key: str) -> Item:
    catalogue = catalogue_of(request)
    with catalogue.store.database.reading() as connection:
        return item_query(connection, catalogue, collection, reader, Asked()).one(key)


def _writable(request: Request, principal: Principal, collection_id: str) -> tuple[Collection, ItemReader, RecordKind]:
    """The collection of records, who asks, the kind; raises NotFound, MethodNotAllowed for what came from a file."""
    reader = item_reader(request, principal)
    collection = catalogue_of(request).get(reader, collection_id)
    if collection.record is None:
        what = f"{request.method} {request.url.path}: {collection.id} came from files and settings, which are not written here"
        raise MethodNotAllowed(what, path=request.url.path, hint='POST /requests {"kind": "correction", …}, or import the corrected file')
    return collection, reader, collection.record


def _methods(request: Request, principal: Principal, collection_id: str) -> tuple[str, ...]:
    reader = item_reader(request, principal)
    return methods_of(catalogue_of(request).get(reader, collection_id), principal)


def _path(collection: Collection, key: str) -> str:
    return f"/collections/{quote(collection.id, safe='')}/items/{quote(key, safe='')}"
