"""docs/sight.md says what the code does: its bodies are questions, its commands and options exist, its words are those of answers."""

import json
import re
from pathlib import Path

from typer.main import get_command

from twin.api.sight_documents import CoverageAsked, VisibleAsked
from twin.cli.app import app
from twin.queries.sight.asking import PERIMETER_M, WORDS
from twin.queries.sight.covering import KINDS
from twin.queries.sight.standing import DATUMS

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "sight.md").read_text(encoding="utf-8")
BODIES = dict(re.findall(r"```json ([a-z-]+)\n(.+?)```", TEXT, re.DOTALL))


def test_the_bodies_are_questions_that_the_service_takes() -> None:
    assert set(BODIES) == {"visible-from", "coverage"}
    assert VisibleAsked.model_validate_json(BODIES["visible-from"]).targets[0].datum == "ground"
    asked = CoverageAsked.model_validate_json(BODIES["coverage"])
    assert asked.what_if is not None and set(json.loads(BODIES["coverage"])["what_if"]) == set(type(asked.what_if).model_fields)


def test_the_commands_and_their_options_exist() -> None:
    lines = re.findall(r"^\.venv/bin/twin query ([a-z-]+) (.+)$", TEXT, re.MULTILINE)
    assert {name for name, _ in lines} == {"visible-from", "coverage", "explain"}
    known = get_command(app).commands["query"].commands  # type: ignore[attr-defined]
    for name, rest in lines:
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", f" {rest}")) <= options


def test_the_words_are_those_of_answers() -> None:
    assert all(f"`{word}`" in TEXT for word in (*WORDS, *DATUMS))
    assert all(kind in TEXT for kind in KINDS) and VisibleAsked.model_fields["perimeter_m"].default == PERIMETER_M
