"""From the store to tiles: what is rebuilt, what a crash or a second builder leaves, what the tiles are held to."""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiles.write
from spatial.feature import Feature, FeatureId, Kind
from spatial.mesh import MeshSet, write_mesh_set
from spatial.scene import Layer
from spatial.source import Source
from tests.tiles.layers import SITE, toy_building, trees
from tests.tiles.reader import read_features
from tiles import check_tileset, read_manifest
from twin.assemble import build_tiles, expected_in_tiles, manifests_of, stale_layers
from twin.auth import LabelPolicy
from twin.errors import StoreBusy
from twin.settings import Settings
from twin.store import LedgerEntry, NewRevision, Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNMOVED = tuple(tuple(float(row == column) for column in range(4)) for row in range(4))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "meshes").mkdir()
    return Settings(home=tmp_path, lock_timeout_s=0.2)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        yield store


def record(store: Store, settings: Settings, layer: Layer, *, model: str = "toy", sha256: str = "a" * 64, lost: str = "") -> None:
    """A layer as a model of the store; `lost` is an element the ledger calls placed though nothing holds it."""
    features = [_with_measured_room(feature) for feature in layer.features]
    pack = f"{model}-{sha256[:8]}.npz"
    write_mesh_set(layer.meshes, settings.meshes_dir / pack)
    drawn = [feature for feature in features if feature.kind not in (Kind.SPACE, Kind.STOREY, Kind.BUILDING, Kind.SITE)]
    entries = [local_id(feature.id) for feature in drawn] + ([lost] if lost else [])
    store.record_revision(
        NewRevision(
            site=SITE.code,
            model_key=model,
            kind="bim" if layer.kind == "building" else layer.kind,
            name=layer.name,
            file="toy.ifc",
            sha256=sha256,
            who="test",
            tool="test",
            schema="IFC4",
            seconds=0.0,
            similarity=UNMOVED,
            mesh_pack=pack,
        ),
        features,
        layer.meshes.feature_bounds(),
        [LedgerEntry(local_id=one, entity="#1", class_name="IfcWall", outcome="placed") for one in entries],
        [],
        now=NOW,
    )


def _with_measured_room(feature: Feature) -> Feature:
    return replace(feature, properties={"measured": {"area_m2": 1.0}}) if feature.kind is Kind.SPACE else feature


def local_id(feature_id: str) -> str:
    return feature_id.partition(":")[2]


def named(layer: Layer, model: str) -> Layer:
    """The layer under another model's key."""

    def new(feature_id: str | None) -> Any:
        return None if feature_id is None else FeatureId(f"{model}:{local_id(feature_id)}")

    features = tuple(
        replace(one, id=new(one.id), parent=new(one.parent), building=new(one.building), storey=new(one.storey), space=new(one.space))
        for one in layer.features
    )
    return replace(layer, key=model, features=features, meshes=layer.meshes.renamed([new(name) for name in layer.meshes.features]))


def two_buildings(model: str) -> Layer:
    """One model of two toy buildings, 200 m apart, and its site."""
    first, second = toy_building(storeys=1), toy_building(storeys=1, at=(-20.0, 90.0))
    features, names = list(first.features), [str(name) for name in second.meshes.features]
    for one in second.features:
        features.append(
            replace(
                one, id=FeatureId(f"{one.id}'"), building=FeatureId("toy:building'"), storey=_primed(one.storey), space=_primed(one.space)
            )
        )
    site = Feature(
        id=FeatureId("toy:site"), kind=Kind.SITE, class_name="IfcSite", source=Source(file="toy.ifc", sha256="0" * 64, entity="#1")
    )
    meshes = _joined(first.meshes, second.meshes.renamed([f"{name}'" for name in names]))
    return named(replace(first, features=(*features, site), meshes=meshes), model)


def _primed(feature_id: FeatureId | None) -> Any:
    return None if feature_id is None else FeatureId(f"{feature_id}'")


def _joined(first: MeshSet, second: MeshSet) -> MeshSet:
    return MeshSet(
        first.meshes + second.meshes,
        first.features + second.features,
        np.concatenate([first.part_feature, second.part_feature + len(first.features)]).astype(np.int32),
        np.concatenate([first.part_mesh, second.part_mesh + len(first.meshes)]).astype(np.int32),
        np.concatenate([first.part_rgba, second.part_rgba]),
        np.concatenate([first.part_matrix, second.part_matrix]),
    )


def built(report: dict[str, Any]) -> dict[str, bool]:
    return {layer["key"]: layer["built"] for layer in report["layers"]}


def drawn(settings: Settings) -> set[str]:
    return set(read_features(settings.tiles_dir / SITE.code))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_has_not_changed_is_not_built_again(store: Store, settings: Settings) -> None:
    record(store, settings, toy_building())
    record(store, settings, trees(20), model="city")
    assert built(build_tiles(store, settings, SITE.code)) == {"city": True, "toy": True}
    assert built(build_tiles(store, settings, SITE.code)) == {"city": False, "toy": False}
    assert drawn(settings) == set(expected_in_tiles(store, SITE.code).ids)


@pytest.mark.parametrize("change", ["name", "label", "storey"])
def test_a_change_of_what_a_tile_says_of_a_feature_builds_it_again(change: str, store: Store, settings: Settings) -> None:
    layer = toy_building()
    record(store, settings, layer)
    build_tiles(store, settings, SITE.code)
    values = {"name": "新名", "label": "restricted", "storey": "toy:s0"}
    features = tuple(replace(one, **{change: values[change]}) if one.id == "toy:chair1x3" else one for one in layer.features)
    state = manifests_of(settings, SITE.code)[0].revision
    record(store, settings, replace(layer, features=features), sha256="b" * 64)
    assert stale_layers(store, settings, SITE.code) == (["toy"], True)
    assert built(build_tiles(store, settings, SITE.code)) == {"toy": True}
    assert manifests_of(settings, SITE.code)[0].revision != state


def test_another_version_of_the_writer_builds_again(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    record(store, settings, toy_building())
    build_tiles(store, settings, SITE.code)
    monkeypatch.setattr("twin.assemble.writer_digest", lambda: "another")
    assert built(build_tiles(store, settings, SITE.code)) == {"toy": True}


@pytest.mark.parametrize("damage", ["glb gone", "gz cut", "manifest broken", "manifest of another format", "manifest gone"])
def test_damaged_tiles_are_stale_and_built_again(damage: str, store: Store, settings: Settings) -> None:
    record(store, settings, toy_building())
    build_tiles(store, settings, SITE.code)
    folder = settings.tiles_dir / SITE.code / "toy"
    good = files(folder)
    content = folder / f"{read_manifest(folder).contents[0].sha256}.glb"
    match damage:
        case "glb gone":
            content.unlink()
        case "gz cut":
            content.with_name(content.name + ".gz").write_bytes(b"\x1f\x8b")
        case "manifest broken":
            (folder / "layer.json").write_text("{")
        case "manifest of another format":
            (folder / "layer.json").write_text('{"format": 0}')
        case _:
            (folder / "layer.json").unlink()
    assert stale_layers(store, settings, SITE.code) == (["toy"], True)
    assert built(build_tiles(store, settings, SITE.code)) == {"toy": True}
    assert files(folder) == good


def test_the_buildings_of_a_model_take_no_other_models_folder(store: Store, settings: Settings) -> None:
    record(store, settings, two_buildings("campus"), model="campus")
    record(store, settings, named(toy_building(storeys=2), "campus-1"), model="campus-1")
    report = build_tiles(store, settings, SITE.code)
    assert sorted(built(report)) == ["campus-1", "campus~1", "campus~2"]
    expected = expected_in_tiles(store, SITE.code)
    assert drawn(settings) == set(expected.ids)
    assert len(expected.ids) == len(two_buildings("x").meshes.features) + len(toy_building(storeys=2).meshes.features)


def test_a_layer_that_is_gone_leaves_no_folder_and_no_entry(store: Store, settings: Settings) -> None:
    record(store, settings, two_buildings("toy"))
    build_tiles(store, settings, SITE.code)
    record(store, settings, toy_building(storeys=1), sha256="b" * 64)
    build_tiles(store, settings, SITE.code)
    folder = settings.tiles_dir / SITE.code
    assert [path.name for path in sorted(folder.iterdir()) if path.is_dir()] == ["toy"]
    assert [manifest.key for manifest in manifests_of(settings, SITE.code)] == ["toy"]


def test_an_element_the_ledger_placed_and_no_feature_holds_is_expected_all_the_same(store: Store, settings: Settings) -> None:
    record(store, settings, toy_building(), lost="vanished")
    build_tiles(store, settings, SITE.code)
    expected = expected_in_tiles(store, SITE.code)
    found = check_tileset(settings.tiles_dir / SITE.code, expected_ids=expected.ids, site=SITE)
    assert [(issue.code, "toy:vanished" in issue.message) for issue in found] == [("TILES_LEDGER_DIFFERS", True)]


def _build_and_die(settings: Settings, writes: int) -> None:
    """Build, and end without a goodbye in the middle of the n-th file: half of it is on the disk."""
    left = writes
    whole = tiles.write._write_bytes

    def dying(path: Path, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            path.with_name(f"{path.name}.{os.getpid()}.part").write_bytes(data[: len(data) // 2])
            os._exit(9)
        whole(path, data)

    tiles.write._write_bytes = dying
    with Store.open(settings.database_url) as store:
        build_tiles(store, settings, SITE.code)
    os._exit(0)


def in_child(target: Any, *arguments: Any) -> int | None:
    child = get_context("fork").Process(target=target, args=arguments)
    child.start()
    child.join()
    return child.exitcode


def test_a_build_that_dies_anywhere_leaves_the_old_tiles_or_the_new_and_the_next_one_mends_it(store: Store, settings: Settings) -> None:
    old, new = toy_building(storeys=1, chairs=1), toy_building(storeys=1, chairs=12, secret=True)
    site = settings.tiles_dir / SITE.code
    record(store, settings, new)
    build_tiles(store, settings, SITE.code)
    wanted = files(site)
    record(store, settings, old, sha256="b" * 64)
    build_tiles(store, settings, SITE.code)
    state = manifests_of(settings, SITE.code)[0].revision
    record(store, settings, new, sha256="c" * 64)
    writes = 0
    while True:
        writes += 1
        code = in_child(_build_and_die, settings, writes)
        (manifest,) = manifests_of(settings, SITE.code)
        assert manifest.missing_files(site / "toy") == []
        assert drawn(settings) in (set(old.meshes.features), set(new.meshes.features))
        if code == 0:
            break
        assert code == 9
        assert built(build_tiles(store, settings, SITE.code))["toy"] is (manifest.revision == state)
        assert _without_revision(files(site)) == _without_revision(wanted)
        record(store, settings, old, sha256=f"{2 * writes:064x}")
        build_tiles(store, settings, SITE.code)
        state = manifests_of(settings, SITE.code)[0].revision
        record(store, settings, new, sha256=f"{2 * writes + 1:064x}")
    assert writes > 10


def _without_revision(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in found.items() if not name.endswith("layer.json")}


def test_a_second_builder_waits_and_is_refused_in_words(store: Store, settings: Settings) -> None:
    record(store, settings, toy_building())
    build_tiles(store, settings, SITE.code)
    with (settings.tiles_dir / SITE.code / ".building").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(StoreBusy, match="another build"):
            build_tiles(store, settings, SITE.code)
    assert built(build_tiles(store, settings, SITE.code)) == {"toy": False}


def _build(settings: Settings) -> None:
    with Store.open(settings.database_url) as store:
        build_tiles(store, settings, SITE.code)
    os._exit(0)


def test_builders_that_start_together_leave_what_one_would(store: Store, settings: Settings) -> None:
    record(store, settings, toy_building())
    build_tiles(store, settings, SITE.code)
    wanted = files(settings.tiles_dir)
    for path in (settings.tiles_dir / SITE.code / "toy").iterdir():
        path.unlink()
    patient = settings.model_copy(update={"lock_timeout_s": 60.0})
    children = [get_context("fork").Process(target=_build, args=(patient,)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0, 0]
    assert files(settings.tiles_dir) == wanted
