"""Conditions as they leave the compiler: bound values only, few of them, and the cases the two databases know differently."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from tests.twin.queries.cql2.judge import judge
from tests.twin.queries.cql2.random_filters import KINDS, SHAPES, SPATIAL
from tests.twin.queries.cql2.world import DAY_US, ROWS, World, queryables, thing
from twin.queries.cql2 import FilterInvalid, compile_filter, parse


def ids(test: Any) -> list[int]:
    return [row["id"] for row in ROWS if test(row)]


def statement(world: World, text: str) -> tuple[str, dict[str, Any]]:
    with world.database.reading() as connection:
        compiled = select(thing.c.id).where(world.condition(connection, text)).compile(connection)
    return str(compiled), dict(compiled.params)


HOSTILE = "'); DROP TABLE cql2_thing; --"


@pytest.mark.parametrize(
    "text",
    [
        "name = {}",
        "brand LIKE {}",
        "use IN ({}, 'x')",
        "casei(name) = casei({})",
        "built = DATE('2020-01-01') AND name <> {}",
        "A_CONTAINS(tags, ({}))",
        "area > 7777 AND name = {}",
    ],
)
def test_no_part_of_a_filter_is_text_of_the_statement(world: World, text: str) -> None:
    sql, parameters = statement(world, text.format("'" + HOSTILE.replace("'", "''") + "'"))
    assert "DROP" not in sql
    assert "7777" not in re.sub(r"param_\d+", "", sql)
    assert parameters or sql.endswith(("WHERE 0 = 1", "WHERE false"))
    assert set(world.ask(text.format("'" + HOSTILE.replace("'", "''") + "'"))) <= set(ids(lambda row: "<>" in text))


def test_a_key_of_json_is_bound_too(world: World) -> None:
    sql, parameters = statement(world, '"a""b\\c.d 名称" = \'a\'')
    assert "名称" not in sql
    assert 'a"b\\c.d 名称' in parameters.values()


def test_a_list_of_thousands_is_one_value(world: World) -> None:
    wanted = {"op": "in", "args": [{"property": "floors"}, list(range(3, 19_000))]}
    assert world.ask(wanted, "cql2-json") == ids(lambda row: row["floors"] is not None and 3 <= row["floors"] < 19_000)
    texts = {"op": "in", "args": [{"property": "name"}, ["a", *(f"x{n}" for n in range(19_000))]]}
    assert world.ask(texts, "cql2-json") == ids(lambda row: row["name"] == "a")


def test_as_many_conditions_as_are_taken_run(world: World) -> None:
    text = " OR ".join(["floors = 1"] * 100 + ["(name = 'a' AND area IN (1, 2.5, 3))"] * 100)
    assert world.ask(text) == ids(lambda row: row["floors"] == 1 or (row["name"] == "a" and row["area"] in {1, 2.5, 3}))


def nested(op: str, levels: int) -> Any:
    """A condition in so many others; what stands twice in the statement at each level would never come to an end."""
    leaf = {"op": "=", "args": [{"property": "brand"}, "a"]}
    filter: Any = leaf
    for level in range(levels):
        last = level % 3 if op == "all" else ("=", "isNull", "not", "in").index(op)
        args: list[Any] = [[filter, leaf], [filter], [filter], [filter, [leaf, filter]]][last]
        filter = {"op": ("=", "isNull", "not", "in")[last], "args": args}
    return filter


@pytest.mark.parametrize(("op", "levels"), [("=", 28), ("isNull", 28), ("not", 28), ("in", 6), ("all", 28)])
def test_as_deep_as_is_taken_runs(world: World, op: str, levels: int) -> None:
    filter = nested(op, levels)
    assert world.ask(filter, "cql2-json") == ids(lambda row: judge(filter, row, KINDS) is True)


def test_as_deep_values_as_are_taken_run(world: World) -> None:
    assert world.ask("casei(" * 28 + "name" + ")" * 28 + " = 'a'") == ids(lambda row: row["name"] in {"a", "A"})
    sum_of = "floors + " * 28 + "area > 0"
    assert world.ask(sum_of) == ids(lambda row: judge(parse(sum_of, "cql2-text").to_json(), row, KINDS) is True)


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("name = 'A'", lambda row: row["name"] == "A"),
        ("name LIKE 'A%'", lambda row: (row["name"] or "").startswith("A")),
        ("name LIKE '_'", lambda row: row["name"] is not None and len(row["name"]) == 1),
        ("casei(name) = casei('ASS')", lambda row: row["name"] in {"aß", "ASS"}),
        ("accenti(name) = 'e'", lambda row: row["name"] in {"é", "e\u0301"}),
        ("casei(name) = casei('a B')", lambda row: row["name"] == "a b"),
        ("price = 12.34", lambda row: row["price"] == 1234),
        ("price > 2.499", lambda row: row["price"] is not None and row["price"] >= 250),
        ("price = 12.345", lambda row: False),
        ("floors > -1e300", lambda row: row["floors"] is not None),
        ("floors div -3 = 1", lambda row: row["floors"] in {-4, -5}),
        ("floors % 3 = -1", lambda row: row["floors"] == -4),
        ("area / 0 IS NULL", lambda row: True),
        ("NOT (area / 0 = 1)", lambda row: False),
        ("area + 0 IS NULL AND area IS NOT NULL", lambda row: row["area"] == 1e120),
        (
            "length(name) NOT IN (area, 99)",
            lambda row: row["name"] is not None and row["area"] not in (None, len(row["name"])),
        ),
        ("abs(area) > 1e100", lambda row: row["area"] == 1e120),
        ("round(area) = -3", lambda row: row["area"] == -2.5),
        ("ROUND(area) = 3 AND Floor(area) = 2", lambda row: row["area"] == 2.5),
        ("month(built) = 2 AND day(built) = 29", lambda row: row["built"] == "2020-02-29"),
        ("upper(name) = 'ASS'", lambda row: row["name"] in {"aß", "ASS"}),
        ("ceiling(area) = 1", lambda row: row["area"] in {0.1, 1.0, 1e-3}),
        ("INTERVAL(starts, ends) IS NULL", lambda row: False),
        ("'a' IN (brand, 'a')", lambda row: True),
        ("'a' IN (casei(name), 'a') AND NOT 'b' IN (casei(brand), 'a')", lambda row: row["brand"] is not None),
        ("starts <= DATE('1970-01-01')", lambda row: row["starts"] is not None and row["starts"] < DAY_US),
        ("starts > DATE('1970-01-01')", lambda row: row["starts"] is not None and row["starts"] >= DAY_US),
        ("starts = DATE('1970-01-01')", lambda row: row["starts"] is not None and 0 <= row["starts"] < DAY_US),
        ("use IS NULL", lambda row: row["use"] is None),
        ("height IS NULL OR lift IS NULL OR tags IS NULL", lambda row: None in (row["height"], row["lift"], row["tags"])),
        ("S_INTERSECTS(place, BBOX(-180,-90,11,180,90,12))", lambda row: row["place"] is not None and row["low"] == 10),
        ("S_WITHIN(place, BBOX(-181,-90,0,180,90,4))", lambda row: row["place"] is not None and row["low"] == 0),
    ],
)
def test_what_is_said_holds(world: World, text: str, test: Any) -> None:
    assert world.ask(text) == ids(test)


@pytest.mark.parametrize("relation", SPATIAL)
def test_spatial_relations_are_those_of_shapely(world: World, relation: str) -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [0, 2]]}
    square = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
    for shape in (*SHAPES, line, square):
        for args in ([{"property": "place"}, shape], [shape, {"property": "place"}]):
            filter = {"op": f"s_{relation}", "args": args}
            assert world.ask(filter, "cql2-json") == ids(lambda row, said=filter: judge(said, row, KINDS) is True), shape


def test_a_collection_without_geometries_or_heights_says_so(world: World) -> None:
    with world.database.reading() as connection, pytest.raises(FilterInvalid, match="no spatial conditions"):
        compile_filter(parse("S_INTERSECTS(place, POINT(1 1))", "cql2-text"), queryables(), connection)
    with pytest.raises(FilterInvalid, match="with heights"):
        world.ask("S_TOUCHES(place, BBOX(0,0,0,1,1,1))")
    with world.database.reading() as connection, pytest.raises(FilterInvalid, match="a filter is a condition"):
        compile_filter(parse("area", "cql2-text"), queryables(), connection)


def test_a_collection_may_be_too_large_to_be_judged_row_by_row(world: World) -> None:
    few, enough = queryables(), queryables()
    few.most_judged, enough.most_judged = len(ROWS) - 1, len(ROWS)
    by_row, by_value = parse("floors ^ 2 > area", "cql2-text"), parse("casei(name) = 'a'", "cql2-text")
    with world.database.reading() as connection:
        with pytest.raises(FilterInvalid, match="row by row"):
            compile_filter(by_row, few, connection)
        compile_filter(by_row, enough, connection)
        compile_filter(by_value, few, connection)


def test_rows_outside_the_collection_are_not_asked_about(world: World) -> None:
    """The condition names values of the collection's rows alone, and holds for others as it must."""
    with world.database.reading() as connection:
        some = queryables()
        some.where = thing.c.id <= 10
        condition = compile_filter(parse("casei(name) = 'a' OR floors ^ 2 > area", "cql2-text"), some, connection)
        found = list(connection.execute(select(thing.c.id).where(condition, thing.c.id <= 10)).scalars())
    assert found == [one for one in world.ask("casei(name) = 'a' OR floors ^ 2 > area") if one <= 10]
