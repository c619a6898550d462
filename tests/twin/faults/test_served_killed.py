"""kill -9 of a worker, and of the hub, under load: watchers and listeners come back and miss nothing, what was acknowledged is kept."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from sensors import Stream
from tests.twin.faults.clients import Gate, Guard, Listener, Watcher
from tests.twin.faults.running import Fleet, Running, eventually, prepared, right_after_s, running
from tests.twin.faults.test_gateway_killed import history_is_whole, state_comes_right
from twin.history.readings import ReadingsReader

VEHICLES, GATES, WORKERS = 20, 2, 2
SAY_AGAIN = {(503, "HUB_ABSENT"), (412, "INCIDENT_CHANGED")}
"""What somebody who decides is told while the hub is away, or where it was done before the answer broke off."""


class Crowd:
    """Terminals that report, gates that post, watchers, listeners and somebody who decides; all come back by themselves."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.fleet = Fleet(VEHICLES, service.gateway_port, every_s=1.0, step_m=10.0, abreast=4)
        self.gates = [Gate(service, f"G-{one}") for one in range(GATES)]
        self.watchers = [Watcher(service) for _ in range(2)]
        self.guard = Guard(service)
        self.listeners = [Listener(service, 0) for _ in range(2)]
        self.posting: list[asyncio.Task[None]] = []
        self.whys: Counter[str] = Counter()

    async def under(self, kills: list[str], rng: random.Random) -> None:
        """Kill one process of each name, one after the other, each once the state is right again and more was acknowledged; then end."""
        tasks = [asyncio.create_task(one.run()) for one in (*self.watchers, *self.listeners)]  # type: ignore[attr-defined]
        self.posting = posting = [asyncio.create_task(one.run()) for one in (*self.gates, self.guard)]  # type: ignore[attr-defined]
        try:
            await self._killed(kills, rng)
            for one in (*self.gates, self.guard):
                one.enough.set()  # type: ignore[attr-defined]
            await asyncio.gather(*posting)
            await self.fleet.end()
            await state_comes_right(self.service, self.fleet)
            await self._all_heard()
        finally:
            for task in (*tasks, *posting):
                task.cancel()
            await asyncio.gather(*tasks, *posting, return_exceptions=True)
            await self.fleet.close()

    async def _killed(self, kills: list[str], rng: random.Random) -> None:
        self.fleet.begin()
        self.fleet.report(0, alarm=1)
        for name in kills:
            await self._more_is_acknowledged(rng.randint(1, 5))
            pids = await eventually(lambda name=name: asyncio.sleep(0, self.service.pids(name)), bool, f"there is a {name}")  # type: ignore[misc]
            acknowledged = self.fleet.surely_acknowledged()
            self.service.kill(name, rng.randrange(len(pids)))
            await right_after_s(self.service, acknowledged)
        await self._more_is_acknowledged(1)
        await eventually(
            lambda: asyncio.sleep(0, self._crossings().values()), lambda told: any(len(one) > 1 for one in told), "gone through"
        )

    def _crossings(self) -> dict[str, list[str]]:
        """What was heard of each vehicle and the zone."""
        found: dict[str, list[str]] = {}
        for one in self.listeners[0].events:
            if one["type"] == "pingshan.fence":
                found.setdefault(one["subject"], []).append(one["data"]["change"])
        return found

    async def _more_is_acknowledged(self, count: int) -> None:
        enough = [len(one.acknowledged) + count for one in self.gates]
        await eventually(
            lambda: asyncio.sleep(0, [len(one.acknowledged) for one in self.gates]),
            lambda now: any(task.done() for task in self.posting) or all(new >= old for new, old in zip(now, enough, strict=True)),
            "acknowledged",
        )
        for task in self.posting:
            if task.done():
                task.result()

    async def _all_heard(self) -> None:
        async with self.service.client() as client:
            told = (await client.get("events", params={"since": 0, "live": "false"})).text
            last = max(int(line[4:]) for line in told.splitlines() if line.startswith("id: "))
            log = (await client.get("incidents/1")).json()["log"]
            answer = (await client.get("live/positions", params={"kind": "vehicle"})).json()["positions"]
        self.whys = Counter(line["why"] for line in log if line["what"] == "commented")
        await eventually(
            lambda: asyncio.sleep(0, [one.last for one in self.listeners]), lambda told: min(told) >= last, f"heard up to {last}"
        )
        known = {one["id"]: (round(one["lon"] * 1e7), round(one["lat"] * 1e7)) for one in answer}
        await eventually(
            lambda: asyncio.sleep(0, [one.places for one in self.watchers]), lambda told: all(one == known for one in told), str(known)
        )

    def check(self) -> None:
        """Every event was heard once, in order, by each listener; each passage that was acknowledged is an event, once; who goes through a
        zone goes in and out once."""
        for listener in self.listeners:
            assert listener.gaps == []
            assert listener.ids == list(range(1, listener.last + 1))
        passages = [one["data"] for one in self.listeners[0].events if one["type"] == "pingshan.passage"]
        self._each_once(Counter(one["ticket"] for one in passages))
        twice = {device for device, found in self._crossings().items() if found != ["entered", "left"][: len(found)]}
        assert not twice, [one for one in self.listeners[0].events if one["subject"] in twice]
        rederived = [one for one in self.listeners[0].events if one["type"] == "pingshan.rederived"]
        assert not any(one["data"]["added"] or one["data"]["withdrawn"] for one in rederived), rederived

    def check_history(self) -> None:
        """Each passage that was acknowledged is kept once, and of the decisions each that was answered, once, and no other twice."""
        history_is_whole(self.service, self.fleet)
        readings = ReadingsReader(self.service.home / "history")
        kept = [one for gate in self.gates for one in readings.observations(f"gate/{gate.key}", Stream.PASSAGE)]
        self._each_once(Counter(one.observation.value["ticket"] for one in kept))
        assert self.guard.answered
        assert all(self.whys[words] == 1 for words in self.guard.answered), self.whys
        assert all(self.whys[words] <= 1 for words in self.guard.unknown), self.whys
        assert self.guard.problems <= SAY_AGAIN

    def _each_once(self, tickets: Counter[str]) -> None:
        for gate in self.gates:
            for number in gate.acknowledged:
                count = tickets[f"{gate.key}-{number}"]
                assert count == 1 or (count > 1 and number in gate.again), (gate.key, number, count)


def killed(home: Path, kills: list[str], rng: random.Random, *, workers: int = WORKERS) -> Crowd:
    """A service that ran while these were killed, and what its clients knew in the end; checked."""
    prepared(home, VEHICLES, gates=GATES)

    async def run(service: Running) -> Crowd:
        crowd = Crowd(service)
        await crowd.under(kills, rng)
        crowd.check()
        return crowd

    with running(home, workers=workers) as service:
        crowd = asyncio.run(run(service))
    crowd.check_history()
    return crowd


@pytest.mark.parametrize("times", [5, pytest.param(20, marks=pytest.mark.nightly)])
def test_who_watches_misses_nothing_and_what_was_acknowledged_is_kept(tmp_path: Path, times: int) -> None:
    crowd = killed(tmp_path, ["worker", "hub"] * times, random.Random(times))
    assert sum(one.connections for one in crowd.listeners) > len(crowd.listeners)
