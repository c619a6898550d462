"""/sites/{code}/features: one feature with everything known of it, and what lies below it."""

from typing import Annotated, Any

from fastapi import Path, Query, Request

from spatial.feature import Kind
from twin.api.documents import NOT_FOUND, Children, FeatureDossier, bilingual
from twin.api.gate import allowed
from twin.api.record_documents import FeatureRecords
from twin.api.registers import ReaderOf, registers_of
from twin.api.router import Router
from twin.auth import Action, Principal, permitted_labels
from twin.queries import children_page, feature_document
from twin.queries.feature_records import feature_records
from twin.queries.records.context import reader_of

__all__ = ["router"]

router = Router(tags=["features"], responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]
SiteCode = Annotated[str, Path(description=bilingual("大院代码", "code of the site"))]
FeatureId = Annotated[str, Path(description=bilingual("要素标识", "id of the feature: {model}:{GlobalId}"))]


@router.get(
    "/sites/{code}/features/{feature_id:path}/children", summary=bilingual("直接下级", "what lies directly below"), response_model=Children
)
def read_children(
    request: Request,
    code: SiteCode,
    feature_id: FeatureId,
    principal: Reader,
    kind: Annotated[Kind | None, Query(description=bilingual("只要这一类", "only this kind"))] = None,
    after: Annotated[str | None, Query(description=bilingual("上一页最后的标识", "the last id of the page before"))] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description=bilingual("每页至多", "at most so many a page"))] = 500,
) -> dict[str, Any]:
    """按同级次序分页;`next` 是下一页。A page in the order of siblings; `next` names the following one."""
    labels = permitted_labels(principal)
    return children_page(request.app.state.store, code, feature_id, labels, kind=kind, after=after, limit=limit)


@router.get(
    "/sites/{code}/features/{feature_id:path}/records",
    summary=bilingual("登记中的同一处", "what the registers know of it"),
    response_model=FeatureRecords,
)
def read_records(request: Request, code: SiteCode, feature_id: FeatureId, principal: ReaderOf) -> dict[str, Any]:
    """其在地点树上的节点,以及关联的记录。Its node in the tree of places, and the records it is tied to."""
    return feature_records(registers_of(request), code, feature_id, reader_of(principal))


@router.get("/sites/{code}/features/{feature_id:path}", summary=bilingual("一个要素", "one feature"), response_model=FeatureDossier)
def read_feature(request: Request, code: SiteCode, feature_id: FeatureId, principal: Reader) -> dict[str, Any]:
    """是什么、在哪里、属性、上级,以及出自的文件、实体和修订。What and where it is, its properties, path, file, entity and revision."""
    return feature_document(request.app.state.store, code, feature_id, permitted_labels(principal))
