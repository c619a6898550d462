"""The whole service as `twin serve` runs it, every process of it real, one of which is killed."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from sensors.errors import TerminalGone
from sensors.jt808_terminal import Fix, Terminal
from tests.twin.store.builder import NOW, SITE
from twin.auth import LabelPolicy
from twin.history.retention import read_retention
from twin.history.tracks import Points, Tracks
from twin.imports.register import import_register
from twin.settings import Settings
from twin.store import Store

__all__ = ["SOON_S", "Fleet", "Running", "eventually", "lons", "prepared", "right_after_s", "running"]

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import faulthandler, signal
from twin.cli import main, workers
faulthandler.register(signal.SIGUSR1)
workers.SHORT_S = 0.0
main()
"""
"""`twin serve`, to which no process has lived too short: it is killed more often here than anything fails."""
SOON_S = 90.0
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Shared, because each of httpx2's own reads all certificates there are: 26 ms of CPU a client."""
T = TypeVar("T")
PATIENCE_S = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def phone_of(number: int) -> str:
    return f"1390000{number:04}"


def plate_of(number: int) -> str:
    return f"闽A{number:05}"


def prepared(home: Path, vehicles: int, *, gates: int = 0) -> None:
    """A home with one site, vehicles whose terminals are known, a zone that all of them drive through, and gates."""
    settings = Settings(home=home)
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        vehicles_said = ["车牌号\t终端号", *(f"{plate_of(one)}\t{phone_of(one)}" for one in range(vehicles))]
        gates_said = [
            "出入口编号\t出入口名称\t经度\t纬度\t坐标系",
            *(f"G-{one}\t门{one}\t119.2946\t26.0896\tCGCS2000" for one in range(gates)),
        ]
        across = "POLYGON((119.2904 26.07,119.2908 26.07,119.2908 26.10,119.2904 26.10,119.2904 26.07))"
        zones_said = ["区域编号\t区域名称\t范围\t坐标系\t底1985高程\t顶1985高程\t可见范围", f"Z-1\t路口\t{across}\tCGCS2000\t5\t45\tpublic"]
        for kind, lines in (("zone", zones_said), ("vehicle", vehicles_said), ("gate", gates_said)):
            path = home / f"{kind}.csv"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            import_register(store, settings, kind, path, who="test", now=NOW)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that runs."""

    home: Path
    pid: int
    url: str
    gateway_port: int

    def client(self, timeout: httpx2.Timeout | float = 5) -> httpx2.AsyncClient:
        """A new one, that connects anew."""
        return httpx2.AsyncClient(base_url=self.url, timeout=timeout, verify=NO_TLS)

    def pids(self, name: str) -> list[int]:
        """The processes of a name there are now."""
        found = []
        for task in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            try:
                if Path(f"/proc/{task}/comm").read_text().strip() == f"twin-{name}":
                    found.append(int(task))
            except OSError:
                continue
        return found

    def kill(self, name: str, number: int = 0) -> None:
        """kill -9 of one of a name."""
        os.kill(self.pids(name)[number], signal.SIGKILL)

    def tracks(self) -> Tracks:
        """The history as its files have it: to be read when the service has ended."""
        return Tracks(self.home / "history", retention=read_retention())

    def track(self, number: int, from_us: int, to_us: int) -> Points:
        """What stands of a vehicle."""
        return self.tracks().track(f"vehicle/{plate_of(number)}", from_us, to_us)


@contextmanager
def running(home: Path, *, workers: int = 1, **environment: str) -> Iterator[Running]:
    """`twin serve`; ended as an operator does, and its last words are shown where a test fails."""
    port = free_port()
    told = {"TWIN_HOME": str(home), "TWIN_GATEWAY_PORT": str(port), "PYTHONPATH": str(ROOT), **environment}
    arguments = ["serve", "--port", "0", "--workers", str(workers), "--json"]
    with (home / "stderr").open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments], env=os.environ | told, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    try:
        assert process.stdout is not None
        document = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        yield Running(home=home, pid=process.pid, url=document["url"], gateway_port=port)
    except BaseException:
        for task in (*Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split(), str(process.pid)):
            os.kill(int(task), signal.SIGUSR1)
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
            sys.stderr.write((home / "stderr").read_text(encoding="utf-8", errors="replace")[-20_000:])


async def eventually(ask: Callable[[], Awaitable[T]], is_right: Callable[[T], bool], what: str, every_s: float = 0.1) -> T:
    """What is asked, once it is right."""
    until = time.monotonic() + SOON_S
    told: object = None
    while time.monotonic() < until:
        try:
            found = await ask()
        except (httpx2.HTTPError, OSError) as error:
            told = error
        else:
            if is_right(found):
                return found
            told = found
        await asyncio.sleep(every_s)
    raise AssertionError(f"not {what} after {SOON_S:g} s: {str(told)[:2000]}")


class Fleet:
    """Terminals that report ten times a second, each `step_m` metres to the east of the one before, connect again whenever they are cut
    off, and know what they reported. Of `abreast` the first begins in the west, each other a step behind the one before."""

    def __init__(self, vehicles: int, port: int, *, every_s: float = 0.1, step_m: float = 1.0, abreast: int = 1) -> None:
        self.port, self.every_s, self.step_deg, self.abreast = port, every_s, step_m * 1e-5, abreast
        self.terminals = [Terminal(phone=phone_of(one), plate=plate_of(one)) for one in range(vehicles)]
        self.reported: list[list[Fix]] = [[] for _ in range(vehicles)]
        self.connections = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._enough = asyncio.Event()

    def report(self, vehicle: int, **more: Any) -> None:
        """One more street to the north for each vehicle, now."""
        said = self.reported[vehicle]
        steps = len(said) - vehicle % self.abreast
        lon, lat = round(119.29 + steps * self.step_deg, 6), round(26.08 + vehicle * 1e-4, 6)
        now_us = time.time_ns() // 1_000_000_000 * 1_000_000
        said.append(Fix(**{"device_us": now_us, "lon": lon, "lat": lat, "speed_kmh": 36.0, "heading_deg": 90.0} | more))
        self.terminals[vehicle].report(said[-1])

    @property
    def acknowledged(self) -> int:
        """Messages that were."""
        return sum(one.acknowledged for one in self.terminals)

    def said_next(self) -> dict[str, float]:
        """The longitude that each vehicle (by address) will report next."""
        said = enumerate(self.reported)
        return {f"vehicle/{plate_of(one)}": round(119.29 + (len(told) - one % self.abreast) * self.step_deg, 6) for one, told in said}

    def surely_acknowledged(self) -> dict[str, float]:
        """Up to which longitude, at least, what each vehicle (by address) reported is acknowledged."""
        found = {}
        for number, (terminal, said) in enumerate(zip(self.terminals, self.reported, strict=True)):
            if count := len(said) - terminal.unacknowledged_positions:
                found[f"vehicle/{plate_of(number)}"] = said[count - 1].lon
        return found

    async def connect(self) -> None:
        """Connect, and stay so; return when all are."""
        self._keep_connected()
        async with asyncio.timeout(PATIENCE_S):
            while not all(one.is_connected for one in self.terminals):
                await asyncio.sleep(0.05)

    def begin(self) -> None:
        """Report, and stay connected."""
        self._keep_connected()
        self._tasks += [asyncio.create_task(self._drive(number)) for number in range(len(self.terminals))]

    def _keep_connected(self) -> None:
        """Once: of two connections of a terminal the gateway ends the older one."""
        if not self._tasks:
            self._tasks += [asyncio.create_task(self._stay(number)) for number in range(len(self.terminals))]

    async def end(self) -> None:
        """Report once more, in a second of its own; return when all that was reported is acknowledged, and hang up."""
        self._enough.set()
        await asyncio.sleep(1.1)
        for number in range(len(self.terminals)):
            self.report(number)
        async with asyncio.timeout(PATIENCE_S):
            while any(one.unacknowledged or not one.is_connected for one in self.terminals):
                await asyncio.sleep(0.05)
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in self.terminals:
            one.close()

    async def _drive(self, number: int) -> None:
        while not self._enough.is_set():
            self.report(number)
            await asyncio.sleep(self.every_s)

    async def _stay(self, number: int) -> None:
        terminal = self.terminals[number]
        while True:
            if terminal.transport is None:
                try:
                    await terminal.connect("127.0.0.1", self.port, timeout_s=5)
                    self.connections += 1
                except (OSError, TimeoutError, TerminalGone):
                    terminal.close()
            await asyncio.sleep(0.1)
            terminal.send_again(older_than_s=2.0)


async def lons(service: Running) -> dict[str, float]:
    """Where each vehicle said that it is, as a new client is told."""
    async with service.client(2) as client:
        answer = await client.get("live/positions", params={"kind": "vehicle"})
    return {one["id"]: one["raw"][0] for one in answer.json().get("positions", ())}


async def right_after_s(service: Running, acknowledged: dict[str, float]) -> float:
    """How long it takes until the state has what was acknowledged; to be asked at the moment of a kill."""
    begun = time.monotonic()
    await eventually(
        lambda: lons(service), lambda told: all(told.get(name, -180.0) >= lon for name, lon in acknowledged.items()), "right again", 0.05
    )
    return time.monotonic() - begun


def positions_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Features by their ids."""
    return {one["id"]: one for one in document["features"]}
