"""Random filters as CQL2 JSON, of every kind the grammar has, over the properties of `world`."""

import random
from typing import Any

from tests.twin.queries.cql2.world import NUMBERS, ODD_KEY, TEXTS

__all__ = ["KINDS", "random_filter"]

KINDS = {"built": "date", "starts": "instant", "ends": "instant", "price": "money", "area": "number", "height": "number"}
TEXT_PROPERTIES = ("name", "brand", "model", "use", ODD_KEY)
NUMBER_PROPERTIES = ("floors", "area", "price", "height")
COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")
DAYS = ("2020-01-01", "2020-02-29", "1970-01-01", "1970-01-02", "1999-12-31")
INSTANTS = ("1970-01-01T00:00:00Z", "1970-01-01T12:00:00Z", "1970-01-02T01:00:00.5Z", "2020-01-01T00:00:00Z")
PATTERNS = ("%", "_", "a%", "%b", "A_", "%\\%%", "a\\_b", "_%_", "é%", "屏%", "%ss%", "\\%", "")
TAGS: tuple[list[Any], ...] = ([], ["a"], ["a", "b"], [1, True, "a"], [1.0], [["a"]], [{"date": "2010-02-10"}, "a"])
RELATIONS = (
    *("after", "before", "contains", "disjoint", "during", "equals", "finishedBy", "finishes"),
    *("intersects", "meets", "metBy", "overlappedBy", "overlaps", "startedBy", "starts"),
)
SPATIAL = ("intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains")
SHAPES: tuple[Any, ...] = (
    {"bbox": [0, 0, 2, 2]},
    {"bbox": [170, -10, -170, 10]},
    {"type": "Point", "coordinates": [1, 1]},
    {"type": "LineString", "coordinates": [[-4, 0], [4, 2]]},
    {"type": "Polygon", "coordinates": [[[-1, -1], [4, -1], [4, 4], [-1, 4], [-1, -1]], [[0.5, 0.5], [0.5, 1.5], [1.5, 1.5], [0.5, 0.5]]]},
    {"type": "GeometryCollection", "geometries": []},
)


def _op(name: str, *args: Any) -> dict[str, Any]:
    return {"op": name, "args": list(args)}


def random_filter(rng: random.Random, depth: int = 3) -> Any:
    """A condition with at most `depth` levels of AND, OR and NOT."""
    if depth and rng.random() < 0.6:
        op = rng.choice(["and", "or", "not"])
        return _op(op, *(random_filter(rng, depth - 1) for _ in range(1 if op == "not" else rng.choice([2, 2, 3]))))
    return rng.choice(LEAVES)(rng)


def _property(rng: random.Random, names: tuple[str, ...]) -> dict[str, str]:
    return {"property": rng.choice(names)}


def _text(rng: random.Random, depth: int = 2) -> Any:
    kind = rng.random()
    if depth and kind < 0.3:
        return _op(rng.choice(["casei", "accenti", "lower"]), _text(rng, depth - 1))
    return _property(rng, TEXT_PROPERTIES) if kind < 0.75 else rng.choice(TEXTS)


def _number(rng: random.Random, depth: int = 2) -> Any:
    kind = rng.random()
    if depth and kind < 0.35:
        return _op(rng.choice(["+", "-", "*", "/", "%", "div", "^"]), _number(rng, depth - 1), _number(rng, depth - 1))
    if depth and kind < 0.45:
        return rng.choice([_op("length", _text(rng)), _op("abs", _number(rng, depth - 1)), _op("year", _moment(rng))])
    return _property(rng, NUMBER_PROPERTIES) if kind < 0.8 else rng.choice([0, 1, 2, -1, 3, 12.34, 2.5, 10**25, *NUMBERS])


def _moment(rng: random.Random) -> Any:
    kind = rng.random()
    if kind < 0.5:
        return _property(rng, ("built", "starts", "ends"))
    return {"date": rng.choice(DAYS)} if kind < 0.75 else {"timestamp": rng.choice(INSTANTS)}


def _span(rng: random.Random) -> Any:
    if rng.random() < 0.4:
        return _moment(rng)
    ends = sorted(rng.sample([*DAYS, *INSTANTS], 2), key=lambda end: end[:10])
    if ends[0][:10] == ends[1][:10]:
        ends = ["1970-01-01", "1970-01-02T01:00:00.5Z"]
    start = rng.choice(["..", ends[0], {"property": "starts"}])
    return {"interval": [start, rng.choice(["..", ends[1], {"property": "ends"}])]}


def _boolean(rng: random.Random) -> Any:
    return rng.choice([{"property": "open"}, {"property": "lift"}, True, False, _comparison(rng)])


def _comparison(rng: random.Random) -> Any:
    of = rng.choice([_text, _number, _moment])
    return _op(rng.choice(COMPARISONS), of(rng), of(rng))


def _in(rng: random.Random) -> Any:
    of = rng.choice([_text, _number, _moment, _boolean])
    return _op("in", of(rng), [of(rng) for _ in range(rng.randint(1, 4))])


def _between(rng: random.Random) -> Any:
    of = rng.choice([_number, _moment])
    return _op("between", of(rng), of(rng), of(rng))


def _like(rng: random.Random) -> Any:
    pattern: Any = rng.choice(PATTERNS)
    return _op("like", _text(rng), _op(rng.choice(["casei", "accenti"]), pattern) if rng.random() < 0.4 else pattern)


def _is_null(rng: random.Random) -> Any:
    names = (*TEXT_PROPERTIES, *NUMBER_PROPERTIES, "open", "lift", "tags", "place", "built", "starts")
    return _op("isNull", rng.choice([_property(rng, names), _text(rng), _number(rng), _moment(rng), _comparison(rng), _spatial(rng)]))


def _spatial(rng: random.Random) -> Any:
    args = [{"property": "place"}, rng.choice([*SHAPES, {"property": "place"}])]
    rng.shuffle(args)
    return _op(f"s_{rng.choice(SPATIAL)}", *args)


LEAVES = (
    _comparison,
    _comparison,
    _in,
    _between,
    _like,
    _is_null,
    _spatial,
    _boolean,
    lambda rng: _op(rng.choice(["=", "<>"]), _boolean(rng), _boolean(rng)),
    lambda rng: _op(f"t_{rng.choice(RELATIONS)}", _span(rng), _span(rng)),
    lambda rng: _op(f"a_{rng.choice(['equals', 'contains', 'containedBy', 'overlaps'])}", {"property": "tags"}, rng.choice(TAGS)),
)
