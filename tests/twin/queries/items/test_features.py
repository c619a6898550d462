"""Pages of items against what shapely says of every feature one by one, on both databases."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature
from tests.twin.queries.items.world import HIDDEN, LATER, NOW, filled, plans, world
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import parse
from twin.queries.items.asked import Asked
from twin.queries.items.box import parse_box
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.crs import find_crs, list_crs
from twin.queries.items.features import FeatureQuery
from twin.queries.items.item import Item
from twin.queries.items.time import Span, parse_datetime
from twin.queries.records.context import Registers
from twin.store import Store

EVERY = frozenset({"*"})


class Home:
    """A filled store as a reader asks it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.catalogue = store, Catalogue(Registers.of(store, folder))
        self.reader = self.catalogue.reader(EVERY, None)

    def collection(self, name: str, reader: ItemReader | None = None) -> Collection:
        """A collection by its id."""
        return self.catalogue.get(reader or self.reader, name)

    def all(self, name: str, asked: Asked | None = None, reader: ItemReader | None = None, limit: int = 7) -> list[Item]:
        """Every item, page by page."""
        found: list[Item] = []
        after: str | None = ""
        with self.store.database.reading() as connection:
            query = FeatureQuery(connection, self.collection(name, reader), reader or self.reader, asked)
            while after is not None:
                page = query.page(after=after, limit=limit)
                found += page.items
                after = page.after
            assert query.count() == len(found)
        return found

    def matched(self, name: str, bbox: str, crs: str | None = None) -> set[str]:
        """The ids within a box."""
        given = find_crs(crs, list_crs([site.crs for site in self.reader.sites.values()])) if crs else None
        return {item.id for item in self.all(name, Asked(box=parse_box(bbox, given)))}


@pytest.fixture
def home(opened: Callable[..., Store], tmp_path: Path) -> Home:
    return Home(filled(opened()), tmp_path / "columns")


def test_what_a_page_shows_is_what_shapely_says_of_each_feature(home: Home) -> None:
    """Boxes anywhere, across the antimeridian, and of no size."""
    shapes = {str(row.id): row.geographic for row in world() if row.geographic is not None}
    rng = np.random.default_rng(11)
    boxes = [(*np.sort(rng.uniform(-180, 180, 2)), *np.sort(rng.uniform(-90, 90, 2))) for _ in range(12)]
    for west, east, south, north in boxes:
        plan = shapely.box(west, south, east, north)
        assert home.matched("world", f"{west},{south},{east},{north}") == {name for name, shape in shapes.items() if shape.intersects(plan)}
        across = shapely.union_all([shapely.box(east, south, 180, north), shapely.box(-180, south, west, north)])
        assert home.matched("world", f"{east},{south},{west},{north}") == {
            name for name, shape in shapes.items() if shape.intersects(across)
        }
    point = next(shape for shape in shapes.values() if shape.geom_type == "Point")
    assert home.matched("world", f"{point.x},{point.y},{point.x},{point.y}") >= {n for n, s in shapes.items() if s.equals(point)}
    assert home.matched("world", "-180,-90,180,90") == set(shapes)
    assert len(home.all("world")) == len(world()) > len(shapes)


def test_features_of_a_site_lie_where_proj_says(home: Home) -> None:
    """Plan and heights of rooms and desks of two sites; an id that both have is told with its site."""
    stated = {(site, name): where for site in ("PS", "MW") for name, where in plans(home.store, site).items()}
    items = [item for name in ("rooms", "elements") for item in home.all(name)]
    assert {(item.site, item.id.rpartition("/")[2]) for item in items} == {key for key in stated if key[1][6] in "rd"}
    for item in items:
        plan, (low, high) = stated[item.site, item.id.rpartition("/")[2]]
        assert item.geometry is not None and item.id.partition("/")[0] == item.site
        assert item.geometry.hausdorff_distance(plan) < 1e-9
        assert (item.low_m, item.high_m) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
        assert shapely.get_coordinates(item.geometry, include_z=True)[:, 2] == pytest.approx(low, abs=1e-3)
    room = next(item for item in items if item.id == "PS/tower:r9-10")
    west, south, east, north = room.geometry.bounds if room.geometry else (0, 0, 0, 0)
    assert room.low_m is not None and room.high_m is not None
    assert room.id in home.matched("rooms", f"{west},{south},{room.high_m},{east},{north},{room.high_m + 1}")
    assert room.id not in home.matched("rooms", f"{west},{south},{room.high_m + 0.01},{east},{north},{room.high_m + 0.02}")
    grid = find_crs("[EPSG:4549]", list_crs(["EPSG:4549"]))
    northing = grid.coordinates(np.array([room.geometry], dtype=object), [home.store.get_site("PS")])[0].bounds
    assert 2_800_000 < northing[0] < 2_900_000, "EPSG:4549 is north, east"
    assert room.id in home.matched("rooms", ",".join(map(str, northing)), "[EPSG:4549]")


def test_one_item_is_read_by_its_id_and_with_its_site_where_two_have_it(home: Home) -> None:
    rooms, places = home.collection("rooms"), home.collection("world")
    with home.store.database.reading() as connection:
        assert FeatureQuery(connection, rooms, home.reader).one("MW/tower:r9-1").site == "MW"
        with pytest.raises(NotFound):
            FeatureQuery(connection, rooms, home.reader).one("tower:r9-1")
        for item_id in ("tower:b", "XX/tower:r9-1", "", "MW/", "world:places/3"):
            with pytest.raises(NotFound):
                FeatureQuery(connection, rooms, home.reader).one(item_id)
        row = FeatureQuery(connection, places, home.reader).one("world:places/3")
        assert row.properties["name"] == "own 3" and "class" in row.properties, "an attribute hides a column of its name"
        assert {"NAME", "人口", "share", "open"} <= set(row.properties)


def test_a_hidden_room_is_in_no_page_count_extent_or_list(home: Home) -> None:
    reader = home.catalogue.reader(EVERY, frozenset({"public"}))
    seen = {item.id.rpartition("/")[2] for name in ("rooms", "elements") for item in home.all(name, reader=reader)}
    assert seen and not seen & set(HIDDEN)
    with home.store.database.reading() as connection, pytest.raises(NotFound):
        FeatureQuery(connection, home.collection("rooms"), reader).one(f"PS/{HIDDEN[0]}")
    nobody = home.catalogue.reader(EVERY, frozenset())
    assert not any(one.layer for one in home.catalogue.collections(nobody)) and home.all("rooms", reader=nobody) == []
    elsewhere = home.catalogue.reader(frozenset({"PS"}), None)
    assert {item.site for item in home.all("rooms", reader=elsewhere)} == {"PS"}
    assert "world" not in {one.id for one in home.catalogue.collections(elsewhere)}


def test_as_of_a_time_things_are_as_they_were(home: Home) -> None:
    """Before the change, within it, after it; an interval shows what there was at any time of it, as it was last."""
    before, after = parse_datetime(NOW.isoformat()), parse_datetime(f"{LATER.isoformat()}/..")
    room = home.collection("rooms")
    with home.store.database.reading() as connection:
        old = FeatureQuery(connection, room, home.reader, Asked(span=before)).one("PS/tower:r9-1")
        new = FeatureQuery(connection, room, home.reader).one("PS/tower:r9-1")
    assert (old.properties["name"], old.until, new.properties["name"], new.until) == ("室1", LATER, "改名", None)
    desks = {when: {item.id for item in home.all("elements", Asked(span=span))} for when, span in (("then", before), ("now", after))}
    gone = {f"PS/tower:d9-9-{number}" for number in (1, 2)}
    assert desks["then"] - desks["now"] == gone and not desks["now"] - desks["then"]
    whole = Span(NOW, LATER)
    assert {item.id for item in home.all("elements", Asked(span=whole))} == desks["then"]
    assert home.all("elements", Asked(span=parse_datetime("../2020-01-01"))) == []


def test_layers_say_what_their_attributes_are_and_where_they_lie(home: Home) -> None:
    world_layer = home.collection("world")
    assert dict(world_layer.attributes) == {"NAME": "string", "人口": "integer", "share": "number", "open": "boolean", "name": "string"}
    with home.store.database.reading() as connection:
        west, south, east, north, low, high = FeatureQuery(connection, world_layer, home.reader).extent()
    bounds = shapely.total_bounds([row.geographic for row in world() if row.geographic is not None])
    assert (west, south, east, north) == pytest.approx(tuple(bounds)) and low is None and high is None


@pytest.mark.parametrize(
    "bbox", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,0,nan,1", "0,5,1,4", "0,0,9,1,1,2", "-181,0,1,1", "0,0,1,91", "0,0,inf,1"]
)
def test_a_box_that_is_none_is_told_so(bbox: str) -> None:
    with pytest.raises(Invalid, match="bbox"):
        parse_box(bbox)


def test_a_box_in_another_crs_is_the_one_in_degrees_across_the_antimeridian_too() -> None:
    offered = list_crs(["EPSG:4549"])
    for code in ("4326", "4490", "4979", "4480"):
        crs = find_crs(f"[EPSG:{code}]", offered)
        assert parse_box("-10,170,20,-160", crs) == parse_box("170,-10,-160,20")
        assert parse_box("-10,100,20,120", crs).plan.equals(shapely.box(100, -10, 120, 20))
    for code, text in (
        ("4326", "100,-10,120,20"), ("4326", "20,100,-10,120"), ("4326", "-1e300,-1e300,1e300,1e300"),
        ("3857", "-1e300,-1e300,1e300,1e300"),
        ("4549", "1e12,1e12,1e13,1e13"), ("4549", "2887000,429600,2886000,429700"), ("4549", "-9e8,-9e8,9e8,9e8"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            parse_box(text, find_crs(f"[EPSG:{code}]", offered))
        assert (refused.value.code, refused.value.path) == ("PARAMETER_INVALID", "bbox"), (code, text)


@pytest.mark.parametrize(
    "text", ["", "..", "../..", "2026", "2026-13-01", "2026-01-02/2026-01-01", "2026-01-01T00:00:00", "a/b", "//", "1/2/3"]
)
def test_a_time_that_is_none_is_told_so(text: str) -> None:
    with pytest.raises(Invalid, match="datetime"):
        parse_datetime(text)


FILTERS: dict[str, Callable[[Feature], bool]] = {
    'share > 0.5 AND "人口" IS NOT NULL': lambda row: said(row, "share") > 0.5 and row.properties["attributes"]["人口"] is not None,
    "open = true OR NAME LIKE 'ä%'": lambda row: row.properties["attributes"]["open"] or str(row.name).startswith("ä"),
    "CASEI(NAME) = CASEI('ÄRGER')": lambda row: row.name in ("Ärger", "ärger"),
    "ACCENTI(CASEI(NAME)) LIKE ACCENTI(CASEI('s%'))": lambda row: row.name in ("sao", "São"),
    "name IN ('own 3', 'own 7')": lambda row: row.id in ("world:places/3", "world:places/7"),
    "S_INTERSECTS(geometry, BBOX(0, 0, 90, 60))": lambda row: meets(row, shapely.box(0, 0, 90, 60)),
    "NOT S_INTERSECTS(geometry, BBOX(0, 0, 90, 60))": lambda row: row.geographic is not None and not meets(row, shapely.box(0, 0, 90, 60)),
    "S_WITHIN(geometry, POLYGON((-100 -60, 100 -60, 100 60, -100 60, -100 -60))) AND open = false": lambda row: (
        row.geographic is not None and row.geographic.within(shapely.box(-100, -60, 100, 60)) and not row.properties["attributes"]["open"]
    ),
    "S_DISJOINT(geometry, BBOX(170, -90, -170, 90))": lambda row: (
        row.geographic is not None and not meets(row, shapely.union(shapely.box(170, -90, 180, 90), shapely.box(-180, -90, -170, 90)))
    ),
    "since > TIMESTAMP('2020-01-01T00:00:00Z') AND share * 2 < 0.4": lambda row: 0 < said(row, "share") * 2 < 0.4,
}


def said(row: Feature, name: str) -> float:
    return float(row.properties["attributes"][name] or 0)


def meets(row: Feature, plan: BaseGeometry) -> bool:
    return row.geographic is not None and bool(row.geographic.intersects(plan))


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_gives_the_rows_for_which_it_is_true(home: Home, text: str) -> None:
    """In text and in JSON, the same on both databases, and with a box besides."""
    wanted = {str(row.id) for row in world() if FILTERS[text](row)}
    for one in (parse(text, "cql2-text"), parse(parse(text, "cql2-text").to_json(), "cql2-json")):
        assert {item.id for item in home.all("world", Asked(filters=(one,)), limit=50)} == wanted
    west = Asked(filters=(parse(text, "cql2-text"),), box=parse_box("-180,-90,0,90"))
    assert {item.id for item in home.all("world", west, limit=50)} == {
        str(row.id) for row in world() if FILTERS[text](row) and meets(row, shapely.box(-180, -90, 0, 90))
    }


def test_a_filter_never_finds_a_hidden_thing_or_one_by_it(home: Home) -> None:
    public = home.catalogue.reader(EVERY, frozenset({"public"}))
    for text in ("name = '室1'", "S_INTERSECTS(geometry, BBOX(119, 26, 120, 27))", "NOT area_m2 > 1e9", "CASEI(name) = CASEI('室1')"):
        seen = {item.id.rpartition("/")[2] for item in home.all("rooms", Asked(filters=(parse(text, "cql2-text"),)), reader=public)}
        assert seen and not seen & set(HIDDEN), text
    for text in ("building = 'tower:b'", "nothing = 1", "name > 3", "S_INTERSECTS(name, POINT(0 0))"):
        with pytest.raises(Invalid):
            home.all("rooms", Asked(filters=(parse(text, "cql2-text"),)))
