"""City layers follow the terrain, in whatever order the files come."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.twin.files import Files
from tests.twin.imports.conftest import NOW, Home
from twin.assemble import build_tiles
from twin.demo.city import city_buildings, write_city
from twin.imports.ground import layers_on_other_ground
from twin.imports.layer import follow_ground

NewHome = Callable[[str], Home]


def tiles(home: Home) -> dict[str, bytes]:
    """Every served file of a site, built now; the manifests name revisions, which count how often a file was read."""
    build_tiles(home.store, home.settings, home.site)
    folder = home.settings.tiles_dir / home.site
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: data for name, data in found.items() if not name.endswith("layer.json")}


def places(home: Home) -> dict[str, object]:
    """Where the store says that each feature of the roads is."""
    rows = home.store.features(home.site, None, model_key="roads")
    return {row.feature.id: (row.feature.z_range, None if row.box is None else row.box.tolist()) for row in rows}


def test_whatever_comes_first_the_tiles_are_the_same(new_home: NewHome, files: Files) -> None:
    orders = list(itertools.permutations([files.dem, files.roads]))
    homes = [new_home(str(number)) for number in range(len(orders))]
    for home, order in zip(homes, orders, strict=True):
        for path in order:
            home.city(path)
        assert layers_on_other_ground(home.store, home.site) == []
    first, second = map(tiles, homes)
    assert first == second
    assert any(name.endswith(".glb") for name in first)
    assert places(homes[0]) == places(homes[1])


def test_a_better_terrain_takes_the_layers_with_it(new_home: NewHome, files: Files) -> None:
    late, early = new_home("late"), new_home("early")
    late.city(files.dem, key="dem")
    on_the_first = late.city(files.roads).document
    before = tiles(late)
    better = late.city(files.dem_higher, key="dem")
    assert (on_the_first["ground"], better.document["laid_again"], better.needs_decision) == ("dem@1", ["roads@2"], False)
    early.city(files.dem_higher, key="dem")
    early.city(files.roads)
    after = tiles(late)
    assert after == tiles(early)
    assert after != before
    assert [row.status for row in late.store.list_revisions(late.site, "roads")] == ["superseded", "current"]
    assert late.store.ledger(late.store.list_revisions(late.site, "roads")[0].id) != []


def test_the_terrain_imported_last_is_the_ground(home: Home, files: Files) -> None:
    home.city(files.roads)
    home.city(files.dem)
    assert home.city(files.dem_higher).document["laid_again"] == ["roads@3"]
    assert home.city(files.dem).document["laid_again"] == []
    assert home.city(files.roads).document["ground"] == "dem-higher@1"


def test_a_layer_on_its_ground_is_not_read_again(home: Home, files: Files) -> None:
    home.city(files.dem)
    assert home.city(files.roads).added
    assert not home.city(files.roads).added
    assert not home.city(files.dem).added
    assert [row.name for row in home.store.list_models(home.site)] == ["dem@1", "roads@1"]


def test_a_forced_crs_of_the_terrain_holds_for_what_lies_on_it(home: Home, files: Files) -> None:
    home.city(files.dem, crs="EPSG:2437", force_crs=True)
    assert home.city(files.roads).document["ground"] == "dem@1"


def test_a_layer_that_cannot_follow_is_named_and_the_terrain_is_in(home: Home, files: Files) -> None:
    home.city(files.roads)
    (original,) = home.settings.models_dir.glob("*.gpkg")
    original.unlink()
    done = home.city(files.dem)
    assert done.needs_decision
    assert [(left["model"], left["code"]) for left in done.document["left_behind"]] == [("roads", "ORIGINAL_LOST")]
    assert [row.model_key for row in layers_on_other_ground(home.store, home.site)] == ["roads"]
    assert home.city(files.roads).document["ground"] == "dem@1"
    assert layers_on_other_ground(home.store, home.site) == []


def test_what_a_killed_import_left_on_another_ground_follows_later(home: Home, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    home.city(files.roads)
    with monkeypatch.context() as killed:
        killed.setattr("twin.imports.layer.follow_ground", lambda *_, **__: ([], []))
        home.city(files.dem)
    assert [row.model_key for row in layers_on_other_ground(home.store, home.site)] == ["roads"]
    assert follow_ground(home.store, home.settings, site=home.site, who="test", now=NOW) == (["roads@2"], [])
    assert follow_ground(home.store, home.settings, site=home.site, who="test", now=NOW) == ([], [])


def test_cityjson_and_models_do_not_depend_on_the_ground(home: Home, files: Files, tmp_path: Path) -> None:
    blocks = tmp_path / "blocks.city.json"
    write_city(blocks, city_buildings(np.random.default_rng(7), limit=2))
    home.city(blocks)
    home.bim(files.office)
    assert home.city(files.dem).document["laid_again"] == []
    assert not home.city(blocks).added
