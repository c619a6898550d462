"""Reconciliation: the one list of differences, worked off; how many of each kind; and a run that brings it up to date."""

from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.registers import Limit, ReaderOf, following, registers_of
from twin.api.router import Router
from twin.api.values import Id
from twin.auth import Action, Principal
from twin.errors import Forbidden
from twin.queries.assetops.moves import found_elsewhere_page
from twin.queries.assetops.reconcile.listing import decide_difference, difference_counts, difference_page
from twin.queries.assetops.reconcile.run import reconcile
from twin.queries.records.context import reader_of

__all__ = ["router"]

router = Router(tags=["reconciliation"], responses=NOT_FOUND)
Counter = Annotated[Principal, allowed(Action.STOCKTAKE)]
State = Annotated[str, Query(description="open, decided, gone")]
ItemId = Annotated[Id, Path(description=bilingual("待办编号", "number of the item"))]


class DifferencePage(BaseModel):
    """一页差异 · a page of differences."""

    differences: list[dict[str, Any]] = Field(
        description=bilingual("何与何不符、何物、金额、应办单位、自何时", "what against what, of which record, amount, unit, since")
    )
    next: str | None = Field(description=bilingual("下一页的地址", "address of the following page"))


class DifferenceKinds(BaseModel):
    """各类差异的数量 · how many differences of each kind."""

    number_matched: int = Field(alias="numberMatched")
    kinds: list[dict[str, Any]] = Field(description=bilingual("代码、核对类别、含义、数量", "code, what is compared, meaning, how many"))


class FoundElsewhere(BaseModel):
    """盘点时在别处找到的资产 · assets that stock-takes found elsewhere."""

    assets: list[dict[str, Any]] = Field(
        description=bilingual("应在、所见、可提出的搬迁、已提出的申请", "expected, found, the move one may ask for, what is asked already")
    )
    next: str | None = Field(description=bilingual("下一页的地址", "address of the following page"))


class Run(BaseModel):
    """一次核对 · what a run found."""

    differences: int
    by_code: dict[str, int]
    totals: int = Field(description=bilingual("合计不符的单位与分类", "units and classes whose sums differ"))
    sides: dict[str, int] = Field(description=bilingual("各方的条数", "rows of each side"))
    opened: int
    closed: int


class Decision(BaseModel):
    """认可一项差异 · a difference settled by decision."""

    model_config = ConfigDict(extra="forbid")
    note: str = Field(description=bilingual("理由", "why"))


@router.get("/differences", summary=bilingual("差异清单", "differences"), response_model=DifferencePage)
def list_differences(
    request: Request,
    principal: ReaderOf,
    code: Annotated[str | None, Query(description=bilingual("差异代码", "code of the difference"))] = None,
    unit: Annotated[str | None, Query(description=bilingual("应办单位", "key of the unit that must act"))] = None,
    state: State = "open",
    after: Annotated[Id, Query(description=bilingual("上一页最后的待办编号", "the last item of the page before"))] = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """账账、账卡、账实、账证,一张清单。Ledger against ledger, card, place and title: one list."""
    reader = reader_of(principal)
    page = difference_page(registers_of(request), reader, code=code, unit=unit, state=state, after=after, limit=limit)
    return following(request, page)


@router.get("/differences/kinds", summary=bilingual("差异类别", "kinds of differences"), response_model=DifferenceKinds)
def count_differences(request: Request, principal: ReaderOf, state: State = "open") -> dict[str, Any]:
    """每类一行,没有的为零。A row a kind, 0 where there is none."""
    return difference_counts(registers_of(request), reader_of(principal), state=state)


@router.get("/differences/found-elsewhere", summary=bilingual("别处找到的资产", "assets found elsewhere"), response_model=FoundElsewhere)
def list_found_elsewhere(
    request: Request,
    principal: ReaderOf,
    after: Annotated[Id, Query(description=bilingual("上一页最后的待办编号", "the last item of the page before"))] = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """盘点见到而未移位的,先发现的在前。Seen by a stock-take and not moved, the oldest finding first."""
    return following(request, found_elsewhere_page(registers_of(request), reader_of(principal), after=after, limit=limit))


@router.post("/differences/runs", summary=bilingual("核对", "reconcile"), response_model=Run)
def run(request: Request, principal: Counter) -> dict[str, Any]:
    """新的列入,消失的自行了结。New ones are opened, those that are gone close by themselves."""
    reader = reader_of(principal)
    if reader.units is not None:
        raise Forbidden("only who has every unit reconciles them all", path="/differences/runs")
    registers = registers_of(request)
    with registers.store.database.alone("reconcile"):
        return reconcile(registers)[1]


@router.post("/differences/{item}/decision", summary=bilingual("认可差异", "settle one"), response_model=dict[str, Any])
def decide(request: Request, principal: Counter, item: ItemId, decision: Decision) -> dict[str, Any]:
    """认可后不再列出,内容变化则重新列出。It stays settled while it says the same."""
    return decide_difference(registers_of(request), reader_of(principal), item, decision.note)
