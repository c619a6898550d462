"""The published tiles as a service sees them: manifests and tileset documents, read once and kept while their files stay the same."""

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from tiles import Manifest, assemble_site, assemble_tileset
from twin.assemble import layer_folder, manifest_of, manifests_of
from twin.auth import Labels
from twin.errors import NotFound
from twin.settings import Settings

__all__ = ["Published"]

KEPT = 1024
LAYER, INDEX = "layer.json", "layers.json"
T = TypeVar("T")


class Published:
    """Tiles of one installation; safe to share between threads.

    A document is assembled for each set of permitted labels (None: all) and kept until a rebuild replaces its files. A
    label that is not permitted leaves no trace in it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def manifest(self, site: str, layer: str) -> Manifest:
        """The manifest of one published layer; NotFound where it is not published."""
        stamp = _stamp(layer_folder(self._settings, site, layer) / LAYER)
        return self._keep(("manifest", site, layer, stamp), lambda: manifest_of(self._settings, site, layer))

    def manifests(self, site: str) -> list[Manifest]:
        """The manifests of all published layers of a site; none where no tiles were built."""
        return self._keep(("manifests", site, self._stamps(site)), lambda: manifests_of(self._settings, site))

    def layer_tileset(self, site: str, layer: str, labels: Labels) -> bytes:
        """The tileset.json of one layer for the labels; contents are named by their hash."""
        manifest = self.manifest(site, layer)
        key = ("layer", site, layer, manifest.revision, labels)
        return self._keep(key, lambda: _encoded(assemble_tileset(manifest, labels, lambda sha256: f"{sha256}.glb")))

    def site_tileset(self, site: str, labels: Labels) -> bytes:
        """The root tileset.json of a site for the labels; NotFound where there are no tiles."""
        manifests = self.manifests(site)
        if not manifests:
            raise NotFound(f"no tiles of site {site}", path=site, hint=f"twin tiles build --site {site}")
        key = ("site", site, tuple((manifest.key, manifest.revision) for manifest in manifests), labels)
        return self._keep(key, lambda: _encoded(assemble_site(manifests, labels, lambda layer: f"{layer}/tileset.json")))

    def content(self, site: str, layer: str, sha256: str, labels: Labels) -> tuple[bytes, bytes, str]:
        """A glb, the same in gzip, and its label; NotFound for a label that is not permitted as for what does not exist."""
        label = self.manifest(site, layer).label_of(sha256)
        missing = NotFound(f"no such content in layer {layer}", path=layer, hint="read the layer's tileset.json again")
        if label is None or (labels is not None and label not in labels):
            raise missing
        path = layer_folder(self._settings, site, layer) / f"{sha256}.glb"
        try:
            return path.read_bytes(), path.with_name(f"{path.name}.gz").read_bytes(), label
        except FileNotFoundError:  # replaced by a build since its tileset was read
            raise missing from None

    def _stamps(self, site: str) -> Hashable:
        folder = self._settings.tiles_dir / site
        return _stamp(folder / INDEX), tuple(_stamp(path) for path in sorted(folder.glob(f"*/{LAYER}")))

    def _keep(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: T = self._kept[key]
                return found
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def _stamp(path: Path) -> Hashable:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return path.parent.name, stat.st_mtime_ns, stat.st_size, stat.st_ino


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
