"""What left to whom: /exports, for who audits."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel

from twin.api.collections import catalogue_of
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.registers import After, Limit, following
from twin.api.router import Router
from twin.auth import Action, Principal
from twin.errors import Invalid
from twin.queries.share.audit import list_packages, package_document

__all__ = ["router"]

router = Router(tags=["exports"], responses=NOT_FOUND)
Auditor = Annotated[Principal, allowed(Action.READ_AUDIT)]
Name = Annotated[str | None, Query(max_length=64, description=bilingual("接收方或数据集", "name of a receiver or dataset"))]


class Export(BaseModel):
    """一次提供 · one package that left."""

    receiver: str
    dataset: str
    sequence: int
    kind: str
    reason: str
    state: str
    counts: dict[str, int]
    fields: dict[str, str | None]
    manifest_sha256: str
    folder: str
    who: str
    recorded_at: datetime


class ExportPage(BaseModel):
    """提供记录 · packages, the newest first."""

    exports: list[Export]
    next: str | None


@router.get("/exports", summary=bilingual("对外提供的记录", "what left to whom"), response_model=ExportPage)
def list_exports(
    request: Request, principal: Auditor, receiver: Name = None, dataset: Name = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """新的在前:谁、何时、向谁、哪些信息项、多少条。The newest first: who, when, to whom, which fields, how many rows."""
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Invalid(f"after={after!r} is of no page here", path="after", code="PARAMETER_INVALID", hint="follow next")
    with catalogue_of(request).store.database.reading() as connection:
        found = list_packages(connection, receiver, dataset, limit=limit + 1, before=int(after) if after else None)
    exports = [package_document(one) for one in found[:limit]]
    return following(request, {"exports": exports, "next": str(found[limit - 1].id) if len(found) > limit else None})
