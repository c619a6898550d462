"""Office space for the planner: occupancy with verdicts, units against their posts, findings, what if a unit moved."""

from typing import Annotated, Any

from fastapi import Body, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.planner_documents import Entitlement, EntitlementPage, FindingPage, MoveProposal, OccupancyPage, OccupancyTotals
from twin.api.registers import After, Limit, ReaderOf, following, registers_of, tables_of
from twin.api.router import Router
from twin.api.values import Day, Id
from twin.queries.planner.checks import space_checks
from twin.queries.planner.move import what_if_moved
from twin.queries.planner.occupancy import OccupancyFilter, occupancy_page, occupancy_totals
from twin.queries.planner.unit_space import entitlement_page, unit_entitlement
from twin.queries.records.context import reader_of

__all__ = ["router"]

router = Router(tags=["planner"], responses=NOT_FOUND)
Place = Annotated[Id | None, Query(description=bilingual("地点及其下", "a place and all below"))]
Unit = Annotated[str | None, Query(description=bilingual("单位及其下", "a unit and all below"))]
AsOf = Annotated[Day | None, Query(description=bilingual("有效时点,默认今天", "the day values hold for; default today"))]
Verdicts = Annotated[list[str] | None, Query(alias="verdict", description=bilingual("结论,可多个", "verdict, one or several"))]
Area = Annotated[str, Query(description=bilingual("按 measured 量算或 declared 登记面积判定", "judge the measured or the declared area"))]
Codes = Annotated[list[str] | None, Query(alias="code", description=bilingual("问题代码,可多个", "finding code, one or several"))]


class Move(BaseModel):
    """假设搬迁 · a move to be tried."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(description=bilingual("单位编码", "key of the unit"))
    building: Id = Field(description=bilingual("迁入的地点", "id of the building or storey it moves to"))
    as_of: Day | None = None
    with_below: bool = Field(default=False, description=bilingual("连同下级单位", "with the units below"))
    share_up_to_m2: float | None = Field(
        default=None, gt=0, description=bilingual("可合用的限额上限", "people with a limit up to this share")
    )
    least_m2: float | None = Field(default=None, gt=0, description=bilingual("每人下限", "least m² a person"))


@router.get("/occupancy", summary=bilingual("办公用房使用情况", "occupancy: a page of rooms"), response_model=OccupancyPage)
def read_occupancy(
    request: Request,
    principal: ReaderOf,
    place: Place = None,
    unit: Unit = None,
    verdict: Verdicts = None,
    area: Area = "measured",
    as_of: AsOf = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """谁在哪间、面积多少、依据何条、是否超标;未落图的房间同样在列。Who sits where, areas, limits, verdicts; unplaced rooms are rooms."""
    wanted = OccupancyFilter(place=place, unit=unit, verdicts=tuple(verdict or ()), area=area)
    page = occupancy_page(
        registers_of(request), wanted, reader_of(principal), as_of=as_of, tables=tables_of(request), after=after, limit=limit
    )
    return following(request, page)


@router.get("/occupancy/totals", summary=bilingual("办公用房合计", "occupancy: sums"), response_model=OccupancyTotals)
def read_occupancy_totals(
    request: Request,
    principal: ReaderOf,
    place: Place = None,
    unit: Unit = None,
    verdict: Verdicts = None,
    area: Area = "measured",
    as_of: AsOf = None,
    by: Annotated[str, Query(description=bilingual("storey、building、site、unit、use、verdict", "what to sum by"))] = "building",
) -> dict[str, Any]:
    """间数、面积、人数、各结论,逐层、逐楼、逐单位。Rooms, areas, people and verdicts by storey, building, unit."""
    wanted = OccupancyFilter(place=place, unit=unit, verdicts=tuple(verdict or ()), area=area)
    return occupancy_totals(registers_of(request), wanted, reader_of(principal), as_of=as_of, tables=tables_of(request), by=by)


@router.get("/occupancy/findings", summary=bilingual("用房核查问题", "occupancy: findings"), response_model=FindingPage)
def read_space_findings(
    request: Request,
    principal: ReaderOf,
    place: Place = None,
    unit: Unit = None,
    code: Codes = None,
    as_of: AsOf = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """房间、人员、编制、楼层互相核对。Rooms, people, posts and storeys held against one another."""
    page = space_checks(
        registers_of(request),
        reader_of(principal),
        place=place,
        unit=unit,
        as_of=as_of,
        tables=tables_of(request),
        codes=tuple(code or ()),
        after=after,
        limit=limit,
    )
    return following(request, page)


@router.get("/entitlements", summary=bilingual("各单位核定面积", "units against their posts: a page"), response_model=EntitlementPage)
def list_entitlements(
    request: Request,
    principal: ReaderOf,
    unit: Unit = None,
    verdict: Verdicts = None,
    as_of: AsOf = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """按编制核定的面积与实际占用。What each unit may hold by its posts, and what it holds."""
    page = entitlement_page(
        registers_of(request),
        reader_of(principal),
        unit=unit,
        verdicts=tuple(verdict or ()),
        as_of=as_of,
        tables=tables_of(request),
        after=after,
        limit=limit,
    )
    return following(request, page)


@router.get("/units/{key:path}/entitlement", summary=bilingual("单位核定面积", "a unit against its posts"), response_model=Entitlement)
def read_entitlement(request: Request, principal: ReaderOf, key: str, as_of: AsOf = None) -> dict[str, Any]:
    """分配与使用分开;技术业务用房不计。Allocated apart from used; technical rooms stand outside."""
    return unit_entitlement(registers_of(request), key, reader_of(principal), as_of=as_of, tables=tables_of(request))


@router.post("/what-if/move", summary=bilingual("假设搬迁", "what if a unit moved"), response_model=MoveProposal)
def propose(request: Request, principal: ReaderOf, move: Annotated[Move, Body()]) -> dict[str, Any]:
    """只提方案,不写入任何内容。A proposal; nothing is written."""
    return what_if_moved(registers_of(request), reader_of(principal), tables=tables_of(request), **move.model_dump())
