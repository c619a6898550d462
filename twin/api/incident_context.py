"""/incidents/{id}/context and /sites/{code}/muster: all that whoever deals with an incident, or an evacuation, has to know."""

from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from spatial.feature import Kind
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.incidents import IncidentId, Watcher, knows_of, reader_of_incidents
from twin.api.registers import registers_of, tables_of
from twin.api.router import Router
from twin.api.values import ZonedMoment
from twin.auth import Action, Principal, allows, permitted_labels
from twin.errors import NotReady
from twin.queries.incidents.context import Sources, context_of
from twin.queries.incidents.muster import muster_of
from twin.queries.live.who import with_who
from twin.queries.records.context import reader_of
from twin.store import Store

__all__ = ["router"]

router = Router(tags=["incidents"], responses=NOT_FOUND)
Rows = list[dict[str, Any]] | None
MusterReader = Annotated[Principal, allowed(Action.READ_LIVE)]
Code = Annotated[str, Path(max_length=100, description=bilingual("大院", "site"))]
POINTS = bilingual("集结区;缺省为全部集结区", "assembly points; all zones of that type")
Points = Annotated[list[str] | None, Query(max_length=100, description=POINTS)]
Building = Annotated[str | None, Query(max_length=300, description=bilingual("楼栋;缺省为全院", "a building; else all"))]
ASSEMBLY = "assembly"


def _field(chinese: str, english: str) -> Any:
    return Field(description=bilingual(chinese, english))


class Context(BaseModel):
    """事件的全部情况;答不了的为空并说明 · all about an incident; what cannot be answered is null, and says why."""

    model_config = ConfigDict(extra="forbid")
    incident: int
    room: dict[str, Any] | None = _field("房间、防区或区域及其楼层楼栋", "room, segment or zone with storey and building")
    doors: Rows
    gates: Rows
    people: Rows = _field("在内或 100 米内的人", "inside or within 100 m; for who may read persons")
    vehicles: Rows
    assets: Rows = _field("室内资产,价值高者在前", "in the room, the most valuable first for who may read values")
    assets_total: int | None
    cameras: Rows = _field("看得见的摄像机", "cameras that see it")
    guards: Rows = _field("最近的三名保安及路线", "the three nearest guards with their ways")
    procedure: dict[str, Any] | None = _field("处置步骤", "what to do")
    unanswered: dict[str, dict[str, str]] = _field("哪些答不了,为何", "which parts could not be answered, and why")


class Muster(BaseModel):
    """疏散清点 · the muster list."""

    model_config = ConfigDict(extra="forbid")
    site: str
    building: str | None
    since: str
    points: list[str]
    inside: int
    safe: int
    missing: int
    safe_people: Rows = _field("已到集结区;无权看人员时为空", "seen at a point; null for who may not read persons")
    missing_people: Rows = _field("尚未见到,最久未见者在前", "not seen, the longest unseen first")


@router.get("/incidents/{incident}/context", summary=bilingual("事件的全部情况", "the context of an incident"), response_model=Context)
def read_context(request: Request, principal: Watcher, incident: IncidentId) -> dict[str, Any]:
    """房间、门、人、车、资产、摄像机、保安、步骤。Room, doors, people, vehicles, assets, cameras, guards, what to do."""
    reader, state, knows = reader_of_incidents(request), request.app.state, knows_of(request, principal)
    view = reader.view(incident, knows)
    sources = Sources(
        store=state.store,
        scenes=state.scenes,
        networks=state.networks,
        sight=state.sight,
        registers=registers_of(request),
        tables=tables_of(request),
        kinds=reader.kinds,
        live=state.live_state,
    )
    return context_of(view, sources, reader_of(principal), knows, registers_of(request).today())


@router.get("/sites/{code}/muster", summary=bilingual("疏散清点", "the muster list"), response_model=Muster)
def read_muster(
    request: Request,
    principal: MusterReader,
    code: Code,
    since: Annotated[ZonedMoment, Query(description=bilingual("何时开始疏散,RFC 3339", "when the evacuation began, RFC 3339"))],
    building: Annotated[
        str | None, Query(max_length=300, description=bilingual("楼栋;缺省为全院", "a building; else the whole site"))
    ] = None,
    point: Points = None,
) -> dict[str, Any]:
    """按出入口和门禁通行计在内人员。Who is inside by passages; who was seen at an assembly point since."""
    store: Store = request.app.state.store
    store.get_site(code)
    labels = permitted_labels(principal)
    if building is not None:
        store.get_feature(building, labels, site=code)
    inside = request.app.state.inside
    if inside is None:
        raise NotReady("no hub is connected: nobody counts who is inside", code="HUB_ABSENT", hint="twin serve starts one")
    for one in point or ():
        store.get_feature(one, labels, site=code)
    points = _assembly_points(store, code, principal) if point is None else point
    told = muster_of(
        inside,
        knows_of(request, principal),
        code,
        building,
        since_us=round(since.timestamp() * 1e6),
        points=points,
        persons=allows(principal, Action.READ_PERSON),
    )
    reader = reader_of(principal) if allows(principal, Action.READ_RECORD) else None
    for rows in (told["safe_people"], told["missing_people"]):
        with_who(registers_of(request), reader, "person", rows or (), "person")
    return told


def _assembly_points(store: Store, site: str, principal: Principal) -> list[str]:
    rows = store.features(site, permitted_labels(principal), kinds={Kind.ZONE})
    return [str(row.feature.id) for row in rows if row.feature.properties.get("device", {}).get("type") == ASSEMBLY]
