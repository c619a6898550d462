"""Every example of OGC 21-065r2: read, written, read again, as another implementation reads it, and run on both databases."""

import json
import tomllib
from pathlib import Path
from typing import Any

import cql2
import pytest
from sqlalchemy import select

from tests.twin.queries.cql2.world import World, thing
from twin.errors import Invalid
from twin.queries.cql2 import GeometrySource, Queryable, Queryables, StoredGeometries, ValueType, attribute, compile_filter, parse
from twin.queries.cql2.operators import OPERATORS

STANDARD = tomllib.loads(Path(__file__).with_name("standard.toml").read_text(encoding="utf-8"))
EXAMPLES: dict[str, str] = STANDARD["examples"]
COLUMNS = {
    ValueType.STRING: thing.c.name,
    ValueType.NUMBER: thing.c.area,
    ValueType.DATE: thing.c.built,
    ValueType.INSTANT: thing.c.starts,
    ValueType.BOOLEAN: thing.c.open,
    ValueType.ARRAY: attribute(thing.c.properties, "tags", ValueType.ARRAY),
    ValueType.GEOMETRY: thing.c.wkb,
}


def flat(value: Any) -> Any:
    """CQL2 JSON with AND in AND and OR in OR made one, which mean the same."""
    if isinstance(value, list):
        return [flat(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("op") not in {"and", "or"}:
        return {key: flat(item) for key, item in value.items()}
    args = [flat(arg) for arg in value["args"]]
    same = [arg["args"] if isinstance(arg, dict) and arg.get("op") == value["op"] else [arg] for arg in args]
    return {"op": value["op"], "args": [part for parts in same for part in parts]}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_read_as_the_peer_reads_it_and_comes_back(name: str) -> None:
    filter = parse(EXAMPLES[name], "cql2-text")
    assert flat(filter.to_json()) == flat(cql2.parse_text(EXAMPLES[name]).to_json())
    assert parse(filter.to_text(), "cql2-text") == filter
    assert parse(json.dumps(filter.to_json()), "cql2-json") == filter
    assert flat(cql2.parse_text(filter.to_text()).to_json()) == flat(filter.to_json())


@pytest.mark.parametrize("name", STANDARD["json"])
def test_an_example_in_json_is_the_one_in_text(name: str) -> None:
    assert parse(STANDARD["json"][name], "cql2-json") == parse(EXAMPLES[name], "cql2-text")
    assert parse(EXAMPLES[name], "cql2-text").to_json() == json.loads(STANDARD["json"][name])


def test_the_examples_have_every_operator_of_the_grammar() -> None:
    used: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            used.add(value.get("op", ""))
            value = [item for item in value.values() if isinstance(item, dict | list)]
        if isinstance(value, list):
            for item in value:
                collect(item)

    for text in EXAMPLES.values():
        collect(parse(text, "cql2-text").to_json())
    assert set(OPERATORS) <= used


def test_every_example_runs_or_says_why_not(world: World) -> None:
    types = {name: ValueType(kind) for kind, names in STANDARD["types"].items() for name in names}
    names = {name for text in EXAMPLES.values() for name in parse(text, "cql2-text").properties} - {"foo", "bar"}
    kinds = {name: types.get(name, ValueType.NUMBER) for name in [*names, "foo", "bar"]}
    items = [Queryable(name=name, type=kind, expression=COLUMNS[kind]) for name, kind in kinds.items()]
    box = (thing.c.west, thing.c.south, thing.c.east, thing.c.north)
    source = GeometrySource(key=thing.c.id, wkb=thing.c.wkb, box=box, heights=(thing.c.low, thing.c.high))
    refused = {}
    with world.database.reading() as connection:
        spatial = StoredGeometries(connection, {name: source for name, kind in kinds.items() if kind is ValueType.GEOMETRY})
        for name, text in EXAMPLES.items():
            try:
                condition = compile_filter(parse(text, "cql2-text"), Queryables(*items, key=thing.c.id), connection, spatial=spatial)
            except Invalid as error:
                refused[name] = str(error)
                continue
            assert connection.execute(select(thing.c.id).where(condition)).all() is not None
    assert set(refused) == set(STANDARD["refused"]), refused
    assert all(words in refused[name] for name, words in STANDARD["refused"].items()), refused
