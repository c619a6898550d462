"""What is refused before anything is asked: unknown names, operands that an operator does not take."""

import pytest

from tests.twin.queries.cql2.world import queryables
from twin.queries.cql2 import FilterInvalid, Queryable, ValueType, parse
from twin.queries.cql2.check import type_of

REFUSED = {
    "nmae = 'a'": "there is no property 'nmae'",
    "name = 1": "compares a string with a number",
    "built = '2020-01-01'": "compares a day or instant with a string",
    "name < area": "compares a string with a number",
    "open > TRUE": "have no order",
    "open = 1": "compares a boolean with a number",
    "place = 1": "does not compare a value of type geometry",
    "tags = ('a')": "compares a value of type array|does not compare a value of type array",
    "name IN ('a', 1)": "compares a string with a number",
    "area BETWEEN 'a' AND 'b'": "compares a number with a string",
    "area LIKE 'a%'": "a text and a pattern",
    "name LIKE brand": "is a literal, not a property",
    "casei(area) = 'a'": "casei takes a text",
    "name + 1 = 2": r"\+ takes numbers",
    "NOT area": "not takes conditions",
    "name AND open": "and takes conditions",
    "S_INTERSECTS(name, POINT(1 1))": "takes geometries",
    "S_INTERSECTS(place, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))": "not valid: Self-intersection",
    "T_AFTER(name, DATE('2020-01-01'))": "takes days, instants or intervals",
    "T_DURING(starts, INTERVAL('2020-01-02', '2020-01-01'))": "ends before it starts",
    "T_DURING(starts, INTERVAL(area, '..'))": "an end of INTERVAL",
    "A_CONTAINS(name, ('a'))": "takes arrays",
    "A_CONTAINS(tags, (POINT(1 1)))": "an array holds",
    "nothing(name) = 1": "there is no function nothing",
    "length(name, name) = 1": "takes 1 arguments, not 2",
    "length(area) = 1": "takes string, not number",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_filter_that_does_not_fit_says_why(text: str) -> None:
    filter = parse(text, "cql2-text")
    with pytest.raises(FilterInvalid, match=REFUSED[text]) as error:
        type_of(filter.node, queryables())
    assert error.value.code == "FILTER_INVALID"
    assert error.value.path


def test_a_pattern_that_ends_with_a_backslash() -> None:
    with pytest.raises(FilterInvalid, match="ends with a backslash"):
        type_of(parse({"op": "like", "args": [{"property": "name"}, "a\\"]}, "cql2-json").node, queryables())


def test_a_name_nearly_right_is_offered() -> None:
    with pytest.raises(FilterInvalid) as error:
        queryables().get("brnad")
    assert "brand" in error.value.hint


def test_a_value_is_no_filter() -> None:
    assert type_of(parse("area * 2", "cql2-text").node, queryables()) is ValueType.NUMBER
    assert type_of(parse("length(name) % 2", "cql2-text").node, queryables()) is ValueType.INTEGER


def test_a_queryable_has_one_source() -> None:
    with pytest.raises(ValueError, match="either an expression or a lookup"):
        Queryable(name="a", type=ValueType.STRING)
