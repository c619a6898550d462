"""Questions of place on the demo compound, by the command line: rooms, assets, a plan, and why an asset is where it is."""

import sqlite3
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from spatial.feature import DEVICES, Feature, Kind
from spatial.frame import SiteFrame
from tests.homes import Home
from tests.spatial.brute import holds
from twin.auth import local_administrator
from twin.queries.place.assets import asset_points
from twin.queries.place.pick import pick
from twin.queries.place.scene import Scenes
from twin.queries.place.within import Area, within
from twin.queries.records.context import Registers, reader_of
from twin.settings import Settings
from twin.store import Store

UNKEPT = (Kind.DOOR, Kind.FIRE_POINT, Kind.PANIC_BUTTON, Kind.LIFT)
"""Devices that the demo has no register of."""


@pytest.fixture(scope="module")
def frame(demo_home: Home) -> SiteFrame:
    with Store.open(Settings(home=demo_home.folder).database_url) as store:
        return SiteFrame.of(store.get_site("pingshan"))


@pytest.fixture(scope="module")
def standing(demo_home: Home) -> list[tuple[Any, ...]]:
    """Every asset with a point: record, key, place, x, y, z."""
    with sqlite3.connect(demo_home.folder / "records.sqlite") as database:
        now = database.execute("select now from clock where kind = 'asset'").fetchone()[0]
        query = "select record_id, key, place_id, x_m, y_m, z_m from asset where x_m is not null and since <= ? and until > ?"
        return database.execute(query, (now, now)).fetchall()


def words_of(point: Any) -> str:
    return ",".join(repr(float(one)) for one in point)


def test_the_nearest_assets_are_those_of_the_table(demo_home: Home, frame: SiteFrame, standing: list[tuple[Any, ...]]) -> None:
    xyz = np.array([row[3:] for row in standing])
    asked = xyz[100] + [0.3, -0.2, 0.5]
    done = demo_home.run_here("query", "nearest", words_of(frame.to_lon_lat_height(asked)[0]), "--kind", "asset", "--k", "8")
    distance = np.linalg.norm(xyz - asked, axis=1)
    assert [one["distance_m"] for one in done.document["nearest"]] == pytest.approx(np.sort(distance)[:8].tolist(), abs=1e-3)
    assert done.document["nearest"][0]["key"] == standing[int(np.argmin(distance))][1]
    within = (
        "query",
        "within",
        "--kind",
        "asset",
        "--around",
        words_of(frame.to_lon_lat_height(asked)[0]),
        "--radius-m",
        "4",
        "--limit",
        "9",
    )
    found = demo_home.run_here(*within).document
    inside = sorted(row[0] for row, metres in zip(standing, distance, strict=True) if metres <= 4.0)
    assert found["total"] == len(inside) and [one["id"] for one in found["found"]] == inside[:9]
    again = demo_home.run_here(*within, "--after", str(found["next"])).document
    assert [one["id"] for one in again["found"]] == inside[9:18]


def test_a_point_lies_in_all_its_zones_and_every_kind_of_device_is_found_in_every_kind_of_area(demo_home: Home, frame: SiteFrame) -> None:
    settings = Settings(home=demo_home.folder, meshes_dir=demo_home.meshes)
    with Store.open(settings.database_url) as store:
        rows = {str(row.feature.id): row.feature for row in store.features("pingshan", None)}
        scenes = Scenes(store, settings)
        places = scenes.site("pingshan")
        assets = asset_points(Registers.of(store, settings.home / "columns"))
    reader = reader_of(local_administrator())

    def ids(kind: str, **area: Any) -> set[str]:
        found = within(places, assets, reader, Area(**area), kind=kind, after=None, limit=1000)["found"]
        return {one["id"] for one in found}

    zones = {name: one for name, one in rows.items() if one.kind is Kind.ZONE and one.footprint is not None and one.z_range is not None}
    by_area = sorted(zones.values(), key=lambda one: one.footprint.area)  # type: ignore[union-attr]
    at, (low, high) = by_area[0].footprint.representative_point(), by_area[0].z_range  # type: ignore[union-attr, misc]
    point = frame.to_lon_lat_height([[at.x, at.y, (low + high) / 2]])[0]
    found = demo_home.run_here("query", "locate", words_of(point)).document
    holding = {name for name, one in zones.items() if holds(one.footprint, one.z_range, (at.x, at.y, (low + high) / 2))}  # type: ignore[arg-type]
    assert {one["id"] for one in found["zones"]} == holding and found["zones"][0] == found["zone"] and len(holding) > 1
    ring = frame.to_lon_lat_height([[x, y, 0.0] for x, y in ((-400, -400), (400, -400), (400, 400), (-400, 400))])[:, :2]
    lon, lat, height = (float(one) for one in frame.to_lon_lat_height([[0.0, 0.0, 0.0]])[0])
    for kind in DEVICES:
        known = {name: one for name, one in rows.items() if one.kind is kind and one.footprint is not None}
        if kind in UNKEPT and not known:
            continue
        assert ids(kind, polygon=shapely.Polygon(ring)) == ids(kind, centre=(lon, lat, height), radius_m=600.0) == known.keys()
        assert known
        assert ids(kind, centre=(lon, lat, None), radius_m=600.0) == known.keys()
        compound = by_area[-1]
        meets = {name for name, one in known.items() if meets_prism(one, compound)}
        assert ids(kind, feature=str(compound.id)) == meets
        for word in ("building", "storey", "space"):
            for holder in {str(getattr(one, word)) for one in known.values() if getattr(one, word)}:
                assert ids(kind, feature=holder) == {name for name, one in known.items() if getattr(one, word) == holder}
    cameras = [one for one in rows.values() if one.kind is Kind.CAMERA]
    assert any(one.space for one in cameras) and any(one.storey for one in cameras)


def test_a_ray_meets_what_is_drawn_and_no_block_of_the_city_that_a_model_stands_in_place_of(demo_home: Home, frame: SiteFrame) -> None:
    """From all around each of the three buildings at half height: never the city's box of it, and from some sides its own facade."""
    settings = Settings(home=demo_home.folder, meshes_dir=demo_home.meshes)
    with Store.open(settings.database_url) as store:
        rows = {str(row.feature.id): row for row in store.features("pingshan", None)}
        scenes = Scenes(store, settings)
        blocks = {name: row.box for name, row in rows.items() if name.startswith("city:compound-") and row.box is not None}
        met = set()
        for box in blocks.values():
            middle, reach = box.mean(axis=0), float(np.ptp(box[:, :2], axis=0).max())
            for heading in range(0, 360, 30):
                away = np.array([np.sin(np.radians(heading)), np.cos(np.radians(heading)), 0.0]) * reach
                point = frame.to_lon_lat_height([middle - away])[0]
                hit = pick(scenes, ("*",), None, point, heading_deg=float(heading), tilt_deg=0.0, range_m=2 * reach)["hit"]
                met.add(hit["id"] if hit else None)
    assert len(blocks) == 3 and not met & blocks.keys()
    assert {str(name).split(":")[0] for name in met} >= {"tower", "block", "hall"}


def meets_prism(one: Feature, holder: Feature) -> bool:
    """Whether footprints and heights of two features meet."""
    assert one.footprint is not None and one.z_range is not None and holder.footprint is not None and holder.z_range is not None
    over = one.z_range[0] <= holder.z_range[1] and one.z_range[1] >= holder.z_range[0]
    return bool(over and one.footprint.intersects(holder.footprint))


def boxes_of_texts(drawing: str) -> list[Any]:
    """The rectangles of the texts on the sheet, above its foot: Chinese as wide as high, Latin a little over half."""
    found = []
    for node in ET.fromstring(drawing).iter("{http://www.w3.org/2000/svg}text"):
        if not {"font-size", "x", "y"} <= node.attrib.keys() or float(node.attrib["y"]) > 270 or node.text is None:
            continue
        size, x, y = (float(node.attrib[name]) for name in ("font-size", "x", "y"))
        wide = size * sum(0.55 if ord(one) < 0x2E80 else 1.0 for one in node.text)
        left = x if node.text.startswith(("CAM-", "POST-")) else x - wide / 2
        found.append(shapely.box(left, y - 0.8 * size, left + wide, y + 0.1 * size))
    return found


def test_why_an_asset_is_in_its_room(demo_home: Home, standing: list[tuple[Any, ...]]) -> None:
    found = [demo_home.run_here("query", "explain", row[1]).document for row in standing[::5000]]
    for one in found:
        assert one["method"]["code"] in ("element", "spot", "room", "storey", "building", "unit") and one["method"]["zh"]
        assert one["place"] is not None and one["said"] is not None
    spots = [one for one in found if one["method"]["code"] == "spot"]
    assert spots and all(one["agrees"] for one in spots)
    assert any(one["resolved"]["method"] for one in found)


def test_a_plan_is_written_and_a_point_located(demo_home: Home, frame: SiteFrame, tmp_path: Path) -> None:
    with Store.open(Settings(home=demo_home.folder).database_url) as store:
        rows = list(store.features("pingshan", None, model_key="tower"))
    storey = next(row.feature for row in rows if row.feature.kind.value == "storey" and row.feature.name == "2F")
    plan = demo_home.run_here("query", "plan", storey.id, "--output", tmp_path / "p.svg")
    rooms = {row.feature.id: row.feature for row in rows if row.feature.kind.value == "space" and row.feature.storey == storey.id}
    parts = plan.document["features"]
    assert {one["properties"]["id"] for one in parts if one["properties"]["layer"] == "room"} == rooms.keys()
    drawing = (tmp_path / "p.svg").read_text(encoding="utf-8")
    assert all(str(room.long_name) in drawing for room in rooms.values())
    devices = {one["properties"]["id"] for one in parts if one["properties"]["layer"] in ("camera", "guard_post")}
    assert "camera:CAM-051" in devices and ">CAM-051<" in drawing
    written = boxes_of_texts(drawing)
    assert len(written) >= 3 * len(rooms) - 6
    assert shapely.STRtree(written).query(written, predicate="overlaps").size == 0, "no text lies over another"
    area = shapely.union_all([shapely.geometry.shape(one["geometry"]) for one in parts if one["properties"]["layer"] == "wall"])
    assert not area.is_empty and area.is_valid
    room = next(iter(rooms.values()))
    assert room.footprint is not None and room.z_range is not None
    at = room.footprint.representative_point()
    point = words_of(frame.to_lon_lat_height([[at.x, at.y, room.z_range[0] + 1]])[0])
    found = demo_home.run_here("query", "locate", point)
    assert found.code == 0 and found.document["room"]["id"] == room.id and found.document["storey"]["id"] == storey.id
    down = demo_home.run_here("query", "pick", point, "--heading-deg", "0", "--tilt-deg", "-90")
    assert down.code == 0 and down.document["hit"]["distance_m"] <= 1.2
    assert demo_home.run_here("query", "locate", "0,0,0").code == 3
    assert demo_home.run_here("query", "pick", point).code == 2
    assert demo_home.run_here("query", "plan", "tower:none").document["error"]["code"] == "NOT_FOUND"
