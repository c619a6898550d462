"""Rows of every type with their hazards, as plain Python and in a table of their own on either database."""

import json
import random
from dataclasses import dataclass
from typing import Any

import shapely
from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Double, Integer, LargeBinary, MetaData, Table, Text, select

from twin.queries.cql2 import GeometrySource, Lookup, Queryable, Queryables, StoredGeometries, ValueType, attribute, compile_filter, parse
from twin.store.database import Database
from twin.store.schema import BYTES_TEXT

__all__ = ["ROWS", "World", "make_rows"]

metadata = MetaData()
thing = Table(
    "cql2_thing",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", BYTES_TEXT),
    Column("brand_id", BigInteger),
    Column("model_id", BigInteger),
    Column("floors", BigInteger),
    Column("area", Double),
    Column("price", BigInteger),
    Column("open", Integer),
    Column("built", BYTES_TEXT),
    Column("starts", BigInteger),
    Column("ends", BigInteger),
    Column("properties", Text),
    Column("wkb", LargeBinary),
    *(Column(side, Double) for side in ("west", "south", "east", "north", "low", "high")),
)
word = Table(
    "cql2_word",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("domain", BYTES_TEXT),
    Column("text", BYTES_TEXT),
)
ODD_KEY = 'a"b\\c.d 名称'
TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "Ab",
    "aß",
    "ASS",
    "é",
    "e\u0301",
    "E",
    "屏山",
    "屏山大院",
    "100%",
    "a_b",
    "a\\b",
    "O'Brien",
    "a b",
    "𠮷",
    "Ω",
    "ω",
    "ﬁ",
]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.1, 2.5, -2.5, 3.0, 1e-3, 123456.789, 1e20, 1e120, -7.0]
DAY_US = 86_400_000_000


def make_rows(seed: int, count: int) -> list[dict[str, Any]]:
    """Rows by queryable, None where there is no value; geometries are shapely's, in lon and lat."""
    rng = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if rng.random() < 0.15 else value

    return [
        {
            "id": number,
            "name": maybe(rng.choice(TEXTS)),
            "brand": maybe(rng.choice(TEXTS)),
            "model": maybe(rng.choice(TEXTS[:6])),
            "floors": maybe(rng.choice([0, 1, 2, 3, 5, -4, 28, 2**40, 7])),
            "area": maybe(rng.choice(NUMBERS)),
            "price": maybe(rng.choice([0, 100, 1234, -250, 999_999, 250, 10])),
            "open": maybe(rng.random() < 0.5),
            "built": maybe(rng.choice(["2020-01-01", "2020-02-29", "1999-12-31", "2024-06-30"])),
            "starts": maybe(rng.choice([-1, 0, 1, 2, 400]) * DAY_US // 2 + rng.choice([0, 1, 3_600_000_000])),
            "ends": maybe(rng.choice([0, 1, 2, 3, 18_262]) * DAY_US + rng.choice([0, -1])),
            "use": maybe(rng.choice(TEXTS)),
            ODD_KEY: maybe(rng.choice(TEXTS)),
            "height": maybe(rng.choice(NUMBERS)),
            "lift": maybe(rng.random() < 0.5),
            "tags": maybe(rng.choice([[], ["a"], ["a", "b"], ["b", "a", "a"], [1, "a", True], [1.0], [["a"]], [None], ["2010-02-10"]])),
            "place": maybe(_shape(rng)),
            "low": rng.choice([0.0, 3.0, 10.0]),
        }
        for number in range(1, count + 1)
    ]


def _shape(rng: random.Random) -> Any:
    west, south = rng.choice([-180, -3, 0, 1, 2, 170]), rng.choice([-2, 0, 1, 2])
    kind = rng.randrange(4)
    if kind == 0:
        return shapely.Point(west, south)
    if kind == 1:
        return shapely.LineString([(west, south), (west + 2, south + 1)])
    return shapely.box(west, south, west + kind, south + 2)


ROWS = make_rows(1, 150)
JSON_PROPERTIES = ("use", ODD_KEY, "height", "lift", "tags")
S = ValueType


def _looked_up(column: Column[Any], domain: str) -> Lookup:
    return Lookup(key=column, id=word.c.id, value=word.c.text, where=word.c.domain == domain)


def queryables() -> Queryables:
    """What the rows can be asked about."""
    return Queryables(
        Queryable(name="name", type=S.STRING, expression=thing.c.name, title_zh="名称"),
        Queryable(name="brand", type=S.STRING, lookup=_looked_up(thing.c.brand_id, "brand")),
        Queryable(name="model", type=S.STRING, lookup=_looked_up(thing.c.model_id, "model")),
        Queryable(name="floors", type=S.INTEGER, expression=thing.c.floors),
        Queryable(name="area", type=S.NUMBER, expression=thing.c.area, unit="m2"),
        Queryable(name="price", type=S.NUMBER, expression=thing.c.price, scale=100, unit="元"),
        Queryable(name="open", type=S.BOOLEAN, expression=thing.c.open),
        Queryable(name="built", type=S.DATE, expression=thing.c.built),
        Queryable(name="starts", type=S.INSTANT, expression=thing.c.starts),
        Queryable(name="ends", type=S.INSTANT, expression=thing.c.ends),
        Queryable(name="use", type=S.STRING, expression=attribute(thing.c.properties, "use", S.STRING)),
        Queryable(name=ODD_KEY, type=S.STRING, expression=attribute(thing.c.properties, ODD_KEY, S.STRING)),
        Queryable(name="height", type=S.NUMBER, expression=attribute(thing.c.properties, "height", S.NUMBER)),
        Queryable(name="lift", type=S.BOOLEAN, expression=attribute(thing.c.properties, "lift", S.BOOLEAN)),
        Queryable(name="tags", type=S.ARRAY, expression=attribute(thing.c.properties, "tags", S.ARRAY)),
        Queryable(name="place", type=S.GEOMETRY, expression=thing.c.wkb),
        key=thing.c.id,
    )


@dataclass(frozen=True)
class World:
    """The rows on one database."""

    database: Database

    def put(self, rows: list[dict[str, Any]]) -> None:
        """Make the tables and fill them."""
        words = {(domain, text): n for n, (domain, text) in enumerate(((d, t) for d in ("brand", "model") for t in TEXTS), 1)}
        with self.database.writing() as connection:
            metadata.create_all(connection)
            connection.execute(word.insert(), [{"id": n, "domain": d, "text": t} for (d, t), n in words.items()])
            connection.execute(thing.insert(), [_stored(row, words) for row in rows])

    def ask(self, filter: Any, lang: str = "cql2-text") -> list[int]:
        """The ids of the rows for which a filter holds."""
        with self.database.reading() as connection:
            asked = select(thing.c.id).where(self.condition(connection, filter, lang)).order_by(thing.c.id)
            return list(connection.execute(asked).scalars())

    def condition(self, connection: Connection, filter: Any, lang: str = "cql2-text") -> ColumnElement[bool]:
        """The compiled filter."""
        source = GeometrySource(
            key=thing.c.id,
            wkb=thing.c.wkb,
            box=(thing.c.west, thing.c.south, thing.c.east, thing.c.north),
            heights=(thing.c.low, thing.c.high),
        )
        return compile_filter(parse(filter, lang), queryables(), connection, spatial=StoredGeometries(connection, {"place": source}))


def _stored(row: dict[str, Any], words: dict[tuple[str, str], int]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("id", "name", "floors", "area", "price", "built", "starts", "ends", "low")}
    kept["brand_id"], kept["model_id"] = words.get(("brand", row["brand"])), words.get(("model", row["model"]))
    kept["open"] = None if row["open"] is None else int(row["open"])
    kept["properties"] = json.dumps({key: row[key] for key in JSON_PROPERTIES if row[key] is not None or row["id"] % 2}, ensure_ascii=False)
    kept["high"] = row["low"] + 3
    shape = row["place"]
    box = (None,) * 4 if shape is None else shape.bounds
    return kept | dict(zip(("west", "south", "east", "north"), box, strict=True)) | {"wkb": shape.wkb if shape is not None else None}
