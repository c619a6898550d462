"""Assembly: the store's current features and their meshes become layers, and layers become tiles."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from spatial.merge import replaced_by_buildings
from spatial.mesh import MeshSet, read_mesh_set
from spatial.scene import Layer, LayerKind
from spatial.source import bytes_sha256
from tiles import Manifest, read_manifest, write_layer
from twin.errors import NotFound
from twin.settings import Settings
from twin.store import Outcome, RevisionRow, Store

__all__ = ["build_tiles", "expected_ids", "iter_layers", "layer_folder", "manifest_of", "manifests_of", "stale_layers"]

INDEX = "layers.json"
Progress = Callable[[int, int], None]


def build_tiles(store: Store, settings: Settings, site: str, *, progress: Progress | None = None) -> dict[str, Any]:
    """Build the tiles of every layer whose revision changed; drop those of layers that are gone.

    Returns `{site, layers: [{key, kind, built, features, contents, bytes}], replaced: {city id: building id}}`.
    """
    frame = SiteFrame.of(store.get_site(site))
    folder = settings.tiles_dir / site
    folder.mkdir(parents=True, exist_ok=True)
    replaced = _replaced(store, site)
    report: list[dict[str, Any]] = []
    plans = list(_plans(store, site, replaced))
    for done, plan in enumerate(plans):
        if progress:
            progress(done, len(plans))
        present = _read_if_current(folder / plan.key, plan.state)
        built = present is None
        manifest = present or write_layer(plan.layer(settings), frame.to_ecef, folder / plan.key)
        report.append(
            {
                "key": plan.key,
                "kind": plan.kind.value,
                "built": built,
                "features": manifest.features,
                "contents": len(manifest.contents),
                "bytes": manifest.served_bytes,
            }
        )
    if progress:
        progress(len(plans), len(plans))
    if _published(settings, site) != (keys := [plan.key for plan in plans]):
        _publish(folder, keys)
    return {"site": site, "layers": report, "replaced": replaced}


def iter_layers(store: Store, settings: Settings, site: str) -> Iterator[Layer]:
    """Every layer of the current scene, in the site frame: buildings, city layers without what they lost, terrain."""
    for plan in _plans(store, site, _replaced(store, site)):
        yield plan.layer(settings)


def expected_ids(store: Store, site: str) -> dict[str, set[str]]:
    """Layer key → the feature ids its tiles must hold, by the ledger: what was placed, and rooms with geometry, less what was replaced."""
    result = {}
    for plan in _plans(store, site, _replaced(store, site)):
        drawn: set[str] = {
            f"{plan.revision.model_key}:{entry.local_id}"
            for entry in store.ledger(plan.revision.id)
            if entry.outcome in (Outcome.PLACED, Outcome.BOXED)
        }
        rooms: set[str] = {feature.id for feature in plan.features if feature.kind is Kind.SPACE and "measured" in feature.properties}
        result[plan.key] = {str(feature.id) for feature in plan.features if feature.id in drawn} | rooms
    return result


def stale_layers(store: Store, settings: Settings, site: str) -> tuple[list[str], bool]:
    """The layers whose tiles are missing or older than the store, and whether any tiles are published."""
    folder = settings.tiles_dir / site
    plans = _plans(store, site, _replaced(store, site))
    return [plan.key for plan in plans if _read_if_current(folder / plan.key, plan.state) is None], bool(_published(settings, site))


def layer_folder(settings: Settings, site: str, layer: str) -> Path:
    """Where the tiles of a published layer lie; NotFound where it is not published."""
    if layer not in _published(settings, site):
        raise NotFound(f"site {site} has no tiles of a layer {layer!r}", path=layer, hint=f"twin tiles build --site {site}")
    return settings.tiles_dir / site / layer


def manifest_of(settings: Settings, site: str, layer: str) -> Manifest:
    """The manifest of one published layer."""
    return read_manifest(layer_folder(settings, site, layer))


def manifests_of(settings: Settings, site: str) -> list[Manifest]:
    """The manifests of all published layers of a site; none where no tiles were built."""
    return [manifest_of(settings, site, layer) for layer in _published(settings, site)]


class _Plan:
    """One layer to be: which revision, which features, and how to load them."""

    def __init__(self, revision: RevisionRow, key: str, kind: LayerKind, name: str, features: Sequence[Feature]) -> None:
        self.revision = revision
        self.key = key
        self.kind = kind
        self.name = name
        self.features = tuple(features)
        ids = "\n".join(feature.id for feature in features)
        self.state = bytes_sha256(f"{revision.name} {revision.mesh_pack} {revision.similarity}\n{ids}".encode())[:16]

    def layer(self, settings: Settings) -> Layer:
        meshes = _load(settings, self.revision).selected(feature.id for feature in self.features)
        return Layer(key=self.key, kind=self.kind, name=self.name, revision=self.state, features=self.features, meshes=meshes)


def _plans(store: Store, site: str, replaced: dict[str, str]) -> Iterator[_Plan]:
    for revision in store.list_models(site):
        if revision.mesh_pack is None or (revision.kind == "bim" and revision.similarity is None):
            continue
        features = [row.feature for row in store.features(site, None, model_key=revision.model_key, at=revision.id)]
        if revision.kind == "bim":
            yield from _building_plans(revision, features)
        else:
            kept = [feature for feature in features if feature.id not in replaced]
            yield _Plan(revision, revision.model_key, LayerKind(revision.kind), revision.model_name, kept)


def _building_plans(revision: RevisionRow, features: Sequence[Feature]) -> Iterator[_Plan]:
    buildings = [feature for feature in features if feature.kind is Kind.BUILDING]
    if len(buildings) <= 1:
        name = (buildings[0].long_name or buildings[0].name) if buildings else None
        yield _Plan(revision, revision.model_key, LayerKind.BUILDING, name or revision.model_key, features)
        return
    groups: dict[str, list[Feature]] = {building.id: [] for building in buildings}
    loose: list[Feature] = []
    for feature in features:
        home = feature.id if feature.kind is Kind.BUILDING else feature.building
        groups.get(home or "", loose).append(feature)
    for number, building in enumerate(buildings, start=1):
        name = building.long_name or building.name or building.id
        yield _Plan(revision, f"{revision.model_key}-{number}", LayerKind.BUILDING, name, groups[building.id])
    if loose:
        yield _Plan(revision, f"{revision.model_key}-0", LayerKind.BUILDING, revision.model_key, loose)


def _load(settings: Settings, revision: RevisionRow) -> MeshSet:
    meshes = read_mesh_set(settings.meshes_dir / str(revision.mesh_pack))
    return meshes if revision.similarity is None else meshes.moved(np.array(revision.similarity))


def _replaced(store: Store, site: str) -> dict[str, str]:
    rows = list(store.features(site, None, kinds={Kind.BUILDING, Kind.CITY_OBJECT}))
    buildings = [row.feature for row in rows if row.feature.kind is Kind.BUILDING and row.feature.footprint is not None]
    city = [row.feature for row in rows if row.feature.kind is Kind.CITY_OBJECT]
    return dict(replaced_by_buildings(buildings, city))


def _read_if_current(folder: Path, state: str) -> Manifest | None:
    if not (folder / "layer.json").is_file():
        return None
    manifest = read_manifest(folder)
    return manifest if manifest.revision == state else None


def _published(settings: Settings, site: str) -> list[str]:
    index = settings.tiles_dir / site / INDEX
    if not index.is_file():
        return []
    layers: list[str] = json.loads(index.read_text(encoding="utf-8"))["layers"]
    return layers


def _publish(folder: Path, layers: list[str]) -> None:
    temporary = folder / f"{INDEX}.part"
    temporary.write_text(json.dumps({"layers": layers}, indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / INDEX)
    for child in folder.iterdir():
        if child.is_dir() and child.name not in layers:
            shutil.rmtree(child)
