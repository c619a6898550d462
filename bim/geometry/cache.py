"""Meshed files, kept by content: the same bytes, products, engines and code are never drawn twice."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spatial.mesh
from spatial.mesh import MeshSet, read_mesh_set, write_mesh_set
from spatial.source import sha256_of

__all__ = ["cache_key", "find_cached", "write_cached"]

_ENGINES = ("ifclite-geom", "ifcopenshell", "numpy")


def cache_key(path: Path, ladder: Sequence[object], budget_s: float, products: Sequence[object]) -> str:
    """`{sha256 of the file}-{hash of engines, their versions, our own code, the budget and the products}`.

    Of `ladder` and `products` the `repr` counts: frozen dataclasses whose repr shows every field.
    """
    digest = hashlib.sha256()
    for name in _ENGINES:
        digest.update(f"{name} {version(name)}\n".encode())
    for source in _our_code():
        digest.update(source.read_bytes())
    digest.update(f"{budget_s}\n{tuple(ladder)!r}\n".encode())
    for product in products:
        digest.update(f"{product!r}\n".encode())
    return f"{sha256_of(path)}-{digest.hexdigest()[:16]}"


def find_cached(cache_dir: Path, key: str) -> tuple[MeshSet, Any] | None:
    """The meshes and the JSON document kept under a key, or None; a damaged entry is no entry."""
    meshes = cache_dir / f"{key}.npz"
    try:
        entry = json.loads((cache_dir / f"{key}.json").read_text(encoding="utf-8"))
        if sha256_of(meshes) != entry["meshes_sha256"]:
            return None
        return read_mesh_set(meshes), entry["document"]
    except (OSError, ValueError, KeyError):
        return None


def write_cached(cache_dir: Path, key: str, meshes: MeshSet, document: object) -> None:
    """Keep meshes and document; the document comes last and names the meshes' hash, so that what is found is whole."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    write_mesh_set(meshes, cache_dir / f"{key}.npz")
    entry = {"meshes_sha256": sha256_of(cache_dir / f"{key}.npz"), "document": document}
    temporary = cache_dir / f"{key}.json.part"
    temporary.write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
    temporary.replace(cache_dir / f"{key}.json")


def _our_code() -> list[Path]:
    here = Path(__file__).parent
    return [*sorted(here.glob("*.py")), here.parent / "attribute.py", here.parent / "placement.py", Path(spatial.mesh.__file__)]
