"""/incidents: alarms grouped, their log, and what people decide about them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.incident_documents import AlarmPage, Assignment, Closing, IncidentPage, IncidentWithLog, Merging, Splitting, Why
from twin.api.preconditions import PreconditionFailed, SeenVersion, tagged
from twin.api.registers import tables_of
from twin.api.router import Router
from twin.api.values import ZonedMoment
from twin.auth import EVERY, Action, Principal, permitted_labels
from twin.codes.alarm import CloseReason
from twin.errors import Invalid, NotFound, Refused
from twin.incidents import Asked, Command, IncidentReader, Knows, View
from twin.incidents.desk import IncidentDesk
from twin.incidents.event import iso_of
from twin.queries.incidents.documents import alarm_documents, incident_documents, log_documents

__all__ = ["IncidentId", "Watcher", "knows_of", "reader_of_incidents", "router"]

router = Router(tags=["incidents"], responses=NOT_FOUND)
Watcher = Annotated[Principal, allowed(Action.READ_LIVE)]
Handler = Annotated[Principal, allowed(Action.HANDLE_INCIDENT)]
IncidentId = Annotated[int, Path(ge=1, le=2**62, description=bilingual("事件编号", "number of the incident"))]
Limit = Annotated[int, Query(ge=1, le=1000, description=bilingual("每页至多", "at most so many a page"))]
At = Annotated[ZonedMoment | None, Query(alias="datetime", description=bilingual("当时的样子,RFC 3339", "as it was known then, RFC 3339"))]
MOVED: dict[int | str, dict[str, Any]] = {
    307: {
        "description": bilingual("已并入另一事件", "it was merged into another"),
        "headers": {"Location": {"description": bilingual("并入的事件", "the incident it became part of"), "schema": {"type": "string"}}},
    }
}
DECIDED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {"ETag": {"description": bilingual("下次修改的 If-Match", "If-Match of the next change"), "schema": {"type": "string"}}}
    }
}
DAY_ONE_US = -62_135_596_800_000_000


@router.get("/incidents", summary=bilingual("事件列表", "incidents, the newest first"), response_model=IncidentPage)
def list_incidents(
    request: Request,
    principal: Watcher,
    state: Annotated[Literal["open", "acknowledged", "closed"] | None, Query(description=bilingual("状态", "state"))] = None,
    site: Annotated[str | None, Query(max_length=100, description=bilingual("大院", "site"))] = None,
    kind: Annotated[str | None, Query(max_length=100, description=bilingual("含此种报警", "with an alarm of this kind"))] = None,
    severity: Annotated[int, Query(ge=1, le=5, description=bilingual("至少此级", "at least"))] = 1,
    at: At = None,
    after: Annotated[
        int | None, Query(ge=1, le=2**62, description=bilingual("上一页最后的编号", "the last number of the page before"))
    ] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """按读者可知的报警计数、定级。Counts and severities are those of the alarms the reader may know of; others do not exist."""
    reader, at_us = reader_of_incidents(request), _us(at)
    sites = _sites(principal, site)
    asked = Asked(sites=sites, state=state, kind=kind, severity=severity, at_us=at_us)
    page = reader.page(asked, knows_of(request, principal), after=after, limit=limit)
    documents = incident_documents(request.app.state.store, reader, page.views, permitted_labels(principal), at_us=at_us)
    return {"incidents": documents, "next": _next(request, page.next)}


@router.get(
    "/incidents/{incident}",
    summary=bilingual("一个事件及其记录", "an incident with its log"),
    response_model=IncidentWithLog,
    responses=MOVED,
)
def read_incident(request: Request, principal: Watcher, incident: IncidentId, at: At = None) -> Response:
    """`ETag` 用于修改时的 If-Match。Its ETag is the If-Match of a change; one that was merged leads to where it went."""
    knows = knows_of(request, principal)
    try:
        return _told(request, principal, reader_of_incidents(request).view(incident, knows, at_us=_us(at)), at_us=_us(at))
    except NotFound:
        into = reader_of_incidents(request).merged_into(incident, knows)
        if into is None or at is not None:
            raise
        return RedirectResponse(f"/incidents/{into}", 307)


@router.get("/incidents/{incident}/alarms", summary=bilingual("事件的报警", "the alarms of an incident"), response_model=AlarmPage)
def list_alarms(
    request: Request,
    principal: Watcher,
    incident: IncidentId,
    after: Annotated[int, Query(ge=0, le=2**62, description=bilingual("上一页最后的编号", "the last number of the page before"))] = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """按到达顺序,一个不少,连同原始观测在日志中的位置。In the order they came, every one, with where its raw observation stands."""
    reader = reader_of_incidents(request)
    view = reader.view(incident, knows_of(request, principal))
    rows, following = reader.alarms(view, after=after, limit=limit)
    return {"alarms": alarm_documents(rows, reader.kinds), "next": _next(request, following)}


@router.post(
    "/incidents/{incident}/acknowledge", summary=bilingual("确认", "acknowledge"), response_model=IncidentWithLog, responses=DECIDED
)
async def acknowledge(request: Request, principal: Handler, incident: IncidentId, seen: SeenVersion, said: Why) -> Response:
    """有人在处理。Somebody deals with it."""
    return await _decide(request, principal, "acknowledge", incident, seen, said.why)


@router.post("/incidents/{incident}/comment", summary=bilingual("批注", "comment"), response_model=IncidentWithLog, responses=DECIDED)
async def comment(request: Request, principal: Handler, incident: IncidentId, seen: SeenVersion, said: Why) -> Response:
    """记入事件记录。Written into its log."""
    return await _decide(request, principal, "comment", incident, seen, said.why)


@router.post("/incidents/{incident}/assign", summary=bilingual("指派", "assign"), response_model=IncidentWithLog, responses=DECIDED)
async def assign(request: Request, principal: Handler, incident: IncidentId, seen: SeenVersion, said: Assignment) -> Response:
    """交给某人。To somebody, or back."""
    return await _decide(request, principal, "assign", incident, seen, said.why, to=said.to)


@router.post("/incidents/{incident}/close", summary=bilingual("关闭", "close"), response_model=IncidentWithLog, responses=DECIDED)
async def close(request: Request, principal: Handler, incident: IncidentId, seen: SeenVersion, said: Closing) -> Response:
    """须说明原因;短时间内再报警则重新打开。With a reason; a new alarm within a time opens it again."""
    reasons = {row.code for row in tables_of(request).rows(CloseReason)}
    if said.reason not in reasons:
        raise Invalid(f"no reason {said.reason}", path="reason", code="CLOSE_REASON_UNKNOWN", hint=", ".join(sorted(reasons)))
    return await _decide(request, principal, "close", incident, seen, said.why, reason=said.reason)


@router.post(
    "/incidents/{incident}/merge", summary=bilingual("合并", "merge into another"), response_model=IncidentWithLog, responses=DECIDED
)
async def merge(request: Request, principal: Handler, incident: IncidentId, seen: SeenVersion, said: Merging) -> Response:
    """答的是并入的事件。Answers the incident that it became part of."""
    reader, knows = reader_of_incidents(request), knows_of(request, principal)
    target = await run_in_threadpool(reader.view, said.into, knows)
    into_parts = [part.id for part in target.parts]
    return await _decide(request, principal, "merge", incident, seen, said.why, into=said.into, into_parts=into_parts)


@router.post(
    "/incidents/{incident}/split", summary=bilingual("拆分", "split off devices"), response_model=IncidentWithLog, responses=DECIDED
)
async def split(request: Request, principal: Handler, incident: IncidentId, seen: SeenVersion, said: Splitting) -> Response:
    """一些设备的报警另成一个事件,答的是它。The alarms of some devices become an incident of their own, which is answered."""
    return await _decide(request, principal, "split", incident, seen, said.why, devices=said.devices)


def reader_of_incidents(request: Request) -> IncidentReader:
    """The reader of the hub's file."""
    found: IncidentReader = request.app.state.incidents
    return found


def knows_of(request: Request, principal: Principal) -> Knows:
    """What the principal may know of at this moment."""
    found: Knows = request.app.state.knowing.of(principal)
    return found


async def _decide(request: Request, principal: Principal, name: str, incident: int, seen: str | None, why: str, **facts: Any) -> Response:
    reader, knows = reader_of_incidents(request), knows_of(request, principal)
    view = await run_in_threadpool(reader.view, incident, knows)
    parts = tuple(part.id for part in view.parts)
    desk: IncidentDesk = request.app.state.desk
    command = Command(name=name, incident=incident, who=principal.name, why=why, parts=parts, version=seen, facts=facts)
    try:
        done = await desk.command(command)
    except Refused as error:
        if error.code == "INCIDENT_CHANGED":
            raise PreconditionFailed(error.message, path="If-Match", hint=error.hint) from error
        raise
    return await run_in_threadpool(_answer, request, principal, done)


def _answer(request: Request, principal: Principal, incident: int) -> Response:
    return _told(request, principal, reader_of_incidents(request).view(incident, knows_of(request, principal)))


def _told(request: Request, principal: Principal, view: View, *, at_us: int | None = None) -> Response:
    reader = reader_of_incidents(request)
    (document,) = incident_documents(request.app.state.store, reader, [view], permitted_labels(principal), at_us=at_us)
    flaps = reader.flapping(view) if at_us is None else []
    document["log"] = log_documents(reader.log(view, at_us=at_us))
    document["flapping_devices"] = [
        {
            "device": one["device"],
            "kind": one["kind"],
            "since": iso_of(one["since_us"]),
            "last": iso_of(one["last_us"]),
            "held": one["held"],
        }
        for one in flaps
    ]
    return tagged(document, view.version)


def _sites(principal: Principal, site: str | None) -> frozenset[str] | None:
    if site is None:
        return None if EVERY in principal.scopes else principal.scopes
    return frozenset({site}) if principal.scopes & {EVERY, site} else frozenset()


def _us(at: datetime | None) -> int | None:
    return None if at is None else max(round(at.timestamp() * 1e6), DAY_ONE_US)


def _next(request: Request, after: int | None) -> str | None:
    if after is None:
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return f"{request.url.path}?{urlencode([*kept, ('after', str(after))])}"
