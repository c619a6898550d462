"""Records as collections: what the register says of each, where it stands, and who may know of it."""

import random
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import select

from tests.twin.moulds import Cast
from tests.twin.queries.items.world import OTHER
from tests.twin.queries.town import Town
from tests.twin.store.builder import NOW, SITE
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import parse
from twin.queries.items.asked import Asked
from twin.queries.items.box import parse_box
from twin.queries.items.catalogue import Catalogue, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.query import item_query
from twin.queries.place.assets import asset_points
from twin.records import texts
from twin.records.scope import Reader
from twin.records.state import note_ties, note_touched, read_state
from twin.store import record_schema as schema
from twin.store.database import asked_once

EVERY = frozenset({"*"})
SEES_ALL = Reader(name="all")


class Home:
    """The town, its assets standing in rows a metre apart in the site PS, every tenth nowhere."""

    def __init__(self, town: Town) -> None:
        self.town, self.catalogue = town, Catalogue(town.registers)
        self.points: dict[str, tuple[float, float, float]] = {}
        town.store.add_site(SITE, now=NOW)
        site = next(number for number, known in town.store.site_ids().items() if known.code == "PS")
        asset, place, location = schema.kind_table("asset"), schema.place, schema.location
        with town.store.database.writing() as connection:
            connection.execute(place.update().where(place.c.kind == "site").values(site_id=site))
            known = select(asset.c.id, asset.c.key, location.c.place_id).join(location, location.c.id == asset.c.location_id)
            for number, (row, key, where) in enumerate(connection.execute(known.where(location.c.place_id.is_not(None))).all()):
                if number % 10:
                    self.points[key] = (number % 7 * 1.0, number // 7 * 1.5, 3.0 * (number % 3))
                    x, y, z = self.points[key]
                    connection.execute(asset.update().where(asset.c.id == row).values(x_m=x, y_m=y, z_m=z, place_id=where))

    def reader(self, records: Reader | None = SEES_ALL) -> ItemReader:
        return self.catalogue.reader(EVERY, records.labels if records else None, records)

    def all(self, asked: Asked | None = None, reader: ItemReader | None = None, name: str = "assets", limit: int = 7) -> list[Item]:
        reader = reader or self.reader()
        found: list[Item] = []
        after: str | None = ""
        with self.town.store.database.reading() as connection:
            query = item_query(connection, self.catalogue, self.catalogue.get(reader, name), reader, asked)
            while after is not None:
                page = query.page(after=after, limit=limit)
                found += page.items
                after = page.after
            assert query.count() == len(found)
        return found


@pytest.fixture
def home(cast: Cast, tmp_path: Path) -> Home:
    return Home(cast(Town))


def test_every_record_is_an_item_with_what_its_register_says(home: Home) -> None:
    items = {item.id: item for item in home.all()}
    assert set(items) == set(home.town.assets) and list(items) == sorted(items)
    for key, values in home.town.assets.items():
        said = items[key].properties
        assert {name: said[name] for name in ("name", "value", "state", "brand")} == {
            name: values.get(name) for name in ("name", "value", "state", "brand")
        }
    assert {item.id for item in home.all(name="units")} == {"U1", "U2", "U3", "U4"}
    assert home.all(name="vehicles") == []


def test_a_page_says_what_each_says_by_itself_however_few_texts_are_remembered(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one every text is read by SQL, with the row; in a page from what is remembered."""
    told = {item.id: item for item in home.all()}
    monkeypatch.setattr(texts, "KEPT", 3)
    monkeypatch.setattr(texts, "ASKED_AT_ONCE", 2)
    forgetful = {item.id: item for item in home.all(limit=len(told))}
    assert len({item.properties["specification"] for item in told.values()} | {item.properties["name"] for item in told.values()}) > 3
    reader = home.reader()
    with home.town.store.database.reading() as connection:
        query = item_query(connection, home.catalogue, home.catalogue.get(reader, "assets"), reader)
        for key, item in told.items():
            alone = query.one(key)
            assert alone.version is not None and item.version is None
            for one in (item, forgetful[key]):
                assert (one.site, one.low_m, one.high_m) == (alone.site, alone.low_m, alone.high_m)
                assert one.properties == alone.properties and one.geometry == alone.geometry


def test_what_columns_chose_is_in_the_order_of_codes_not_of_records(home: Home) -> None:
    last = max(home.town.assets)
    for code in ("A-00005", "0-first"):
        home.town.add(home.town.assets[last] | {"code": code, "tag": code, "serial": code})
    chosen = [item.id for item in home.all(Asked(filters=(parse("code IS NOT NULL AND name IS NOT NULL", "cql2-text"),)))]
    named = [item.id for item in home.all(Asked(filters=(parse("name IS NOT NULL", "cql2-text"),)))]
    assert chosen == named == sorted(named) and named[0] == "0-first"


def test_one_state_is_asked_once_and_a_later_one_is_seen(home: Home) -> None:
    database = home.town.store.database
    with database.reading() as before:
        assert asked_once(before, "x", lambda: 1) == asked_once(before, "x", lambda: 2) == 1
        state = read_state(before)
        with database.writing() as writer:
            assert asked_once(writer, "x", lambda: 3) == 3 and asked_once(writer, "x", lambda: 4) == 4
            note_ties(writer)
            assert read_state(writer).ties > state.ties
        assert read_state(before) == state
    with database.reading() as after:
        assert asked_once(after, "x", lambda: 5) == 5 and read_state(after).ties > state.ties


def test_a_filter_and_a_box_find_what_stands_there(home: Home) -> None:
    """Against the values and points as they were put in; PROJ's own frame tells where the box is."""
    items = {item.id: item for item in home.all()}
    located = {key for key, item in items.items() if item.geometry is not None}
    assert located and located == set(home.points)
    for text, holds in (
        ("state = 'idle' AND brand = '联想'", lambda one: one["state"] == "idle" and one["brand"] == "联想"),
        ("value >= 100000 OR brand IS NULL", lambda one: (one["value"] or 0) >= 100000 or one["brand"] is None),
        ("name LIKE '办公%'", lambda one: one["name"].startswith("办公")),
        ("NOT state IN ('idle', 'lent')", lambda one: one["state"] not in ("idle", "lent", None)),
    ):
        found = {item.id for item in home.all(Asked(filters=(parse(text, "cql2-text"),)))}
        assert found == {key for key, one in home.town.assets.items() if holds(one)}, text
    shapes = {key: item.geometry for key, item in items.items() if item.geometry is not None}
    west, south, east, north = shapely.total_bounds(list(shapes.values()))
    middle = ((west + east) / 2, (south + north) / 2)
    box = shapely.box(west, south, *middle)
    near = {key for key, shape in shapes.items() if shape.intersects(box)}
    assert 0 < len(near) < len(shapes)
    bbox = ",".join(map(str, (west, south, *middle)))
    assert {item.id for item in home.all(Asked(box=parse_box(bbox)))} == near
    spatial = f"S_WITHIN(geometry, BBOX({bbox}))"
    assert {i.id for i in home.all(Asked(filters=(parse(spatial, "cql2-text"),)))} == {k for k, s in shapes.items() if s.within(box)}
    outside = f"NOT S_INTERSECTS(geometry, BBOX({bbox}))"
    assert {i.id for i in home.all(Asked(filters=(parse(outside, "cql2-text"),)))} == set(shapes) - near
    z = np.array([shapely.get_z(shape) for shape in shapes.values()])
    low = ",".join(map(str, (west, south, z.min() - 1, east, north, z.min() + 1)))
    assert {item.id for item in home.all(Asked(box=parse_box(low)))} == {k for k, s in shapes.items() if s.z < z.min() + 1}


def test_who_may_not_know_of_a_record_finds_no_trace_of_it(home: Home) -> None:
    everything, public = home.reader(), home.reader(Reader(name="p", labels=frozenset({"public"})))
    hidden = {item.id for item in home.all(reader=everything)} - {item.id for item in home.all(reader=public)}
    assert hidden
    one = home.reader(Reader(name="u", units=frozenset({"U2"})))
    assert {item.properties["unit"] for item in home.all(reader=one)} <= {"U2", "U3", "单位U2", "单位U3"}
    poor = home.reader(Reader(name="v", values=False))
    assert all("value" not in item.properties for item in home.all(reader=poor))
    with pytest.raises(Invalid):
        home.all(Asked(filters=(parse("value > 0", "cql2-text"),)), reader=poor)
    nobody = home.reader(None)
    with pytest.raises(NotFound):
        home.catalogue.get(nobody, "assets")
    with home.town.store.database.reading() as connection:
        query = item_query(connection, home.catalogue, home.catalogue.get(public, "assets"), public)
        for key in sorted(hidden)[:3]:
            with pytest.raises(NotFound):
                query.one(key)


FILTERS = (
    "state = 'idle'",
    "NOT (state = 'idle' OR value > 100000)",
    "state IS NULL OR NOT brand = '联想'",
    "NOT (brand = '联想' AND value >= 120050)",
    "value BETWEEN 0 AND 120050.5 AND NOT name LIKE '%桌%'",
    "value IN (0, 4503599627370496) OR value <> 0.5",
    "1e30 > value AND -1e30 < value",
    "acquired < DATE('2021-01-01') OR acquired = TIMESTAMP('2026-01-05T12:00:00Z')",
    "NOT acquired IN (DATE('2026-01-05'), DATE('2001-06-01'))",
    "casei(name) LIKE casei('%计算机') AND room IS NOT NULL",
    "room = '101' OR building IS NULL AND NOT (unit = 'U2' AND storey IS NOT NULL)",
    "class_code LIKE 'A02%' AND class_edition <> '政府采购品目-2013'",
    "state = 'idle' AND serial LIKE 'sn%' AND value IS NOT NULL",
    "value * 2 > 100 AND state IN ('idle', 'in_use', 'lent')",
    "casei(serial) = casei(tag) OR state = 'pooled'",
)


def test_columns_choose_what_the_table_says(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters in boxes for readers, page by page: once from the columns, once from the table alone."""
    items = [item for item in home.all() if item.geometry is not None]
    west, south, east, north = shapely.total_bounds([item.geometry for item in items])
    low, high = min(item.low_m or 0 for item in items), max(item.low_m or 0 for item in items)
    corner = items[len(items) // 2].geometry
    assert corner is not None
    boxes = [None, (-180, -90, 180, 90), (west, south, corner.x, corner.y), (west, south, low - 1, east, north, low + 1)]
    boxes += [(corner.x, corner.y, corner.z, east, north, high), (170, -10, -170, 10)]
    readers = [SEES_ALL, Reader(name="p", labels=frozenset({"public"})), Reader(name="u", units=frozenset({"U2"}))]
    asked = [
        (Asked(box=parse_box(",".join(map(repr, map(float, box)))) if box else None, filters=filters), reader)
        for reader in readers
        for box in boxes
        for filters in ((), *(((parse(text, "cql2-text"),)) for text in FILTERS))
        if box is not None or filters
    ]
    asked = random.Random(8).sample(asked, 25) + [(Asked(filters=(parse(text, "cql2-text"),)), SEES_ALL) for text in FILTERS]
    with home.town.store.database.reading() as connection:
        assert item_query(connection, home.catalogue, home.catalogue.get(home.reader(), "assets"), home.reader(), asked[0][0])._choice  # type: ignore[attr-defined]
    chosen = [[item.id for item in home.all(one, home.reader(reader), limit=23)] for one, reader in asked]
    monkeypatch.setattr("twin.queries.items.records.choose_assets", lambda *_, **__: None)
    for (one, reader), keys in zip(asked, chosen, strict=True):
        assert keys == [item.id for item in home.all(one, home.reader(reader), limit=1000)], (one, reader)
    assert len({tuple(keys) for keys in chosen}) > 15


def test_a_box_may_be_a_line_or_a_point(home: Home) -> None:
    points = {item.id: item.geometry for item in home.all() if item.geometry is not None}
    at = next(iter(points.values()))
    _, south, _, north = shapely.total_bounds(list(points.values())).tolist()
    line = home.all(Asked(box=parse_box(f"{at.x!r},{south!r},{at.x!r},{north!r}")))
    assert {item.id for item in line} == {key for key, point in points.items() if point.x == at.x} != set()
    point = home.all(Asked(box=parse_box(f"{at.x!r},{at.y!r},{at.x!r},{at.y!r}")))
    assert {item.id for item in point} == {key for key, one in points.items() if (one.x, one.y) == (at.x, at.y)} != set()
    assert home.all(Asked(box=parse_box(f"{at.x!r},{south - 1!r},{at.x!r},{south - 0.5!r}"))) == []


def test_a_condition_that_python_would_judge_for_too_many_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.queries.items.records.JUDGED", 5)
    monkeypatch.setattr("twin.queries.items.points.LOOKED_AT", 5)
    for text in ("casei(serial) = casei(tag)", "casei(tag) LIKE casei('t%')", "S_WITHIN(geometry, BBOX(-180, -90, 180, 90))"):
        with pytest.raises(Invalid) as refused:
            home.all(Asked(filters=(parse(text, "cql2-text"),)))
        assert refused.value.code == "FILTER_INVALID" and refused.value.hint
    found = home.all(Asked(filters=(parse("casei(serial) = casei(tag) AND name = 'none such'", "cql2-text"),)))
    assert found == []


def test_points_follow_what_moves_and_are_kept_while_nothing_does(home: Home) -> None:
    key = next(iter(home.points))
    everywhere = Asked(box=parse_box("-180,-90,180,90"))
    assert {item.id for item in home.all(everywhere)} == set(home.points)
    points = asset_points(home.town.registers)
    kept = points._kept
    table = schema.kind_table("asset")
    with home.town.store.database.writing() as connection:
        (record,) = connection.execute(select(table.c.record_id).where(table.c.key == key)).scalars()
        connection.execute(table.update().where(table.c.key == key).values(value=77))
        note_touched(connection, "asset", record)
    assert {item.properties["value"] for item in home.all(everywhere) if item.id == key} == {77} and points._kept is kept
    with home.town.store.database.writing() as connection:
        connection.execute(table.update().where(table.c.key == key).values(x_m=None, y_m=None, z_m=None))
        note_touched(connection, "asset", record)
    assert {item.id for item in home.all(everywhere)} == set(home.points) - {key} and points._kept is not kept


def test_the_extent_holds_what_a_reader_may_know_of_and_grows_with_it(home: Home) -> None:
    """Against the points of all items, a centimetre larger; a reader of one label gets that of those alone."""

    def extent(reader: ItemReader) -> tuple[float | None, ...]:
        with home.town.store.database.reading() as connection:
            return item_query(connection, home.catalogue, home.catalogue.get(reader, "assets"), reader).extent()

    every, public = home.reader(), home.reader(Reader(name="p", labels=frozenset({"public"})))
    for reader in (every, public):
        points = [item.geometry for item in home.all(reader=reader) if item.geometry is not None]
        at = shapely.get_coordinates(points, include_z=True)
        (west, south, low), (east, north, high) = at.min(axis=0), at.max(axis=0)
        found = extent(reader)
        assert found == pytest.approx((west, south, east, north, low, high), abs=0.02)
        assert found[0] is not None and found[0] <= west and found[1] <= south and found[2] >= east and found[3] >= north  # type: ignore[operator]
        assert found[4] <= low and found[5] >= high and found[2] - found[0] - (east - west) < 3e-7  # type: ignore[operator]
    before, asset = extent(every), schema.kind_table("asset")
    with home.town.store.database.writing() as connection:
        record = connection.execute(select(asset.c.record_id).where(asset.c.key == next(iter(home.points)))).scalar_one()
        connection.execute(asset.update().where(asset.c.record_id == record).values(x_m=90.0))
        note_touched(connection, "asset", record)
    after = extent(every)
    assert after[2] - before[2] > 5e-4  # type: ignore[operator]
    assert [one for at, one in enumerate(after) if at != 2] == pytest.approx([one for at, one in enumerate(before) if at != 2], abs=1e-3)
    with home.town.store.database.reading() as connection:
        units = item_query(connection, home.catalogue, home.catalogue.get(every, "units"), every)
        assert units.extent() == (None,) * 6 and units.begun() is not None


def test_the_extent_of_records_in_two_sites_holds_both(home: Home) -> None:
    """One room of the town is said to lie in another site: its assets are there, by the frame of that one."""
    store, place = home.town.store, schema.place
    store.add_site(OTHER, now=NOW)
    number = next(number for number, known in store.site_ids().items() if known.code == OTHER.code)
    with store.database.writing() as connection:
        asset = schema.kind_table("asset")
        standing = select(place.c.id).join(asset, asset.c.place_id == place.c.id).where(asset.c.x_m.is_not(None), place.c.kind == "room")
        inner = connection.execute(standing.order_by(place.c.id).limit(1)).scalar_one()
        connection.execute(place.update().where(place.c.id == inner).values(site_id=number))
        note_ties(connection)
    reader = home.reader()
    points = {item.site: item.geometry for item in home.all(reader=reader) if item.geometry is not None}
    assert set(points) == {"PS", OTHER.code}
    at = shapely.get_coordinates([item.geometry for item in home.all(reader=reader) if item.geometry is not None], include_z=True)
    with store.database.reading() as connection:
        found = item_query(connection, home.catalogue, home.catalogue.get(reader, "assets"), reader).extent()
    assert found[:4] == pytest.approx((*at.min(axis=0)[:2], *at.max(axis=0)[:2]), abs=3e-7)
    assert found[4:] == pytest.approx((at[:, 2].min(), at[:, 2].max()), abs=0.02) and found[2] - found[0] > 0.1  # type: ignore[operator]
