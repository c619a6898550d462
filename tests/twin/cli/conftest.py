"""Command lines, run in this process, each on a home of its own."""

import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.twin.files import SITE_ARGUMENTS
from twin.cli import run
from twin.settings import Settings


@dataclass(frozen=True)
class Done:
    """One finished command; `document` is what stdout held where `--json` was given, None without."""

    code: int
    document: Any
    stdout: str
    stderr: str

    @property
    def error(self) -> dict[str, str]:
        """The error object, after the contract's form was checked."""
        assert set(self.document) >= {"error", "issues"}, self.document
        assert set(self.document["error"]) == {"code", "message", "path", "hint"}
        return dict(self.document["error"])


Twin = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it, named by the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TWIN_{name.upper()}", raising=False)
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TWIN_GATEWAY_PORT", "-1")  # the port of terminals is one of the machine: services of other tests stand beside
    return tmp_path / "home"


@pytest.fixture
def twin(home: Path, capfd: pytest.CaptureFixture[str]) -> Twin:
    """`twin ARGUMENTS… --json`; `words=True` leaves `--json` out."""

    def run_one(*arguments: object, words: bool = False) -> Done:
        capfd.readouterr()
        code = run([*map(str, arguments), *([] if words else ["--json"])])
        stdout, stderr = capfd.readouterr()
        return Done(code, None if words else json.loads(stdout), stdout, stderr)

    return run_one


@pytest.fixture(scope="session")
def home_with_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one site as `twin site add` makes it; copy it."""
    folder = tmp_path_factory.mktemp("site") / "home"
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
        for name in Settings.model_fields:
            patch.delenv(f"TWIN_{name.upper()}", raising=False)
        patch.setenv("TWIN_HOME", str(folder))
        assert run(["site", "add", "s", *SITE_ARGUMENTS, "--json"]) == 0
    return folder


@pytest.fixture
def site(home: Path, home_with_site: Path) -> str:
    """A site in the home."""
    shutil.copytree(home_with_site, home, dirs_exist_ok=True)
    return "s"
