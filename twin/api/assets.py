"""Assets by any filters, what they add up to, what stands where, what is idle, and the one search box."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from fastapi.responses import Response

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.planner_documents import CheckPage
from twin.api.preconditions import SeenVersion, stale, tagged
from twin.api.record_documents import AssetSteps, AssetTotals, Inventory, OfferedPage, RecordDocument, RecordPage, RequestStep, SearchAnswer
from twin.api.registers import After, Clerk, Limit, ReaderOf, following, registers_of
from twin.api.router import Router
from twin.api.values import Day, Fen, Id
from twin.auth import Action, allows
from twin.codes import get_dictionary
from twin.errors import Invalid, Refused
from twin.queries.asset_filter import AssetFilter
from twin.queries.asset_sums import DIMENSIONS
from twin.queries.assetops.card_checks import asset_checks
from twin.queries.assetops.steps import asset_steps
from twin.queries.assetops.stock import idle_page, stock_matches, wish_of
from twin.queries.assets import asset_page, asset_totals
from twin.queries.inventory import place_inventory, unit_inventory
from twin.queries.records.context import reader_of
from twin.queries.records.editing import take_asset_step
from twin.queries.search import search_everything

__all__ = ["router"]

router = Router(tags=["assets"], responses=NOT_FOUND)
ClassLength = Annotated[
    int | None, Query(ge=1, le=32, description=bilingual("分类代码位数,默认首级", "characters of a class; default its top level"))
]


def _wanted(
    place: Annotated[Id | None, Query(description=bilingual("地点及其下", "a place and all below"))] = None,
    unit: Annotated[str | None, Query(description=bilingual("单位及其下", "a unit and all below"))] = None,
    class_code: Annotated[str | None, Query(max_length=32, description=bilingual("分类代码的开头", "beginning of the class code"))] = None,
    class_edition: Annotated[str | None, Query(description=bilingual("分类版本", "edition of the classes"))] = None,
    state: Annotated[list[str] | None, Query(description=bilingual("使用状况,可多个", "state, one or several"))] = None,
    value_from: Annotated[Fen | None, Query(description=bilingual("原值不低于,分", "value at least, fen"))] = None,
    value_to: Annotated[Fen | None, Query(description=bilingual("原值不高于,分", "value at most, fen"))] = None,
    acquired_from: Annotated[Day | None, Query(description=bilingual("取得日期不早于", "acquired on or after"))] = None,
    acquired_to: Annotated[Day | None, Query(description=bilingual("取得日期不晚于", "acquired on or before"))] = None,
    q: Annotated[str | None, Query(max_length=200, description=bilingual("名称、型号、品牌、编号、序列号、标签", "words or codes"))] = None,
) -> AssetFilter:
    return AssetFilter(
        place=place,
        unit=unit,
        class_code=class_code,
        class_edition=_code("class_edition", class_edition) if class_edition is not None else None,
        state=tuple(_code("asset_state", one, parameter="state") for one in state or ()),
        value_from=value_from,
        value_to=value_to,
        acquired_from=acquired_from,
        acquired_to=acquired_to,
        q=q,
    )


Wanted = Annotated[AssetFilter, Depends(_wanted)]


@router.get("/assets", summary=bilingual("资产列表", "assets: a page"), response_model=RecordPage)
def list_assets(request: Request, principal: ReaderOf, wanted: Wanted, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """按编号排序,条件任意组合。In the order of their codes; filters in any combination."""
    return following(request, asset_page(registers_of(request), wanted, reader_of(principal), after=after, limit=limit))


@router.get("/assets/totals", summary=bilingual("资产合计", "assets: sums"), response_model=AssetTotals)
def read_totals(
    request: Request,
    principal: ReaderOf,
    wanted: Wanted,
    by: Annotated[
        str, Query(description=bilingual("unit、class、state、age,逗号分隔", "unit, class, state, age, by commas"))
    ] = "unit,class",
    class_length: ClassLength = None,
) -> dict[str, Any]:
    """数量与原值,按单位、分类、状况、年限。Number and value by unit, class, state and age."""
    names = tuple(dict.fromkeys(by.split(",")))
    wrong = [name for name in names if name not in DIMENSIONS]
    if wrong:
        raise Invalid(f"by: {wrong[0]!r} is none", path="by", code="FILTER_INVALID", hint=f"some of: {', '.join(DIMENSIONS)}")
    return asset_totals(registers_of(request), wanted, reader_of(principal), by=names, class_length=class_length)


@router.get("/assets/offered", summary=bilingual("闲置与公物仓资产", "idle and pooled assets"), response_model=OfferedPage)
def list_offered(request: Request, principal: ReaderOf, wanted: Wanted, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """购置之前可调剂的资产。What is idle or in the public warehouse, before anything is bought."""
    return following(request, idle_page(registers_of(request), wanted, reader_of(principal), after=after, limit=limit))


@router.get("/assets/matches", summary=bilingual("可调剂资产", "what serves a wish"), response_model=dict[str, Any])
def match_assets(
    request: Request,
    principal: ReaderOf,
    class_code: Annotated[str, Query(min_length=1, max_length=32, description=bilingual("分类代码的开头", "beginning of the class code"))],
    class_edition: Annotated[str, Query(description=bilingual("分类版本", "edition of the class"))],
    words: Annotated[str, Query(max_length=200, description=bilingual("规格要求", "words of the specification"))] = "",
    quantity: Annotated[float, Query(gt=0, description=bilingual("数量", "how many"))] = 1,
    unit: Annotated[str, Query(description=bilingual("申请单位", "key of the unit that asks"))] = "",
) -> dict[str, Any]:
    """购置之前,闲置资产和公物仓中合用者,最合者在前。Before anything is bought: what fits of the idle and pooled, best first."""
    edition = _code("class_edition", class_edition)
    wish = wish_of({"class_code": class_code, "class_edition": edition, "words": words, "quantity": quantity, "unit": unit})
    registers = registers_of(request)
    with registers.store.database.reading() as connection:
        return stock_matches(registers, connection, wish, reader_of(principal))


@router.get("/assets/{key:path}/steps", summary=bilingual("资产可走的下一步", "the steps an asset may take"), response_model=AssetSteps)
def read_steps(
    request: Request, principal: ReaderOf, key: Annotated[str, Path(description=bilingual("资产编号", "code of the asset"))]
) -> dict[str, Any]:
    """可直接办的、须申请的,以及不可办的及其原因。What one takes at once, what a request takes, what is refused and why."""
    reader = reader_of(principal)
    may = {"may_write": allows(principal, Action.WRITE_RECORD), "may_file": allows(principal, Action.FILE_REQUEST)}
    return asset_steps(registers_of(request), key, reader, **may)


@router.post("/assets/{key:path}/steps", summary=bilingual("资产状态一步", "a step of an asset's life"), response_model=RecordDocument)
def take_step(
    request: Request,
    principal: Clerk,
    key: Annotated[str, Path(description=bilingual("资产编号", "code of the asset"))],
    step: RequestStep,
    version: SeenVersion,
    valid_from: Annotated[Day | None, Query(description=bilingual("自何日起,默认今天", "from which day it holds; default today"))] = None,
) -> Response:
    """无须审批的一步及其凭证;须审批的由申请办理。A step without a decision, with its papers; those with one are taken by requests."""
    try:
        done = take_asset_step(
            registers_of(request), key, step.to, step.facts, reader_of(principal), version=version, valid_from=valid_from
        )
    except Refused as error:
        raise stale(error) from error
    return tagged(*done)


@router.get("/assets/findings", summary=bilingual("资产卡片核查问题", "findings on asset cards"), response_model=CheckPage)
def read_card_findings(
    request: Request,
    principal: ReaderOf,
    code: Annotated[list[str] | None, Query(description=bilingual("问题代码,可多个", "finding code, one or several"))] = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """标签重号、单位不在名录。Tags on several cards, units nobody knows."""
    return following(request, asset_checks(registers_of(request), reader_of(principal), codes=tuple(code or ()), after=after, limit=limit))


@router.get("/inventory", summary=bilingual("资产清查", "inventory of a place or a unit"), response_model=Inventory)
def read_inventory(
    request: Request,
    principal: ReaderOf,
    place: Annotated[Id | None, Query(description=bilingual("地点", "id of a place"))] = None,
    unit: Annotated[str | None, Query(description=bilingual("单位", "key of a unit"))] = None,
    units: Annotated[bool, Query(description=bilingual("按单位而非地点看全部", "everything by units instead of places"))] = False,
    class_length: ClassLength = None,
) -> dict[str, Any]:
    """本级、下级、未落位与合计;按分类、单位、状况、年限。Own, below, unplaced, total; by class, unit, state and age."""
    if place is not None and (unit is not None or units):
        raise Invalid("a place or a unit, not both", path="unit", code="FILTER_INVALID", hint="/assets/totals?place=…&unit=… takes both")
    if unit is not None or units:
        return unit_inventory(registers_of(request), unit, reader_of(principal), class_length=class_length)
    return place_inventory(registers_of(request), place, reader_of(principal), class_length=class_length)


@router.get("/search", summary=bilingual("搜索", "search"), response_model=SearchAnswer)
def search(
    request: Request,
    principal: ReaderOf,
    q: Annotated[str, Query(min_length=1, max_length=200, description=bilingual("找什么", "what to look for"))],
    limit: Annotated[int, Query(ge=1, le=20, description=bilingual("每类至多", "at most so many of each kind"))] = 5,
) -> dict[str, Any]:
    """房间、人员、单位、车辆、楼栋、资产各几条。A few rooms, people, units, vehicles, buildings and assets."""
    return search_everything(registers_of(request), q, reader_of(principal), limit=limit)


def _code(dictionary: str, written: str, *, parameter: str | None = None) -> str:
    found = get_dictionary(dictionary).find(written)
    if found is None:
        allowed = ", ".join(f"{value.code} {value.zh}" for value in get_dictionary(dictionary).values)
        name = parameter or dictionary
        raise Invalid(f"{name}: {written!r} is not known", path=name, code="FILTER_INVALID", hint=f"one of: {allowed}")
    return found.code
