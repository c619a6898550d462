"""/sites/{code}/features: one feature with everything known of it, and what lies below it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from spatial.feature import Kind
from twin.api.gate import allowed
from twin.auth import Action, Principal, permitted_labels
from twin.queries import children_page, feature_document

__all__ = ["router"]

router = APIRouter(tags=["features"])
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]


@router.get("/sites/{code}/features/{feature_id}/children", summary="What lies directly below a feature")
def read_children(
    request: Request,
    code: str,
    feature_id: str,
    principal: Reader,
    kind: Annotated[Kind | None, Query(description="only this kind")] = None,
    after: Annotated[str | None, Query(description="the last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> dict[str, Any]:
    """A page in the order of siblings; `next` names the following one."""
    labels = permitted_labels(principal)
    return children_page(request.app.state.store, code, feature_id, labels, kind=kind, after=after, limit=limit)


@router.get("/sites/{code}/features/{feature_id}", summary="One feature")
def read_feature(request: Request, code: str, feature_id: str, principal: Reader) -> dict[str, Any]:
    """What it is, where it is, its properties, its path up the tree, and the file, entity and revision it came from."""
    return feature_document(request.app.state.store, code, feature_id, permitted_labels(principal))
