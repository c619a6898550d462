"""What a worker asks of a hub over its socket: a decision about an incident, and what no file holds yet."""

import asyncio
from pathlib import Path

import pytest

from sensors import Batch, Observation, Stream
from tests.twin.hub.devices import LAT, LON, moving
from twin.errors import Refused
from twin.history.readings import ReadingsReader
from twin.history.retention import read_retention
from twin.history.tracks import Tracks
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.hub.server import serve_hub
from twin.incidents import Asked, Command, EventFile, IncidentReader
from twin.queries.live.connected import HubDesk, HubMemory
from twin.queries.live.service import OpenHub
from twin.settings import Settings
from twin.store import Store

NOW_US = 1_795_700_000_000_000


def test_a_decision_is_committed_by_the_hub_and_its_memory_is_part_of_the_history(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with Store.open(settings.database_url) as store:
        store.migrate()

    async def run() -> None:
        opened = OpenHub.open(settings, now_us=lambda: NOW_US)
        meeting = Meeting(tmp_path)
        path = meeting.open()
        server = await serve_hub(opened.hub, path)
        meeting.announce(path)
        loop = asyncio.create_task(opened.hub.run())
        client = HubClient(meeting)
        running = asyncio.create_task(client.run())
        alarm = Observation(device="door/D", stream=Stream.ALARM, received_us=NOW_US, value={}, alarms=("door_forced",))
        await client.offer(Batch(source="g", number=1, others=[alarm]))
        await client.offer(moving("g", 2, {"A": (LON, LAT)}, at_us=NOW_US))
        reader = IncidentReader(EventFile.open_reading(tmp_path / "history" / "events.sqlite"), opened.happening.store.kinds)
        (view,) = reader.page(Asked(), lambda *_: True).views
        command = Command(name="acknowledge", incident=view.id, who="officer", why="seen", parts=tuple(part.id for part in view.parts))
        assert await HubDesk(client).command(command) == view.id
        assert [line["what"] for line in reader.log(reader.view(view.id, lambda *_: True))][-1] == "acknowledged"
        with pytest.raises(Refused):
            await HubDesk(client).command(command)
        memory = HubMemory(client, asyncio.get_running_loop())
        tracks = Tracks(tmp_path / "history", retention=read_retention(), recent=memory.recent)
        points = await asyncio.to_thread(tracks.track, "vehicle/A", NOW_US - 1, NOW_US + 1)
        assert len(points) == 1
        readings = ReadingsReader(tmp_path / "history", recent=memory.recent_readings)
        (kept,) = await asyncio.to_thread(readings.observations, "door/D", Stream.ALARM)
        assert kept.observation.alarms == ("door_forced",)
        running.cancel()
        loop.cancel()
        server.close()
        opened.close()

    asyncio.run(run())
