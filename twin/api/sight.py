"""/spatial/visible-from, /spatial/coverage and /spatial/explain of a camera: asked of the process that holds the scene."""

import threading
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

import anyio
from fastapi import Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.router import Router
from twin.api.sending import EACH_TIME
from twin.api.sight_documents import CoverageAsked, CoverageDocument, Datum, VisibleAsked, VisibleDocument
from twin.auth import Action, Principal, Protected, authorise, permitted_labels
from twin.errors import Invalid, TooLarge
from twin.queries.place.frames import require_one
from twin.queries.sight.answerer import Sight
from twin.store import Store

__all__ = ["AWAY", "answer", "router"]

MOST_BYTES = 2 * 2**20
LOOK_S = 0.25
PROBLEM = NOT_FOUND[503]["content"]
AWAY: dict[int | str, dict[str, Any]] = {
    413: {"content": PROBLEM, "description": bilingual("一次问得过多", "too much at once")},
    501: {"content": PROBLEM, "description": bilingual("未装光线库", "open3d is not installed")},
    503: {"content": PROBLEM, "description": bilingual("场景正在装入", "the scene is being made ready; see Retry-After")},
}

router = Router(tags=["spatial"], responses={**NOT_FOUND, **AWAY})
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]
SiteOf = Annotated[str | None, Query(max_length=100, description=bilingual("大院;只有一个时可省", "site; may stay out where there is one"))]
Ids = Annotated[list[str] | None, Query(max_length=1000)]


class GeoJson(JSONResponse):
    """An answer in GeoJSON (RFC 7946)."""

    media_type = "application/geo+json"


def _body_of(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    inlined = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema without references: those of a body that no parameter declares would lead nowhere."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
        return {name: _inlined(part, definitions) for name, part in schema.items()}
    return [_inlined(part, definitions) for part in schema] if isinstance(schema, list) else schema


@router.get("/spatial/visible-from", summary=bilingual("谁看得见此处", "who sees a target"), response_model=VisibleDocument)
def read_visible(
    request: Request,
    principal: Reader,
    lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    height_m: Annotated[float | None, Query(allow_inf_nan=False, description=bilingual("站立面的高", "of the floor stood on"))] = None,
    datum: Annotated[Datum | None, Query(description=bilingual("高从何算起", "what the height is counted from"))] = None,
    feature: Annotated[str | None, Query(max_length=300, description=bilingual("或一要素", "or a feature"))] = None,
    open_doors: Ids = None,
    turned: Annotated[bool, Query(description=bilingual("云台转向它", "cameras turned to it"))] = False,
    site: SiteOf = None,
) -> Response:
    """脚、胸、头各由哪台摄像机看见,被什么挡住。Which cameras see feet, chest and head, and what stands in the way of the others."""
    target = {"lon": lon, "lat": lat, "height_m": height_m, "datum": datum, "feature": feature}
    question = {"targets": [target], "open_doors": open_doors or [], "turned": turned}
    return _sent(answer(request, principal, "visible", site, question))


@router.post(
    "/spatial/visible-from",
    summary=bilingual("谁看得见这些目标", "who sees many targets"),
    response_model=VisibleDocument,
    openapi_extra=_body_of(VisibleAsked),
)
async def post_visible(request: Request, principal: Reader) -> Response:
    """一次至多 1,000 个目标;可设门开、墙拆。At most 1,000 targets at once; doors may stand open, walls be imagined away."""
    asked = await _asked(request, VisibleAsked)
    return _sent(await _waited(request, principal, "visible", asked))


@router.get(
    "/spatial/coverage", summary=bilingual("覆盖与盲区", "what cameras cover"), response_model=CoverageDocument, response_class=GeoJson
)
async def read_coverage(
    request: Request,
    principal: Reader,
    holder: Annotated[str | None, Query(alias="in", max_length=300, description=bilingual("楼栋、楼层或房间", "a building …"))] = None,
    camera: Annotated[list[str] | None, Query(max_length=1000, description=bilingual("只算这些摄像机", "only these cameras"))] = None,
    step_m: float = 0.5,
    open_doors: Ids = None,
    turned: bool = False,
    blind: Annotated[bool, Query(description=bilingual("画出盲区", "draw the blind spots"))] = True,
    site: SiteOf = None,
) -> Response:
    """每室、每层、路和周界看到的面积,盲区为多边形。Seen area of rooms, storeys, roads and the perimeter; blind spots as polygons."""
    question = {"in": holder, "cameras": camera, "step_m": step_m, "open_doors": open_doors or [], "turned": turned, "blind": blind}
    asked = {"site": site, **{name: value for name, value in question.items() if value is not None}}
    return _sent(await _waited(request, principal, "coverage", asked), media_type=GeoJson.media_type)


@router.post(
    "/spatial/coverage",
    summary=bilingual("设想下的覆盖", "what cameras would cover"),
    response_model=CoverageDocument,
    response_class=GeoJson,
    openapi_extra=_body_of(CoverageAsked),
)
async def post_coverage(request: Request, principal: Reader) -> Response:
    """移动、增设、失效只在此问中,不存;断开即止。A camera moved, added or failed in this question alone; hanging up ends the work."""
    asked = await _asked(request, CoverageAsked)
    return _sent(await _waited(request, principal, "coverage", asked), media_type=GeoJson.media_type)


def answer(request: Request, principal: Principal, what: str, site: str | None, question: dict[str, Any], **more: Any) -> bytes:
    """What the holder of the scene answers about a site that the asker may read; as bytes of JSON."""
    store: Store = request.app.state.store
    sight: Sight = request.app.state.sight
    code = require_one([one.code for one in store.list_sites() if {"*", one.code} & principal.scopes], site)
    authorise(principal, Action.READ_FEATURE, Protected(site=code, path=request.url.path))
    return sight.ask(what, code, permitted_labels(principal), question, **more)


async def _waited(request: Request, principal: Principal, what: str, asked: dict[str, Any]) -> bytes:
    """The same in a thread, the question taken back where the asker hangs up."""
    left = threading.Event()
    question = {name: value for name, value in asked.items() if name != "site"}

    async def watch() -> None:
        while not left.is_set():
            await anyio.sleep(LOOK_S)
            if await request.is_disconnected():
                left.set()

    found: list[bytes] = []
    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        try:
            found.append(await run_in_threadpool(partial(answer, request, principal, what, asked.get("site"), question, gone=left.is_set)))
        except Exception as error:  # noqa: BLE001  a task group would wrap it
            failure: Exception | None = error
        else:
            failure = None
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return found[0]


async def _asked(request: Request, model: type[BaseModel]) -> dict[str, Any]:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise TooLarge(f"more than {MOST_BYTES:,} bytes", code="TARGETS_MANY", hint="ask in several questions")
    with suppress(UnicodeDecodeError):
        try:
            return model.model_validate_json(bytes(content)).model_dump(by_alias=True, exclude_none=True)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(one) for one in first["loc"])
            raise Invalid(f"{where}: {first['msg']}", code="QUESTION_INVALID", hint="/openapi.json describes the question") from None
    raise Invalid("the body is no UTF-8", code="QUESTION_INVALID", hint="/openapi.json describes the question")


def _sent(content: bytes, *, media_type: str = "application/json") -> Response:
    return Response(content, media_type=media_type, headers={"Cache-Control": EACH_TIME})
