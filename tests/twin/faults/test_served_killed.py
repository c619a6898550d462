"""kill -9 of a worker, and of the hub, under load: watchers and listeners come back and miss nothing, what was acknowledged is kept."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sensors import Stream
from tests.twin.faults.clients import Gate, Guard, Listener, Watcher
from tests.twin.faults.running import Fleet, Running, eventually, prepared, running
from tests.twin.faults.test_gateway_killed import history_is_whole, state_comes_right
from twin.history.readings import ReadingsReader

VEHICLES, GATES = 10, 3


async def newest(service: Running) -> int:
    async with httpx2.AsyncClient(base_url=service.url) as client:
        answer = await client.get("events", params={"since": 0, "live": "false"})
    return max((int(line[4:]) for line in answer.text.splitlines() if line.startswith("id: ")), default=0)


class Crowd:
    """Terminals that report, gates that post, watchers, and listeners; all come back by themselves."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.fleet = Fleet(VEHICLES, service.gateway_port)
        self.gates = [Gate(service, f"G-{one}") for one in range(GATES)]
        self.watchers = [Watcher(service) for _ in range(4)]
        self.guard = Guard(service)
        self.listeners = [Listener(service, 0) for _ in range(4)]

    async def under(self, kill: Callable[[], Any], times: int, rng: random.Random) -> None:
        """Kill, each time after some more was acknowledged to each; then end."""
        staying = [asyncio.create_task(one.run()) for one in (*self.watchers, *self.listeners)]  # type: ignore[attr-defined]
        posting = [asyncio.create_task(one.run()) for one in (*self.gates, self.guard)]  # type: ignore[attr-defined]
        self.fleet.begin()
        self.fleet.report(0, alarm=1)
        for _ in range(times):
            before = [len(one.acknowledged) for one in self.gates]
            more = rng.randint(5, 25)
            await eventually(
                lambda: asyncio.sleep(0, [len(one.acknowledged) for one in self.gates]),
                lambda now, before=before, more=more: all(  # type: ignore[misc]
                    new >= old + more for new, old in zip(now, before, strict=True)
                ),
                f"acknowledged; refused: {[one.refused[-3:] for one in self.gates]}",
            )
            kill()
        await asyncio.sleep(0.2)
        for one in (*self.gates, self.guard):
            one.enough.set()  # type: ignore[attr-defined]
        await asyncio.gather(*posting)
        await self.fleet.end()
        await state_comes_right(self.service, self.fleet)
        await self._all_heard()
        for task in staying:
            task.cancel()
        await asyncio.gather(*staying, return_exceptions=True)

    async def _all_heard(self) -> None:
        last = await newest(self.service)
        await eventually(
            lambda: asyncio.sleep(0, [one.last for one in self.listeners]), lambda told: set(told) == {last}, f"heard up to {last}"
        )
        async with httpx2.AsyncClient(base_url=self.service.url) as client:
            answer = (await client.get("live/positions", params={"kind": "vehicle"})).json()["positions"]
        known = {one["id"]: (round(one["lon"] * 1e7), round(one["lat"] * 1e7)) for one in answer}
        await eventually(
            lambda: asyncio.sleep(0, [one.places for one in self.watchers]), lambda told: all(one == known for one in told), str(known)
        )

    def check(self, last: int) -> None:
        """Every event was heard once, in order, by each listener; each passage that was acknowledged is an event, once."""
        for listener in self.listeners:
            assert listener.gaps == []
            assert listener.ids == list(range(1, last + 1))
        passages = [one["data"] for one in self.listeners[0].events if one["type"] == "pingshan.passage"]
        told = Counter(one["ticket"] for one in passages)
        for gate in self.gates:
            for number in gate.acknowledged:
                count = told[f"{gate.key}-{number}"]
                assert count == 1 or (count > 1 and number in gate.again), (gate.key, number, count)
        crossings: dict[str, list[str]] = {}
        for one in self.listeners[0].events:
            if one["type"] == "pingshan.fence":
                crossings.setdefault(one["subject"], []).append(one["data"]["change"])
        assert crossings
        twice = {device for device, found in crossings.items() if found != ["entered", "left"][: len(found)]}
        assert not twice, [one for one in self.listeners[0].events if one["subject"] in twice]

    def check_history(self) -> None:
        """Each passage that was acknowledged is kept once, and of the decisions each that was answered, once, and no other twice."""
        history_is_whole(self.service, self.fleet)
        readings = ReadingsReader(self.service.home / "history")
        for gate in self.gates:
            kept = Counter(one.observation.value["ticket"] for one in readings.observations(f"gate/{gate.key}", Stream.PASSAGE))
            for number in gate.acknowledged:
                count = kept[f"{gate.key}-{number}"]
                assert count == 1 or (count > 1 and number in gate.again), (gate.key, number, count)
        told = Counter(one["data"].get("why") for one in self.listeners[0].events if one["data"].get("change") == "comment")
        assert self.guard.answered
        assert all(told[words] == 1 for words in self.guard.answered), told
        assert all(told[words] <= 1 for words in self.guard.unknown), told
        assert self.guard.problems <= {(503, "NOT_READY"), (503, "HUB_ABSENT"), (412, "INCIDENT_CHANGED")}


@pytest.mark.parametrize("name", ["worker", "hub"])
@pytest.mark.nightly
@pytest.mark.parametrize("times", [5, 20])
def test_who_watches_misses_nothing_and_what_was_acknowledged_is_kept(tmp_path: Path, name: str, times: int) -> None:
    prepared(tmp_path, VEHICLES, gates=GATES)
    rng = random.Random(times)

    def kill(service: Running) -> None:
        with suppress(ProcessLookupError, IndexError):
            service.kill(name, rng.randrange(len(service.pids(name))) if name == "worker" else 0)

    async def run(service: Running) -> Crowd:
        crowd = Crowd(service)
        await crowd.under(lambda: kill(service), times, rng)
        crowd.check(await newest(service))
        return crowd

    with running(tmp_path, workers=2) as service:
        crowd = asyncio.run(run(service))
    assert sum(one.connections for one in crowd.listeners) > len(crowd.listeners) or name == "hub"
    crowd.check_history()
