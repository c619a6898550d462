"""What routes about records share: the registers of the process, the gates, addresses of following pages."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request

from twin.api.documents import bilingual
from twin.api.gate import allowed
from twin.auth import Action, Principal
from twin.codes import Tables
from twin.queries.records.context import Registers

__all__ = ["After", "Clerk", "Decider", "Limit", "Petitioner", "ReaderOf", "following", "registers_of", "tables_of"]

ReaderOf = Annotated[Principal, allowed(Action.READ_RECORD)]
Clerk = Annotated[Principal, allowed(Action.WRITE_RECORD)]
Petitioner = Annotated[Principal, allowed(Action.FILE_REQUEST)]
Decider = Annotated[Principal, allowed(Action.DECIDE_REQUEST)]
After = Annotated[str | None, Query(description=bilingual("上一页最后的键", "the last key of the page before"), max_length=1000)]
Limit = Annotated[int, Query(ge=1, le=1000, description=bilingual("每页至多", "at most so many a page"))]


def registers_of(request: Request) -> Registers:
    """The registers of the process."""
    found: Registers = request.app.state.registers
    return found


def tables_of(request: Request) -> Tables:
    """The tables of the field with what the bureau corrected."""
    found: Tables = request.app.state.tables
    return found


def following(request: Request, document: dict[str, Any]) -> dict[str, Any]:
    """The document with `next` as the address of the following page, or None."""
    if document["next"] is None:
        return document
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return document | {"next": f"{request.url.path}?{urlencode([*kept, ('after', str(document['next']))])}"}
