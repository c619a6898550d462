"""Assembly: the store's current features and their meshes become layers, and layers become tiles.

A site's folder of tiles holds a folder a layer, `layers.json` that names those that are published, and a `tileset.json` of
them all, so that any file server can serve it to who may see everything. One build at a time writes there.
"""

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from spatial.merge import replaced_by_buildings
from spatial.mesh import Float64, MeshSet, read_mesh_set
from spatial.scene import Layer, LayerKind
from spatial.source import bytes_sha256
from tiles import MANIFEST, Manifest, ManifestInvalid, read_manifest, remove_stale, write_layer, write_site, writer_digest
from twin.errors import NotFound, StoreBusy
from twin.settings import Settings
from twin.store import FeatureRow, Outcome, RevisionRow, Store

__all__ = ["Expected", "build_tiles", "expected_in_tiles", "iter_layers", "layer_folder", "manifest_of", "manifests_of", "stale_layers"]

INDEX = "layers.json"
LOCK = ".building"
LOCK_POLL_S = 0.05
BUILDING_MARK = "~"
"""Between a model's key and the number of one of its buildings; no model's key has it."""

DRAWN = (Outcome.PLACED, Outcome.BOXED)
MEASURED = (Kind.SPACE, Kind.STOREY)
"""What is drawn without an entry in the ledger: rooms of a model, and storeys of a building without one."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Expected:
    """What the store says a site's tiles must show: the ids, each one's label, the box (2, 3) site metres of what has no parts."""

    ids: frozenset[str]
    labels: Mapping[str, str]
    boxes: Mapping[str, Float64]


def build_tiles(store: Store, settings: Settings, site: str, *, progress: Progress | None = None) -> dict[str, Any]:
    """Build the tiles of every layer whose revision changed or whose files are gone; drop those of layers that are gone.

    Returns `{site, layers: [{key, kind, built, features, contents, bytes}], replaced: {city id: building id}}`. Raises
    StoreBusy where another build of the site outlasts the lock timeout.
    """
    frame = SiteFrame.of(store.get_site(site))
    folder = settings.tiles_dir / site
    folder.mkdir(parents=True, exist_ok=True)
    with _only_builder(folder, settings.lock_timeout_s):
        replaced = _replaced(store, site)
        report: list[dict[str, Any]] = []
        manifests: list[Manifest] = []
        plans = list(_plans(store, site, replaced))
        for done, plan in enumerate(plans):
            if progress:
                progress(done, len(plans))
            present = _find_current(folder / plan.key, plan.state)
            manifests.append(present or write_layer(plan.layer(settings), frame.to_ecef, folder / plan.key))
            report.append(_reported(plan, manifests[-1], built=present is None))
        if progress:
            progress(len(plans), len(plans))
        write_site(manifests, folder)
        _publish(folder, manifests)
    return {"site": site, "layers": report, "replaced": replaced}


def iter_layers(store: Store, settings: Settings, site: str) -> Iterator[Layer]:
    """Every layer of the current scene, in the site frame: buildings, city layers without what they lost, terrain."""
    for plan in _plans(store, site, _replaced(store, site)):
        yield plan.layer(settings)


def expected_in_tiles(store: Store, site: str) -> Expected:
    """By the ledger: what was placed, and rooms with geometry, less what was replaced."""
    replaced = _replaced(store, site)
    ids: set[str] = set()
    labels: dict[str, str] = {}
    boxes: dict[str, Float64] = {}
    for revision in _tiled_models(store, site):
        rows = _rows(store, site, revision)
        placed = {f"{revision.model_key}:{entry.local_id}" for entry in store.ledger(revision.id) if entry.outcome in DRAWN}
        rooms = {str(row.feature.id) for row in rows if row.feature.kind in MEASURED and "measured" in row.feature.properties}
        ids |= (placed | rooms) - replaced.keys()
        parents = {row.feature.parent for row in rows}
        labels |= {row.feature.id: row.feature.label for row in rows}
        boxes |= {row.feature.id: row.box for row in rows if row.box is not None and row.feature.id not in parents}
    return Expected(ids=frozenset(ids), labels=labels, boxes=boxes)


def stale_layers(store: Store, settings: Settings, site: str) -> tuple[list[str], bool]:
    """The layers whose tiles are missing or older than the store, and whether any tiles are published."""
    folder = settings.tiles_dir / site
    plans = _plans(store, site, _replaced(store, site))
    return [plan.key for plan in plans if _find_current(folder / plan.key, plan.state) is None], bool(_published(settings, site))


def layer_folder(settings: Settings, site: str, layer: str) -> Path:
    """Where the tiles of a published layer lie; NotFound where it is not published."""
    if layer not in _published(settings, site):
        raise NotFound(f"site {site} has no tiles of a layer {layer!r}", path=layer, hint=f"twin tiles build --site {site}")
    return settings.tiles_dir / site / layer


def manifest_of(settings: Settings, site: str, layer: str) -> Manifest:
    """The manifest of one published layer; read anew only where its file is another."""
    folder = layer_folder(settings, site, layer)
    facts = (folder / MANIFEST).stat()
    return _manifest(folder, facts.st_ino, facts.st_mtime_ns, facts.st_size)


def manifests_of(settings: Settings, site: str) -> list[Manifest]:
    """The manifests of all published layers of a site; none where no tiles were built."""
    return [manifest_of(settings, site, layer) for layer in _published(settings, site)]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Plan:
    """One layer to be: which revision, how to get its features, and what beside the revision decides on them."""

    revision: RevisionRow
    key: str
    kind: LayerKind
    name: str
    features: Callable[[], Sequence[Feature]]
    chosen: Sequence[str] = ()

    @property
    def state(self) -> str:
        """Names what the tiles are made of; a recorded revision never changes."""
        recorded = (self.revision.name, self.revision.imported_at.isoformat(), self.revision.mesh_pack, self.revision.similarity)
        return bytes_sha256(json.dumps([writer_digest(), *recorded, self.name, self.kind, sorted(self.chosen)]).encode())[:16]

    def layer(self, settings: Settings) -> Layer:
        features = tuple(self.features())
        meshes = _load(settings, self.revision).selected(feature.id for feature in features)
        return Layer(key=self.key, kind=self.kind, name=self.name, revision=self.state, features=features, meshes=meshes)


def _tiled_models(store: Store, site: str) -> Iterator[RevisionRow]:
    for revision in store.list_models(site):
        if revision.mesh_pack is not None and (revision.kind != "bim" or revision.similarity is not None):
            yield revision


def _rows(store: Store, site: str, revision: RevisionRow) -> list[FeatureRow]:
    return list(store.features(site, None, model_key=revision.model_key, at=revision.id))


def _plans(store: Store, site: str, replaced: dict[str, str]) -> Iterator[_Plan]:
    for revision in _tiled_models(store, site):
        every = partial(_features_without, store, site, revision, frozenset())
        if revision.kind == "bim":
            found = store.features(site, None, model_key=revision.model_key, kinds={Kind.BUILDING}, at=revision.id)
            yield from _building_plans(revision, [row.feature for row in found], every)
        else:
            gone = frozenset(name for name in replaced if name.startswith(f"{revision.model_key}:"))
            kept = partial(_city_features, store, site, revision, gone)
            kind = LayerKind(revision.kind)
            yield _Plan(revision=revision, key=revision.model_key, kind=kind, name=revision.model_name, features=kept, chosen=sorted(gone))


def _features_without(store: Store, site: str, revision: RevisionRow, gone: Collection[str]) -> list[Feature]:
    return [row.feature for row in _rows(store, site, revision) if row.feature.id not in gone]


def _city_features(store: Store, site: str, revision: RevisionRow, gone: Collection[str]) -> list[Feature]:
    """What is drawn of a city layer, and the storeys of other models that its rooms lie on: their labels decide who may know."""
    kept = _features_without(store, site, revision, gone)
    storeys = {feature.storey for feature in kept if feature.storey is not None} - {feature.id for feature in kept}
    return kept + [row.feature for row in store.find_features(storeys, None, site=site).values()] if storeys else kept


def _building_plans(revision: RevisionRow, buildings: Sequence[Feature], every: Callable[[], Sequence[Feature]]) -> Iterator[_Plan]:
    kind, key = LayerKind.BUILDING, revision.model_key
    if len(buildings) <= 1:
        name = (buildings[0].long_name or buildings[0].name) if buildings else None
        yield _Plan(revision=revision, key=key, kind=kind, name=name or key, features=every)
        return
    groups: dict[str, list[Feature]] = {building.id: [] for building in buildings}
    loose: list[Feature] = []
    for feature in every():
        home = feature.id if feature.kind is Kind.BUILDING else feature.building
        groups.get(home or "", loose).append(feature)
    for number, building in enumerate(buildings, start=1):
        name = building.long_name or building.name or building.id
        own: Callable[[], Sequence[Feature]] = partial(list, groups[building.id])
        yield _Plan(revision=revision, key=f"{key}{BUILDING_MARK}{number}", kind=kind, name=name, features=own, chosen=[building.id])
    if any(feature.kind in (Kind.ELEMENT, Kind.SPACE) for feature in loose):
        yield _Plan(revision=revision, key=f"{key}{BUILDING_MARK}0", kind=kind, name=key, features=partial(list, loose))


def _load(settings: Settings, revision: RevisionRow) -> MeshSet:
    meshes = read_mesh_set(settings.meshes_dir / str(revision.mesh_pack))
    return meshes if revision.similarity is None else meshes.moved(np.array(revision.similarity))


def _replaced(store: Store, site: str) -> dict[str, str]:
    rows = store.features(site, None, kinds={Kind.BUILDING})
    buildings = [row.feature for row in rows if row.feature.footprint is not None]
    layers = [revision.model_key for revision in store.list_models(site) if revision.kind == "city"] if buildings else []
    kinds = {Kind.CITY_OBJECT, *MEASURED}
    city = [row.feature for layer in layers for row in store.features(site, None, model_key=layer, kinds=kinds)]
    replaced = dict(replaced_by_buildings(buildings, city))
    inside = {feature.id: replaced[feature.building] for feature in city if feature.building in replaced}
    return replaced | {name: building for name, building in inside.items() if name not in replaced}


@lru_cache(maxsize=1024)
def _manifest(folder: Path, _inode: int, _mtime_ns: int, _size: int) -> Manifest:
    return read_manifest(folder)


def _find_current(folder: Path, state: str) -> Manifest | None:
    """The manifest of tiles that are of this state and all there; None where they must be built."""
    try:
        manifest = read_manifest(folder)
    except ManifestInvalid:
        return None
    return manifest if manifest.revision == state and not manifest.missing_files(folder) else None


def _reported(plan: _Plan, manifest: Manifest, *, built: bool) -> dict[str, Any]:
    return {
        "key": plan.key,
        "kind": plan.kind.value,
        "built": built,
        "features": manifest.features,
        "contents": len(manifest.contents),
        "bytes": manifest.served_bytes,
    }


@contextmanager
def _only_builder(folder: Path, timeout_s: float) -> Iterator[None]:
    """Hold the folder's lock, which the system frees when a process ends, however it ends."""
    until = time.monotonic() + timeout_s
    with (folder / LOCK).open("a") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= until:
                    raise StoreBusy(f"another build of the tiles in {folder} is running", hint="try again when it is done") from error
                time.sleep(LOCK_POLL_S)
        yield


def _published(settings: Settings, site: str) -> list[str]:
    return _published_in(settings.tiles_dir / site) or []


def _published_in(folder: Path) -> list[str] | None:
    index = folder / INDEX
    if not index.is_file():
        return None
    layers: list[str] = json.loads(index.read_text(encoding="utf-8"))["layers"]
    return layers


def _publish(folder: Path, manifests: Sequence[Manifest]) -> None:
    layers = [manifest.key for manifest in manifests]
    if _published_in(folder) != layers:
        temporary = folder / f"{INDEX}.part"
        temporary.write_text(json.dumps({"layers": layers}, indent=1) + "\n", encoding="utf-8")
        temporary.replace(folder / INDEX)
    for path in folder.iterdir():
        if path.is_dir() and path.name not in layers:
            shutil.rmtree(path)
        elif path.suffix == ".part":
            path.unlink()
    for manifest in manifests:
        remove_stale(manifest, folder / manifest.key)
