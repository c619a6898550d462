"""Energy of units and buildings, and findings on reports, vehicles, dispatch orders and devices."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Query, Request

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.planner_documents import BuildingEnergy, CheckPage, EnergyFindings, EnergyPage, OrderChecks
from twin.api.registers import After, Limit, ReaderOf, following, registers_of, tables_of
from twin.api.router import Router
from twin.api.values import Day, Id, Month
from twin.queries.devices import device_checks
from twin.queries.energy.answers import energy_page
from twin.queries.energy.findings import energy_checks
from twin.queries.energy.period import read_period
from twin.queries.energy.places import building_energy
from twin.queries.fleet.answers import dispatch_checks, vehicle_checks
from twin.queries.records.context import reader_of

__all__ = ["router"]

router = Router(tags=["energy and vehicles"], responses=NOT_FOUND)
From = Annotated[Month | None, Query(alias="from", description=bilingual("起始月份 YYYY-MM", "first month YYYY-MM"))]
To = Annotated[Month | None, Query(description=bilingual("截止月份,默认上月", "last month; default last month"))]
Unit = Annotated[str | None, Query(description=bilingual("单位及其下", "a unit and all below"))]
Codes = Annotated[list[str] | None, Query(alias="code", description=bilingual("问题代码,可多个", "finding code, one or several"))]
FirstDay = Annotated[Day | None, Query(alias="from", description=bilingual("起始日期,默认三十天前", "first day; default thirty days ago"))]
LastDay = Annotated[Day | None, Query(description=bilingual("截止日期,默认今天", "last day; default today"))]
RECENT = timedelta(days=30)


@router.get("/energy", summary=bilingual("各单位能耗", "energy of units: a page"), response_model=EnergyPage)
def read_energy(
    request: Request, principal: ReaderOf, unit: Unit = None, first: From = None, to: To = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """综合能耗(千克标准煤)、单位面积与人均、同类中位数。kgce, per m², per person, against the median of the kind."""
    registers = registers_of(request)
    period = read_period(first, to, registers.today())
    return following(
        request, energy_page(registers, reader_of(principal), period, unit=unit, tables=tables_of(request), after=after, limit=limit)
    )


@router.get("/energy/building", summary=bilingual("楼栋能耗", "energy of a building"), response_model=BuildingEnergy)
def read_building_energy(
    request: Request,
    principal: ReaderOf,
    building: Annotated[Id, Query(description=bilingual("楼栋的地点编号", "id of the building"))],
    first: From = None,
    to: To = None,
) -> dict[str, Any]:
    """按各单位在此使用的面积分摊。What units report, apportioned by the area they use here."""
    registers = registers_of(request)
    period = read_period(first, to, registers.today())
    return building_energy(registers, reader_of(principal), period, building=building, tables=tables_of(request))


@router.get("/energy/findings", summary=bilingual("能耗填报问题", "findings on energy reports"), response_model=EnergyFindings)
def read_energy_findings(
    request: Request,
    principal: ReaderOf,
    unit: Unit = None,
    code: Codes = None,
    first: From = None,
    to: To = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """漏报、多填一位、按兆瓦时填报、月份填反。Missing, mistyped and exchanged months."""
    registers = registers_of(request)
    period = read_period(first, to, registers.today())
    page = energy_checks(registers, reader_of(principal), period, unit=unit, codes=tuple(code or ()), after=after, limit=limit)
    return following(request, page)


@router.get("/vehicles/findings", summary=bilingual("车辆与驾驶员核查问题", "findings on vehicles and drivers"), response_model=CheckPage)
def read_vehicle_findings(
    request: Request, principal: ReaderOf, code: Codes = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """有车无证、终端重号、驾驶证过期。Titles missing, terminals shared, licences run out."""
    return following(
        request, vehicle_checks(registers_of(request), reader_of(principal), codes=tuple(code or ()), after=after, limit=limit)
    )


@router.get("/dispatches/findings", summary=bilingual("派车单核查问题", "findings on dispatch orders"), response_model=OrderChecks)
def read_order_findings(
    request: Request,
    principal: ReaderOf,
    code: Codes = None,
    first: FirstDay = None,
    to: LastDay = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """时间重叠、已处置车辆、驾驶证过期、里程与时间倒置。Overlaps, disposed vehicles, licences, times and readings backwards."""
    registers = registers_of(request)
    last = to or registers.today()
    page = dispatch_checks(
        registers, reader_of(principal), first=first or last - RECENT, last=last, codes=tuple(code or ()), after=after, limit=limit
    )
    return following(request, page)


@router.get("/devices/findings", summary=bilingual("安防设施核查问题", "findings on devices"), response_model=CheckPage)
def read_device_findings(
    request: Request, principal: ReaderOf, code: Codes = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """坐标系、高度、位置、可见范围缺失或不符。Datum, height, place or label that is missing or contradicted."""
    return following(request, device_checks(registers_of(request), reader_of(principal), codes=tuple(code or ()), after=after, limit=limit))
