"""/tiles: tilesets assembled for the asker's labels, and their contents, each authorised by its own label."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from spatial.feature import PUBLIC
from spatial.source import bytes_sha256
from tiles import assemble_site, assemble_tileset
from twin.api.gate import allowed
from twin.assemble import layer_folder, manifest_of, manifests_of
from twin.auth import Action, Principal, permitted_labels
from twin.errors import NotFound

__all__ = ["router"]

router = APIRouter(tags=["tiles"], prefix="/tiles")
Reader = Annotated[Principal, allowed(Action.READ_TILES)]
FOREVER = "public, max-age=31536000, immutable"
EACH_TIME = "private, no-cache"


@router.get("/{code}/tileset.json", summary="3D Tiles 1.1 root of a site")
def read_site_tileset(request: Request, code: str, principal: Reader) -> Response:
    """One external tileset a building, city layer and terrain."""
    state = request.app.state
    site = state.store.get_site(code)
    manifests = manifests_of(state.settings, site.code)
    if not manifests:
        raise NotFound(f"no tiles of site {code}", hint=f"twin tiles build --site {code}")
    document = assemble_site(manifests, permitted_labels(principal), lambda key: f"{key}/tileset.json")
    return _json(request, document)


@router.get("/{code}/{layer}/tileset.json", summary="3D Tiles 1.1 tileset of one layer")
def read_layer_tileset(request: Request, code: str, layer: str, principal: Reader) -> Response:
    """Boxes, errors and contents of what the asker may see, and of nothing else."""
    manifest = manifest_of(request.app.state.settings, code, layer)
    document = assemble_tileset(manifest, permitted_labels(principal), lambda sha256: f"{sha256}.glb")
    return _json(request, document)


@router.get("/{code}/{layer}/{content}.glb", summary="One tile content (binary glTF)")
def read_content(request: Request, code: str, layer: str, content: str, principal: Reader) -> Response:
    """A glb named by its hash; gzip where the client takes it."""
    settings = request.app.state.settings
    labels = permitted_labels(principal)
    label = manifest_of(settings, code, layer).label_of(content)
    if label is None or (labels is not None and label not in labels):
        raise NotFound(f"no such content in layer {layer}")
    path = layer_folder(settings, code, layer) / f"{content}.glb"
    headers = {"ETag": f'"{content}"', "Cache-Control": FOREVER if label == PUBLIC else EACH_TIME, "Vary": "Accept-Encoding"}
    if _matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return FileResponse(
            path.with_name(path.name + ".gz"), media_type="model/gltf-binary", headers=headers | {"Content-Encoding": "gzip"}
        )
    return FileResponse(path, media_type="model/gltf-binary", headers=headers)


def _json(request: Request, document: dict[str, Any]) -> Response:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"ETag": f'"{bytes_sha256(body)[:32]}"', "Cache-Control": EACH_TIME}
    if _matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _matches(request: Request, etag: str) -> bool:
    sent = request.headers.get("if-none-match", "")
    return etag in (part.strip().removeprefix("W/") for part in sent.split(","))
