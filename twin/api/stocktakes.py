"""Stock-takes: opened for places, scanned into in batches, looked at, closed once."""

from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.registers import Limit, ReaderOf, following, registers_of
from twin.api.router import Router
from twin.api.values import Id, Moment
from twin.auth import Action, Principal
from twin.errors import Invalid
from twin.queries.assetops.stocktakes import (
    Scan,
    close_stock_take,
    open_stock_take,
    read_stock_take,
    scan_assets,
    stock_take_list,
    stock_take_outcomes,
)
from twin.queries.records.context import reader_of

__all__ = ["router"]

router = Router(tags=["stocktakes"], responses=NOT_FOUND)
Counter = Annotated[Principal, allowed(Action.STOCKTAKE)]
TakeId = Annotated[Id, Path(description=bilingual("盘点编号", "number of the stock-take"))]
OUTCOMES = ("found", "found_elsewhere", "missing", "ambiguous", "unexpected", "not_due", "outside")


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewStockTake(_Body):
    """一次盘点 · a stock-take."""

    name: str = _field("名称", "name")
    places: list[Id] = _field("房间、楼层或楼栋", "rooms, storeys or buildings, by id")


class ScanBody(_Body):
    """一次扫描 · one code read."""

    code: str = _field("资产编号或标签号", "asset code or tag")
    at: Moment = _field("扫描时间,带时区", "when, with its time zone")
    place: Id | None = _field("地点", "id of the place", default=None)
    building: str = _field("楼栋", "building in words", default="")
    storey: str = _field("楼层", "storey in words", default="")
    room: str = _field("房间号", "room in words", default="")
    who: str = _field("盘点人,默认提交人", "by whom; default who sends it", default="")


class Scans(_Body):
    """一批扫描;重发无妨 · a batch of scans; sending it again does no harm."""

    scans: list[ScanBody]


class Accepted(_Body):
    """认可的位置变更 · a change of location that is accepted."""

    code: str = _field("资产编号", "asset code")
    place: Id | None = _field("在多处扫到时指明", "which, where it was read in several places", default=None)


class Closing(_Body):
    """结束盘点 · closing a stock-take."""

    accept: list[Accepted] = _field("认可的位置变更;其余不动", "changes of location; nothing else moves", default_factory=list)


class Received(BaseModel):
    """收到的扫描 · what became of a batch."""

    received: int
    new: int
    known: int
    unknown_places: int


class StockTakeDocument(BaseModel):
    """盘点及其进展;找到 + 别处找到 + 未找到 + 待辨 = 应盘 · found + found_elsewhere + missing + ambiguous = due."""

    id: int
    name: str
    state: str
    places: list[dict[str, Any]]
    opened_at: str
    opened_by: str
    closed_at: str | None
    closed_by: str | None
    counts: dict[str, int] = _field("各结果的数量", "how many of each outcome", default_factory=dict)


class StockTakes(BaseModel):
    """各次盘点,新的在前 · stock-takes, newest first."""

    stocktakes: list[StockTakeDocument]


class OutcomePage(BaseModel):
    """盘点结果 · outcomes."""

    number_matched: int = Field(alias="numberMatched")
    outcomes: list[dict[str, Any]]
    next: str | None = _field("下一页的地址", "address of the following page")


@router.get("/stocktakes", summary=bilingual("盘点", "stock-takes"), response_model=StockTakes)
def list_stock_takes(
    request: Request, principal: ReaderOf, state: Annotated[str | None, Query(description="open, closed")] = None
) -> dict[str, Any]:
    """新的在前。Newest first."""
    return stock_take_list(registers_of(request), reader_of(principal), state=state)


@router.post("/stocktakes", summary=bilingual("开始盘点", "open a stock-take"), response_model=StockTakeDocument, status_code=201)
def open_take(request: Request, response: Response, principal: Counter, new: NewStockTake) -> dict[str, Any]:
    """此刻在那里的资产即为应盘。What stands there now is what will be looked for."""
    opened = open_stock_take(registers_of(request), reader_of(principal), new.places, new.name)
    response.headers["Location"] = f"/stocktakes/{opened['id']}"
    return opened


@router.get("/stocktakes/{take_id}", summary=bilingual("一次盘点", "a stock-take"), response_model=StockTakeDocument)
def read_take(request: Request, principal: ReaderOf, take_id: TakeId) -> dict[str, Any]:
    """及其进展。And how it stands."""
    return read_stock_take(registers_of(request), reader_of(principal), take_id)


@router.get("/stocktakes/{take_id}/outcomes", summary=bilingual("盘点结果", "its outcomes"), response_model=OutcomePage)
def read_outcomes(
    request: Request,
    principal: ReaderOf,
    take_id: TakeId,
    outcome: Annotated[list[str] | None, Query(description=", ".join(OUTCOMES))] = None,
    duplicate: Annotated[bool, Query(description=bilingual("只要可能一码多物的", "only codes that may be on several things"))] = False,
    after: Annotated[Id, Query(description=bilingual("上一页最后的序号", "the last ordinal of the page before"))] = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """每件资产一行,无卡的每个编码一行。A row an asset, and one an unknown code."""
    wrong = [one for one in outcome or () if one not in OUTCOMES]
    if wrong:
        raise Invalid(f"{wrong[0]!r} is no outcome", path="outcome", code="FILTER_INVALID", hint=f"one of: {', '.join(OUTCOMES)}")
    reader = reader_of(principal)
    page = stock_take_outcomes(registers_of(request), reader, take_id, only=outcome or (), duplicate=duplicate, after=after, limit=limit)
    return following(request, page)


@router.post("/stocktakes/{take_id}/scans", summary=bilingual("提交扫描", "scans in"), response_model=Received)
def add_scans(request: Request, principal: Counter, take_id: TakeId, batch: Scans) -> dict[str, Any]:
    """多人可同时提交;同一批重发不重复。Several may send at once; a batch sent again adds nothing."""
    scans = [
        Scan(
            code=one.code,
            at=one.at,
            place=one.place,
            said={name: text for name in ("building", "storey", "room") if (text := getattr(one, name))},
            who=one.who,
        )
        for one in batch.scans
    ]
    return scan_assets(registers_of(request), reader_of(principal), take_id, scans)


@router.post("/stocktakes/{take_id}/close", summary=bilingual("结束盘点", "close it"), response_model=StockTakeDocument)
def close_take(request: Request, principal: Counter, take_id: TakeId, closing: Closing) -> dict[str, Any]:
    """只改认可的位置;未找到的保留原位置,列入待办。Only what is accepted moves; what is missing keeps its place and is work to do."""
    accepted = {one.code: one.place for one in closing.accept}
    return close_stock_take(registers_of(request), reader_of(principal), take_id, accepted)
