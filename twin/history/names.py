"""Numbers for names, given once and for ever: the n-th line of a file is the name of number n.

A name stands in the file before anything refers to its number; readers in other processes see it at once, `sync` makes it durable.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twin.history.durable import disk_told, sync_folder, write_whole

__all__ = ["Names", "NamesReader"]


class NamesReader:
    """Names by number and numbers by name, as far as the file goes; grows with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int | None:
        """The number of a name; None where it has none."""
        if name not in self._numbers:
            self.refresh()
        return self._numbers.get(name)

    def names(self, numbers: Iterable[int]) -> list[str]:
        """The names of numbers that were given."""
        wanted = list(numbers)
        if wanted and max(wanted) >= len(self._names):
            self.refresh()
        return [self._names[number] for number in wanted]

    def all(self) -> Sequence[str]:
        """Every name, by its number."""
        self.refresh()
        return self._names

    def refresh(self) -> None:
        """Read what was added. A line that is not finished is left for the next time."""
        try:
            if self._path.stat().st_size <= self._read:
                return
            with self._path.open("rb") as file:
                file.seek(self._read)
                data = file.read()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._numbers[json.loads(line)] = len(self._names)
            self._names.append(json.loads(line))


class Names(NamesReader):
    """The one writer."""

    def __init__(self, path: Path, file: int) -> None:
        super().__init__(path)
        self._file = file
        self._dirty = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for adding; a line that a crash left unfinished is cut off: nothing refers to it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with disk_told(path):
            names = cls(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
            sync_folder(path.parent)
            names.refresh()
            os.ftruncate(names._file, names._read)
        return names

    def numbers(self, names: Sequence[str]) -> NDArray[np.uint32]:
        """(n,) their numbers; those without one get the next. Raises HistoryFull or HistoryUnavailable; then no name was given one."""
        known = self._numbers
        fresh = [name for name in dict.fromkeys(names) if name not in known]
        if fresh:
            self._add(fresh)
        return np.fromiter((known[name] for name in names), dtype=np.uint32, count=len(names))

    def sync(self) -> None:
        """Make what was added durable."""
        if self._dirty:
            with disk_told(self._path):
                os.fsync(self._file)
            self._dirty = False

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _add(self, fresh: Sequence[str]) -> None:
        lines = b"".join(json.dumps(name, ensure_ascii=False).encode() + b"\n" for name in fresh)
        with disk_told(self._path):
            try:
                write_whole(self._file, lines)
            except BaseException:
                os.ftruncate(self._file, self._read)
                raise
        self._dirty = True
        self._read += len(lines)
        for name in fresh:
            self._numbers[name] = len(self._names)
            self._names.append(name)
