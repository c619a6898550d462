"""/live/trips and /live/orders: journeys out of the tracks, and whether orders, tracks and gates say the same of them."""

import time
from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.history import KnowsOf, Period
from twin.api.registers import After, following, registers_of
from twin.api.router import Router
from twin.auth import Action, Principal, authorise
from twin.errors import NotFound, NotReady
from twin.queries.live.history import Knows, read_period
from twin.queries.live.journeys import Journeys, trips_told
from twin.queries.records.context import reader_of

__all__ = ["router"]

router = Router(tags=["live"], responses=NOT_FOUND)
Follower = Annotated[Principal, allowed(Action.READ_TRACK)]
VehicleOf = Annotated[str | None, Query(max_length=200, description=bilingual("一车的编号", "key of one vehicle"))]
Limit = Annotated[int, Query(ge=1, le=200, description=bilingual("每页车辆数", "vehicles a page"))]


def _field(chinese: str, english: str) -> Any:
    return Field(description=bilingual(chinese, english))


class Where(BaseModel):
    """一处 · a place."""

    lon: float
    lat: float
    place: list[str] = _field("所在区域与楼", "ids of the zones and buildings there")


class TripRow(BaseModel):
    """一次行程 · one trip."""

    start: str
    end: str
    duration_s: int
    distance_m: int = _field("沿轨迹的距离", "metres along the track")
    unheard_s: int = _field("其中五分钟以上无数据的时长", "seconds of it in which nothing was heard for five minutes and more")
    speed_max_kmh: float | None
    origin: Where
    destination: Where
    begins_open: bool = _field("起点不明:轨迹自途中开始", "the track begins on the way")
    ends_open: bool = _field("终点不明:轨迹在途中结束", "the track ends on the way")


class StopRow(Where):
    """一次停留 · one stop."""

    start: str
    end: str
    duration_s: int


class TripsDocument(BaseModel):
    """行程与停留 · trips and stops."""

    id: str
    trips: list[TripRow]
    stops: list[StopRow] = _field("三分钟及以上", "of three minutes and more")


class OrderTrip(BaseModel):
    """派车单期间的一次行程 · a trip in the time of an order."""

    start: str
    end: str
    distance_m: int


class OrderRow(BaseModel):
    """一张派车单 · one order."""

    order: str
    state: str
    driver: str | None = _field("派车单所写驾驶员", "the driver, as the order says")
    destination: str | None = _field("目的地", "where to, as the order says")
    from_: str | None = Field(alias="from")
    until: str | None
    trips: list[OrderTrip]


class PassageRow(BaseModel):
    """一次过门 · a passage."""

    at: str
    gate: str
    direction: str | None


class FindingRow(BaseModel):
    """一处不符 · where they do not agree."""

    code: str
    order: str | None
    from_: str | None = Field(alias="from")
    until: str | None
    facts: dict[str, Any] = _field("依据", "the numbers that show it")


class VehicleJourneys(BaseModel):
    """一车 · one vehicle."""

    vehicle: str
    orders: list[OrderRow]
    passages: list[PassageRow]
    findings: list[FindingRow]


class OrdersDocument(BaseModel):
    """单、轨、门核对 · orders, tracks and gates side by side."""

    from_: str | None = Field(alias="from")
    to: str | None
    numberMatched: int
    vehicles: list[VehicleJourneys]
    next: str | None


@router.get("/live/trips/{kind}/{key}", summary=bilingual("一物的行程与停留", "trips and stops of one"), response_model=TripsDocument)
def read_trips(
    request: Request,
    principal: Follower,
    kind: Annotated[str, Path(max_length=60, description=bilingual("类别", "kind"))],
    key: Annotated[str, Path(max_length=200, description=bilingual("编号", "key of the record"))],
    datetime: Period,
) -> dict[str, Any]:
    """由轨迹即时推算,补报后随之更正。Derived from the track when asked for: other after a late report."""
    device, knows = f"{kind}/{key}", _knows(request, principal)
    if not knows.knows(device):
        raise NotFound(f"{device} does not exist", path=request.url.path)
    return trips_told(device, request.app.state.history.track(knows, device, read_period(datetime, "datetime")))


@router.get("/live/orders", summary=bilingual("派车单、轨迹与过门核对", "orders, tracks and gates"), response_model=OrdersDocument)
def read_orders_driven(
    request: Request, principal: Follower, datetime: Period, vehicle: VehicleOf = None, after: After = None, limit: Limit = 50
) -> dict[str, Any]:
    """有单无程、有程无单、超时、未过门,各附依据。Orders without a trip, trips without an order, overrun, no gate passed."""
    authorise(principal, Action.READ_RECORD, None)
    knows = _knows(request, principal)
    state = request.app.state
    journeys = Journeys(registers=registers_of(request), history=state.history, readings=state.readings)
    period = read_period(datetime, "datetime")
    page = journeys.page(reader_of(principal), knows, period, now_us=time.time_ns() // 1000, vehicle=vehicle, after=after, limit=limit)
    return following(request, page)


def _knows(request: Request, principal: Principal) -> Knows:
    knows_of: KnowsOf | None = request.app.state.knows_of
    if knows_of is None:
        raise NotReady("nothing here says who may know of what is live", hint="twin serve does")
    return knows_of(principal)
