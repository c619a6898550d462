"""Broken filters: whatever is sent is a filter that comes back as it was, or is refused with words; nothing else happens."""

import json
import random
import tomllib
from pathlib import Path
from typing import Any

from tests.twin.queries.cql2.random_filters import random_filter
from tests.twin.queries.cql2.world import queryables
from twin.queries.cql2 import FilterInvalid, parse
from twin.queries.cql2.check import type_of

EXAMPLES = list(tomllib.loads(Path(__file__).with_name("standard.toml").read_text(encoding="utf-8"))["examples"].values())
PIECES = [
    "'",
    "(",
    ")",
    "\\",
    '"',
    ",",
    "..",
    "NOT ",
    " AND ",
    "-",
    "1e",
    "名",
    " EMPTY",
    "POINT(",
    "\x00",
    "^",
    "%",
    " IN (",
    "DATE('",
    "\n",
]
VALUES: list[Any] = [
    None,
    [],
    {},
    "",
    1e308,
    -1,
    True,
    {"op": "and"},
    {"interval": ["..", ".."]},
    {"type": "Point"},
    {"bbox": [1]},
    "\ud800",
]


def broken_text(rng: random.Random) -> str:
    text = rng.choice(EXAMPLES)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(text) + 1)
        text = text[:start] + rng.choice(["", *PIECES]) + text[start + rng.choice([0, 0, 1, 5]) :]
    return text


def break_json(value: Any, rng: random.Random) -> Any:
    if rng.random() < 0.1:
        return rng.choice(VALUES)
    if isinstance(value, list):
        return [break_json(item, rng) for item in value]
    if isinstance(value, dict):
        return {key if rng.random() < 0.97 else "op": break_json(item, rng) for key, item in value.items()}
    return value


def came_through(value: Any, lang: str) -> bool:
    try:
        filter = parse(value, lang)
    except FilterInvalid as error:
        assert error.path
        assert error.message
        return False
    assert parse(json.dumps(filter.to_json()), "cql2-json") == filter
    try:
        text = filter.to_text()
    except FilterInvalid:
        return True
    assert parse(text, "cql2-text") == filter, text
    try:
        type_of(filter.node, queryables())
    except FilterInvalid as error:
        assert error.path
    return True


def test_broken_text_is_refused_or_read() -> None:
    rng = random.Random(11)
    read = sum(came_through(broken_text(rng), "cql2-text") for _ in range(3_000))
    assert 300 < read < 2_700


def test_broken_json_is_refused_or_read() -> None:
    rng = random.Random(12)
    read = sum(came_through(break_json(random_filter(rng), rng), "cql2-json") for _ in range(2_000))
    assert 100 < read < 1_900


def test_cut_json_is_refused() -> None:
    rng = random.Random(13)
    for _ in range(300):
        text = json.dumps(random_filter(rng))
        came_through(text[: rng.randrange(len(text))], "cql2-json")
