"""/sta/v1.1: OGC SensorThings 1.1. What a path means and what is answered is decided in `twin.queries.things`."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from twin.api.body import MOST_BODY_BYTES, parse_json, read_limited, require_json_type
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.router import Router
from twin.api.sending import EACH_TIME
from twin.api.sensorthings_door import posted
from twin.auth import Action, Principal
from twin.errors import Invalid
from twin.queries.things.answers import Answers
from twin.queries.things.data_array import ARRAY_FORMAT, array_document
from twin.queries.things.odata.nodes import Options
from twin.queries.things.odata.parser import parse_options
from twin.queries.things.path import Target, resolve
from twin.queries.things.root import root_document
from twin.queries.things.service import Things

__all__ = ["ROOT", "router"]

ROOT = "/sta/v1.1"
_PROBLEM = NOT_FOUND[503]["content"]
WRITES: dict[int | str, dict[str, Any]] = {
    405: {"content": _PROBLEM, "description": bilingual("由登记而来,只读", "derived from a register: read only")},
    409: {"content": _PROBLEM, "description": bilingual("编号已占用或仍被引用", "the id is taken, or it is in use")},
    413: {"content": _PROBLEM, "description": bilingual("过大", "too large")},
    415: {"content": _PROBLEM, "description": bilingual("不是 JSON", "not JSON")},
}
router = Router(tags=["sensorthings"], responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_LIVE)]
Writer = Annotated[Principal, allowed(Action.WRITE_OBSERVATION)]
Resource = Annotated[str, Path(max_length=4000, description=bilingual("资源路径", "resource path, `Things(1)/Datastreams`"))]


def _option(name: str, chinese: str, english: str) -> Any:
    return Query(alias=name, description=bilingual(chinese, english))


class StaDocument(BaseModel):
    """一个实体、一页实体或一个属性(OGC 18-088 第 8、9 章)· an entity, a page of them, or a member."""

    model_config = ConfigDict(extra="allow")


class StaRoot(BaseModel):
    """服务根 · what there is, and what is supported."""

    value: list[dict[str, str]] = Field(description=bilingual("实体集", "entity sets"))
    server_settings: dict[str, Any] = Field(alias="serverSettings", description=bilingual("符合性", "conformance"))


def things_of(request: Request) -> Things:
    """What the app keeps for SensorThings."""
    things: Things = request.app.state.things
    return things


@router.get(ROOT, summary=bilingual("SensorThings 服务根", "SensorThings root"), response_model=StaRoot)
def read_root(request: Request, principal: Reader) -> Response:
    """实体集与符合性。Entity sets and conformance classes."""
    return _sent(root_document(_root(request)))


@router.get(f"{ROOT}/{{resource:path}}", summary=bilingual("读取实体", "read entities"), response_model=StaDocument)
def read(
    request: Request,
    principal: Reader,
    resource: Resource,
    where: Annotated[str | None, _option("$filter", "条件", "condition")] = None,
    select: Annotated[str | None, _option("$select", "只要这些属性", "these members alone")] = None,
    expand: Annotated[str | None, _option("$expand", "连同相关实体", "with related entities")] = None,
    orderby: Annotated[str | None, _option("$orderby", "排序", "order")] = None,
    top: Annotated[str | None, _option("$top", "至多几个", "at most so many")] = None,
    skip: Annotated[str | None, _option("$skip", "跳过几个", "so many less")] = None,
    count: Annotated[str | None, _option("$count", "总数", "how many there are")] = None,
    after: Annotated[str | None, _option("$skiptoken", "上一页的末项,取自 nextLink", "where the page before ended, of a nextLink")] = None,
    form: Annotated[Literal["dataArray"] | None, _option("$resultFormat", "数组形式", "as arrays")] = None,
) -> Response:
    """按 OData 4.0 的语法筛选、排序、展开、分页。Filtered, ordered, expanded and paged in the language of OData 4.0."""
    if resource == "":
        return _sent(root_document(_root(request)))
    given = {"$filter": where, "$select": select, "$expand": expand, "$orderby": orderby, "$top": top, "$skip": skip, "$count": count}
    given["$skiptoken"] = after
    options = parse_options({name: text for name, text in given.items() if text is not None})
    things = things_of(request)
    view = things.view(principal, things.registers.now())
    target, answers = resolve(resource, view), Answers(view, _root(request))
    if form == ARRAY_FORMAT:
        if target.kind != "Observation" or not target.is_collection or target.form:
            raise Invalid("only observations are told as arrays", path="$resultFormat", code="PARAMETER_INVALID")
        return _sent(array_document(view, answers, target, options, resource))
    return _answered(answers, target, options, resource)


@router.post(
    f"{ROOT}/{{resource:path}}",
    summary=bilingual("新建实体", "create an entity"),
    response_model=StaDocument,
    status_code=201,
    responses=WRITES,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
async def create(request: Request, principal: Writer, resource: Resource) -> Response:
    """可连同其下实体一并新建;设备数据流的观测值提交后才应答。With what is within it; a device's observation is answered when committed."""
    body = await _body(request)
    document, location = await posted(request, things_of(request), principal, resource, body, _root(request))
    return _sent(document, 201, {"Location": location} if location else {})


@router.patch(
    f"{ROOT}/{{resource:path}}",
    summary=bilingual("更改实体", "change an entity"),
    response_model=StaDocument,
    responses=WRITES,
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}, "application/json-patch+json": {"schema": {}}}}
    },
)
async def patch(request: Request, principal: Writer, resource: Resource) -> Response:
    """所给属性取代原有属性;也接受 JSON Patch。What is given replaces what there was; a JSON Patch (RFC 6902) too."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return await _changed(request, principal, resource, "patch" if said == "application/json-patch+json" else "merge")


@router.put(
    f"{ROOT}/{{resource:path}}",
    summary=bilingual("替换实体", "replace an entity"),
    response_model=StaDocument,
    responses=WRITES,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
async def put(request: Request, principal: Writer, resource: Resource) -> Response:
    """未给出的属性不再保留。A member that is not given is no longer there."""
    return await _changed(request, principal, resource, "put")


@router.delete(f"{ROOT}/{{resource:path}}", summary=bilingual("删除实体", "delete an entity"), status_code=204, responses=WRITES)
def delete(request: Request, principal: Writer, resource: Resource) -> Response:
    """连同依附于它的数据流与观测值。With the datastreams and observations that hang on it."""
    things = things_of(request)
    things.remove(principal, resource, things.registers.now())
    return Response(status_code=204)


async def _changed(request: Request, principal: Principal, resource: str, form: str) -> Response:
    body, things = await _body(request), things_of(request)

    def run() -> Response:
        now = things.registers.now()
        things.change(principal, resource, body, now, form=form)
        view = things.view(principal, now)
        return _answered(Answers(view, _root(request)), resolve(resource, view), Options(), resource)

    return await run_in_threadpool(run)


async def _body(request: Request) -> Any:
    require_json_type(request)
    return parse_json(await read_limited(request, MOST_BODY_BYTES))


def _answered(answers: Answers, target: Target, options: Options, resource: str) -> Response:
    if target.form == "$count":
        return Response(str(answers.count(target, options)), media_type="text/plain", headers={"Cache-Control": EACH_TIME})
    if target.member:
        if target.value is None:
            return Response(status_code=204)
        if target.form == "$value":
            text = target.value if isinstance(target.value, str) else json.dumps(target.value, ensure_ascii=False)
            return Response(text, media_type="text/plain", headers={"Cache-Control": EACH_TIME})
        return _sent({target.member[-1]: target.value})
    if target.is_collection:
        return _sent(answers.collection(target, options, resource.removesuffix("/$ref")))
    assert target.entity is not None
    if target.form == "$ref":
        return _sent({"@iot.selfLink": answers.address(target.entity)})
    return _sent(answers.entity(target.entity, options))


def _root(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{ROOT}"


def _sent(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(document, status_code=status, headers={"Cache-Control": EACH_TIME, **(headers or {})})
