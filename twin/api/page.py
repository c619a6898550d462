"""/: the viewer to a browser, the landing document to a machine; /openapi.json; the page's own files."""

from typing import Annotated, Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from twin.api.api_page import api_page
from twin.api.documents import Health, Landing, bilingual
from twin.api.gate import allowed
from twin.api.router import Router
from twin.api.sending import EACH_TIME, FOREVER, send_file
from twin.auth import Action, Principal
from twin.errors import NotFound
from viewer import static_dir

__all__ = ["OPENAPI", "page_file", "router"]

OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
BUILT = "page/"
"""Where the build puts files with hashed names; `/assets` is the register."""

router = Router(tags=["service"])
Reader = Annotated[Principal, allowed(Action.READ_PAGE)]


@router.get(
    "/",
    summary=bilingual("浏览器得到页面,程序得到入口文档", "the page to a browser, the landing document to a program"),
    response_model=Landing,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "HTML, or the links of the service"}},
)
def read_landing(request: Request, principal: Reader) -> Response:
    """浏览器(`Accept: text/html`)得到页面,程序得到服务的链接。The page to who takes HTML, the links of the service to others."""
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(_landing(request), headers={"Vary": "Accept"})
    answer = page_file(request, "index.html", "no-cache")
    answer.headers.append("Vary", "Accept")
    return answer


@router.get(
    "/openapi.json",
    summary=bilingual("本服务的 OpenAPI 3.1 描述", "the OpenAPI 3.1 description of this service"),
    response_class=Response,
    responses={200: {"content": {OPENAPI: {"schema": {"type": "object"}}}, "description": "OpenAPI 3.1"}},
)
def read_openapi(request: Request, principal: Reader) -> Response:
    """The OpenAPI 3.1 document of this service."""
    return JSONResponse(request.app.openapi(), media_type=OPENAPI)


@router.get(
    "/api.html",
    summary=bilingual("接口说明页", "the description of this service as a page"),
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "HTML"}},
)
def read_api_page(request: Request, principal: Reader) -> Response:
    """每个操作及其参数和回答;不访问外网。Each operation with its parameters and answers; nothing is asked of another server."""
    return Response(api_page(request.app.openapi()), media_type="text/html", headers={"Cache-Control": EACH_TIME})


@router.get("/health", summary=bilingual("进程在线且能读到库", "the process answers and reaches its store"), response_model=Health)
def read_health(request: Request, principal: Reader) -> dict[str, str]:
    """Says that the process answers and reaches its store."""
    request.app.state.store.list_sites()
    return {"status": "ok"}


@router.get("/{path:path}", include_in_schema=False)
def read_file(request: Request, path: str, principal: Reader) -> Response:
    """A file of the built page; hashed names are kept by the browser for ever."""
    return page_file(request, path, FOREVER if path.startswith(BUILT) else "no-cache")


def page_file(request: Request, path: str, cache: str) -> Response:
    """A file of the built page; raises NotFound for what is none, or hidden, or outside."""
    root = static_dir().resolve()
    file = (root / path.replace("\0", "")).resolve()
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts) if file.is_relative_to(root) else True
    if hidden or not file.is_file():
        raise NotFound(f"nothing at /{path}", path=f"/{path}", hint="make setup builds the page" if path == "index.html" else "")
    return send_file(request, file, cache=cache)


def _landing(request: Request) -> dict[str, Any]:
    return {
        "title": request.app.title,
        "description": "政府大院数字孪生:3D Tiles、要素与出处。Digital twin of government compounds: 3D Tiles, features, provenance.",
        "links": [
            {"rel": "self", "type": "application/json", "href": "/", "title": "this document"},
            {"rel": "alternate", "type": "text/html", "href": "/", "title": "the page"},
            {"rel": "service-desc", "type": OPENAPI, "href": "/openapi.json", "title": "OpenAPI 3.1"},
            {"rel": "service-doc", "type": "text/html", "href": "/api.html", "title": "API"},
            {"rel": "conformance", "type": "application/json", "href": "/conformance", "title": "OGC API Features"},
            {"rel": "data", "type": "application/json", "href": "/collections", "title": "Collections"},
            {"rel": "sites", "type": "application/json", "href": "/sites", "title": "Sites"},
        ],
    }
