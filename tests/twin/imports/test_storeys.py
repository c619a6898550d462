"""Buildings and rooms without a model, from the file to tiles and lists."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import geopandas
import pytest
import shapely

from cim import PlanAnchor
from spatial.crs import horizontal
from spatial.feature import FeatureId, Kind
from tests.tiles.reader import read_features
from tests.twin.files import ANCHOR, EAST, NORTH, SITE, Files
from tests.twin.imports.conftest import Home
from tiles import check_tileset
from twin.assemble import build_tiles, expected_in_tiles, manifests_of
from twin.errors import Refused
from twin.queries import site_tree

NewHome = Callable[[str], Home]


def write(path: Path, **tables: tuple[dict[str, list[Any]], list[Any]]) -> Path:
    for name, (columns, shapes) in tables.items():
        moved = [shapely.affinity.translate(shape, EAST, NORTH) for shape in shapes]
        geopandas.GeoDataFrame(columns, geometry=moved, crs="EPSG:4549").to_file(path, layer=name, driver="GPKG")
    return path


def blocks(folder: Path, storeys: int = 3) -> Path:
    columns = {"id": ["a"], "name": ["综合楼"], "层数": [storeys], "层高": [4.0]}
    return write(folder / f"blocks-{storeys}.gpkg", buildings=(columns, [shapely.box(-5, -5, 30, 15)]))


def rooms(folder: Path) -> Path:
    columns = {"房间号": ["201", "202"], "楼层": ["2", "2"], "楼栋": ["综合楼", "综合楼"]}
    return write(folder / "rooms.gpkg", rooms=(columns, [shapely.box(0, 0, 5, 6), shapely.box(5, 0, 9, 6)]))


def drawn(home: Home) -> dict[str, str]:
    """Feature → storey as the tiles say, after a check of each layer against the store."""
    build_tiles(home.store, home.settings, home.site)
    expected = expected_in_tiles(home.store, home.site)
    found: dict[str, str] = {}
    for manifest in manifests_of(home.settings, home.site):
        folder = home.settings.tiles_dir / home.site / manifest.key
        own = frozenset(name for name in expected.ids if name.startswith(f"{manifest.key}:"))
        issues = check_tileset(
            folder / "tileset.json",
            expected_ids=own,
            expected_boxes={name: box for name, box in expected.boxes.items() if name in own},
            expected_labels=expected.labels,
            site=home.store.get_site(home.site),
        )
        assert issues == []
        found |= {name: feature.properties["storey"] for name, feature in read_features(folder).items()}
    assert found.keys() == expected.ids
    return found


def test_storeys_and_rooms_are_in_the_tiles_as_the_store_has_them(new_home: NewHome, tmp_path: Path) -> None:
    home = new_home("h")
    made = home.city(blocks(tmp_path), key="blocks").document
    placed = home.city(rooms(tmp_path)).document
    assert (made["storeys"], placed["rooms"], placed["features"]["placed"]) == (3, 2, 2)
    second = "blocks:buildings/a/storey-2"
    assert drawn(home) == {
        "blocks:buildings/a": "",
        **{f"blocks:buildings/a/storey-{n}": f"blocks:buildings/a/storey-{n}" for n in (1, 2, 3)},
        "rooms:rooms/1": second,
        "rooms:rooms/2": second,
    }


def test_the_tree_lists_a_building_without_a_model_with_its_storeys(new_home: NewHome, tmp_path: Path) -> None:
    home = new_home("h")
    home.city(blocks(tmp_path), key="blocks")
    tree = site_tree(home.store, home.site, [], None)
    (building,) = tree["buildings"]
    assert (building["id"], building["name"]) == ("blocks:buildings/a", "综合楼")
    assert [storey["name"] for storey in building["storeys"]] == ["1F", "2F", "3F"]
    low, high = building["z_range"]
    assert high - low == pytest.approx(12.0)
    rows = {row.feature.id: row for row in home.store.features(home.site, None)}
    box = rows[building["id"]].box
    assert box is not None
    assert box[1, 2] - box[0, 2] == pytest.approx(12.15, abs=1e-3)


def test_rooms_that_came_before_their_building_are_put_on_it_when_it_comes(new_home: NewHome, tmp_path: Path) -> None:
    home, path = new_home("h"), rooms(tmp_path)
    early = home.city(path)
    assert (early.document["issues"]["ROOM_STOREY_UNKNOWN"], early.document["features"]["without_geometry"]) == (2, 2)
    assert not home.city(path).added
    assert home.city(blocks(tmp_path), key="blocks").document["laid_again"] == ["rooms@2"]
    later = home.city(path)
    assert (later.added, later.document["revision"], later.document["features"]["placed"]) == (False, "rooms@2", 2)


def test_rooms_follow_their_storeys_to_another_ground_whatever_the_layers_are_called(
    new_home: NewHome, files: Files, tmp_path: Path
) -> None:
    home = new_home("h")
    home.city(blocks(tmp_path), key="blocks")
    home.city(rooms(tmp_path), key="a-rooms")
    assert home.city(files.dem_higher, key="dem").document["left_behind"] == []
    rows = {row.feature.id: row.feature for row in home.store.features(home.site, None)}
    assert rows[FeatureId("a-rooms:rooms/1")].z_range == rows[FeatureId("blocks:buildings/a/storey-2")].z_range


def plan(folder: Path) -> Path:
    document = ezdxf.new("R2018")
    document.header["$INSUNITS"] = 6
    space = document.modelspace()
    for number, x in (("301", 0.0), ("302", 5.0)):
        corners = [(x, 0), (x + 5, 0), (x + 5, 6), (x, 6)]
        space.add_lwpolyline([(EAST + a, NORTH + b) for a, b in corners], close=True, dxfattribs={"layer": "房间"})
        space.add_text(number, dxfattribs={"layer": "房间"}).set_placement((EAST + x + 1, NORTH + 2))
    document.saveas(folder / "plan.dxf")
    return folder / "plan.dxf"


def test_a_plan_puts_its_rooms_on_the_storey_named_and_follows_it(new_home: NewHome, files: Files, tmp_path: Path) -> None:
    home, path = new_home("h"), plan(tmp_path)
    asked: dict[str, Any] = {"building": "综合楼", "storey": "三层", "crs": "EPSG:4549"}
    with pytest.raises(Refused) as caught:
        home.plan(path, **asked)
    assert caught.value.code == "STOREY_UNKNOWN"
    home.city(blocks(tmp_path), key="blocks")
    made = home.plan(path, **asked)
    assert (made.document["rooms"], made.document["schema"], made.needs_decision) == (2, "DXF R2018", False)
    assert drawn(home)["plan:301"] == "blocks:buildings/a/storey-3"
    assert not home.plan(path, **asked).added
    assert home.city(files.dem_higher, key="dem").document["laid_again"] == ["blocks@2", "plan@2"]
    rows = {row.feature.id: row.feature for row in home.store.features(home.site, None)}
    assert rows[FeatureId("plan:301")].z_range == rows[FeatureId("blocks:buildings/a/storey-3")].z_range
    assert not home.plan(path, **asked).added
    assert drawn(home)["plan:302"] == "blocks:buildings/a/storey-3"


def test_a_plan_needs_one_place_and_keeps_its_anchor(new_home: NewHome, tmp_path: Path) -> None:
    home = new_home("h")
    home.city(blocks(tmp_path), key="blocks")
    anchor = PlanAnchor(lon=SITE.lon, lat=SITE.lat, heading_deg=9.0, point=(EAST, NORTH))
    for options in ({}, {"crs": "EPSG:4549", "anchor": anchor}):
        with pytest.raises(Refused) as caught:
            home.plan(plan(tmp_path), building="综合楼", storey="3", **options)
        assert caught.value.code == "PLAN_UNPLACED"
    assert home.plan(plan(tmp_path), building="综合楼", storey="3", anchor=anchor).added
    assert not home.plan(tmp_path / "plan.dxf", building="综合楼", storey="3", anchor=anchor).added


def test_storeys_keep_their_ids_when_one_is_added(new_home: NewHome, tmp_path: Path) -> None:
    home = new_home("h")
    home.city(blocks(tmp_path), key="blocks")
    before = {row.feature.id for row in home.store.features(home.site, None, kinds={Kind.STOREY})}
    home.city(blocks(tmp_path, storeys=4), key="blocks")
    after = {row.feature.id for row in home.store.features(home.site, None, kinds={Kind.STOREY})}
    assert after - before == {"blocks:buildings/a/storey-4"}
    assert before < after


def test_a_model_takes_the_place_of_the_building_with_its_storeys_and_rooms(new_home: NewHome, tmp_path: Path, files: Files) -> None:
    home = new_home("h")
    home.bim(files.office, anchor=_anchor())
    (office,) = (row.feature.footprint for row in home.store.features(home.site, None, kinds={Kind.BUILDING}))
    assert office is not None
    (east,), (north,) = horizontal("EPSG:4549").from_lon_lat([SITE.lon], [SITE.lat])
    around = shapely.affinity.translate(office.envelope.buffer(1), east - EAST, north - NORTH)
    columns = {"name": ["综合楼"], "层数": [3], "高度": [12.0]}
    home.city(write(tmp_path / "blocks.gpkg", buildings=(columns, [around])))
    assert home.city(rooms(tmp_path)).document["features"]["placed"] == 2
    replaced = build_tiles(home.store, home.settings, home.site)["replaced"]
    assert set(replaced) == {row.feature.id for row in home.store.features(home.site, None) if row.model_key in ("blocks", "rooms")}
    assert not any(name.startswith(("blocks:", "rooms:")) for name in expected_in_tiles(home.store, home.site).ids)


def _anchor() -> Any:
    from bim import Anchor

    lon, lat, height, heading = map(float, ANCHOR.split(","))
    return Anchor(lon=lon, lat=lat, height_m=height, heading_deg=heading)
