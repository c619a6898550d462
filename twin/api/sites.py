"""/sites: what compounds there are, and each one's facts and tree."""

from typing import Annotated, Any

from fastapi import Path, Request

from twin.api.documents import NOT_FOUND, SiteDocument, SiteList, SiteTree, bilingual
from twin.api.gate import allowed
from twin.api.router import Router
from twin.auth import Action, Principal, permitted_labels
from twin.queries import site_document, site_list, site_tree

__all__ = ["router"]

router = Router(tags=["sites"], responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_SITE)]
SiteCode = Annotated[str, Path(description=bilingual("大院代码", "code of the site"))]


@router.get("/sites", summary=bilingual("大院列表", "sites"), response_model=SiteList)
def list_sites(request: Request, principal: Reader) -> dict[str, Any]:
    """访问者权限内每个大院的代码和名称。Code and name of each site in the asker's scope."""
    return site_list(request.app.state.store, principal.scopes)


@router.get("/sites/{code}", summary=bilingual("一个大院", "one site"), response_model=SiteDocument)
def read_site(request: Request, code: SiteCode, principal: Reader) -> dict[str, Any]:
    """原点、坐标系、数量、瓦片;高为椭球高,`bounds` 为站点坐标系米。Origin, frame, counts and tilesets; heights are ellipsoidal."""
    state = request.app.state
    return site_document(state.store, code, state.published.manifests(code), permitted_labels(principal))


@router.get("/sites/{code}/tree", summary=bilingual("建筑与楼层", "buildings and storeys"), response_model=SiteTree)
def read_tree(request: Request, code: SiteCode, principal: Reader) -> dict[str, Any]:
    """建筑、楼层及其数量,不截断;房间另按楼层分页读取。Complete; rooms are read in pages from `/features/{storey}/children?kind=space`."""
    state = request.app.state
    return site_tree(state.store, code, state.published.manifests(code), permitted_labels(principal))
