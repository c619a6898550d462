"""/: the viewer to a browser, the landing document to a machine; /openapi.json; the page's own files."""

from typing import Annotated, Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from twin.api.documents import Health, Landing, bilingual
from twin.api.gate import allowed
from twin.api.negotiation import HTML, JSON, Lang, PageForm, chosen_form, chosen_language
from twin.api.openapi30 import OPENAPI_30, as_openapi_30
from twin.api.pages.frame import send_page
from twin.api.pages.service import api_page, landing_page
from twin.api.router import Router
from twin.api.sending import FOREVER, send_file
from twin.auth import Action, Principal
from twin.errors import NotFound
from viewer import static_dir

__all__ = ["OPENAPI", "page_file", "router"]

OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
API: dict[int | str, dict[str, Any]] = {
    200: {
        "description": bilingual("网页或 OpenAPI", "a page, or OpenAPI"),
        "content": {OPENAPI_30: {"schema": {"type": "object"}}, HTML: {"schema": {"type": "string"}}},
    }
}
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
def read_landing(request: Request, principal: Reader, f: PageForm = None, lang: Lang = None) -> Response:
    """浏览器(`Accept: text/html`)得到三维页面,程序得到服务的链接,`f=html` 为数据接口的首页。

    The console to who takes HTML, the links of the service to others; `f=html` is the landing page of the data.
    """
    if f == "html":
        language = chosen_language(request, lang)
        return send_page(request, landing_page(language), language)
    if f == "json" or "text/html" not in request.headers.get("accept", ""):
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


@router.get("/api", summary=bilingual("接口说明", "the API definition, as a page or as OpenAPI"), responses=API)
def read_api(request: Request, principal: Reader, f: PageForm = None, lang: Lang = None) -> Response:
    """每个操作及其参数。Each operation with its parameters; to a program the document in words of OpenAPI 3.0."""
    if chosen_form(request, f, {"json": (OPENAPI_30, JSON), "html": (HTML,)}) == "html":
        language = chosen_language(request, lang)
        return send_page(request, api_page(request.app.openapi(), language), language)
    return JSONResponse(as_openapi_30(request.app.openapi()), media_type=OPENAPI_30, headers={"Vary": "Accept"})


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
            {"rel": "alternate", "type": HTML, "href": "/?f=html", "title": "this document as a page"},
            {"rel": "related", "type": HTML, "href": "/", "title": "the console"},
            {"rel": "service-desc", "type": OPENAPI, "href": "/openapi.json", "title": "OpenAPI 3.1"},
            {"rel": "service-desc", "type": OPENAPI_30, "href": "/api?f=json", "title": "OpenAPI 3.0"},
            {"rel": "service-doc", "type": HTML, "href": "/api?f=html", "title": "the operations, for people"},
            {"rel": "conformance", "type": "application/json", "href": "/conformance", "title": "OGC API Features"},
            {"rel": "data", "type": "application/json", "href": "/collections", "title": "Collections"},
            {"rel": "sites", "type": "application/json", "href": "/sites", "title": "Sites"},
        ],
    }
