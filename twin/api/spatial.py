"""/spatial: where is this point, what is nearest, what lies within, what does a ray meet, a storey's plan, why an asset is where it is."""

import json
from typing import Annotated, Any, Literal

import numpy as np
import shapely
from fastapi import Query, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from spatial.source import bytes_sha256
from twin.api.body import require_json_type
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.registers import Limit, following, registers_of
from twin.api.router import Router
from twin.api.sending import EACH_TIME, send_bytes
from twin.api.sight import AWAY, answer
from twin.api.sight_documents import CameraExplanation, Datum
from twin.api.spatial_documents import Explanation, Found, Located, LocatedColumns, Nearest, Picked, PointColumns, StoreyPlan
from twin.auth import Action, Principal, Protected, authorise, permitted_labels
from twin.errors import Invalid, TooLarge
from twin.queries.items.box import parse_box
from twin.queries.place.along import Travelled, nearest_by_route
from twin.queries.place.assets import AssetPoints, asset_points
from twin.queries.place.explain import explain_asset
from twin.queries.place.frames import columns_of, require_one
from twin.queries.place.locate import as_columns, as_one, locate_points
from twin.queries.place.near import ASSET, nearest
from twin.queries.place.pick import PICKED, pick
from twin.queries.place.plan import CUT_M, as_geojson, cut_storey
from twin.queries.place.plan_svg import as_svg
from twin.queries.place.scene import Scenes
from twin.queries.place.within import Area, within
from twin.queries.records.context import reader_of

__all__ = ["router"]

MOST_POINTS = 100_000
MOST_BYTES = 16 * 2**20

router = Router(tags=["spatial"], responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]
Lon = Annotated[float, Query(ge=-180, le=180, description=bilingual("经度", "longitude, degrees (CRS84h)"))]
Lat = Annotated[float, Query(ge=-90, le=90, description=bilingual("纬度", "latitude, degrees"))]
Height = Annotated[float, Query(allow_inf_nan=False, description=bilingual("椭球高,米", "ellipsoidal height, metres"))]
KindOf = Annotated[str, Query(description=bilingual("种类:room、element、asset…", "kind: room, storey, element, asset, …"))]
SiteOf = Annotated[str | None, Query(description=bilingual("大院;只有一个时可省", "site; may stay out where there is one"))]


@router.get("/spatial/locate", summary=bilingual("一点在何处", "where a point is"), response_model=Located)
def read_locate(
    request: Request,
    principal: Reader,
    lon: Lon,
    lat: Lat,
    height_m: Annotated[
        float | None, Query(allow_inf_nan=False, description=bilingual("椭球高;不明则省", "ellipsoidal; leave out if unknown"))
    ] = None,
    accuracy_m: Annotated[
        float | None, Query(ge=0, allow_inf_nan=False, description=bilingual("精度半径,米", "may be this far off"))
    ] = None,
) -> dict[str, Any]:
    """房间、楼层、楼栋、区域;有精度时分“确定”与“可能”。In the room if the wall face is its; on a slab in the upper storey."""
    points = columns_of([lon], [lat], [height_m])
    return as_one(locate_points(_scenes(request), principal.scopes, permitted_labels(principal), points, accuracy_m))


@router.post(
    "/spatial/locate",
    summary=bilingual("许多点在何处", "where many points are"),
    response_model=LocatedColumns,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": PointColumns.model_json_schema()}}}},
)
async def post_locate(request: Request, principal: Reader) -> Response:
    """按列给点、按列作答,一次至多 100,000 点。Columns in, columns out, at most 100,000 points at once."""
    if "content-type" in request.headers:
        require_json_type(request)
    body = await _body(request)
    answer = await run_in_threadpool(_located, _scenes(request), principal, body)
    return Response(answer, media_type="application/json", headers={"Cache-Control": EACH_TIME})


@router.get(
    "/spatial/nearest", summary=bilingual("最近的", "the nearest of a kind"), response_model=Nearest, response_model_exclude_unset=True
)
def read_nearest(
    request: Request,
    principal: Reader,
    lon: Lon,
    lat: Lat,
    height_m: Height,
    kind: KindOf,
    k: Annotated[int, Query(ge=1, le=1000, description=bilingual("几个", "how many"))] = 1,
    along: Annotated[
        Travelled | None, Query(description=bilingual("沿路:步行、驾车、轮椅;省则直线", "along the way; without it straight"))
    ] = None,
    closed: Annotated[list[str] | None, Query(max_length=200, description=bilingual("关闭的门、房间等", "ids of what is closed"))] = None,
) -> dict[str, Any]:
    """直线穿墙,或沿路。Straight through walls (to the solid of a room, the box of an element, the point of an asset), or along the way."""
    _may_read(principal, kind)
    point = columns_of([lon], [lat], [height_m])[0]
    if along is not None:
        asked = _scenes(request), request.app.state.networks, _assets(request), principal.scopes, reader_of(principal), point
        return nearest_by_route(*asked, kind=kind, k=k, along=along, closed=closed or ())
    if closed:
        raise Invalid("what is closed stops no straight line", path="closed", code="PARAMETER_INVALID", hint="ask with along=walking")
    return nearest(_scenes(request), _assets(request), principal.scopes, reader_of(principal), point, kind=kind, k=k)


@router.get("/spatial/within", summary=bilingual("范围之内", "what lies within"), response_model=Found)
def read_within(
    request: Request,
    principal: Reader,
    kind: KindOf,
    site: SiteOf = None,
    bbox: Annotated[str | None, Query(description=bilingual("4 或 6 个数", "4 or 6 numbers, lon lat height"))] = None,
    polygon: Annotated[str | None, Query(max_length=20_000, description=bilingual("WKT 多边形,经纬度", "WKT polygon in degrees"))] = None,
    low_m: Annotated[float | None, Query(allow_inf_nan=False, description=bilingual("下界椭球高", "lowest height"))] = None,
    high_m: Annotated[float | None, Query(allow_inf_nan=False, description=bilingual("上界椭球高", "highest height"))] = None,
    lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    height_m: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    radius_m: Annotated[float | None, Query(gt=0, allow_inf_nan=False)] = None,
    holder: Annotated[
        str | None, Query(alias="in", description=bilingual("要素:楼栋、楼层、房间、区域", "id of a building … zone"))
    ] = None,
    after: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """方框、带高程的多边形、半径、楼层、区域或房间之内,按标识分页。In a box, polygon, ball, storey, zone or room, paged by id."""
    _may_read(principal, kind)
    code = require_one(_scenes(request).codes(principal.scopes), site)
    authorise(principal, Action.READ_FEATURE, Protected(site=code, path=request.url.path))
    centre = _centre(lon, lat, height_m)
    area = Area(**_area(bbox, polygon, low_m, high_m), centre=centre, radius_m=radius_m, feature=holder)
    places = _scenes(request).site(code)
    return following(request, within(places, _assets(request), reader_of(principal), area, kind=kind, after=after, limit=limit))


@router.get("/spatial/pick", summary=bilingual("射线首先碰到什么", "what a ray meets first"), response_model=Picked)
def read_pick(
    request: Request,
    principal: Reader,
    lon: Lon,
    lat: Lat,
    height_m: Height,
    heading_deg: Annotated[float, Query(allow_inf_nan=False, description=bilingual("方位,自北顺时针", "clockwise from north"))],
    tilt_deg: Annotated[float, Query(ge=-90, le=90, description=bilingual("俯仰,水平为 0", "above the horizon"))] = 0.0,
    range_m: Annotated[float, Query(gt=0, le=10_000, description=bilingual("至多多远", "how far at most"))] = 1000.0,
    kind: Annotated[list[str] | None, Query(description=bilingual("只看这些种类", "only these kinds"))] = None,
) -> dict[str, Any]:
    """在网格上精确求交。Exact on the meshes; what the asker may not know of is not met."""
    point = columns_of([lon], [lat], [height_m])[0]
    kinds = tuple(kind) if kind else PICKED
    return pick(
        _scenes(request),
        principal.scopes,
        permitted_labels(principal),
        point,
        heading_deg=heading_deg,
        tilt_deg=tilt_deg,
        range_m=range_m,
        kinds=kinds,
    )


@router.get(
    "/spatial/plan",
    summary=bilingual("楼层平面", "plan of a storey"),
    response_model=StoreyPlan,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}, "application/geo+json": {}}}},
)
def read_plan(
    request: Request,
    principal: Reader,
    storey: Annotated[str, Query(description=bilingual("楼层要素", "id of the storey"))],
    site: SiteOf = None,
    height_m: Annotated[float, Query(gt=0, le=100, description=bilingual("剖切高度,楼面以上", "cut above the floor"))] = CUT_M,
    f: Annotated[Literal["geojson", "svg"], Query(description=bilingual("格式", "format"))] = "geojson",
) -> Response:
    """真实剖切墙体,附房间、门窗、家具、名称和面积。Real sections of walls, rooms, doors, windows, furniture, names and areas."""
    code = require_one(_scenes(request).codes(principal.scopes), site)
    authorise(principal, Action.READ_FEATURE, Protected(site=code, path=request.url.path))
    plan = cut_storey(_scenes(request).site(code), permitted_labels(principal), storey, cut_m=height_m)
    text = as_svg(plan) if f == "svg" else json.dumps(as_geojson(plan), ensure_ascii=False)
    media_type = "image/svg+xml" if f == "svg" else "application/geo+json"
    content = text.encode()
    return send_bytes(request, content, None, tag=bytes_sha256(content)[:32], media_type=media_type, cache=EACH_TIME)


@router.get(
    "/spatial/explain",
    summary=bilingual("资产为何在此;摄像机为何看不见", "why an asset is there; why a camera does not see"),
    response_model=Explanation | CameraExplanation,
    responses=AWAY,
)
def read_explain(
    request: Request,
    principal: Reader,
    asset: Annotated[str | None, Query(max_length=200, description=bilingual("资产编号", "code of the asset"))] = None,
    camera: Annotated[str | None, Query(max_length=300, description=bilingual("或一台摄像机", "or the id of a camera"))] = None,
    lon: Annotated[float | None, Query(ge=-180, le=180, description=bilingual("目标经度", "of the target"))] = None,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    height_m: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    datum: Annotated[Datum | None, Query(description=bilingual("高从何算起", "what the height is counted from"))] = None,
    feature: Annotated[str | None, Query(max_length=300, description=bilingual("或一要素为目标", "or a feature as target"))] = None,
    open_doors: Annotated[list[str] | None, Query(max_length=1000)] = None,
    turned: bool = False,
    task: Annotated[str | None, Query(max_length=50, description=bilingual("版本/级别", "EDITION/CLASS it must do"))] = None,
    site: SiteOf = None,
) -> Any:
    """资产:定位方法与依据;摄像机:被哪堵墙挡住、超距、出画面或像素不足。Of an asset its method and evidence; of a camera which wall."""
    if (asset is None) == (camera is None):
        hint = "asset=CODE, or camera=ID with a target"
        raise Invalid("either an asset or a camera is explained", path="asset", code="PARAMETER_INVALID", hint=hint)
    if asset is not None:
        _may_read(principal, ASSET)
        return explain_asset(_scenes(request), registers_of(request), principal.scopes, reader_of(principal), asset)
    target = {"lon": lon, "lat": lat, "height_m": height_m, "datum": datum, "feature": feature}
    question = {"camera": camera, "target": target, "open_doors": open_doors or [], "turned": turned, "task": task}
    return Response(
        answer(request, principal, "explain", site, question), media_type="application/json", headers={"Cache-Control": EACH_TIME}
    )


def _scenes(request: Request) -> Scenes:
    found: Scenes = request.app.state.scenes
    return found


def _assets(request: Request) -> AssetPoints:
    return asset_points(registers_of(request))


def _may_read(principal: Principal, kind: str) -> None:
    """Assets are records: who asks for them must be one who reads those."""
    if kind == ASSET:
        authorise(principal, Action.READ_RECORD, None)


def _centre(lon: float | None, lat: float | None, height_m: float | None) -> tuple[float, float, float | None] | None:
    if lon is not None and lat is not None:
        return lon, lat, height_m
    if (lon, lat, height_m) == (None, None, None):
        return None
    raise Invalid("a centre is lon and lat, and height_m if it is known", code="AREA_INVALID", hint="lon, lat and radius_m")


def _area(bbox: str | None, polygon: str | None, low_m: float | None, high_m: float | None) -> dict[str, Any]:
    if bbox is None and polygon is None:
        return {"low_m": low_m, "high_m": high_m}
    if bbox is not None and polygon is not None:
        raise Invalid("a box or a polygon, not both", code="AREA_INVALID", hint="bbox=…, or polygon=…")
    if bbox is not None:
        box = parse_box(bbox)
        low, high = box.windows[0].low_m, box.windows[0].high_m
        if low is not None and (low_m is not None or high_m is not None):
            raise Invalid("a box of six numbers has its heights", code="AREA_INVALID", hint="four numbers with low_m and high_m, or six")
        return {"polygon": box.plan, "low_m": low_m if low is None else low, "high_m": high_m if high is None else high}
    try:
        return {"polygon": shapely.from_wkt(polygon), "low_m": low_m, "high_m": high_m}
    except shapely.errors.GEOSException:
        raise Invalid("polygon is a WKT polygon", path="polygon", code="AREA_INVALID", hint="degrees, longitude first") from None


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise TooLarge(f"more than {MOST_BYTES:,} bytes", code="POINTS_MANY", hint=f"at most {MOST_POINTS:,} points at once")
    return bytes(content)


def _located(scenes: Scenes, principal: Principal, body: bytes) -> bytes:
    try:
        given = PointColumns.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(one) for one in first["loc"])
        raise Invalid(f"{where}: {first['msg']}", code="POINTS_INVALID", hint="{lon: […], lat: […], height_m: […], accuracy_m}") from None
    if len(given.lon) > MOST_POINTS:
        raise TooLarge(f"{len(given.lon):,} points", code="POINTS_MANY", hint=f"at most {MOST_POINTS:,} points at once")
    points = columns_of(given.lon, given.lat, given.height_m)
    accuracy = np.array(given.accuracy_m, dtype=np.float64) if isinstance(given.accuracy_m, list) else given.accuracy_m
    if isinstance(accuracy, np.ndarray) and len(accuracy) != len(points):
        raise Invalid("accuracy_m is one number or a column as long as the others", code="POINTS_INVALID", hint="one for all, or one each")
    found = locate_points(scenes, principal.scopes, permitted_labels(principal), points, accuracy)
    return json.dumps(as_columns(found), ensure_ascii=False, separators=(",", ":")).encode()
