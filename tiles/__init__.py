"""Layers of the scene as 3D Tiles 1.1 for CesiumJS: quantised, meshopt-compressed, instanced, one property table a glb.

`write_layer` makes the contents and a manifest; `assemble_tileset` and `assemble_site` make the tileset.json that a set
of labels may see; `check_tileset` reads tiles back by its own code and lists what is wrong with them.
"""

from tiles.check import check_tileset
from tiles.errors import GlbInvalid, LayerInvalid, ManifestInvalid, TilesError
from tiles.manifest import MANIFEST, Building, Content, Manifest, read_manifest
from tiles.tileset import assemble_site, assemble_tileset
from tiles.write import remove_stale, write_layer, write_site, writer_digest

__all__ = [
    "MANIFEST",
    "Building",
    "Content",
    "GlbInvalid",
    "LayerInvalid",
    "Manifest",
    "ManifestInvalid",
    "TilesError",
    "assemble_site",
    "assemble_tileset",
    "check_tileset",
    "read_manifest",
    "remove_stale",
    "write_layer",
    "write_site",
    "writer_digest",
]
