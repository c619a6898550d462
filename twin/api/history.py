"""/live/tracks, /live/at and /live/counts: what moved, where it was at any moment, and how much of it in an hour."""

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.router import Router
from twin.auth import Action, Principal, Protected, authorise
from twin.errors import Invalid, NotFound, NotReady
from twin.queries.items.box import parse_box
from twin.queries.live.history import (
    Box,
    Knows,
    LiveHistory,
    counts_told,
    points_told,
    read_moment,
    read_period,
    track_csv,
    track_told,
)
from twin.store import Store

__all__ = ["KnowsOf", "Period", "router"]

router = Router(tags=["live"], responses=NOT_FOUND)
Watcher = Annotated[Principal, allowed(Action.READ_LIVE)]
Follower = Annotated[Principal, allowed(Action.READ_TRACK)]
KnowsOf = Callable[[Principal], Knows]
"""What a principal may know of; may ask the store."""
METRES_A_DEGREE = 111_000.0
Moment = Annotated[str, Query(alias="datetime", max_length=60, description=bilingual("时刻,须带时区", "a moment with its zone"))]
Period = Annotated[str, Query(alias="datetime", max_length=120, description=bilingual("起/止,须带时区", "begin/end, each with its zone"))]
KindOf = Annotated[list[str] | None, Query(max_length=50, description=bilingual("类别,可多个", "kinds, may be several"))]
Step = Annotated[
    float, Query(ge=0, le=86_400, allow_inf_nan=False, description=bilingual("每几秒一点,0 为全部", "seconds between points; 0: all"))
]
SiteOf = Annotated[str | None, Query(max_length=100, description=bilingual("大院", "site"))]
BoxOf = Annotated[str | None, Query(max_length=200, description=bilingual("西,南,东,北(度)", "west,south,east,north in degrees"))]


def _field(chinese: str, english: str) -> Any:
    return Field(description=bilingual(chinese, english))


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TrackLine(_Document):
    """GeoJSON LineString."""

    type: Literal["LineString"]
    coordinates: list[tuple[float, float]]


class TrackProperties(_Document):
    """轨迹各列,一点一项 · the columns of a track, an entry a point."""

    kind: str = _field("类别", "kind")
    numberReturned: int = _field("点数", "how many points")
    positions: list[tuple[float, float]] = _field("推算位置", "derived positions, lon lat (CRS84)")
    said: list[tuple[float, float]] = _field("终端所报位置", "positions as the device said them")
    times: list[str] = _field("时刻", "moments, UTC")
    speed_kmh: list[float | None] = _field("速度", "km/h")
    heading_deg: list[float | None] = _field("航向", "degrees clockwise from true north")
    accuracy_m: list[float | None] = _field("精度", "how far off it may be, metres")
    verdict: list[int] = _field("定位判定", "what was thought of the fix")
    place: list[list[str]] = _field("所在区域与楼", "ids of the zones and buildings it was in")
    breaks: list[int] = _field("断点:此前久无数据", "points before which nothing is told for five minutes")


class TrackDocument(_Document):
    """一条轨迹 · the track of one device."""

    type: Literal["Feature"]
    id: str
    geometry: TrackLine | None = _field("少于两点为空", "null below two points")
    properties: TrackProperties


class PastPoint(_Document):
    """GeoJSON Point."""

    type: Literal["Point"]
    coordinates: tuple[float, float]


class PastProperties(_Document):
    """彼时一物 · one thing then."""

    kind: str
    key: str
    time: str = _field("最后定位的时刻", "time of its last fix, UTC")
    speed_kmh: float | None
    heading_deg: float | None
    accuracy_m: float | None
    verdict: int
    place: list[str]


class PastFeature(_Document):
    """彼时一物所在 · where one thing was."""

    type: Literal["Feature"]
    id: str
    geometry: PastPoint
    properties: PastProperties


class PastDocument(_Document):
    """彼时各物所在 · where everything was."""

    type: Literal["FeatureCollection"]
    at: str = _field("时刻", "the moment, UTC")
    numberReturned: int
    features: list[PastFeature]


class HourDocument(_Document):
    """一小时 · one hour."""

    start: str = _field("起", "its begin, UTC")
    devices: int = _field("出现的设备数", "devices that said where they are")
    moving: int = _field("移动过的设备数", "devices at 5 km/h or more")
    places: dict[str, int] = _field("各处的设备数", "devices in each zone and building")


class CountsDocument(_Document):
    """各小时的数量 · counts by hour."""

    hours: list[HourDocument]


class GeoJson(JSONResponse):
    """An answer in GeoJSON (RFC 7946), made as its model says: not checked against it point by point."""

    media_type = "application/geo+json"


@router.get(
    "/live/tracks/{kind}/{key}",
    summary=bilingual("一物的轨迹", "the track of one device"),
    response_model=TrackDocument,
    response_class=GeoJson,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def read_track(
    request: Request,
    principal: Follower,
    kind: Annotated[str, Path(max_length=60, description=bilingual("类别", "kind"))],
    key: Annotated[str, Path(max_length=200, description=bilingual("编号", "key of the record"))],
    datetime: Period,
    step: Step = 0,
    f: Annotated[Literal["geojson", "csv"], Query(description=bilingual("格式", "format"))] = "geojson",
) -> Response:
    """推算与原始位置并列;无权知晓之处的点不在其中。Derived beside raw positions, without those in places one may not know of."""
    device, knows = f"{kind}/{key}", _knows(request, principal)
    if not knows.knows(device):
        raise NotFound(f"{device} does not exist", path=request.url.path)
    points = _history(request).track(knows, device, read_period(datetime, "datetime"), step_us=round(step * 1_000_000))
    if f == "csv":
        return StreamingResponse(track_csv(points), media_type="text/csv; charset=utf-8")
    return GeoJson(track_told(device, points))


@router.get(
    "/live/at",
    summary=bilingual("任一时刻各物所在", "where things were at a moment"),
    response_model=PastDocument,
    response_class=GeoJson,
)
def read_at(
    request: Request, principal: Watcher, datetime: Moment, site: SiteOf = None, bbox: BoxOf = None, kind: KindOf = None
) -> Response:
    """静默过久者不在其中。Without those that had been silent for too long."""
    moment_us = read_moment(datetime, "datetime")
    boxes = [*_around(request, principal, site), *_asked(bbox)]
    points = _history(request).at(_knows(request, principal), moment_us, boxes=boxes, kinds=kind)
    return GeoJson(points_told(points, moment_us))


@router.get("/live/counts", summary=bilingual("各小时的数量", "counts by hour"), response_model=CountsDocument)
def read_counts(request: Request, principal: Watcher, datetime: Period, kind: KindOf = None) -> dict[str, Any]:
    """出现、移动及各处的设备数。Devices that appeared, that moved, and in each place."""
    period = read_period(datetime, "datetime")
    return counts_told(_history(request).counts(_knows(request, principal), period, kinds=kind))


def _history(request: Request) -> LiveHistory:
    history: LiveHistory = request.app.state.history
    return history


def _knows(request: Request, principal: Principal) -> Knows:
    knows_of: KnowsOf | None = request.app.state.knows_of
    if knows_of is None:
        raise NotReady("nothing here says who may know of what is live", hint="twin serve does")
    return knows_of(principal)


def _around(request: Request, principal: Principal, code: str | None) -> list[Box]:
    """The box around the radius of a site within the scope of the reader."""
    if code is None:
        return []
    store: Store = request.app.state.store
    authorise(principal, Action.READ_SITE, Protected(site=code, path=code))
    site = store.get_site(code)
    north = site.radius_m / METRES_A_DEGREE
    east = north / max(math.cos(math.radians(site.lat)), 0.01)
    return [(site.lon - east, site.lat - north, site.lon + east, site.lat + north)]


def _asked(text: str | None) -> list[Box]:
    if text is None:
        return []
    windows = parse_box(text).windows
    if windows[0].low_m is not None:
        raise Invalid("a box of four numbers: positions are asked for on the ground", path="bbox", code="PARAMETER_INVALID")
    return [(windows[0].west, windows[0].south, windows[-1].east, windows[-1].north)]
