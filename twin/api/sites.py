"""/sites: what compounds there are, and each one's facts and tree."""

from typing import Annotated, Any

from fastapi import APIRouter, Request

from twin.api.gate import allowed
from twin.assemble import manifests_of
from twin.auth import Action, Principal, permitted_labels
from twin.queries import site_document, site_list, site_tree

__all__ = ["router"]

router = APIRouter(tags=["sites"])
Reader = Annotated[Principal, allowed(Action.READ_SITE)]


@router.get("/sites", summary="All sites")
def list_sites(request: Request, principal: Reader) -> dict[str, Any]:
    """Code and name of each site."""
    return site_list(request.app.state.store)


@router.get("/sites/{code}", summary="One site")
def read_site(request: Request, code: str, principal: Reader) -> dict[str, Any]:
    """Origin, frame, counts and tilesets; heights are ellipsoidal metres, `bounds` metres of the site frame."""
    state = request.app.state
    labels = permitted_labels(principal)
    return site_document(state.store, code, manifests_of(state.settings, code), labels)


@router.get("/sites/{code}/tree", summary="Buildings and storeys of a site")
def read_tree(request: Request, code: str, principal: Reader) -> dict[str, Any]:
    """Site → building → storey with counts; rooms are read from `/features/{storey}/children?kind=space`."""
    state = request.app.state
    labels = permitted_labels(principal)
    return site_tree(state.store, code, manifests_of(state.settings, code), labels)
