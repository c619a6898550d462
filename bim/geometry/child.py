"""A worker process as its parent sees it: ask it, wait no longer than the limit, kill it, start another."""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bim.errors import GeometryWorkerBroken
from bim.geometry.worker import Drawing, Prepare, Refusal, Request, Start

__all__ = ["Crash", "Timeout", "WorkerPool"]

MEMORY_BYTES = 8 << 30
OPEN_LIMIT_S = 300.0
# Stubs for the packages keep the readers' imports (shapely, pyproj) out of a process that only draws; without `lark`, which
# reads the view definitions of headers, ifcopenshell starts in half the time.
_BOOTSTRAP = """
import sys, types
sys.path[:] = sys.argv[3:]
for name, folder in (("bim", sys.argv[2]), ("bim.geometry", sys.argv[2] + "/geometry")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
sys.modules["lark"] = None
from bim.geometry.worker import main
main(int(sys.argv[1]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """No answer within the limit; the worker was killed."""

    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The worker died: `returncode` is negative for a signal; `detail` is its last line on stderr."""

    returncode: int
    detail: str

    def __str__(self) -> str:
        if self.returncode < 0:
            return f"the worker died of signal {-self.returncode} ({signal.Signals(-self.returncode).name})"
        return f"the worker ended with code {self.returncode} {self.detail}".rstrip()


class WorkerPool:
    """At most one worker at a time over one file, replaced when it dies; `starts` counts them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[object, object] | None = None
        self._errors: IO[bytes] | None = None
        self._ready: set[str] = set()
        self.starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def ask(self, request: Request) -> Drawing | Refusal | Timeout | Crash:
        """The worker's answer, or how it failed; after a failure the next call starts a fresh worker.

        The limit counts from an open file and a loaded engine: a busy machine's slow start costs no product its shape.
        Raises GeometryWorkerBroken where the worker does not come as far as opening the file.
        """
        if self._process is None:
            self._start()
        answer: object = None
        if request.engine not in self._ready:
            answer = self._exchange(Prepare(engine=request.engine, limit_s=OPEN_LIMIT_S), OPEN_LIMIT_S)
        if answer is None:
            self._ready.add(request.engine)
            answer = self._exchange(request, request.limit_s)
        if isinstance(answer, Drawing | Refusal | Timeout | Crash):
            return answer
        raise TypeError(f"the worker answered {type(answer).__name__}")

    def _start(self) -> None:
        self.starts += 1
        self._ready.clear()
        ours, theirs = Pipe()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by _stop, with the process
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOTSTRAP, str(theirs.fileno()), str(Path(__file__).parents[1]), *_search_path()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        theirs.close()
        self._pipe = ours
        answer = self._exchange(Start(path=str(self._path), memory_bytes=MEMORY_BYTES), OPEN_LIMIT_S)
        if answer is not None:
            raise GeometryWorkerBroken(f"{self._path.name}: no geometry worker: {answer}", hint="memory, or a broken installation")

    def _exchange(self, message: object, limit_s: float) -> object:
        assert self._pipe is not None
        try:
            self._pipe.send(message)
            if not self._pipe.poll(limit_s):
                self._stop()
                return Timeout(limit_s=limit_s)
            return self._pipe.recv()
        except (EOFError, ConnectionError):
            return self._bury()

    def _bury(self) -> Crash:
        assert self._process is not None and self._errors is not None
        returncode = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        self._stop()
        return Crash(returncode=returncode, detail=lines[-1] if lines else "")

    def _stop(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._errors is not None:
            self._errors.close()
            self._errors = None


def _search_path() -> list[str]:
    return [str(Path(entry).absolute()) for entry in sys.path]
