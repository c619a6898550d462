"""kill -9 of the gateway under load: what terminals were told is kept, is in the history, once, and the state is right."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.twin.faults.running import Fleet, Running, eventually, lons, plate_of, prepared, running

VEHICLES = 30


async def killed(service: Running, fleet: Fleet, name: str, times: int, rng: random.Random) -> None:
    """Kill it again and again, each time once more was acknowledged than before."""
    fleet.begin()
    for _ in range(times):
        enough = fleet.acknowledged + rng.randint(30, 300)
        while fleet.acknowledged <= enough:
            await asyncio.sleep(0.05)
        service.kill(name)
    await fleet.end()


async def state_comes_right(service: Running, fleet: Fleet) -> None:
    """The state is what each terminal said last."""
    last = {f"vehicle/{plate_of(one)}": said[-1].lon for one, said in enumerate(fleet.reported)}
    await eventually(lambda: lons(service), lambda told: told == last, f"the state, {last}")


def history_is_whole(service: Running, fleet: Fleet) -> None:
    """Each reported position stands in the history once, where it was said."""
    for one, reported in enumerate(fleet.reported):
        points = service.track(one, reported[0].device_us - 1, reported[-1].device_us + 1)
        assert points.said_lon_lat is not None
        told = list(zip(points.time_us.tolist(), points.said_lon_lat[:, 0].round(6).tolist(), strict=True))
        said = [(fix.device_us, fix.lon) for fix in reported]
        assert not set(said) - set(told), plate_of(one)
        assert sorted(told) == sorted(said), plate_of(one)


@pytest.mark.parametrize("times", [5, pytest.param(20, marks=pytest.mark.nightly)])
def test_what_the_gateway_acknowledged_before_it_was_killed_is_in_the_history_once(tmp_path: Path, times: int) -> None:
    prepared(tmp_path, VEHICLES)

    async def run(service: Running) -> Fleet:
        fleet = Fleet(VEHICLES, service.gateway_port)
        await killed(service, fleet, "gateway", times, random.Random(times))
        assert fleet.connections >= VEHICLES * times
        await state_comes_right(service, fleet)
        return fleet

    with running(tmp_path) as service:
        fleet = asyncio.run(run(service))
    history_is_whole(service, fleet)
