"""/tiles: tilesets assembled for the asker's labels, and their contents, each authorised by its own label."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from spatial.feature import PUBLIC
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.published import Published
from twin.api.router import Router
from twin.api.sending import EACH_TIME, FOREVER, send_bytes
from twin.auth import Action, Principal, permitted_labels

__all__ = ["router"]

router = Router(tags=["tiles"], prefix="/tiles", responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_TILES)]
SiteCode = Annotated[str, Path(description=bilingual("大院代码", "code of the site"))]
LayerKey = Annotated[str, Path(description=bilingual("图层键", "key of the layer"))]
Version = Annotated[
    str | None,
    Query(alias="v", max_length=100, description=bilingual("绕过缓存用", "to get past a cache")),
]
GLB = "model/gltf-binary"
JSON_TILES = {200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "3D Tiles 1.1 tileset.json"}}
BINARY = {200: {"content": {GLB: {"schema": {"type": "string", "format": "binary"}}}, "description": "binary glTF 2.0"}}


@router.get(
    "/{code}/tileset.json",
    summary=bilingual("大院的 3D Tiles 根", "3D Tiles 1.1 root of a site"),
    response_class=Response,
    responses=JSON_TILES,  # type: ignore[arg-type]
)
def read_site_tileset(request: Request, code: SiteCode, principal: Reader, version: Version = None) -> Response:
    """每栋建筑、每个城市图层和地形各一个外部 tileset,只含访问者可见的内容。One external tileset a building, city layer and terrain."""
    request.app.state.store.get_site(code)
    published: Published = request.app.state.published
    return Response(published.site_tileset(code, permitted_labels(principal)), media_type="application/json")


@router.get(
    "/{code}/{layer}/tileset.json",
    summary=bilingual("一个图层的 tileset", "3D Tiles 1.1 tileset of one layer"),
    response_class=Response,
    responses=JSON_TILES,  # type: ignore[arg-type]
)
def read_layer_tileset(request: Request, code: SiteCode, layer: LayerKey, principal: Reader, version: Version = None) -> Response:
    """访问者可见部分的包围盒、误差和内容,别无其他。Boxes, errors and contents of what the asker may see, and of nothing else."""
    published: Published = request.app.state.published
    return Response(published.layer_tileset(code, layer, permitted_labels(principal)), media_type="application/json")


@router.get(
    "/{code}/{layer}/{content}.glb",
    summary=bilingual("一块瓦片内容", "one tile content (binary glTF)"),
    response_class=Response,
    responses=BINARY,  # type: ignore[arg-type]
)
def read_content(request: Request, code: SiteCode, layer: LayerKey, content: str, principal: Reader, version: Version = None) -> Response:
    """以哈希命名的 glb;每次请求都核对其标签。A glb named by its hash, authorised by its label each time; gzip where the client takes it."""
    published: Published = request.app.state.published
    plain, packed, label = published.content(code, layer, content, permitted_labels(principal))
    return send_bytes(request, plain, packed, tag=content, media_type=GLB, cache=FOREVER if label == PUBLIC else EACH_TIME)
