"""What the process that holds the scene runs: `python -m twin.queries.sight.holder.process SOCKET`.

It binds its socket at once and says on stdout, a word a line, `bound`, `ready` and, where the store has other triangles than it built,
`stale`; until it is ready it answers how far it is. It ends when its stdin does, so that it outlives no service, and on SIGTERM after
the questions that it is answering.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import signal
import socketserver
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from twin.errors import NotInstalled, NotReady, TwinError
from twin.queries.sight.answerer import Answerer
from twin.queries.sight.holder.wire import MOST_QUESTION, WireBroken, has_left, read_frame, told, write_frame
from twin.settings import Settings
from twin.store import Store

__all__ = ["main"]

STALE_EVERY_S = 1.0
LAST_ANSWERS_S = 30.0
TELL_S = 3.0
"""How long one that could not build the scene says why, before it leaves the place to another try."""
BUILDING_NICE = 10
SWITCH_S = 0.0005
"""How long a thread keeps the interpreter while another waits: a short question must not wait for a long one's arithmetic."""


class Holder(socketserver.ThreadingUnixStreamServer):
    """One thread a connection; a connection asks one question after the other."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, answerer: Answerer) -> None:
        super().__init__(str(path), _Connection)
        self.answerer = answerer
        self.progress = "the libraries are being loaded"
        self.refused: TwinError | None = None
        self.ready = False
        self.answering = 0
        self.lock = threading.Lock()

    def answer(self, frame: bytes, gone: Any) -> tuple[bytes, ...]:
        """The frames that answer a question."""
        try:
            if self.refused is not None:
                raise self.refused
            if not self.ready:
                raise NotReady(f"the scene is being built: {self.progress}")
            asked = json.loads(frame)
            labels = None if asked["labels"] is None else frozenset(asked["labels"])
            return b"{}", self.answerer.ask(asked["what"], asked["site"], labels, asked["question"], gone=gone)
        except TwinError as error:
            return (told(error),)
        except Exception as error:  # noqa: BLE001  whatever fails in one question must not end the process; the asker is told
            sys.stderr.write(f"sight: {type(error).__name__}: {error}\n")
            return (told(TwinError(f"the question failed: {type(error).__name__}")),)


class _Connection(socketserver.BaseRequestHandler):
    server: Holder

    def handle(self) -> None:
        with suppress(WireBroken, OSError):
            while (frame := read_frame(self.request, MOST_QUESTION)) is not None:
                with self.server.lock:
                    self.server.answering += 1
                try:
                    for part in self.server.answer(frame, lambda: has_left(self.request)):
                        write_frame(self.request, part)
                finally:
                    with self.server.lock:
                        self.server.answering -= 1


def main(path: Path) -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_S)
    settings = Settings()
    store = Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)
    with Holder(path, Answerer(store, settings, rebuild=False)) as holder:
        _say("bound")
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=_stop, args=(holder,), daemon=True).start())
        threading.Thread(target=_end_with_stdin, daemon=True).start()
        threading.Thread(target=_hold, args=(holder,), daemon=True).start()
        holder.serve_forever(poll_interval=0.1)
    until = time.monotonic() + LAST_ANSWERS_S
    while holder.answering and time.monotonic() < until:
        time.sleep(0.05)
    os._exit(0)


def _hold(holder: Holder) -> None:
    """Build the scene of every site, then look whether it is still what the store has."""
    _be_patient()
    if importlib.util.find_spec("open3d") is None:
        hint = "pip install 'pingshan-twin[sight]'; on Debian also apt-get install libusb-1.0-0"
        holder.refused = NotInstalled("lines of sight need open3d, which is not installed", hint=hint)
        return
    if holder.answerer.sights.draws():
        threading.Thread(target=_load_library, name="library", daemon=True).start()

    def progress(layer: str) -> None:
        holder.progress = f"the layer {layer} is being read" if layer else "rays are being made ready"

    try:
        holder.answerer.sights.warm(progress)
    except Exception as error:  # noqa: BLE001  who asks must be told, whatever it is
        sys.stderr.write(f"sight: {type(error).__name__}: {error}\n")
        missing = getattr(error, "code", "") == NotInstalled.code
        holder.refused = (NotInstalled if missing else NotReady)(str(error), hint=getattr(error, "hint", ""))
        if missing:
            return
        time.sleep(TELL_S)
        os._exit(1)
    gc.collect()
    gc.freeze()
    holder.ready = True
    _say("ready")
    while True:
        time.sleep(STALE_EVERY_S)
        with suppress(TwinError):
            if holder.answerer.sights.stale():
                _say("stale")


def _be_patient() -> None:
    """Leave the cores to those who answer already. On Linux it is this thread alone, and those it starts, that step back for good:
    short questions are answered by others."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BUILDING_NICE)


def _load_library() -> None:
    from spatial.visibility import require_sight_library

    with suppress(Exception):
        require_sight_library()


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _stop(holder: Holder) -> None:
    holder.shutdown()


def _say(word: str) -> None:
    with suppress(OSError, ValueError):
        sys.stdout.write(f"{word}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
