"""The service under test: started as people start it, asked over one kept connection, every answer timed."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np

from lib.record import ROOT

IDLE_S = 3.0
TWIN = str(ROOT / ".venv/bin/twin")


class Service:
    """A running service; `ask` gives the JSON and the milliseconds it took."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.always = dict(headers or {})
        self.headers: Mapping[str, str] = {}
        self._last_s = time.monotonic()

    def ask_plainly(self, path: str) -> tuple[Any, float]:
        """The same of a path that is written as it goes over the wire."""
        return self._ask("GET", path, None, {})

    def ask(self, path: str, *, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None) -> tuple[Any, float]:
        """The answer's JSON, and milliseconds from the first byte sent to the last one read; SystemExit for anything above 299."""
        return self._ask(method, quote(path, safe="/?&=%,:-._~"), body, headers or {})

    def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> tuple[Any, float]:
        payload = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **self.always, **headers}
        if time.monotonic() - self._last_s > IDLE_S:
            self._connection.close()  # the service closes what is idle; the next request opens it again
        started = time.perf_counter()
        self._connection.request(method, path, body=payload, headers=sent)
        with self._connection.getresponse() as response:
            text = response.read()
            took = (time.perf_counter() - started) * 1000
            self._last_s = time.monotonic()
            self.headers = dict(response.getheaders())
        if response.status > 299:
            raise SystemExit(f"{method} {path}: {response.status} {text[:500].decode()}")
        return (json.loads(text) if text else None), took


@contextmanager
def serving(env: Mapping[str, str]) -> Iterator[int]:
    """The port of a service on a free port, stopped at the end of the block."""
    with started(env) as service:
        yield service.port


@dataclass(frozen=True)
class Started:
    """A service on `port`; `at` is the moment (`time.perf_counter`) it was started, `pid` the process that was."""

    port: int
    pid: int
    at: float


@contextmanager
def started(env: Mapping[str, str], *options: str) -> Iterator[Started]:
    """`twin serve` with these options on a free port, stopped at the end of the block."""
    at = time.perf_counter()
    process = subprocess.Popen(
        [TWIN, "serve", "--port", "0", *options], env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"http://[\d.]+:(\d+)", line):
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield Started(int(found.group(1)), process.pid, at)
                return
        raise SystemExit(f"no address: {said}")
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def spread(milliseconds: list[float]) -> dict[str, float]:
    """`{n, p50_ms, p99_ms, max_ms}`."""
    values = np.array(milliseconds)
    return {
        "n": len(values),
        "p50_ms": round(float(np.percentile(values, 50)), 2),
        "p99_ms": round(float(np.percentile(values, 99)), 2),
        "max_ms": round(float(values.max()), 2),
    }
