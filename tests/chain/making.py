"""`make run` as a person types it, in a shell of its own."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

__all__ = ["ROOT", "answer", "made_to_run", "state_of"]

ROOT = Path(__file__).resolve().parents[2]
INHERITED = ("TWIN_", "VIRTUAL_ENV", "MAKE", "MFLAGS", "PYTHONDONTWRITEBYTECODE")
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith(INHERITED)} | {"UV_COMPILE_BYTECODE": "0"}
"""As of a shell of its own; of the libraries only what the demo uses is compiled, when it is first used."""


@contextmanager
def made_to_run(folder: Path, scale: str, environment: Mapping[str, str] = ENVIRONMENT) -> Iterator[tuple[str, str]]:
    """`make run` in a checkout on a free port: its address and all it said before that."""
    command = ["make", "run", "PORT=0", f"SCALE={scale}"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
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


WRITTEN_BY_THE_SERVICE = ("columns", "history", "sight")


def state_of(home: Path) -> dict[str, tuple[int, int]]:
    """Size and modification time of everything built: not of the database and its journal, which opening touches, nor of what a
    running service keeps for its next start."""
    files = ((path, path.relative_to(home)) for path in home.rglob("*") if path.is_file())
    kept = [
        (path, at)
        for path, at in files
        if not path.name.lstrip(".").startswith("records.sqlite") and at.parts[0] not in WRITTEN_BY_THE_SERVICE
    ]
    return {str(at): (path.stat().st_size, path.stat().st_mtime_ns) for path, at in kept}
