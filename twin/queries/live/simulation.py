"""The simulated compound as a process: vehicles as real terminals at the gateway, everything else as a gateway of its own at the hub."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import merge
from itertools import count
from typing import Any, Protocol

import numpy as np

from sensors import FIX, NO_NUMBER, Batch, Inlet, Observation, SensorError, Stream, device_address
from sensors.jt808_terminal import Fix, Terminal
from sensors.simulate_guards import Guards
from sensors.simulate_model import model
from sensors.simulate_scenario import Scenario, script_of
from sensors.simulate_things import Said, things_said
from sensors.simulate_vehicle import Driver, Passage, Report, drivers_of, reports_of
from twin.errors import TwinError
from twin.queries.live.simulated import Simulated

__all__ = ["Address", "Orders", "Simulation"]

Address = Callable[[], tuple[str, int] | None]
"""Where the gateway is now, None where there is none yet."""
TICK_S = 0.5
AGAIN_S = 2.0
CONNECT_S = 10.0
US = 1_000_000


class Orders(Protocol):
    """What writes the orders of the drives."""

    def plan(self, now_s: float) -> bool:
        """Plan one more drive ahead; whether there was one to be planned."""

    def __call__(self, start_us: int, now_s: float, *, ends: bool = False) -> None:
        """Those of the coming hours and what became of those before, `now_s` seconds after the start; raises TwinError."""


@dataclass(slots=True, kw_only=True, eq=False)
class Simulation:
    """A running compound; `run` it until `stopping`. `pace` makes what is rare so many times as frequent. The same seed says the same at
    the same second after the start."""

    simulated: Simulated
    seed: int
    inlet: Inlet
    gateway: Address
    scenario: Scenario = Scenario.CALM
    vehicles: int | None = None
    pace: float = 1.0
    begins_s: float | None = None
    orders: Orders | None = None
    say: Callable[[str], None] = lambda words: None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    terminals: list[Terminal] = field(default_factory=list)
    said: int = 0
    passages: int = 0
    _passed: list[Said] = field(default_factory=list)
    _start_us: int = 0

    async def run(self) -> dict[str, Any]:
        """Drive and tell until `stopping`; what was said in the end."""
        self._start_us = (time.time_ns() // (1000 * US) + 1) * US
        driven = self.simulated.driven(self.vehicles)
        drivers = drivers_of(self.simulated.compound, self.seed, len(driven))
        driving = [self._drive(number, *one, *drivers[number]) for number, one in enumerate(driven)]
        await asyncio.gather(self._tell(), self._order(), *driving, return_exceptions=False)
        return self.facts()

    def facts(self) -> dict[str, Any]:
        """`{vehicles, acknowledged, refused, lost, said, passages}` so far."""
        return {
            "vehicles": len(self.terminals),
            "acknowledged": sum(one.acknowledged for one in self.terminals),
            "refused": sum(one.refused for one in self.terminals),
            "lost": sum(one.lost for one in self.terminals),
            "said": self.said,
            "passages": self.passages,
        }

    async def _order(self) -> None:
        """Orders before they are driven, anew now and then, and in the end; once all vehicles are on their way."""
        wait_s = AGAIN_S
        while self.orders is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), timeout=wait_s)
            now_s = max(time.time() - self._start_us / US, 0.0)
            wait_s = float(model("order")["written_every_s"])
            ends = False
            try:
                while not self.stopping.is_set() and await asyncio.to_thread(self.orders.plan, now_s):
                    pass
                ends = self.stopping.is_set()
                await asyncio.to_thread(self.orders, self._start_us, now_s, ends=ends)
            except TwinError as error:
                self.say(f"{error.message}; {error.hint}")
                wait_s = 10 * AGAIN_S
            if ends:
                return

    async def _drive(self, number: int, key: str, phone: str, plate: str, driver: Driver, receiving: np.random.Generator) -> None:
        compound = self.simulated.compound
        terminal = Terminal(phone=phone, plate=plate, edition=(2013, 2019)[number % 2])
        self.terminals.append(terminal)
        linking: asyncio.Task[None] | None = None
        async for one in self._in_time(reports_of(compound, driver, receiving)):
            if isinstance(one, Passage):
                gate = compound.gates[one.gate]
                value = {"direction": one.direction, "subject": "vehicle", "plate": plate, "granted": True, "count": 1}
                device = device_address("gate", gate.key)
                self._passed.append(Said(at_s=one.at_s, device=device, stream=Stream.PASSAGE, value=value))
                continue
            if not one.linked:
                terminal.close()
            elif not terminal.is_connected and (linking is None or linking.done()):
                linking = asyncio.create_task(self._link(terminal))
            terminal.report(self._fix(one))
            terminal.send_again()
        if linking is not None:
            linking.cancel()
        with suppress(SensorError, TimeoutError, OSError):
            if terminal.is_connected:
                await asyncio.wait_for(terminal.settled(), timeout=3.0)
                await terminal.logout()
        terminal.close()

    async def _link(self, terminal: Terminal) -> None:
        while not terminal.is_connected and not self.stopping.is_set():
            address = self.gateway()
            try:
                if address is not None:
                    await terminal.connect(*address, timeout_s=CONNECT_S)
                    return
            except SensorError as error:
                self.say(f"{terminal.plate}: {error.message}")
                await asyncio.sleep(10 * AGAIN_S)
            except (OSError, TimeoutError):
                pass
            await asyncio.sleep(AGAIN_S)

    def _fix(self, one: Report) -> Fix:
        lon, lat = self.simulated.lon_lat(np.array([one.xy]))[0].tolist()
        return Fix(
            device_us=self._start_us + round(one.at_s * US),
            lon=lon,
            lat=lat,
            altitude_m=round(self.simulated.frame.site.height_m),
            speed_kmh=one.m_per_s * 3.6,
            heading_deg=one.heading_deg,
            fixed=one.fixed,
            ignition=one.ignition,
        )

    async def _in_time(self, said: Iterator[Report | Passage]) -> AsyncIterator[Report | Passage]:
        """Each when it is due; ends at `stopping`."""
        while not self.stopping.is_set():
            one = next(said)
            due_s = self._start_us / US + one.at_s
            while not self.stopping.is_set() and (wait := due_s - time.time()) > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), timeout=wait)
            if not self.stopping.is_set():
                yield one

    async def _tell(self) -> None:
        """What is not a vehicle, in batches."""
        compound = self.simulated.compound
        walking, scripted = (np.random.default_rng(one) for one in np.random.SeedSequence([self.seed, 2]).spawn(2))
        script = script_of(self.scenario, compound, scripted, begins_s=self.begins_s)
        said = merge(things_said(compound, self.seed, pace=self.pace, leave_s=script.leave_s), script.said, key=lambda one: one.at_s)
        waiting = next(said, None)
        calls = list(script.calls)
        guards, walked = Guards(compound, walking), 0
        source = f"simulate-{os.getpid()}-{time.time_ns() // 1_000_000}"
        numbers = count(1)
        while not self.stopping.is_set():
            now_s = time.time() - self._start_us / US
            due = []
            while waiting is not None and waiting.at_s <= now_s:
                due.append(waiting)
                waiting = next(said, None)
            late = [one for one in self._passed if one.at_s <= now_s]
            self._passed = [one for one in self._passed if one.at_s > now_s]
            fixes = []
            while walked < now_s:
                while calls and calls[0][0] <= walked:
                    guards.call(calls.pop(0)[1])
                guards.step(float(walked))
                if walked % model("guard")["report_s"] == 0:
                    fixes.append(self._walked(guards, walked))
                walked += 1
            if due or late or fixes:
                await self._offer(source, next(numbers), sorted([*due, *late], key=lambda one: one.at_s), fixes, len(guards.walkers))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), timeout=TICK_S)

    async def _offer(self, source: str, number: int, said: list[Said], fixes: list[Any], guards: int) -> None:
        now_us = time.time_ns() // 1000
        batch = Batch(
            source=source,
            number=number,
            devices=[self._guard(at) for at in range(guards)],
            fixes=np.concatenate(fixes) if fixes else np.zeros(0, dtype=FIX),
            others=[self._observation(one, now_us) for one in said],
        )
        while not self.stopping.is_set():
            try:
                await self.inlet.offer(batch)
            except SensorError as error:
                self.say(f"{error.message}; {error.hint}")
                await asyncio.sleep(AGAIN_S)
                continue
            self.said += len(batch)
            self.passages += sum(one.stream is Stream.PASSAGE for one in said)
            return

    def _guard(self, number: int) -> str:
        """The device that a guard carries: of the register, else invented."""
        guards = self.simulated.compound.guards
        return device_address("guard", guards[number] if number < len(guards) else f"巡逻{number + 1:02d}")

    def _observation(self, one: Said, now_us: int) -> Observation:
        place = None if one.xy is None else self.simulated.lon_lat(np.array([one.xy]))[0].tolist()
        return Observation(
            device=one.device,
            stream=one.stream,
            received_us=now_us,
            device_us=self._start_us + round(one.at_s * US),
            value=one.value,
            alarms=tuple(one.alarms),
            lon_lat=None if place is None else (place[0], place[1]),
            protocol="simulate",
        )

    def _walked(self, guards: Guards, at_s: int) -> Any:
        rows = np.zeros(len(guards.walkers), dtype=FIX)
        if not len(rows):
            return rows
        there = self.simulated.lon_lat(np.array([one.said_xy for one in guards.walkers]))
        rows["device"] = np.arange(len(rows))
        rows["device_us"] = rows["fix_us"] = self._start_us + at_s * US
        rows["received_us"] = time.time_ns() // 1000
        rows["lon_e7"], rows["lat_e7"] = np.rint(there.T * 1e7)
        rows["altitude_dm"] = NO_NUMBER
        rows["speed_dkmh"] = [round(one.m_per_s * 36) if one.moving else 0 for one in guards.walkers]
        rows["heading_cdeg"] = [round(one.heading_deg * 100) % 36000 for one in guards.walkers]
        rows["accuracy_dm"] = NO_NUMBER
        rows["status"] = 1
        return rows
