"""/gb28181: bodies of GB/T 28181 that a SIP server in front posts, and what they say against the register."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from sensors.errors import Gb28181Invalid
from sensors.gb28181 import parse_manscdp, response_to
from sensors.gb28181_text import MOST_BYTES
from twin.api.body import read_limited
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.offering import numbering_of, offered
from twin.api.registers import Limit, following
from twin.api.router import Router
from twin.api.sensorthings import things_of
from twin.api.values import Id
from twin.auth import EVERY, Action, Principal
from twin.errors import Forbidden, Invalid, MediaUnsupported
from twin.queries.things.service import to_us
from twin.queries.things.surveillance import batch_of, differences, keep_message, put_aside_page

__all__ = ["MANSCDP", "router"]

MANSCDP = "Application/MANSCDP+xml"
TAKEN = frozenset({"application/manscdp+xml", "application/xml", "text/xml"})
_PROBLEM = NOT_FOUND[503]["content"]
router = Router(tags=["gb28181"], responses=NOT_FOUND)
Writer = Annotated[Principal, allowed(Action.WRITE_OBSERVATION)]
Reader = Annotated[Principal, allowed(Action.READ_RECORD)]
Auditor = Annotated[Principal, allowed(Action.READ_LEDGER)]
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MANSCDP: {"schema": {"type": "string"}}}, "description": bilingual("标准规定的应答", "the answer the standard has")},
    204: {"description": bilingual("已收妥,标准不要求应答", "kept; the standard has no answer")},
    413: {"content": _PROBLEM, "description": bilingual("过大", "too large")},
    415: {"content": _PROBLEM, "description": bilingual("不是 MANSCDP", "not MANSCDP")},
}


class PlatformState(BaseModel):
    """一个视频平台的目录 · the catalogue of a platform."""

    id: str
    total: int = Field(description=bilingual("目录项总数", "items of the catalogue"))
    received: int = Field(description=bilingual("本轮已收到", "items that came in this round"))
    seen: str
    complete: str | None = Field(description=bilingual("上次收齐的时间", "when a whole one last came"))
    open: bool = Field(description=bilingual("本轮未收齐", "parts are still missing"))


class Differences(BaseModel):
    """目录与登记的差异 · where catalogue and register disagree."""

    platforms: list[PlatformState]
    counts: dict[str, int]
    number_matched: int = Field(alias="numberMatched")
    number_returned: int = Field(alias="numberReturned")
    findings: list[dict[str, Any]]
    next: str | None = Field(description=bilingual("下一页的地址", "address of the following page"))


class PutAsidePage(BaseModel):
    """未登记设备的报文 · messages of devices that no register knows."""

    messages: list[dict[str, Any]]
    next: str | None = Field(description=bilingual("下一页的地址", "address of the following page"))


@router.post(
    "/gb28181/messages",
    summary=bilingual("国标报文", "a message of GB/T 28181"),
    responses=ANSWERS,
    status_code=204,
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, "content": {MANSCDP: {"schema": {"type": "string"}}}}},
)
async def take(request: Request, principal: Writer) -> Response:
    """目录、报警、移动位置、心跳;存妥后应答。Catalogue, alarm, mobile position, keepalive; answered when it is kept."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in TAKEN:
        message = f"a body of the type {said!r}"
        raise MediaUnsupported(message, path="Content-Type", code="BODY_TYPE_REFUSED", hint=f"Content-Type: {MANSCDP}")
    body = await read_limited(request, MOST_BYTES)
    things, numbering = things_of(request), numbering_of(request)
    try:
        parsed = parse_manscdp(body)
    except Gb28181Invalid as error:
        raise Invalid(error.message, path=error.path, code=error.code, hint=error.hint) from error
    number, received_us = numbering.next(to_us(things.registers.now()))
    found = await run_in_threadpool(keep_message, things, principal, parsed, body, received_us)
    if found:
        await offered(request, batch_of(found, body, source=numbering.source, number=number, received_us=received_us))
    answer = response_to(parsed)
    return Response(status_code=204) if answer is None else Response(answer, media_type=MANSCDP)


@router.get("/gb28181/differences", summary=bilingual("目录与登记的差异", "catalogue against register"), response_model=Differences)
def list_differences(
    request: Request,
    principal: Reader,
    code: Annotated[list[str] | None, Query(max_length=20, description=bilingual("差异代码", "codes of findings"))] = None,
    after: Annotated[str | None, Query(max_length=500, description=bilingual("上一页的末项", "where the page before ended"))] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """新出现、已消失、在线状态与登记不符的摄像机;从不自动登记。New, gone, ON or OFF; nothing is registered by itself."""
    return following(request, differences(things_of(request), principal, codes=tuple(code or ()), after=after, limit=limit))


@router.get("/gb28181/put-aside", summary=bilingual("未登记设备的报文", "messages put aside"), response_model=PutAsidePage)
def list_messages(
    request: Request,
    principal: Auditor,
    after: Annotated[Id, Query(description=bilingual("上一页最后的编号", "the last number of the page before"))] = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """只给可知一切者:它们属于谁尚不可知。For who may know of everything: nobody can say yet whose they are."""
    if not all(EVERY in one for one in (principal.labels, principal.scopes, principal.units)):
        raise Forbidden("messages of unknown devices are for who may know of everything", path=request.url.path)
    return following(request, put_aside_page(things_of(request), after=after, limit=limit))
