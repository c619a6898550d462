"""Questions about observations against plain Python: filters, orders, counts and pages, whatever the stores answer themselves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.queries.things.reference import BASE, Row, Span, ordered, text_of, truth_of
from twin.auth import local_administrator
from twin.live.things import Entity, EntityCache, ObservationRow, ThingStore
from twin.queries.cql2 import FilterInvalid
from twin.queries.things.answers import Answers
from twin.queries.things.devices import SeenDevices
from twin.queries.things.observed import NoHistory
from twin.queries.things.odata.parser import parse_expression, parse_options
from twin.queries.things.path import resolve
from twin.queries.things.view import View

ROOT = "http://host/sta/v1.1"
STREAMS = {1: ("north 温度", 7), "two": ("it's south", 8.5)}
TEXTS = ("", "a", "b", "it's", "温度", "A")
ZERO = int(BASE.timestamp()) * 1_000_000


def rows_of(seed: int, number: int = 90) -> list[Row]:
    """Observations of both streams with ties, intervals, nulls, and results of every kind."""
    rng, rows = random.Random(seed), []
    for at in range(number):
        stream = rng.choice(list(STREAMS))
        start = rng.randrange(12) * 30
        span = Span((start, start + rng.choice((0, 0, 0, 30, 60))))
        result = rng.choice((rng.randrange(6), rng.randrange(6) / 2, rng.choice(TEXTS), None, True, False))
        parameters = {name: rng.choice((1, 2, "a", True, None)) for name in ("a", "flag") if rng.random() < 0.7}
        rows.append(
            {
                "id": at + 1 if rng.random() < 0.8 else f"o{at:02}",
                "streamId": stream,
                "stream": STREAMS[stream][0],
                "n": STREAMS[stream][1],
                "phenomenonTime": span,
                "resultTime": rng.choice((None, Span((start + 1, start + 1)))),
                "result": result,
                "parameters": parameters,
            }
        )
    return rows


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[View, list[Row]]]:
    store, rows = ThingStore(tmp_path_factory.mktemp("things") / "things.sqlite"), rows_of(1)
    with store.writing() as writing:
        for name, (text, n) in STREAMS.items():
            for kind, links in (("Thing", {"Locations": ()}), ("Sensor", {}), ("ObservedProperty", {}),
                                ("Datastream", {"Thing": name, "Sensor": name, "ObservedProperty": name})):  # fmt: skip
                writing.put(Entity(type=kind, id=name, body={"name": text, "properties": {"n": n}}, label="public", links=links))
        writing.add_observations([stored(row) for row in rows])
    yield View(local_administrator(), SeenDevices.of([]), EntityCache(store).now(), store, NoHistory(), 0), rows
    store.close()


def stored(row: Row) -> ObservationRow:
    start, end = (ZERO + int(second * 1e6) for second in row["phenomenonTime"])
    result_us = None if row["resultTime"] is None else ZERO + int(row["resultTime"][0] * 1e6)
    body = {name: row[name] for name in ("result", "parameters")}
    return ObservationRow(row["id"], row["streamId"], start, end, result_us, None, body)


def pages(view: View, path: str, given: dict[str, str]) -> tuple[list[Any], int | None]:
    """The ids of all pages, and the count that each of them told."""
    found: list[Any] = []
    counts = set()
    while True:
        document = Answers(view, ROOT).collection(resolve(path, view), parse_options(given), path)
        found += [one["@iot.id"] for one in document["value"]]
        counts.add(document.get("@iot.count"))
        if "@iot.nextLink" not in document:
            (count,) = counts
            return found, count
        link = urlsplit(document["@iot.nextLink"])
        assert link.path.endswith(path)
        given = dict(parse_qsl(link.query, keep_blank_values=True))


MEMBERS = ("result", "id", "@iot.id", "parameters/a", "parameters/flag", "Datastream/name", "Datastream/Thing/properties/n")
OPERATORS = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
NUMBERS = st.one_of(st.integers(0, 90), st.sampled_from([0.5, 1.5, 7, 8.5]))
TIMES = st.tuples(st.integers(-1, 14), st.sampled_from([0, 0, 1, 2])).map(lambda t: Span((t[0] * 30, (t[0] + t[1]) * 30)))
MEMBER = st.sampled_from(MEMBERS).map(lambda name: ("path", name))
LITERAL = st.one_of(NUMBERS, st.sampled_from([*TEXTS, None, True, False])).map(lambda value: ("value", value))
TEXT = st.sampled_from(TEXTS).map(lambda text: ("value", text))
CLOCK = st.sampled_from(["phenomenonTime", "resultTime"]).map(lambda name: ("path", name))
SUMS = st.tuples(st.just("sum"), st.sampled_from(["add", "sub", "mul"]), MEMBER, NUMBERS.map(lambda value: ("value", value)))
ATOMS = st.one_of(
    st.tuples(st.just("compare"), OPERATORS, st.one_of(MEMBER, SUMS), LITERAL),
    st.tuples(st.just("compare"), OPERATORS, LITERAL, MEMBER),
    st.tuples(st.just("compare"), OPERATORS, CLOCK, st.one_of(TIMES.map(lambda span: ("value", span)), CLOCK)),
    st.tuples(st.just("compare"), OPERATORS, TIMES.map(lambda span: ("value", span)), CLOCK),
    st.tuples(st.just("compare"), OPERATORS, st.tuples(st.just("call"), st.just("minute"), CLOCK), LITERAL),
    st.tuples(st.just("compare"), OPERATORS, st.tuples(st.just("call"), st.just("length"), MEMBER), LITERAL),
    st.tuples(st.just("call"), st.sampled_from(["startswith", "endswith", "contains"]), MEMBER, TEXT),
    st.sampled_from(["parameters/flag", "result"]).map(lambda name: ("path", name)),
    st.sampled_from([1, "two", 3]).map(lambda name: ("compare", "eq", ("path", "id"), ("value", name))),
)  # fmt: skip
FILTERS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "and", "or"]), inner, inner), st.tuples(st.just("not"), inner),
        st.tuples(st.just("or"), inner, inner, inner),
    ),
    max_leaves=5,
)  # fmt: skip
ORDERED = st.sampled_from(["phenomenonTime", "phenomenonTime", "result", "id", "resultTime", "Datastream/name"])
ORDERS = st.lists(st.tuples(ORDERED, st.booleans()), max_size=2)


@settings(max_examples=100, deadline=None)
@given(FILTERS, ORDERS, st.sampled_from([None, 1, "two"]), st.integers(0, 40), st.sampled_from([7, 40, 200]), st.booleans())
def test_every_question_is_answered_as_plain_python_does(
    asked: tuple[View, list[Row]], question: Any, orders: list[tuple[str, bool]], stream: Any, skip: int, top: int, by_path: bool
) -> None:
    view, rows = asked
    text, path = text_of(question), "Observations"
    mine = [row for row in rows if stream is None or row["streamId"] == stream]
    if stream is not None:
        name = f"'{stream}'" if isinstance(stream, str) else stream
        path = f"Datastreams({name})/Observations" if by_path else path
        text = text if by_path else f"Datastream/id eq {name} and ({text})"
    given = {"$filter": text, "$top": str(top), "$count": "true", "$skip": str(skip)}
    if orders:
        given["$orderby"] = ",".join(f"{name} {'desc' if descending else 'asc'}" for name, descending in orders)
    wanted = [row["id"] for row in ordered([row for row in mine if truth_of(question, row) is True], orders)]
    assert pages(view, path, given) == (wanted[skip:], len(wanted))


def test_pages_without_a_filter_hold_everything_once_in_every_order(asked: tuple[View, list[Row]]) -> None:
    view, rows = asked
    for path, mine in (("Observations", rows), ("Datastreams(1)/Observations", [row for row in rows if row["streamId"] == 1])):
        for orders in ([], [("phenomenonTime", True)], [("phenomenonTime", False)], [("id", True)], [("result", True), ("id", False)]):
            given = {"$top": "13", "$count": "true"}
            if orders:
                given["$orderby"] = ",".join(f"{name} {'desc' if descending else 'asc'}" for name, descending in orders)
            assert pages(view, path, given) == ([row["id"] for row in ordered(mine, orders)], len(mine))
        assert pages(view, path, {"$top": "0", "$count": "true"}) == ([], len(mine))


def test_a_list_of_a_thousand_ids_is_no_nesting(asked: tuple[View, list[Row]]) -> None:
    view, rows = asked
    text = " or ".join(f"id eq {number}" for number in range(1, 1001))
    assert pages(view, "Observations", {"$filter": text})[0] == [row["id"] for row in ordered(rows, []) if isinstance(row["id"], int)]


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("abcresult'()/ ,.$=;0129-+:TZeqandornot\"@{}[]\u3000温\n"), max_size=60))
def test_whatever_is_written_is_a_filter_or_refused_with_its_place(text: str) -> None:
    try:
        parse_expression(text)
        parse_options({"$expand": text})
    except FilterInvalid as error:
        assert error.path in ("$filter", "$expand") and error.message.startswith(error.path)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["(", ")", "not", "-", "eq", "and", "result", "1", "'x'", "length", ",", "add", "/"]), max_size=300))
def test_tokens_in_any_order_end_in_a_filter_or_a_refusal(words: list[str]) -> None:
    try:
        parse_expression(" ".join(words))
    except FilterInvalid as error:
        assert error.path == "$filter"


def test_things_are_kept_by_path(tmp_path: Path) -> None:
    with ThingStore(tmp_path / "a" / "things.sqlite").reading():
        assert (tmp_path / "a" / "things.sqlite").exists()
