"""The documents say what the code does: settings, finding codes, commands."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from typer.main import get_command

from twin.cli.app import app
from twin.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("spatial", "bim", "cim", "sensors", "tiles", "viewer", "twin")
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
LINE = re.compile(r"^- `([A-Z0-9_]+)`: (.+?) \*\*Where\*\*: (.+?) \*\*Do\*\*: (.+)$", re.MULTILINE)
NO_CODES = {
    "COLOR_0", "CUBIC_METRE", "DEGREE_CELSIUS", "SQUARE_METRE", "IFC4X3_ADD2", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "MALLOC_ARENA_MAX", "TWIN_BUS_URL", "TWIN_DATABASE_URL", "TWIN_HOME", "TWIN_HOST", "TWIN_PROXY_ADDRESSES",
    "TWIN_SIGHT_SOCKET",
}  # fmt: skip
"""Texts of the same form: names of the standard, of other programs, of settings; names of SQLite's results go by their prefix."""

BASES = {"REFUSED", "TILES_ERROR", "VIEWER_ERROR"}
"""Codes of base classes that nothing raises by themselves."""


@cache
def codes_in_use() -> dict[str, set[str]]:
    """Code → names of the error classes that carry it: every text of a code's form but the names in `__all__`."""
    found: dict[str, set[str]] = {}
    for path in [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if not {"node_modules", "demo"} & {*path.parts}]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        exported = {text for node in tree.body if isinstance(node, ast.Assign) and "__all__" in _names(node) for text in _texts(node.value)}
        for text in set(_texts(tree)) - exported - NO_CODES:
            if CODE.fullmatch(text) and not text.startswith("SQLITE_"):
                found.setdefault(text, set())
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for member in node.body:
                    if isinstance(member, ast.Assign) and "code" in _names(member):
                        found.setdefault(next(_texts(member.value)), set()).add(node.name)
    return found


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _texts(tree: ast.AST) -> Iterator[str]:
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_every_setting_has_a_heading() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"## TWIN_{name.upper()}\n" in text


def test_every_finding_code_has_one_line_of_what_where_and_what_to_do_and_no_other_has() -> None:
    text = (ROOT / "docs" / "issue-codes.md").read_text(encoding="utf-8")
    lines = LINE.findall(text)
    assert len(lines) == text.count("\n- ")
    assert sorted(code for code, *_ in lines) == sorted(codes_in_use())
    for code, meaning, *_ in lines:
        said = set(re.findall(r"[a-z0-9]+", meaning.lower()))
        assert len(said - set(code.lower().split("_"))) >= 3, f"{code}: the line only repeats it"


def test_every_finding_code_is_raised_by_a_test() -> None:
    """By its name, in a test or a table of a test, or by the class that carries it."""
    paths = [path for kind in ("*.py", "*.toml") for path in (ROOT / "tests").rglob(kind) if path != Path(__file__)]
    words = set(re.findall(r"\w+", "\n".join(path.read_text(encoding="utf-8") for path in paths)))
    assert sorted(code for code, classes in codes_in_use().items() if code not in BASES and not ({code} | classes) & words) == []


def test_the_readme_names_only_commands_that_exist() -> None:
    known = get_command(app)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"\.venv/bin/twin ([a-z]+)(?: ([a-z]+))?", readme):
        command = known.commands[line[0]]  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            assert line[1] in command.commands
