"""Two million asset cards are imported while incidents are acknowledged through the service: how long each takes to be on the disk.

The service runs with its hub; incidents lie far apart, and one after the other is acknowledged over HTTP (four a second) until the
import, a process of its own as somebody at a desk starts it, has ended. The same before it, with nothing else to do.
"""

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.record import ROOT, arguments, keep, table
from lib.service import Service, serving, spread
from registers import ROWS, SMOKE_ROWS, imported, let_start, write_ledgers

sys.path.insert(0, str(ROOT))

from sensors import Batch, Observation, Stream
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting

A_SECOND = 4
QUIET_S = 10
INCIDENTS = 2_000


async def alarm(home: Path, count: int) -> None:
    """So many incidents: a button each, a kilometre apart."""
    hub = HubClient(Meeting(home))
    running = asyncio.create_task(hub.run())
    now_us = time.time_ns() // 1000
    others = [
        Observation(
            device=f"panic_button/B{at}",
            stream=Stream.ALARM,
            received_us=now_us,
            value={},
            alarms=("panic",),
            lon_lat=(110.0 + at % 100 / 100, 20.0 + at // 100 / 100),
        )
        for at in range(count)
    ]
    await hub.offer(Batch(source="benchmark", number=now_us, others=others))
    running.cancel()


class Acknowledging:
    """Incidents acknowledged one after the other, each timed from the request to its committed answer."""

    def __init__(self, port: int, first: int) -> None:
        self.service, self.next, self.took_ms = Service(port), first, list[float]()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True)

    def __enter__(self) -> "Acknowledging":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _go(self) -> None:
        while not self._stop.wait(1 / A_SECOND) or not self.took_ms:
            path = f"/incidents/{self.next}/acknowledge"
            self.took_ms.append(self.service.ask(path, method="POST", body={"why": "去看"}, headers={"If-Match": "*"})[1])
            self.next += 1


def run(folder: Path, ledgers: Mapping[str, Path], rows: int) -> list[dict[str, Any]]:
    """The figures, quiet and during the import."""
    home = folder / "home"
    env = {"TWIN_HOME": str(home)}
    for kind in ("building", "room"):
        imported(kind, ledgers[kind], env)
    imported("asset", ledgers["pilot"], env, "--source", "pilot")
    with serving(env) as port:
        let_start(port, rows)
        asyncio.run(alarm(home, 100 if rows < 10_000 else INCIDENTS))
        with Acknowledging(port, 1) as quiet:
            time.sleep(1 if rows < 10_000 else QUIET_S)
        with Acknowledging(port, quiet.next) as during:
            began = time.perf_counter()
            _, document = imported("asset", ledgers["assets"], env)
            took_s = time.perf_counter() - began
    return [
        {"while": "nothing else", "rows": 0, "import_s": 0.0, **spread(quiet.took_ms)},
        {"while": "a first import", "rows": document["rows"], "import_s": round(took_s, 1), **spread(during.took_ms)},
    ]


def main() -> None:
    """One import; the smoke run a small one, `TWIN_BENCH_ROWS` of another size for looking at it (result not written)."""
    options = arguments(__doc__)
    asked = int(os.environ.get("TWIN_BENCH_ROWS", "0"))
    rows = asked or (SMOKE_ROWS if options.smoke else ROWS)
    with tempfile.TemporaryDirectory() as name:
        figures = run(Path(name), write_ledgers(Path(name), rows, smoke=options.smoke), rows)
    table(figures, {name: name.replace("_", " ") for name in figures[0]})
    p99 = figures[1]["p99_ms"]
    bounds = [{"bound": "an incident is acknowledged during an import, p99 < 500 ms", "value": p99, "passed": p99 < 500}]
    keep("importing", figures, bounds, smoke=options.smoke or bool(asked), note=__doc__ or "")


if __name__ == "__main__":
    main()
