"""/: the viewer to a browser, the landing document to a machine; /openapi.json; the page's own files."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from twin.api.gate import allowed
from twin.auth import Action, Principal
from twin.errors import NotFound
from viewer import static_dir

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, allowed(Action.READ_PAGE)]


@router.get("/")
def read_landing(request: Request, principal: Reader) -> Response:
    """The page, or with `Accept: application/json` the links of the service (OGC API Common)."""
    accept = request.headers.get("accept", "")
    if "application/json" in accept and "text/html" not in accept:
        return JSONResponse(_landing(request))
    return FileResponse(static_dir() / "index.html", media_type="text/html", headers={"Cache-Control": "no-cache"})


@router.get("/openapi.json")
def read_openapi(request: Request, principal: Reader) -> Response:
    """The OpenAPI 3.1 document of this service."""
    return JSONResponse(request.app.openapi(), media_type="application/vnd.oai.openapi+json;version=3.1")


@router.get("/health")
def read_health(request: Request, principal: Reader) -> dict[str, str]:
    """Says that the process answers and reaches its store."""
    request.app.state.store.list_sites()
    return {"status": "ok"}


@router.get("/{path:path}")
def read_file(request: Request, path: str, principal: Reader) -> Response:
    """A file of the built page; hashed names are kept by the browser for ever."""
    root = static_dir().resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file() or file.name.startswith("."):
        raise NotFound(f"nothing at /{path}")
    keep = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
    return FileResponse(file, headers={"Cache-Control": keep})


def _landing(request: Request) -> dict[str, Any]:
    return {
        "title": request.app.title,
        "description": "Digital twin of government compounds: 3D Tiles, features, provenance",
        "links": [
            {"rel": "self", "type": "application/json", "href": "/"},
            {"rel": "service-desc", "type": "application/vnd.oai.openapi+json;version=3.1", "href": "/openapi.json"},
            {"rel": "data", "type": "application/json", "href": "/sites", "title": "Sites"},
        ],
    }
