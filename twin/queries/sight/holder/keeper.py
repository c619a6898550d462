"""Keeps one process that holds the scene: starts it, starts another where it ends, puts a successor in its place where it is stale."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["SOCKET", "Keeper"]

SOCKET = "TWIN_SIGHT_SOCKET"
"""The environment variable that tells workers where the holder listens."""
PATIENCE_S = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
"""How long is waited before the next start, after so many that never became ready."""
PROGRAM = "twin.queries.sight.holder.process"


class Keeper:
    """One holder at a time answers at `path`, in a folder that only this user can enter; a successor takes the path once it is ready.

    The holder ends with the process that keeps it, however that ends: its stdin is a pipe that only the keeper holds.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="twin-sight-"))
        self.path = self._folder / "holder"
        self.started = 0
        self._environment = environment
        self._words: queue.Queue[tuple[_Child, str]] = queue.Queue()
        self._stopping = threading.Event()
        self._current: _Child | None = None
        self._successor: _Child | None = None
        self._failures = 0
        self._thread = threading.Thread(target=self._keep, name="sight keeper", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process that holds the scene now."""
        return None if self._current is None else self._current.process.pid

    def start(self) -> None:
        """Start the holder and watch it."""
        self._current = self._begin()
        self._thread.start()

    def stop(self) -> None:
        """End it and remove its socket."""
        self._stopping.set()
        self._thread.join(timeout=5.0)
        for child in (self._current, self._successor):
            if child is not None:
                child.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> _Child:
        self.started += 1
        return _Child(self._folder / str(self.started), self._words, self._environment)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            with suppress(queue.Empty):
                self._heard(*self._words.get(timeout=0.2))

    def _heard(self, child: _Child, word: str) -> None:
        if word == "ended":
            self._ended(child)
        elif word == "bound" and child is self._current:
            os.replace(child.path, self.path)  # noqa: PTH105  the socket keeps its listener under the new name
        elif word == "ready":
            self._failures = 0
            if child is self._successor:
                os.replace(child.path, self.path)  # noqa: PTH105
                before, self._current, self._successor = self._current, child, None
                if before is not None:
                    before.retire()
        elif word == "stale" and child is self._current and self._successor is None:
            self._successor = self._begin()

    def _ended(self, child: _Child) -> None:
        if child not in (self._current, self._successor):
            return
        self._stopping.wait(PATIENCE_S[min(self._failures, len(PATIENCE_S) - 1)])
        self._failures += 1
        if self._stopping.is_set():
            return
        if child is self._successor:
            self._successor = None
        else:
            self._current = self._begin()


class _Child:
    """One process, and a thread that passes on the words it says; its last is `ended`."""

    def __init__(self, path: Path, words: queue.Queue[tuple[_Child, str]], environment: Mapping[str, str] | None) -> None:
        self.path = path
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROGRAM, str(path)],  # -P: the folder it is started in is no place to import from
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=None if environment is None else {**os.environ, **environment},
        )
        self._listener = threading.Thread(target=self._listen, args=(words,), daemon=True)
        self._listener.start()

    def retire(self) -> None:
        """Let it answer what it was asked, and end."""
        self.process.terminate()

    def end(self) -> None:
        """End it now."""
        with suppress(OSError):
            self.process.kill()
        self._listener.join(timeout=5.0)

    def _listen(self, words: queue.Queue[tuple[_Child, str]]) -> None:
        assert self.process.stdout is not None and self.process.stdin is not None
        with self.process.stdout, self.process.stdin:
            for line in self.process.stdout:
                words.put((self, line.decode(errors="replace").strip()))
            self.process.wait()
        words.put((self, "ended"))
