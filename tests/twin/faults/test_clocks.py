"""Terminals whose clocks stand in 1999 and in 2035: nothing appears in those years, and nothing later is refused because of them."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.twin.faults.running import Fleet, Running, eventually, plate_of, prepared, running

SECOND_US = 1_000_000
CLOCKS = {0: datetime(1999, 1, 1, tzinfo=UTC), 1: datetime(2035, 6, 1, tzinfo=UTC)}
WRONG, RIGHT = 6, 6


def period(begin: datetime, end: datetime) -> str:
    return "/".join(one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in (begin, end))


def test_clocks_in_1999_and_2035_poison_nothing(tmp_path: Path) -> None:
    prepared(tmp_path, 3)

    async def run(service: Running) -> None:
        begun = datetime.fromtimestamp(time.time() - 5, UTC)
        fleet = Fleet(3, service.gateway_port)
        await fleet.connect()
        for number in range(WRONG):
            for one in range(3):
                clock = CLOCKS.get(one)
                wrong = {} if clock is None else {"device_us": (int(clock.timestamp()) + number) * SECOND_US, "alarm": 1}
                fleet.report(one, **wrong)
            await asyncio.sleep(0.3)
        for _ in range(RIGHT):
            for one in range(3):
                fleet.report(one)
            await asyncio.sleep(1.05)
        for terminal in fleet.terminals:
            await terminal.settled()
            assert terminal.refused == 0
        last = {f"vehicle/{plate_of(one)}": said[-1].lon for one, said in enumerate(fleet.reported)}
        async with service.client() as client:

            async def state() -> dict[str, float]:
                found = (await client.get("live/positions")).json()
                return {one["id"]: one["raw"][0] for one in found.get("positions", ())}

            await eventually(state, lambda told: told == last, f"the state, {last}")
            now = datetime.fromtimestamp(time.time() + 5, UTC)
            for one in range(3):
                device = f"live/tracks/vehicle/{plate_of(one)}"
                track = (await client.get(device, params={"datetime": period(begun, now)})).json()["properties"]
                assert len(track["times"]) == WRONG + RIGHT, one
                for year in (1999, 2035):
                    there = period(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
                    assert (await client.get(device, params={"datetime": there})).json()["properties"]["times"] == []
            for clock in CLOCKS.values():
                moment = clock.strftime("%Y-%m-%dT%H:%M:05Z")
                assert (await client.get("live/at", params={"datetime": moment})).json()["features"] == []
            counts = (await client.get("live/counts", params={"datetime": period(begun, now)})).json()["hours"]
            assert max(hour["devices"] for hour in counts) == 3
            positions = (await client.get("live/positions")).json()["positions"]
            assert all(one["time"].startswith(now.strftime("%Y-")) and one["silent_s"] < 60 for one in positions)
            incidents = (await client.get("incidents")).text
            events = (await client.get("events", params={"since": 0, "live": "false"})).text
            assert "incident" in events
            assert not any(f"{year}-" in text for year in (1999, 2035) for text in (incidents, events))
        await fleet.close()

    with running(tmp_path) as service:
        asyncio.run(run(service))
