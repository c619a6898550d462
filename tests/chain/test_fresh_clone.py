"""A newcomer's first minutes: clone, `make run`, look at the page, stop, `make run` again."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
INHERITED = ("TWIN_", "VIRTUAL_ENV", "MAKE", "MFLAGS", "PYTHONDONTWRITEBYTECODE")
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith(INHERITED)} | {"UV_COMPILE_BYTECODE": "0"}
"""As of a shell of its own; of the libraries only what the demo uses is compiled, when it is first used."""


@contextmanager
def made_to_run(clone: Path) -> Iterator[tuple[str, str]]:
    """`make run` in the clone on a free port: its address and all it said before that."""
    command = ["make", "run", "PORT=0", "SCALE=small"]
    process = subprocess.Popen(
        command, cwd=clone, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if found := re.search(r"http://[\d.]+:\d+", line):
                yield found.group(), said
                return
        raise AssertionError(f"make run said no address:\n{said}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def answer(url: str, accept: str) -> str:
    with urlopen(Request(url, headers={"Accept": accept}), timeout=60) as response:
        assert response.status == 200
        return str(response.read().decode("utf-8"))


def state_of(home: Path) -> dict[str, tuple[int, int]]:
    """Size and modification time of everything kept but the database and its journal, which opening touches."""
    kept = (path for path in home.rglob("*") if path.is_file() and not path.name.startswith("records.sqlite"))
    return {str(path.relative_to(home)): (path.stat().st_size, path.stat().st_mtime_ns) for path in kept}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere") / "a clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


def test_make_run_in_a_fresh_clone_serves_the_page_and_the_second_start_builds_nothing(clone: Path) -> None:
    with made_to_run(clone) as (address, _):
        assert "<html" in answer(f"{address}/", "text/html")
        assert [site["code"] for site in json.loads(answer(f"{address}/sites", "application/json"))["sites"]] == ["pingshan"]
    first = state_of(clone / "twin-home")
    assert any(name.endswith("tileset.json") for name in first)

    with made_to_run(clone) as (address, said):
        assert "<html" in answer(f"{address}/", "text/html")
        assert "setup:" not in said
        assert "0 of 6 files imported" in said
    assert state_of(clone / "twin-home") == first
