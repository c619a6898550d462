"""Imports of ledgers: what each brought, what is wrong with which line, what it no longer has."""

from typing import Annotated, Any

from fastapi import Path, Query, Request

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.record_documents import ImportFindings, ImportPage, VanishedPage
from twin.api.registers import After, Limit, ReaderOf, following, registers_of
from twin.api.router import Router
from twin.api.values import Id
from twin.queries.records.context import reader_of
from twin.queries.register_imports import import_findings, import_page, vanished_page

__all__ = ["router"]

router = Router(tags=["records"], responses=NOT_FOUND)
ImportId = Annotated[Id, Path(description=bilingual("导入批次编号", "id of an import"))]
AfterId = Annotated[Id | None, Query(description=bilingual("上一页最后的编号", "the last id of the page before"))]


@router.get("/imports", summary=bilingual("台账导入批次", "imports of ledgers: a page"), response_model=ImportPage)
def list_imports(
    request: Request,
    principal: ReaderOf,
    kind: Annotated[str | None, Query(description=bilingual("登记种类", "kind of records"))] = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """最新在前。Newest first."""
    return following(request, import_page(registers_of(request), reader_of(principal), kind=kind, after=after, limit=limit))


@router.get("/imports/{import_id}/findings", summary=bilingual("导入核查问题", "findings of an import"), response_model=ImportFindings)
def list_import_findings(
    request: Request,
    import_id: ImportId,
    principal: ReaderOf,
    code: Annotated[list[str] | None, Query(description=bilingual("问题代码,可多个", "finding code, one or several"))] = None,
    put_aside: Annotated[
        bool | None, Query(description=bilingual("只要未采纳的行,或只要单元格", "only rows put aside, or only cells"))
    ] = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """逐行:先列未采纳的行,再列有问题的单元格。Line by line: rows put aside, then cells."""
    page = import_findings(
        registers_of(request), reader_of(principal), import_id, codes=tuple(code or ()), put_aside=put_aside, after=after, limit=limit
    )
    return following(request, page)


@router.get(
    "/imports/{import_id}/vanished", summary=bilingual("台账中不再有的记录", "records a ledger no longer has"), response_model=VanishedPage
)
def list_vanished(request: Request, import_id: ImportId, principal: ReaderOf, after: AfterId = None, limit: Limit = 100) -> dict[str, Any]:
    """仅列出,不删除。Listed, not deleted."""
    return following(request, vanished_page(registers_of(request), reader_of(principal), import_id, after=after, limit=limit))
