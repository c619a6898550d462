"""Where the hub of a home is: one at a time, found by whoever serves the home, in this process tree or another."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from pathlib import Path

from twin.errors import NotReady

__all__ = ["Meeting"]


class Meeting:
    """`history/hub.json` of a home names the socket; `history/hub.lock` is held by the process that is the hub."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "history"
        self._named = self.folder / "hub.json"
        self._lock: int | None = None

    def socket(self) -> str:
        """The path to connect to; NotReady where no hub was started yet."""
        try:
            return str(json.loads(self._named.read_text(encoding="utf-8"))["socket"])
        except (OSError, ValueError, KeyError, TypeError):
            raise NotReady("no hub serves this home yet", path=str(self._named), hint="twin serve starts one") from None

    def is_taken(self) -> bool:
        """Whether another process is the hub; where not, this one is from now on, until `leave` or its end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder / "hub.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return True
        self._lock = lock
        return False

    def open(self) -> Path:
        """A path to listen at, in a folder that only this user can enter."""
        return Path(tempfile.mkdtemp(prefix="twin-hub-")) / "hub"

    def announce(self, socket: Path) -> None:
        """Say where the hub listens, once it does."""
        written = self._named.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps({"socket": str(socket), "pid": os.getpid()}), encoding="utf-8")
        written.replace(self._named)

    def leave(self) -> None:
        """Be the hub no longer."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
