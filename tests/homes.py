"""A TWIN_HOME and the command line on it, as a user has them: in a process of their own or in the test's."""

import io
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from twin.cli import run

__all__ = ["TWIN", "Home", "Run", "new_home"]

ROOT = Path(__file__).resolve().parents[1]
TWIN = ROOT / ".venv" / "bin" / "twin"


@dataclass(frozen=True)
class Run:
    """One finished command: exit code, its JSON document, its stderr."""

    code: int
    document: dict[str, Any]
    stderr: str


@dataclass(frozen=True)
class Home:
    """A TWIN_HOME and the command line on it."""

    folder: Path
    meshes: Path
    database_url: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        elsewhere = {} if self.database_url is None else {"TWIN_DATABASE_URL": self.database_url}
        return {**os.environ, "TWIN_HOME": str(self.folder), "TWIN_MESHES_DIR": str(self.meshes)} | elsewhere

    def run(self, *arguments: str | Path) -> Run:
        """`twin … --json`, whatever its exit code; stdout must be one JSON document and nothing else."""
        done = subprocess.run(
            [TWIN, *map(str, arguments), "--json"], env=self.environment, capture_output=True, text=True, check=False, cwd=self.folder
        )
        assert done.stdout.strip(), f"{arguments}: exit {done.returncode}, nothing on stdout\n{done.stderr}"
        return Run(done.returncode, json.loads(done.stdout), done.stderr)

    def run_here(self, *arguments: str | Path) -> Run:
        """The same in this process, for many small steps that would each load the whole twin first (2 s)."""
        stderr = io.StringIO()
        with tempfile.TemporaryFile("w+", encoding="utf-8") as stdout:
            with pytest.MonkeyPatch.context() as patch, _all_stdout_to(stdout), redirect_stderr(stderr):
                for name, value in self.environment.items():
                    patch.setenv(name, value)
                code = run([*map(str, arguments), "--json"])
            stdout.seek(0)
            return Run(code, json.loads(stdout.read()), stderr.getvalue())


def new_home(folder: Path, meshes: Path | None = None, database_url: str | None = None) -> Home:
    """A home in the folder, which is made; with meshes of its own unless a folder is given, and its records where a URL says."""
    folder.mkdir(parents=True, exist_ok=True)
    return Home(folder, meshes or folder / "meshes", database_url)


@contextmanager
def _all_stdout_to(file: IO[str]) -> Iterator[None]:
    """Into the file goes what is said on stdout by Python, by a library beneath it and by child processes."""
    kept = os.dup(1)
    os.dup2(file.fileno(), 1)
    try:
        with redirect_stdout(file):
            yield
    finally:
        file.flush()
        os.dup2(kept, 1)
        os.close(kept)
