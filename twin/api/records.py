"""Records of every kind: a page, one, its dossier, and what a person writes. One set of routes a kind, named by its plural."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from fastapi.responses import Response

from twin.api.columns import filter_parameters, values_body
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.preconditions import SeenVersion, stale, tagged
from twin.api.record_documents import Dossier, KindList, RecordDocument, RecordPage
from twin.api.registers import After, Clerk, Limit, ReaderOf, following, registers_of
from twin.api.router import Router
from twin.api.values import Day, Moment
from twin.codes import RecordKind, list_kinds
from twin.errors import Invalid, Refused
from twin.queries.records.context import reader_of
from twin.queries.records.dossier import record_dossier
from twin.queries.records.editing import change_record, create_record, finish_record
from twin.queries.records.listing import kind_list, read_record, record_page

__all__ = ["routers"]

kinds_router = Router(tags=["records"], responses=NOT_FOUND)
Key = Annotated[str, Path(description=bilingual("记录的键", "key of the record"))]
Values = Annotated[dict[str, Any], Body(description=bilingual("列名 → 值", "column → value"))]
AsOf = Annotated[Day | None, Query(description=bilingual("有效时点,默认今天", "the day values hold for; default today"))]
KnownAt = Annotated[Moment | None, Query(description=bilingual("知悉时点,默认此刻", "up to when things were known; default now"))]
Since = Annotated[Day | None, Query(description=bilingual("自何日起,默认今天", "from which day it holds; default today"))]
RESERVED = ("after", "limit")


@kinds_router.get("/records", summary=bilingual("登记种类", "kinds of records"), response_model=KindList)
def read_kinds(principal: ReaderOf) -> dict[str, Any]:
    """每一种登记及其各列。Each kind of records with its columns."""
    return kind_list(list_kinds(), reader_of(principal))


def _router_of(kind: RecordKind) -> APIRouter:
    router = Router(tags=["records"], responses=NOT_FOUND)
    one, many = f"/{kind.plural}/{{key:path}}", f"/{kind.plural}"

    def read_page(request: Request, principal: ReaderOf, after: After = None, limit: Limit = 100) -> dict[str, Any]:
        """按键排序;任何列可作条件,`_from`、`_to` 为范围。In the order of keys; any column filters, `_from` and `_to` are ranges."""
        given = [(name, value) for name, value in request.query_params.multi_items() if name not in RESERVED]
        return following(request, record_page(registers_of(request), kind, given, reader_of(principal), after=after, limit=limit))

    def read_dossier(request: Request, key: Key, principal: ReaderOf, as_of: AsOf = None, known_at: KnownAt = None) -> dict[str, Any]:
        """截至任意日期的一档。Everything known as of any day."""
        if known_at is not None and known_at.tzinfo is None:
            raise Invalid("known_at needs a time zone", path="known_at", code="FILTER_INVALID", hint="2026-01-31T12:00:00+08:00")
        return record_dossier(registers_of(request), kind, key, reader_of(principal), as_of=as_of, known_at=known_at)

    def read_one(request: Request, key: Key, principal: ReaderOf) -> Response:
        """现在的内容;ETag 用于修改。What it says now; the ETag is for changes."""
        return tagged(*read_record(registers_of(request), kind, key, reader_of(principal)))

    def add(request: Request, principal: Clerk, values: Values) -> Response:
        """新增一条。A new record."""
        document, version = create_record(registers_of(request), kind, values, reader_of(principal))
        return tagged(document, version, status=201, headers={"Location": document["href"]})

    def replace(request: Request, key: Key, principal: Clerk, values: Values, version: SeenVersion, valid_from: Since = None) -> Response:
        """整体替换:未给出的列变为空。Replaced: columns that are not given become empty."""
        return _changed(request, kind, key, principal, values, version, replaced=True, valid_from=valid_from)

    def change(request: Request, key: Key, principal: Clerk, values: Values, version: SeenVersion, valid_from: Since = None) -> Response:
        """修改给出的列,null 为空。Changes the columns that are given; null empties one."""
        return _changed(request, kind, key, principal, values, version, replaced=False, valid_from=valid_from)

    def finish(request: Request, key: Key, principal: Clerk, version: SeenVersion) -> Response:
        """终止有效期,不删除任何内容。Ends its validity; nothing is erased."""
        try:
            finish_record(registers_of(request), kind, key, reader_of(principal), version=version)
        except Refused as error:
            raise stale(error) from error
        return Response(status_code=204)

    if kind.name != "asset":
        filters = {"parameters": filter_parameters(kind)}
        _route(router, many, read_page, f"list_{kind.plural}", f"{kind.zh}列表", f"{kind.en}: a page", RecordPage, more=filters)
    _route(router, f"{one}/dossier", read_dossier, f"dossier_{kind.name}", f"{kind.zh}一档", f"{kind.en}: dossier", Dossier)
    _route(router, one, read_one, f"read_{kind.name}", kind.zh, f"{kind.en}: one", RecordDocument)
    whole, part, zh, en = values_body(kind, whole=True), values_body(kind, whole=False), kind.zh, kind.en
    _route(router, many, add, f"add_{kind.name}", f"新增{zh}", f"{en}: add", RecordDocument, method="POST", status=201, more=whole)
    _route(router, one, replace, f"replace_{kind.name}", f"替换{zh}", f"{en}: replace", RecordDocument, method="PUT", more=whole)
    _route(router, one, change, f"change_{kind.name}", f"修改{zh}", f"{en}: change", RecordDocument, method="PATCH", more=part)
    _route(router, one, finish, f"end_{kind.name}", f"终止{kind.zh}", f"{kind.en}: end", None, method="DELETE", status=204)
    return router


def _route(
    router: APIRouter,
    path: str,
    endpoint: Any,
    name: str,
    zh: str,
    en: str,
    model: Any,
    *,
    method: str = "GET",
    status: int = 200,
    more: dict[str, Any] | None = None,
) -> None:
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        name=name,
        summary=bilingual(zh, en),
        response_model=model,
        status_code=status,
        openapi_extra=more,
    )


def _changed(
    request: Request,
    kind: RecordKind,
    key: str,
    principal: Any,
    values: dict[str, Any],
    version: str | None,
    *,
    replaced: bool,
    valid_from: date | None,
) -> Response:
    try:
        return tagged(
            *change_record(
                registers_of(request), kind, key, values, reader_of(principal), version=version, replace=replaced, valid_from=valid_from
            )
        )
    except Refused as error:
        raise stale(error) from error


routers = (kinds_router, *map(_router_of, list_kinds()))
"""Of the kinds, and one of each."""
