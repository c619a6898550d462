"""A throw-away Mosquitto on a free port of the loopback address, with the durable settings of docs/bus.md."""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["REMEDY", "Broker", "durable_settings", "find_mosquitto", "running_broker"]

REMEDY = "apt-get install -y --no-install-recommends mosquitto"
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "bus.md"
CONF = re.compile(r"```conf\n(.*?)```", re.DOTALL)


def find_mosquitto() -> Path | None:
    """The broker's program, or None; Debian lays it where the PATH of a user does not look."""
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    return Path(found) if found else None


def durable_settings() -> list[str]:
    """The lines of the configuration in docs/bus.md that say what the broker keeps; a test has listeners and files of its own."""
    (conf,) = CONF.findall(DOCUMENT.read_text(encoding="utf-8"))
    lines = [line.strip() for line in conf.splitlines() if line.strip() and not line.startswith("#")]
    own = ("listener", "certfile", "keyfile", "cafile", "acl_file", "password_file", "persistence_location", "allow_anonymous", "log_dest")
    return [line for line in lines if not line.startswith(own)]


class Broker:
    """A broker that can be killed and started again on its port with its files."""

    def __init__(self, folder: Path, program: Path, lines: list[str]) -> None:
        self.folder = folder
        self.port = _free_port()
        self._program = program
        self._conf = folder / "mosquitto.conf"
        kept = folder / "kept"
        kept.mkdir()
        own = [f"listener {self.port} 127.0.0.1", f"persistence_location {kept}/", "user root", f"log_dest file {folder / 'log'}"]
        self._conf.write_text("\n".join([*own, *lines]) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return when it listens."""
        self._process = subprocess.Popen([self._program, "-c", self._conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(1000):
            if self._process.poll() is not None:
                raise RuntimeError(f"mosquitto ended with {self._process.returncode}: {self.log()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise RuntimeError("mosquitto does not listen after 10 s")

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def reload(self) -> None:
        """Have it read its lists of users and rights anew (SIGHUP)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it as an operator does: it saves what it keeps."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)

    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace") if (self.folder / "log").exists() else ""


@contextmanager
def running_broker(program: Path, *, lines: list[str] | None = None) -> Iterator[Broker]:
    """A broker for the length of the block; `lines` of configuration beside those of docs/bus.md, anonymous clients where None."""
    folder = Path(tempfile.mkdtemp(prefix="twin-mqtt-"))
    broker = Broker(folder, program, [*durable_settings(), *(["allow_anonymous true"] if lines is None else lines)])
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
