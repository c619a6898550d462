"""One door for city files: what a file is decides which reader opens it."""

from collections.abc import Sequence
from pathlib import Path

from cim.city_layer import CityLayer, Progress
from cim.cityjson import is_cityjson, read_cityjson
from cim.ground import Ground
from cim.layers import read_layers
from cim.storeys import StoreyPlace
from cim.terrain import read_terrain
from spatial.frame import SiteFrame

__all__ = ["is_terrain", "read_city"]

TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def is_terrain(path: Path) -> bool:
    """Whether a file is a (Big)TIFF by its first four bytes."""
    with path.open("rb") as stream:
        return stream.read(4) in TIFF


def read_city(
    path: Path,
    layer_key: str,
    site_frame: SiteFrame,
    *,
    crs: str | None = None,
    force_crs: bool = False,
    ground: Ground | None = None,
    source_name: str | None = None,
    storeys: Sequence[StoreyPlace] = (),
    progress: Progress | None = None,
) -> CityLayer:
    """A city file in the site frame: GeoTIFF elevation model, CityJSON (1.0 to 2.0, or CityJSONSeq), or a vector file.

    `crs` serves where the file names none; `ground` is what vector layers are laid on; `source_name` is the name the file
    came under, where `path` is a kept copy; `storeys` are those of other files that rooms may lie on; `progress(done, total)`
    is called per row. Raises CimError and SpatialError.
    """
    if is_terrain(path):
        return read_terrain(path, layer_key, site_frame, crs=crs, force_crs=force_crs, source_name=source_name, progress=progress)
    if is_cityjson(path):
        return read_cityjson(path, layer_key, site_frame, crs=crs, force_crs=force_crs, source_name=source_name, progress=progress)
    return read_layers(
        path,
        layer_key,
        site_frame,
        crs=crs,
        force_crs=force_crs,
        ground=ground,
        source_name=source_name,
        storeys=storeys,
        progress=progress,
    )
