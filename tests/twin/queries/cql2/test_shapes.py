"""Every relation of CQL2 with a literal of every geometry type, flat, with heights and empty, either way round and under NOT."""

import json

import pytest

from tests.twin.queries.cql2.judge import judge
from tests.twin.queries.cql2.random_filters import KINDS, SPATIAL
from tests.twin.queries.cql2.world import ROWS, World
from twin.queries.cql2 import parse

SHAPES = (
    "POINT Z (1 1 5)",
    "POINT EMPTY",
    "MULTIPOINT ((0 0), (1 1), (2 2))",
    "MULTIPOINT Z ((0 0 1), (3 3 2))",
    "LINESTRING Z (0 0 1, 3 3 9)",
    "LINESTRING EMPTY",
    "MULTILINESTRING ((0 0, 2 2), (2 0, 0 2))",
    "POLYGON Z ((0 0 1, 2 0 1, 2 2 1, 0 2 1, 0 0 1))",
    "POLYGON ((-3 -3, 5 -3, 5 5, -3 5, -3 -3), (0.5 0.5, 1.5 0.5, 1.5 1.5, 0.5 1.5, 0.5 0.5))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 1, 0 0)), ((2 2, 3 2, 3 3, 2 3, 2 2)))",
    "MULTIPOLYGON EMPTY",
    "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 2 2), POLYGON ((0 0, 1 0, 1 1, 0 0)))",
    "GEOMETRYCOLLECTION Z (POINT Z (1 1 1), LINESTRING Z (0 0 1, 2 2 1))",
    "GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POINT (0 0)))",
    "BBOX(-180,-90,180,90)",
    "BBOX(179,-90,-179,90)",
    "BBOX(1,1,1,1)",
    "BBOX(-3,0,-3,2)",
)
FORMS = ("S_{0}(place, {1})", "S_{0}({1}, place)", "NOT S_{0}(place, {1}) OR name = 'a'", "S_{0}(place, {1}) = (open = TRUE)")


def check(world: World, text: str) -> None:
    filter = parse(text, "cql2-text")
    assert parse(filter.to_text(), "cql2-text") == filter
    assert parse(json.dumps(filter.to_json()), "cql2-json") == filter
    assert world.ask(text) == [row["id"] for row in ROWS if judge(filter.to_json(), row, KINDS) is True], text


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_of_every_type_is_as_shapely_says(world: World, shape: str) -> None:
    """Each relation with it in one of the forms, another for each."""
    turn = SHAPES.index(shape)
    for number, relation in enumerate(SPATIAL):
        check(world, FORMS[(turn + number) % len(FORMS)].format(relation, shape))


@pytest.mark.nightly
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_of_every_type_is_as_shapely_says_in_every_form(world: World, shape: str) -> None:
    for relation in SPATIAL:
        for form in FORMS:
            check(world, form.format(relation, shape))
