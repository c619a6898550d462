"""A hub of a home that is killed goes on knowing who is silent, by its journal and its events alone, and its state says so."""

from contextlib import closing
from pathlib import Path

import pytest

from sensors import Batch, Observation, Stream
from twin.hub.durable import Durable
from twin.queries.live.service import OpenHub
from twin.settings import Settings
from twin.store import Store

SECOND = 1_000_000
START_US = 1_795_700_000_000_000
CAMERA, GATE = "camera/C-1", "gate/G-1"


def say(opened: OpenHub, number: int, at_us: int, *devices: str) -> list[str]:
    others = [Observation(device=device, stream=Stream.HEARTBEAT, received_us=at_us, value={}) for device in devices]
    batch = Batch(source="g", number=number, others=others)
    first, position = Durable(opened.journal).keep([batch], [batch.pack()])
    return changes(opened.applier.apply([batch], now_us=at_us, first=first, position=position).events)


def wait(opened: OpenHub, from_us: int, seconds: int) -> list[str]:
    swept = [opened.applier.sweep(now_us=from_us + second * SECOND) for second in range(0, seconds, 10)]
    return [change for one in swept for change in changes(one.events)]


def changes(events: object) -> list[str]:
    assert isinstance(events, (list, tuple))
    return [f"{one['subject']} {one['data']['change']}" for one in events if one["type"] == "pingshan.silence"]


def killed(opened: OpenHub) -> None:
    """Let go of the files, and keep nothing."""
    for one in (opened.happening.store, opened.recording, opened.journal, opened.listed.store):
        one.close()


@pytest.mark.parametrize("keeps", ["nothing", "before it fell silent", "after it fell silent"])
def test_who_was_told_to_be_silent_is_so_for_the_next_hub_and_is_heard_once(tmp_path: Path, keeps: str) -> None:
    settings = Settings(home=tmp_path)
    with Store.open(settings.database_url) as store:
        store.migrate()
    opened = OpenHub.open(settings)
    assert wait(opened, START_US, 10) == []
    assert say(opened, 1, START_US, CAMERA, GATE) == []
    if keeps == "before it fell silent":
        opened.keep(opened.snapshot())
    assert wait(opened, START_US + 10 * SECOND, 160) == []
    assert say(opened, 2, START_US + 170 * SECOND, GATE) == []
    assert wait(opened, START_US + 180 * SECOND, 40) == [f"{CAMERA} silent"]
    if keeps == "after it fell silent":
        opened.keep(opened.snapshot())
    killed(opened)
    opened = OpenHub.open(settings)
    later_us = START_US + 3600 * SECOND
    assert {device: said["silent"] for device, said in opened.applier.state.still.items()} == {CAMERA: True, GATE: False}
    assert wait(opened, later_us, 170) == []
    assert say(opened, 3, later_us + 170 * SECOND, CAMERA) == [f"{CAMERA} heard"]
    killed(opened)
    with closing(OpenHub.open(settings)) as opened:
        assert opened.applier.hearing.silent == []
        assert opened.applier.state.still[CAMERA]["silent"] is False
        assert wait(opened, later_us + 200 * SECOND, 170) == []
        assert say(opened, 4, later_us + 370 * SECOND, CAMERA) == []
