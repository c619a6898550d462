"""The scene: layers of features and meshes in one site frame, and what replaces what."""

from dataclasses import dataclass
from enum import StrEnum

from spatial.feature import Feature
from spatial.mesh import MeshSet

__all__ = ["Layer", "LayerKind"]


class LayerKind(StrEnum):
    """What a layer holds; it decides how the layer is cut into tiles."""

    BUILDING = "building"
    CITY = "city"
    TERRAIN = "terrain"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """What becomes one external tileset: a building of one model revision, a city layer, the terrain.

    `meshes` is in the site frame and names features by id; `features` holds at least every id the meshes name.
    `key` is `[a-z0-9_-]+`, with `~n` for the n-th of a model's buildings, unique in the site; `revision` names the state of the source.
    """

    key: str
    kind: LayerKind
    name: str
    revision: str
    features: tuple[Feature, ...]
    meshes: MeshSet
