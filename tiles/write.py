"""Writing a layer: contents named by their hash, the manifest, a whole tileset.json."""

import gzip
import json
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from spatial.feature import Feature, Kind
from spatial.mesh import Float64
from spatial.scene import Layer, LayerKind
from spatial.source import bytes_sha256
from tiles.content import Encoded, encode_content
from tiles.errors import LayerInvalid
from tiles.geometry import geometry_of
from tiles.manifest import MANIFEST, Building, Content, Manifest
from tiles.partition import Plan, open_bounds, partition
from tiles.tileset import ERROR_OF_GROUP, assemble_site, assemble_tileset

__all__ = ["TILESET", "remove_stale", "write_layer", "write_site", "writer_digest"]

TILESET = "tileset.json"
GZIP_LEVEL = 6


def write_layer(layer: Layer, site_to_ecef: Float64, folder: Path, *, progress: Callable[[int, int], None] | None = None) -> Manifest:
    """Write the tiles of a layer into `folder` and return its manifest.

    `site_to_ecef` is 4×4 float64, site-frame metres to EPSG:4978. Each content lies there as `{sha256}.glb` and
    `{sha256}.glb.gz`; `tileset.json` (all labels, relative URIs) and last `layer.json` are renamed into place when all
    contents are, then contents no longer named are removed: a reader finds the old state or the new one, and after a
    crash in between layer.json names the old one, all of whose contents are there. The same input gives the same bytes.
    One writer a folder at a time. `progress(done, total)` counts contents. Raises LayerInvalid.
    """
    features = _features_of_meshes(layer)
    folder.mkdir(parents=True, exist_ok=True)
    contents: list[Content] = []
    origin = np.zeros(3)
    if layer.meshes.parts:
        geometry = geometry_of(layer.meshes)
        bounds = open_bounds(geometry, features)
        if bounds is not None:
            origin = np.rint([*bounds.mean(axis=0)[:2], bounds[0, 2]])
        labels = {str(feature.id): feature.label for feature in layer.features}
        plans = partition(layer.kind, geometry, features, labels)
        for done, plan in enumerate(plans):
            if progress:
                progress(done, len(plans))
            contents.append(_write_content(folder, plan, encode_content(geometry, plan, features, labels, origin)))
        if progress:
            progress(len(plans), len(plans))
    manifest = Manifest(
        key=layer.key,
        kind=layer.kind.value,
        name=layer.name,
        revision=layer.revision,
        origin=tuple(origin.tolist()),
        site_to_ecef=tuple(np.asarray(site_to_ecef, dtype=np.float64).reshape(-1).tolist()),
        buildings=_buildings(layer),
        contents=tuple(contents),
    )
    _write_json(folder / TILESET, assemble_tileset(manifest, None, lambda sha256: f"{sha256}.glb"))
    _write_json(folder / MANIFEST, manifest.to_json(), indent=1)
    remove_stale(manifest, folder)
    return manifest


def write_site(manifests: Sequence[Manifest], folder: Path) -> None:
    """Write the tileset.json (all labels) over layers that lie in `folder`, each in a folder named by its key."""
    _write_json(folder / TILESET, assemble_site(manifests, None, lambda key: f"{key}/{TILESET}"))


def remove_stale(manifest: Manifest, folder: Path) -> None:
    """Remove contents that the manifest does not name and halves of files that a crash left."""
    wanted = {content.sha256 for content in manifest.contents}
    for path in folder.iterdir():
        if path.suffix == ".part" or (path.name.endswith((".glb", ".glb.gz")) and path.name.split(".")[0] not in wanted):
            path.unlink(missing_ok=True)


@cache
def writer_digest() -> str:
    """A hash of this package's sources: tiles that another version wrote may hold other bytes."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return bytes_sha256(b"".join(path.read_bytes() for path in sources))[:16]


def _features_of_meshes(layer: Layer) -> list[Feature]:
    by_id = {str(feature.id): feature for feature in layer.features}
    missing = [name for name in layer.meshes.features if name not in by_id]
    if missing:
        raise LayerInvalid(
            f"layer {layer.key}: {len(missing)} features have meshes but are not in the layer, first {missing[0]!r}",
            hint="Layer.features holds at least every id the meshes name",
        )
    return [by_id[name] for name in layer.meshes.features]


def _buildings(layer: Layer) -> tuple[Building, ...]:
    if layer.kind is not LayerKind.BUILDING:
        return ()
    return tuple(Building(id=feature.id, label=feature.label) for feature in layer.features if feature.kind is Kind.BUILDING)


def _write_content(folder: Path, plan: Plan, encoded: Encoded) -> Content:
    sha256 = bytes_sha256(encoded.glb)
    packed = gzip.compress(encoded.glb, compresslevel=GZIP_LEVEL, mtime=0)
    _write_bytes(folder / f"{sha256}.glb", encoded.glb)
    _write_bytes(folder / f"{sha256}.glb.gz", packed)
    return Content(
        sha256=sha256,
        label=plan.label,
        group=plan.group.value,
        storey=plan.storey,
        cell=plan.cell,
        box=tuple(encoded.box.reshape(-1).tolist()),
        geometric_error=ERROR_OF_GROUP[plan.group],
        features=encoded.features,
        triangles=encoded.triangles,
        bytes=len(encoded.glb),
        gzip_bytes=len(packed),
    )


def _write_json(path: Path, document: dict[str, Any], indent: int | None = None) -> None:
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(document, ensure_ascii=False, separators=separators, indent=indent, allow_nan=False)
    _write_bytes(path, (text + "\n").encode())


def _write_bytes(path: Path, data: bytes) -> None:
    """Write atomically; what holds these bytes already is left untouched, so that its time of change stays true."""
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    temporary.write_bytes(data)
    temporary.replace(path)
