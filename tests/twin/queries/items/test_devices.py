"""Cameras, gates, zones, posts and the perimeter as collections: their register's columns, the shape of their feature, its label."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import shapely

from spatial.frame import SiteFrame
from tests.twin.api.test_devices import LAT, LON, Guarded
from tests.twin.moulds import Cast
from tests.twin.store.builder import SITE
from twin.errors import Invalid, NotFound
from twin.queries.changes.page import read_changes
from twin.queries.cql2 import parse
from twin.queries.items.asked import Asked
from twin.queries.items.box import parse_box
from twin.queries.items.catalogue import Catalogue, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.query import item_query
from twin.queries.items.queryables import queryable_types
from twin.queries.items.sorting import parse_sortby
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.store import Store

EVERY = frozenset({"*"})
RING = [(LON, LAT), (LON + 0.001, LAT), (LON + 0.001, LAT + 0.0006), (LON, LAT + 0.0006), (LON, LAT)]
LINE = [(LON, LAT), (LON + 0.002, LAT)]
COLLECTIONS = ("cameras", "gates", "zones", "guard-posts", "perimeter")


class Fenced(Guarded):
    """The tower with cameras, and a gate across its way, a zone, a post and a stretch of the fence."""

    def __init__(self, store: Store, folder: Path) -> None:
        super().__init__(store, folder)
        where = "经度,纬度,坐标系"
        self.take("gate", f"出入口编号,名称,{where},方位角,净宽", [f"G1,东门,{LON},{LAT},CGCS2000,90,8", "G2,无处门,,,,,"])
        ring, line = shapely.Polygon(RING).wkt, shapely.LineString(LINE).wkt
        self.take("zone", "区域编号,区域名称,范围,坐标系,底1985高程,顶1985高程,可见范围", [f'Z1,一区,"{ring}",WGS84,10,14,restricted'])
        self.take("guard_post", f"岗位编号,岗位名称,{where},值勤人数", [f"P1,东岗,{LON},{LAT},CGCS2000,2"])
        self.take("perimeter_segment", "周界编号,周界名称,线位,坐标系,围界高度", [f'F1,东墙,"{line}",WGS84,2.5'])

    def moved(self, store: Store, folder: Path) -> Self:
        return super().moved(store, folder)


class Asking:
    """The collections as readers with labels ask them."""

    def __init__(self, fenced: Fenced, folder: Path) -> None:
        self.store = fenced.store
        self.catalogue = Catalogue(Registers.of(fenced.store, folder / "columns"))

    def reader(self, *labels: str) -> ItemReader:
        seen = frozenset(labels) or None
        return self.catalogue.reader(EVERY, seen, Reader(name="r", labels=seen))

    def all(self, name: str, asked: Asked | None = None, reader: ItemReader | None = None, limit: int = 2) -> dict[str, Item]:
        reader = reader or self.reader()
        found: list[Item] = []
        after: str | None = ""
        with self.store.database.reading() as connection:
            query = item_query(connection, self.catalogue, self.catalogue.get(reader, name), reader, asked)
            while after is not None:
                page = query.page(after=after, limit=limit)
                found += page.items
                after = page.after
            assert query.count() == len(found)
        return {item.id: item for item in found}

    def ids(self, name: str, text: str, *labels: str) -> set[str]:
        return set(self.all(name, Asked(filters=(parse(text, "cql2-text"),)), self.reader(*labels)))


@pytest.fixture
def asking(cast: Cast, tmp_path: Path) -> Asking:
    return Asking(cast(Fenced), tmp_path)


def test_devices_are_records_with_the_shapes_of_their_features(asking: Asking) -> None:
    """Points, a line across the gate, an area, a line: where they were stated, at the heights that were stated."""
    found = {name: asking.all(name) for name in COLLECTIONS}
    assert {name: list(items) for name, items in found.items()} == {
        "cameras": ["C1", "C2", "C3", "C4", "C5", "C6"], "gates": ["G1", "G2"], "zones": ["Z1"], "guard-posts": ["P1"], "perimeter": ["F1"],
    }  # fmt: skip
    camera, gate, zone, wall = found["cameras"]["C2"], found["gates"]["G1"], found["zones"]["Z1"], found["perimeter"]["F1"]
    assert camera.geometry is not None and gate.geometry is not None and zone.geometry is not None and wall.geometry is not None
    assert (camera.geometry.x, camera.geometry.y) == (pytest.approx(LON, abs=1e-9), pytest.approx(LAT, abs=1e-9))
    assert shapely.get_z(camera.geometry) == pytest.approx(SITE.height_m + 5, abs=0.02) == camera.low_m
    ends = SiteFrame.of(SITE).from_lon_lat_height(shapely.get_coordinates(gate.geometry, include_z=True))
    assert np.ptp(ends, axis=0)[:2] == pytest.approx([0.0, 8.0], abs=1e-6)
    assert shapely.force_2d(zone.geometry).equals_exact(shapely.Polygon(RING), 1e-9)
    assert SITE.geoid_separation_m is not None and zone.low_m is not None and zone.high_m is not None
    assert (zone.low_m, zone.high_m - zone.low_m) == (pytest.approx(10 + SITE.geoid_separation_m, abs=0.01), pytest.approx(4, abs=0.01))
    assert shapely.force_2d(wall.geometry).equals_exact(shapely.LineString(LINE), 1e-9)
    assert (found["cameras"]["C4"].geometry, found["gates"]["G2"].geometry) == (None, None)
    assert {item.site for items in found.values() for item in items.values() if item.geometry is not None} == {"PS"}
    assert (gate.properties["width"], found["guard-posts"]["P1"].properties["guards"]) == (8.0, 2)


def test_every_attribute_can_be_asked(asking: Asking) -> None:
    """Each column of each kind that says something finds the device by what it says."""
    for name in COLLECTIONS:
        reader = asking.reader()
        types = queryable_types(asking.catalogue.get(reader, name), reader)
        for key, item in asking.all(name).items():
            for column, value in item.properties.items():
                if value is not None and column not in ("place", "place_feature"):
                    assert column in types
                    written: Any = f"'{value}'" if isinstance(value, str) else value
                    assert key in asking.ids(name, f'"{column}" = {written}'), (name, column)
    assert asking.ids("cameras", "mounting_height > 5 AND name LIKE '%机'") == {"C3", "C4", "C6"}
    by_height = Asked(sort=parse_sortby("-mounting_height,id", ["mounting_height", "id"]))
    assert list(asking.all("cameras", by_height)) == ["C3", "C4", "C6", "C2", "C1", "C5"]


def test_boxes_and_predicates_are_decided_on_the_shapes(asking: Asking) -> None:
    west = f"{LON - 0.0001},{LAT - 0.0001},{LON + 0.0001},{LAT + 0.0001}"
    east = f"{LON + 0.0015},{LAT - 0.0001},{LON + 0.0016},{LAT + 0.0001}"
    assert [set(asking.all(name, Asked(box=parse_box(west)))) for name in COLLECTIONS] == [{"C2", "C3"}, {"G1"}, {"Z1"}, {"P1"}, {"F1"}]
    assert [set(asking.all(name, Asked(box=parse_box(east)))) for name in COLLECTIONS] == [set(), set(), set(), set(), {"F1"}]
    for name in COLLECTIONS:
        shapes = {key: item.geometry for key, item in asking.all(name).items() if item.geometry is not None}
        plan = shapely.box(*map(float, west.split(",")))
        near = {key for key, shape in shapes.items() if shape.intersects(plan)}
        assert asking.ids(name, f"S_INTERSECTS(geometry, BBOX({west}))") == near
        assert asking.ids(name, f"S_DISJOINT(geometry, BBOX({west}))") == set(shapes) - near
        assert asking.ids(name, f"S_WITHIN(geometry, BBOX({west}))") == {key for key, shape in shapes.items() if shape.within(plan)}
        assert asking.ids(name, "geometry IS NULL") == set(asking.all(name)) - set(shapes)
    zone = asking.all("zones")["Z1"]
    assert zone.high_m is not None
    for low, there in ((zone.high_m - 0.5, {"Z1"}), (zone.high_m + 0.5, set())):
        corners = f"{LON},{LAT},{low},{LON + 0.001},{LAT + 0.001},{low + 1}"
        assert set(asking.all("zones", Asked(box=parse_box(corners)))) == there


def test_a_label_hides_a_device_in_every_way_of_asking(asking: Asking) -> None:
    public = asking.reader("public")
    assert {name: list(asking.all(name, reader=public)) for name in COLLECTIONS} == {
        "cameras": ["C2"], "gates": ["G1"], "zones": [], "guard-posts": ["P1"], "perimeter": ["F1"],
    }  # fmt: skip
    around = f"S_INTERSECTS(geometry, BBOX({LON - 1},{LAT - 1},{LON + 1},{LAT + 1}))"
    assert asking.ids("cameras", around, "public") == {"C2"} and asking.ids("zones", around, "public") == set()
    assert asking.ids("cameras", f"NOT {around}", "public") == set()
    with asking.store.database.reading() as connection:
        zones = item_query(connection, asking.catalogue, asking.catalogue.get(public, "zones"), public)
        assert zones.extent()[:4] == (None,) * 4
        with pytest.raises(NotFound):
            zones.one("Z1")
        every = asking.reader()
        west = item_query(connection, asking.catalogue, asking.catalogue.get(every, "zones"), every).extent()[0]
        assert west == pytest.approx(LON, abs=1e-9)
    nobody = asking.catalogue.reader(EVERY, None)
    with pytest.raises(NotFound):
        asking.catalogue.get(nobody, "cameras")


def test_a_site_is_the_origin_of_its_frame(asking: Asking) -> None:
    (site,) = asking.all("sites").values()
    assert site.geometry is not None and site.geometry.equals_exact(shapely.Point(SITE.lon, SITE.lat, SITE.height_m), 0)
    assert (site.id, site.properties["name"], site.properties["radius_m"]) == ("PS", SITE.name, SITE.radius_m)
    near = f"BBOX({SITE.lon - 1},{SITE.lat - 1},{SITE.lon + 1},{SITE.lat + 1})"
    assert asking.ids("sites", f"name = '{SITE.name}' AND S_WITHIN(geometry, {near})") == {"PS"}
    assert asking.ids("sites", f"S_DISJOINT(geometry, {near})") == set() == asking.ids("sites", "radius_m > 1e6")
    assert set(asking.all("sites", Asked(box=parse_box("0,0,1,1")))) == set()
    nowhere = asking.catalogue.reader(frozenset(), None, Reader(name="n"))
    assert asking.all("sites", reader=nowhere) == {}
    with pytest.raises(Invalid, match="one state"):
        asking.all("sites", Asked(span=(None, None)))  # type: ignore[arg-type]


def test_what_becomes_of_a_device_in_the_scene_is_told_as_of_its_collection(asking: Asking) -> None:
    """Each event leads to the item it is of; who reads no registers learns the feature's id and no address."""

    def told(reader: ItemReader) -> dict[str, Any]:
        changes = read_changes(asking.catalogue, reader, since="beginning", collection=None, limit=1000).changes
        return {one["id"]: one for one in changes if one["type"] == "added" and "revision" in one}

    events = told(asking.reader())
    for name in COLLECTIONS:
        for key, item in asking.all(name).items():
            if item.geometry is not None:
                assert (events[key]["collection"], events[key]["href"]) == (name, f"/collections/{name}/items/{key}")
    bare = told(asking.catalogue.reader(EVERY, None, None))
    assert bare["camera:C2"]["collection"] is None and bare["camera:C2"]["href"] is None
