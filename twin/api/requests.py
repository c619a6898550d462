"""Requests: filed by who may, decided by the owning unit or the bureau, traceable for ever."""

from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.record_documents import NewRequest, RequestDocument, RequestPage, RequestStep, Reversal
from twin.api.registers import Decider, Limit, Petitioner, ReaderOf, following, registers_of
from twin.api.router import Router
from twin.api.values import Id
from twin.queries.requests import decide_request, file_request, read_request, request_page, revert_request

__all__ = ["router"]

router = Router(tags=["requests"], responses=NOT_FOUND)
RequestId = Annotated[Id, Path(description=bilingual("申请编号", "number of the request"))]


@router.get("/requests", summary=bilingual("申请列表", "requests"), response_model=RequestPage)
def list_requests(
    request: Request,
    principal: ReaderOf,
    kind: Annotated[str | None, Query(description=bilingual("种类", "kind"))] = None,
    state: Annotated[str | None, Query(description=bilingual("状态", "state"))] = None,
    is_open: Annotated[bool | None, Query(alias="open", description=bilingual("未办结", "not closed"))] = None,
    after: Annotated[Id | None, Query(description=bilingual("上一页最后的编号", "the last number of the page before"))] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """本人提出的和本单位应办的,新的在前。One's own and those of one's units, newest first."""
    page = request_page(registers_of(request), principal, kind=kind, state=state, is_open=is_open, after=after, limit=limit)
    return following(request, page)


@router.post("/requests", summary=bilingual("提出申请", "file a request"), response_model=RequestDocument, status_code=201)
def file(request: Request, response: Response, principal: Petitioner, new: NewRequest) -> dict[str, Any]:
    """更正、分配、搬迁、调剂、处置、出借、入仓、购置。Correction, allocation, move, transfer, disposal, loan, pooling, purchase."""
    filed = file_request(registers_of(request), principal, new.kind, new.payload)
    response.headers["Location"] = f"/requests/{filed['id']}"
    return filed


@router.get("/requests/{request_id}", summary=bilingual("一项申请", "one request"), response_model=RequestDocument)
def read(request: Request, principal: ReaderOf, request_id: RequestId) -> dict[str, Any]:
    """其步骤,以及可走的下一步。Its steps, and those that may follow."""
    return read_request(registers_of(request), principal, request_id)


@router.post("/requests/{request_id}/steps", summary=bilingual("办理一步", "take a step"), response_model=RequestDocument)
def decide(request: Request, principal: Petitioner, request_id: RequestId, step: RequestStep) -> dict[str, Any]:
    """同意、不同意、退回、撤回、办结;决定与其结果在同一事务中。The decision and what follows from it are one transaction."""
    return decide_request(registers_of(request), principal, request_id, step.to, step.facts)


@router.post("/requests/{request_id}/revert", summary=bilingual("撤销更正", "take a correction back"), response_model=RequestDocument)
def revert(request: Request, principal: Decider, request_id: RequestId, reversal: Reversal) -> dict[str, Any]:
    """记录恢复原状,历史保留。The record is as before, its history stays."""
    return revert_request(registers_of(request), principal, request_id, reversal.reason)
