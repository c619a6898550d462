"""What filters may look like: literals, names, precedence; and what is refused, with the place and the reason."""

import json
from typing import Any

import pytest

from twin.errors import Invalid
from twin.queries.cql2 import Filter, parse
from twin.queries.cql2.filter import MAX_CONDITIONS, MAX_DEPTH, MAX_LENGTH, MAX_NODES


def read(text: str) -> Any:
    return parse(text, "cql2-text").to_json()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        (r"'it\'s'", "it's"),
        ("''", ""),
        ("''''", "'"),
        ("'屏山大院\n二号楼'", "屏山大院\n二号楼"),
        (r"'a\_b'", r"a\_b"),
        ("9007199254740993", 9007199254740993),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9223372036854775808.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.5e3", 1500.0),
        ("-2", -2),
        ("- -2", 2),
        ("+2", 2),
        ("TRUE", True),
        ("date('2024-02-29')", {"date": "2024-02-29"}),
        ("TIMESTAMP('2020-01-01T00:00:00.5+08:00')", {"timestamp": "2019-12-31T16:00:00.5Z"}),
        ("POINT EMPTY", {"type": "Point", "coordinates": []}),
        ("point z (1 2 3)", {"type": "Point", "coordinates": [1.0, 2.0, 3.0]}),
        ("POINT(-1.5e2 2 3)", {"type": "Point", "coordinates": [-150.0, 2.0, 3.0]}),
        ("GEOMETRYCOLLECTION EMPTY", {"type": "GeometryCollection", "geometries": []}),
        ("BBOX(170,-10,-170,10)", {"bbox": [170.0, -10.0, -170.0, 10.0]}),
    ],
)
def test_a_literal(text: str, value: Any) -> None:
    filter = parse(f"a = {text}", "cql2-text")
    assert filter.to_json()["args"][1] == value
    assert parse(filter.to_text(), "cql2-text") == filter
    assert parse(json.dumps(filter.to_json()), "cql2-json") == filter


@pytest.mark.parametrize("name", ["名称", "_a", ":b", "eo:cloud_cover", "a.b", "和", "date", "points", "android", "é"])
def test_a_name_that_needs_no_quotes(name: str) -> None:
    filter = parse(f"{name} = 1", "cql2-text")
    assert filter.properties == (name,)
    assert filter.to_text() == f"{name} = 1"


@pytest.mark.parametrize("name", ["and", "NULL", "my name", 'a"b', "楼 层", "1st", "a-b", "%"])
def test_a_name_that_needs_quotes(name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    filter = parse(f"{quoted} = 1", "cql2-text")
    assert filter.properties == (name,)
    assert filter.to_text() == f"{quoted} = 1"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a = 1 OR b = 2 AND NOT c = 3", "a = 1 OR (b = 2 AND (NOT (c = 3)))"),
        ("a + 2 * 3 ^ 2 = 1", "(a + (2 * (3 ^ 2))) = 1"),
        ("a = 2 ^ 3 ^ 2", "a = 2 ^ (3 ^ 2)"),
        ("a = -2 ^ 2", "a = (-2) ^ 2"),
        ("a - b - c = 0", "(a - b) - c = 0"),
        ("a / b * c % d div e = 0", "(((a / b) * c) % d) div e = 0"),
        ("a BETWEEN 1 AND 2 AND b NOT BETWEEN 3 AND 4", "(a BETWEEN 1 AND 2) AND NOT (b BETWEEN 3 AND 4)"),
        ("a = -b", "a = -1 * b"),
        ("a != 1", "a <> 1"),
        ("a IS NOT NULL", "NOT a IS NULL"),
    ],
)
def test_what_binds_tighter(text: str, same: str) -> None:
    assert read(text) == read(same)


def test_parentheses_that_matter_stay() -> None:
    for text in (
        "(a = 1 OR b = 2) AND c = 3",
        "a - (b - c) = 0",
        "(a ^ 2) ^ 3 = 0",
        "NOT (a = 1 AND b = 2)",
        "(a = 1) IS NULL",
        "(a = 1) = (b = 2)",
    ):
        assert parse(text, "cql2-text").to_text() == text


@pytest.mark.parametrize(
    ("text", "array"),
    [("()", []), ("('x')", ["x"]), ("(1, 2)", [1, 2]), ("((1, 2), (3))", [[1, 2], [3]]), ("((1))", [[1]]), ("((a + 1) * 2, 3)", None)],
)
def test_an_array(text: str, array: Any) -> None:
    filter = parse(f"A_EQUALS(tags, {text})", "cql2-text")
    assert array is None or filter.to_json()["args"][1] == array
    assert parse(filter.to_text(), "cql2-text") == filter


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("a = ", "filter 1:5", "found the end"),
        ("a = 'x' garbage", "filter 1:9", "found 'garbage'"),
        ("a =\n  'x", "filter 2:3", "not closed"),
        ("a = b = c", "filter 1:7", "do not chain"),
        ("(a = 1", "filter 1:1", "not closed"),
        ("a = 1)", "filter 1:6", "without its ("),
        ("and = 1", "filter 1:1", "found 'and'"),
        ("a || b", "filter 1:3", "unexpected '|'"),
        ("a = DATE('2023-02-29')", "filter 1:5", "is no date"),
        ("a = TIMESTAMP('2023-02-28T25:00:00Z')", "filter 1:5", "is no timestamp"),
        ("a = TIMESTAMP('2023-02-28T00:00:00.1234567Z')", "filter 1:5", "finer than a microsecond"),
        ("a IN ()", "filter 1:7", "expected"),
        ("a NOT = 1", "filter 1:7", "after NOT"),
        ("CASEI(a, b) = 'x'", "filter 1:1", "takes 1 arguments"),
        ("S_INTERSECTS(g, POLYGON((0 0, 1 1)))", "filter 1:17", "not well-known text"),
        ("S_INTERSECTS(g, POINT M (1 2 3))", "filter 1:17", "measures"),
        ("S_INTERSECTS(g, BBOX(1, 2, 3))", "filter 1:17", "3 numbers"),
        ("S_INTERSECTS(g, BBOX(119, 26, 120, 25))", "filter 1:17", "lies above"),
        ("S_INTERSECTS(g, BBOX(26, 119, 27, 120))", "filter 1:17", "beyond a pole"),
        ("S_INTERSECTS(g, BBOX(a, 1, 2, 3))", "filter 1:23", "takes numbers"),
        ("T_AFTER(a, INTERVAL('..'))", "filter 1:12", "1 ends"),
        ("a = 1e999", "filter 1:5", "beyond all numbers"),
        ("a = 'x\0y'", "filter 1:5", "NUL"),
        ("", "filter 1:1", "found the end"),
    ],
)
def test_text_that_is_refused(text: str, where: str, words: str) -> None:
    with pytest.raises(Invalid) as error:
        parse(text, "cql2-text")
    assert error.value.path == where
    assert words in error.value.message


@pytest.mark.parametrize(
    ("value", "where", "words"),
    [
        ({"op": "=", "args": [{"property": "a"}]}, "filter", "takes 2 arguments, not 1"),
        ({"op": "and", "args": [True]}, "filter", "2 or more"),
        ({"op": "=", "args": [{"property": "a"}, None]}, "filter.args[1]", "IS NULL"),
        ({"op": "=", "args": [{"property": "a"}, {"date": "gestern"}]}, "filter.args[1].date", "is no date"),
        ({"op": "=", "args": [{"property": "a"}, {"datum": "2020-01-01"}]}, "filter.args[1]", "not an expression"),
        ({"op": "in", "args": [{"property": "a"}, []]}, "filter", "one value or more"),
        ({"op": "s_within", "args": [{"property": "a"}, {"type": "Point", "coordinates": ["x", 1]}]}, "filter.args[1]", "GeoJSON"),
        ({"op": "=", "args": [{"property": "a"}, "\ud800"]}, "filter.args[1]", "surrogate"),
        ({"op": "=", "args": [{"property": "a"}, 10**400]}, "filter.args[1]", "beyond all numbers"),
        ({"op": "", "args": []}, "filter", "without a name"),
        ("{", "filter 1:2", "not JSON"),
        ("[NaN]", "filter", "NaN"),
        ("[" * 100_000, "filter", "too deep"),
    ],
)
def test_json_that_is_refused(value: Any, where: str, words: str) -> None:
    with pytest.raises(Invalid) as error:
        parse(value, "cql2-json")
    assert error.value.path == where
    assert words in error.value.message + error.value.hint


@pytest.mark.parametrize(
    "text", ["(" * 5_000 + "a = 1" + ")" * 5_000, "NOT " * 5_000 + "a", "a = " + "-" * 5_000 + "b", "a = " + "b ^ " * 5_000 + "2"]
)
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(Invalid, match="deeper than"):
        parse(text, "cql2-text")


def test_a_long_chain_is_bounded_too() -> None:
    with pytest.raises(Invalid, match=f"deeper than {MAX_DEPTH}"):
        parse("a = " + " + ".join("b" * (MAX_DEPTH + 1)), "cql2-text")
    with pytest.raises(Invalid, match=f"joins {MAX_CONDITIONS + 1} conditions"):
        parse(" AND ".join(["a = 1"] * (MAX_CONDITIONS + 1)), "cql2-text")
    with pytest.raises(Invalid, match="characters"):
        parse("a" * (MAX_LENGTH + 1), "cql2-text")
    with pytest.raises(Invalid, match="parts"):
        parse({"op": "in", "args": [{"property": "a"}, [1] * MAX_NODES]}, "cql2-json")
    assert parse({"op": "in", "args": [{"property": "a"}, [1] * (MAX_NODES - 3)]}, "cql2-json")


def test_depth_of_json_is_bounded() -> None:
    value: Any = True
    for _ in range(MAX_DEPTH + 2):
        value = {"op": "not", "args": [value]}
    with pytest.raises(Invalid, match="too deep"):
        parse(value, "cql2-json")


def test_another_language_is_refused() -> None:
    with pytest.raises(Invalid, match="no language"):
        parse("a = 1", "ecql-text")
    with pytest.raises(Invalid, match="is a string"):
        parse({"op": "not", "args": [True]}, "cql2-text")


def test_a_text_that_text_cannot_say_is_left_to_json() -> None:
    filter = parse({"op": "=", "args": [{"property": "a"}, "C:\\"]}, "cql2-json")
    assert isinstance(filter, Filter)
    with pytest.raises(Invalid, match="backslash"):
        filter.to_text()
    assert parse(filter.to_json(), "cql2-json") == filter
