"""The pages about what is live say what the code does: commands and their options, addresses and their parameters, names, files, roles.

Their frames, payloads and the broker's configuration are read by the tests of what they are about.
"""

import ast
import inspect
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from twin.api import create_app
from twin.api.live import router as live
from twin.auth import local_administrator
from twin.cli.app import app
from twin.incidents import EventLog, IncidentStore
from twin.queries.live.observed import SeenHistory
from twin.settings import Settings
from twin.store import Store

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    name: (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("live", "bus", "history", "incidents", "jt808", "sensorthings")
}
COMMAND = re.compile(r"(?:^    |`)twin ([a-z][^`\n]*)", re.MULTILINE)
ADDRESS = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`? ]*)(?:\?([^` ]*))?")
NAME = re.compile(r"`((?:twin|sensors|viewer|spatial|cim)(?:\.\w+)+)[`(]")
FILE = re.compile(r"`((?:twin|sensors|viewer|tests|benchmarks|docs)/[\w./]+\.\w+)`")
ANYTHING = "anything"
FILES_OF_OTHERS = (".acl", ".passwd", ".conf")
page = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], set[str]]:
    """Method and path, parameters of the path as `ANYTHING` → names of the parameters of the query."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with Store.open(settings.database_url) as store:
        document = create_app(settings, store, principal_of=lambda request: local_administrator()).openapi()
    return {
        (method.upper(), plain(path)): {one["name"] for one in known.get("parameters", ()) if one["in"] == "query"}
        for path, item in document["paths"].items()
        for method, known in item.items()
    }


def plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", ANYTHING, path)


def found(words: list[str]) -> Any:
    """The command that the words begin with, or None."""
    command: Any = get_command(app)
    for word in words:
        if not hasattr(command, "commands"):
            break
        command = command.commands.get(word)
        if command is None:
            return None
    return command


def is_known(name: str) -> bool:
    """Whether it is a module, or something in one."""
    if name.endswith(FILES_OF_OTHERS):
        return True
    module, _, last = name.rpartition(".")
    return hasattr(import_module(module), last) or find_spec(name) is not None


@page
def test_the_commands_and_their_options_exist(page: str) -> None:
    for line in COMMAND.findall(PAGES[page]):
        command = found(line.split())
        assert command is not None, line
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", line)) <= options, line
        for option, words in re.findall(r"(--[a-z-]+) ([a-z0-9_]+(?:\|[a-z0-9_]+)+)", line):
            (choices,) = (parameter.type_descriptor.annotation for parameter in command.params if option in parameter.opts)
            assert list(map(str, choices)) == words.split("|"), line


@page
def test_the_addresses_exist_and_take_the_parameters_that_are_told(page: str, operations: dict[tuple[str, str], set[str]]) -> None:
    sockets = {route.path for route in live.routes if not hasattr(route, "methods")}  # type: ignore[attr-defined]
    for method, path, query in ADDRESS.findall(PAGES[page]):
        if path.startswith("/sta/v1.1/") or path in sockets:
            continue
        assert (method, plain(path)) in operations, f"{method} {path}"
        told = {part.partition("=")[0] for part in query.split("&") if part}
        assert told <= operations[method, plain(path)], f"{method} {path}?{query}"


@page
def test_the_names_of_the_code_and_its_files_exist(page: str) -> None:
    for name in NAME.findall(PAGES[page]):
        assert is_known(name), name
    for file in FILE.findall(PAGES[page]):
        assert (ROOT / file).is_file(), file


@page
def test_the_settings_that_are_named_exist(page: str) -> None:
    for name in re.findall(r"`TWIN_([A-Z_]+)", PAGES[page]):
        assert name.lower() in Settings.model_fields, name


def calls(page: str) -> dict[str, tuple[int, set[str]]]:
    """Of the Python on a page: what is called, as it is written, with how many arguments by place and which by name."""
    blocks = re.findall(r"```python\n(.+?)```", PAGES[page], re.DOTALL)
    called = [node for block in blocks for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]
    return {ast.unparse(node.func): (len(node.args), {one.arg for one in node.keywords if one.arg}) for node in called}


def test_the_python_of_the_pages_calls_what_there_is() -> None:
    known = {
        "IncidentStore.open": IncidentStore.open,
        "store.take": IncidentStore.take,
        "store.tick": IncidentStore.tick,
        "store.command": IncidentStore.command,
        "store.log.forget": EventLog.forget,
        "SeenHistory": SeenHistory,
    }
    told = calls("incidents") | calls("sensorthings")
    assert set(known) <= set(told)
    for name, function in known.items():
        by_place, by_name = told[name]
        given = [None] * (by_place + (inspect.isfunction(function)))
        inspect.signature(function).bind_partial(*given, **dict.fromkeys(by_name))


def test_make_help_and_twin_help_name_everything_there_is() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {
        name for line in re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE) for name in line.split() if name.isalnum() or "-" in name
    }
    told = set(re.findall(r'@echo "make ([a-z-]+)', makefile))
    assert told == targets - {"help"}
    unexplained = [name for name, command in get_command(app).commands.items() if not (command.help or command.short_help)]  # type: ignore[attr-defined]
    assert unexplained == []
