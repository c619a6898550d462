"""A full disk under the whole service: terminals and posters are refused clearly, nothing is corrupt, and it goes on when there is room."""

import asyncio
import resource
from pathlib import Path

from tests.twin.faults.clients import Gate
from tests.twin.faults.running import Fleet, Running, eventually, prepared, running
from tests.twin.faults.test_gateway_killed import history_is_whole, state_comes_right

VEHICLES = 5
MORE = 20_000


def most_of_a_file(pid: int, most: int) -> None:
    """From now on no file of that process grows beyond so many bytes (RLIMIT_FSIZE)."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def largest(folder: Path) -> int:
    return max(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_full_disk_is_told_and_nothing_is_lost_or_corrupt_when_there_is_room_again(tmp_path: Path) -> None:
    prepared(tmp_path, VEHICLES, gates=1)

    async def run(service: Running) -> Fleet:
        fleet, gate = Fleet(VEHICLES, service.gateway_port), Gate(service, "G-0")
        await fleet.connect()
        fleet.begin()
        posting = asyncio.create_task(gate.run())
        await eventually(lambda: asyncio.sleep(0, len(gate.acknowledged)), lambda now: now > 5, "taken")
        (hub,) = service.pids("hub")
        most_of_a_file(hub, largest(tmp_path / "history" / "journal") + MORE)
        await eventually(
            lambda: asyncio.sleep(0, (len(gate.refused), sum(one.refused for one in fleet.terminals))), lambda now: min(now) > 3, "refused"
        )
        status, problem = gate.refused[-1]
        assert status in (503, 507), problem
        assert problem["code"] and problem["detail"] and "Traceback" not in str(problem), problem
        async with service.client() as client:
            assert (await client.get("live/positions")).status_code == 200
        taken = len(gate.acknowledged)
        most_of_a_file(hub, resource.RLIM_INFINITY)
        await eventually(lambda: asyncio.sleep(0, len(gate.acknowledged)), lambda now: now > taken + 5, "taken again")
        assert service.pids("hub") == [hub]
        gate.enough.set()
        await posting
        await fleet.end()
        await state_comes_right(service, fleet)
        return fleet

    with running(tmp_path) as service:
        fleet = asyncio.run(run(service))
    history_is_whole(service, fleet)
