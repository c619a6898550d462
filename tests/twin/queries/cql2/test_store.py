"""Filters on the store's own tables: a register with its interned texts, features with attributes and footprints in the site's frame."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
import shapely
from sqlalchemy import literal, select

from spatial.frame import SiteFrame
from tests.twin.queries.planner.office import ROOM, ROOMS, Office
from tests.twin.store.builder import NOW, SITE, record, tower
from twin.codes import ColumnType, get_kind
from twin.queries.cql2 import GeometrySource, Lookup, Queryable, Queryables, StoredGeometries, ValueType, attribute, compile_filter, parse
from twin.records.stored import domain_of
from twin.store import Store
from twin.store.record_schema import FOREVER, column_name, kind_table, term
from twin.store.schema import feature

TYPES = {
    ColumnType.TEXT: ValueType.STRING,
    ColumnType.ENUM: ValueType.STRING,
    ColumnType.INTEGER: ValueType.INTEGER,
    ColumnType.NUMBER: ValueType.NUMBER,
    ColumnType.DATE: ValueType.DATE,
    ColumnType.MONTH: ValueType.STRING,
    ColumnType.INSTANT: ValueType.INSTANT,
    ColumnType.BOOLEAN: ValueType.BOOLEAN,
    ColumnType.MONEY: ValueType.NUMBER,
}


def rooms() -> Queryables:
    """The register of rooms, every plain column of it."""
    kind, table = get_kind("room"), kind_table("room")
    items = []
    for column in kind.columns:
        if column.part:
            continue
        stored: Any = table.c[column_name(column)]
        if column.interned:
            lookup = Lookup(key=stored, id=term.c.id, value=term.c.text, where=term.c.domain == domain_of(kind, column.name))
            items.append(Queryable(name=column.name, type=ValueType.STRING, lookup=lookup))
        else:
            scale = 100 if column.type is ColumnType.MONEY else 1
            items.append(Queryable(name=column.name, type=TYPES[column.type], expression=stored, scale=scale))
    return Queryables(*items, key=table.c.record_id, where=table.c.until == FOREVER)


@pytest.mark.parametrize(
    ("text", "test"),
    [
        (
            "usable_area > 20 AND number LIKE '1%'",
            lambda room: float(room["使用面积(㎡)"] or 0) > 20 and room["房间号"] < "2",
        ),
        ("building = '东风楼' AND NOT used_by = 'U1'", lambda room: room["楼栋名称"] == "东风楼" and room["使用单位"] != "U1"),
        ("casei(used_by) IN (casei('u11'), casei('u2'))", lambda room: room["使用单位"] in {"U11", "U2"}),
        ("used_by <> allocated_to", lambda room: room["使用单位"] != room["分配单位"]),
        ("usable_area IS NULL", lambda room: not room["使用面积(㎡)"]),
        ("round(usable_area) = 18", lambda room: room["使用面积(㎡)"] == "17.9"),
    ],
)
def test_a_register_is_asked(standing: Office, text: str, test: Callable[[dict[str, str]], bool]) -> None:
    table = kind_table("room")
    with standing.store.database.reading() as connection:
        condition = compile_filter(parse(text, "cql2-text"), rooms(), connection)
        found = connection.execute(select(table.c.key).where(table.c.until == FOREVER, condition)).scalars()
        assert sorted(key.rsplit("\x1f")[-1] for key in found) == sorted(row[0] for row in ROOMS if test(dict(zip(ROOM, row, strict=True))))


@pytest.fixture
def features(opened: Callable[..., Store]) -> Iterator[Store]:
    """A tower of two storeys with footprints."""
    store = opened()
    store.add_site(SITE, now=NOW)
    record(store, tower())
    yield store


def test_features_are_asked_by_attribute_and_footprint(features: Store) -> None:
    frame = SiteFrame.of(SITE)

    def to_site(shape: Any) -> Any:
        def moved(points: Any) -> Any:
            return frame.from_lon_lat_height(numpy.column_stack([points, numpy.full(len(points), SITE.height_m)]))[:, :2]

        return shapely.transform(shape, moved)

    rooms_of_tower = Queryables(
        Queryable(name="name", type=ValueType.STRING, expression=feature.c.name),
        Queryable(name="层数", type=ValueType.NUMBER, expression=attribute(feature.c.properties, ("attributes", "层数"), ValueType.NUMBER)),
        Queryable(name="geometry", type=ValueType.GEOMETRY, expression=feature.c.footprint),
        key=feature.c.id,
        where=feature.c.revision_to.is_(None),
    )
    # the builder's boxes are those of meshes that stand anywhere: every row is a candidate
    everywhere = (literal(-1e9), literal(-1e9), literal(1e9), literal(1e9))
    source = GeometrySource(key=feature.c.id, wkb=feature.c.footprint, box=everywhere, to_stored=to_site)
    corner = frame.to_lon_lat_height([[9.5, 3.0, 0.0]])[0]

    def ask(text: str) -> list[str]:
        with features.database.reading() as connection:
            spatial = StoredGeometries(connection, {"geometry": source})
            condition = compile_filter(parse(text, "cql2-text"), rooms_of_tower, connection, spatial=spatial)
            return sorted(connection.execute(select(feature.c.name).where(condition)).scalars())

    assert ask('"层数" = 2') == ["主楼"]
    assert ask(f"S_CONTAINS(geometry, POINT({corner[0]:.9f} {corner[1]:.9f}))") == ["室9", "室9"]
    assert ask("geometry IS NOT NULL AND name <> '室9'") == ["室1", "室1", "室10", "室10"]
    assert ask("S_DISJOINT(geometry, POINT(0 0))") == ["室1", "室1", "室10", "室10", "室9", "室9"]
