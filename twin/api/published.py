"""The published tiles as a service sees them: tileset documents, assembled once for each set of labels."""

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from tiles import Manifest, ManifestInvalid, assemble_site, assemble_tileset
from twin.assemble import layer_folder, manifest_of, manifests_of
from twin.auth import Labels
from twin.errors import NotFound
from twin.settings import Settings

__all__ = ["Published"]

KEPT = 1024


class Published:
    """Tiles of one installation; safe to share between threads.

    A document is assembled for each set of permitted labels (None: all) and kept until a rebuild replaces its files. A
    label that is not permitted leaves no trace in it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def manifest(self, site: str, layer: str) -> Manifest:
        """The manifest of one published layer; NotFound where it is not published, ManifestInvalid where its file is gone."""
        with _present(site):
            return manifest_of(self._settings, site, layer)

    def manifests(self, site: str) -> list[Manifest]:
        """The manifests of all published layers of a site; none where no tiles were built."""
        with _present(site):
            return manifests_of(self._settings, site)

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

    def _keep(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


@contextmanager
def _present(site: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ManifestInvalid(f"a layer of site {site} lacks its manifest", hint=f"twin tiles build --site {site}") from error


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
