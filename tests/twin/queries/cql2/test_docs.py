"""docs/filters.md says what the code does: its examples are filters, its functions and bounds those that there are."""

import re
from pathlib import Path

from twin.queries.cql2 import FUNCTIONS, parse
from twin.queries.cql2 import filter as bounds

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "filters.md").read_text(encoding="utf-8")


def test_the_examples_are_filters() -> None:
    (block,) = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    lines = block.strip().splitlines()
    assert len(lines) == 4
    for line in lines:
        filter = parse(line, "cql2-text")
        assert parse(filter.to_text(), "cql2-text") == filter


def test_the_functions_are_those_of_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (\w+) \| (.+?) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (one.name, ", ".join(sorted(kind for kinds in one.args for kind in kinds)), one.result, one.meaning) for one in FUNCTIONS.values()
    ]


def test_the_bounds_are_those_of_the_code() -> None:
    said = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", re.findall(r"- At most (.*?);", PAGE)[0])]
    assert said == [bounds.MAX_LENGTH, bounds.MAX_DEPTH, bounds.MAX_CONDITIONS, bounds.MAX_OPERATIONS, bounds.MAX_NODES]
