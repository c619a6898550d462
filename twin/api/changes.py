"""What became otherwise since a token: /changes, for programs that hold a copy."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Query, Request
from pydantic import BaseModel

from twin.api.collections import catalogue_of, item_reader
from twin.api.documents import NOT_FOUND, Link, Problem, bilingual
from twin.api.gate import allowed
from twin.api.router import Router
from twin.auth import Action, Principal
from twin.errors import Invalid
from twin.queries.changes.page import read_changes

__all__ = ["router"]

GONE: dict[int | str, dict[str, Any]] = {410: {"model": Problem, "description": "the token is of no use any more: begin again"}}
router = Router(tags=["changes"], responses={**NOT_FOUND, **GONE})
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]
PARQUET = "application/vnd.apache.parquet"


class Changes(BaseModel):
    """变更 · changes in the order in which they were seen; `token` stands behind the last."""

    changes: list[dict[str, Any]]
    numberReturned: int
    token: str
    more: bool
    links: list[Link]


@router.get("/changes", summary=bilingual("自某令牌以来的变更", "what became otherwise since a token"), response_model=Changes)
def list_changes(
    request: Request,
    principal: Reader,
    since: Annotated[
        str | None, Query(max_length=4000, description=bilingual("令牌;beginning 为全部", "a token; beginning: everything; none: now"))
    ] = None,
    collection: Annotated[
        str | None, Query(max_length=300, description=bilingual("集合或登记种类", "a collection or kind of records"))
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description=bilingual("每页至多", "at most so many a page"))] = 100,
) -> dict[str, Any]:
    """不带 since 时给出当前令牌和整体下载的链接。Without since: the token of now, and links to whole collections to begin with."""
    _require_known(request)
    catalogue, reader = catalogue_of(request), item_reader(request, principal)
    page = read_changes(catalogue, reader, since=since, collection=collection, limit=limit)
    base = str(request.base_url).rstrip("/")
    kept = {"collection": collection, "limit": limit if "limit" in request.query_params else None}
    query = urlencode({name: value for name, value in kept.items() if value is not None} | {"since": page.token})
    address = f"{base}{request.url.path}"
    given = f"?{urlencode(request.query_params.multi_items())}" if request.query_params else ""
    links = [{"rel": "self", "href": f"{address}{given}", "type": "application/json", "title": "this page"}]
    following = {"href": f"{address}?{query}", "type": "application/json"}
    links.append({"rel": "next", **following, "title": "the next page"} if page.more else {"rel": "later", **following, "title": "later"})
    if since is None:
        links += [
            {
                "rel": "enclosure",
                "href": f"{base}/collections/{quote(one.id, safe='')}/items?f=parquet",
                "type": PARQUET,
                "title": one.id,
            }
            for one in catalogue.collections(reader)
            if collection in (None, one.id)
        ]
    return {
        "changes": page.changes,
        "numberReturned": len(page.changes),
        "token": page.token,
        "more": page.more,
        "links": links,
    }


def _require_known(request: Request) -> None:
    names = ("since", "collection", "limit")
    for name in request.query_params:
        if name not in names or len(request.query_params.getlist(name)) > 1:
            raise Invalid(
                f"{name} is no parameter here, or given twice", path=name, code="PARAMETER_INVALID", hint=f"one of: {', '.join(names)}"
            )
