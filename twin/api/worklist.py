"""/work-items: what the tie of registers and models leaves to people, and what they settle."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.registers import Limit, ReaderOf, following, registers_of
from twin.api.router import Router
from twin.api.values import Id
from twin.auth import Action, Principal
from twin.queries.records.context import reader_of
from twin.queries.worklist import settle_work, work_counts, work_page

__all__ = ["router"]

router = Router(tags=["work items"], responses=NOT_FOUND)
LinkDecider = Annotated[Principal, allowed(Action.DECIDE_LINK)]
State = Annotated[Literal["open", "decided", "gone"], Query(description=bilingual("状态", "open, decided, gone"))]
FamilyName = Literal["unmatched", "ambiguous", "contradiction", "lost", "position"]
ItemId = Annotated[Id, Path(description=bilingual("待办编号", "number of the item"))]


def _field(chinese: str, english: str) -> Any:
    return Field(description=bilingual(chinese, english))


class WorkItem(BaseModel):
    """一项待办及其两边 · an item with both its sides."""

    item: int
    code: str
    family: str
    state: str
    message: str
    since: str
    closed_at: str | None
    closed_by: str | None
    facts: dict[str, Any] = _field("两边所说", "what stands against what")
    records: list[dict[str, Any]] = _field("登记一边:记录及其主要内容", "the registers' side: records with what tells them")
    features: list[dict[str, Any]] = _field("模型一边:要素现在或最后的样子", "the model's side: features as they are, or last were")
    links: list[dict[str, Any]] = _field("两边之间的关联,方法、可信度、依据", "links between the two: method, confidence, evidence")
    requests: list[dict[str, Any]] = _field("已提出而未决定的认定", "decisions asked for and not yet taken")


class WorkPage(BaseModel):
    """一页待办 · a page of items."""

    items: list[WorkItem]
    next: str | None = _field("下一页的地址", "address of the following page")


class WorkKinds(BaseModel):
    """各类待办的数量 · how many items of each kind."""

    number_matched: int = Field(alias="numberMatched")
    kinds: list[dict[str, Any]] = _field("代码、归类、含义、数量", "code, family, meaning, how many")


class Settlement(BaseModel):
    """认可一项待办 · an item settled by decision."""

    model_config = ConfigDict(extra="forbid")
    note: str = Field(min_length=1, max_length=2000, description=bilingual("理由", "why"))


@router.get("/work-items", summary=bilingual("关联待办", "work items of the tie"), response_model=WorkPage)
def list_items(
    request: Request,
    principal: ReaderOf,
    code: Annotated[str | None, Query(max_length=100, description=bilingual("代码", "code of the item"))] = None,
    family: Annotated[FamilyName | None, Query(description=bilingual("归类", "what is asked of a person"))] = None,
    state: State = "open",
    after: Annotated[Id, Query(description=bilingual("上一页最后的待办编号", "the last item of the page before"))] = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """登记与模型的矛盾、失去的对应、没有对应的房间。Contradictions, lost counterparts, rooms without one."""
    registers, reader = registers_of(request), reader_of(principal)
    return following(request, work_page(registers, reader, code=code, family=family, state=state, after=after, limit=limit))


@router.get("/work-items/kinds", summary=bilingual("关联待办类别", "kinds of work items"), response_model=WorkKinds)
def count_items(request: Request, principal: ReaderOf, state: State = "open") -> dict[str, Any]:
    """每类一行,没有的为零。A row a kind, 0 where there is none."""
    return work_counts(registers_of(request), reader_of(principal), state=state)


@router.post("/work-items/{item}/decision", summary=bilingual("认可待办", "settle one"), response_model=WorkItem)
def settle(request: Request, principal: LinkDecider, item: ItemId, settlement: Settlement) -> dict[str, Any]:
    """认可后不再列出,内容变化则重新列出。It stays settled while it says the same."""
    return settle_work(registers_of(request), reader_of(principal), item, settlement.note)
