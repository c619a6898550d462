"""What the broker keeps and tells, when labels change: a device drives into a hidden zone, a zone is hidden, a place is not known yet."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.twin.api.egress import Egress, Heard, an_egress, ended, until_ended
from tests.twin.api.test_live_labels import EAST, HIDDEN, NOW_US, OPEN, SECOND, WEST, ZONES, take
from tests.twin.gateway.conftest import until
from tests.twin.hub.devices import moving
from tests.twin.store.builder import NOW, SITE
from twin.auth import LabelPolicy
from twin.queries.live.bus_told import ToldOnBus
from twin.queries.live.replica import Replica
from twin.queries.live.service import OpenHub
from twin.settings import Settings
from twin.store import Store

HEADER = "区域编号,区域名称,范围,坐标系,底1985高程,顶1985高程,可见范围"
STRANGER = "闽A99999"
HOME_US = NOW_US - 3600 * SECOND


def state_of(vehicle: str, label: str) -> str:
    return f"pingshan/v1/state/{label}/vehicle/{vehicle}"


@dataclass(kw_only=True, eq=False)
class World:
    """A hub, its broker, and where vehicles were driven."""

    settings: Settings
    store: Store
    opened: OpenHub
    egress: Egress
    replica: Replica = field(default_factory=Replica)
    number: int = 0

    def drive(self, told: ToldOnBus | None, **places: tuple[float, float]) -> None:
        """Vehicles stand a minute at a place; `told` is told of it as the hub does, and that this was all."""
        events: list[dict[str, Any]] = []
        for _ in range(6):
            self.number += 1
            at_us, first = HOME_US + self.number * 30 * SECOND, self.number - 1
            fixes = {vehicle: (lon + self.number * 1e-7, lat) for vehicle, (lon, lat) in places.items()}
            applied = self.opened.applier.apply(
                [moving("g", self.number, fixes, at_us=at_us)], now_us=at_us, first=first, position=first + 1
            )
            events += applied.events
            if told is not None and applied.changes is not None:
                self.replica.take(applied.changes)
                told.take(applied.changes)
        if told is not None:
            told.hear([*events, ended(self.number)])

    @asynccontextmanager
    async def told(self) -> AsyncIterator[tuple[ToldOnBus, Heard, Heard]]:
        """The hub's side, who may hear of the public label alone, and who may hear all."""
        self.replica.take(self.opened.applier.whole())
        async with (
            self.egress.listening("public") as public,
            self.egress.listening("all") as everything,
            self.egress.telling(self.replica) as told,
        ):
            yield told, public, everything


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        take(store, settings.home, "zone", HEADER, ZONES)
        take(store, settings.home, "vehicle", "车牌号", [OPEN, HIDDEN])
        opened = OpenHub.open(settings)
        with an_egress(settings, store, {"all": ["*"], "public": ["public"]}) as egress:
            yield World(settings=settings, store=store, opened=opened, egress=egress)
        opened.close()


def test_a_vehicle_that_drives_into_a_hidden_zone_is_taken_from_who_may_not_know_of_it_and_comes_back(world: World) -> None:
    world.drive(None, **{OPEN: WEST})

    async def play() -> None:
        async with world.told() as (told, public, everything):
            await until(lambda: state_of(OPEN, "public") in public.kept)
            world.drive(told, **{OPEN: EAST})
            await until_ended(public, world.number)
            assert public.kept == {}
            assert (state_of(OPEN, "public"), b"") in public.messages
            assert "119.295" not in public.text
            assert "Z-E" not in public.text
            await until(lambda: list(everything.kept) == [state_of(OPEN, "restricted")])
            assert everything.kept[state_of(OPEN, "restricted")]["lon"] > 119.295
            async with world.egress.listening("public") as later:
                told.hear([ended(1000)])
                await until_ended(later, 1000)
                assert later.kept == {}
            world.drive(told, **{OPEN: WEST})
            await until_ended(everything, world.number)
            assert list(everything.kept) == [state_of(OPEN, "public")]
            assert list(public.kept) == [state_of(OPEN, "public")]

    asyncio.run(play())


def test_a_zone_that_is_hidden_takes_what_stands_in_it_from_who_may_not_know_of_it(world: World) -> None:
    world.drive(None, **{OPEN: WEST, HIDDEN: EAST})

    async def play() -> None:
        async with world.told() as (told, public, everything):
            await until(lambda: state_of(OPEN, "public") in public.kept and len(everything.kept) == 2)
            take(world.store, world.settings.home, "zone", HEADER, [ZONES[0].replace(",public", ",restricted"), ZONES[1]])
            assert world.egress.labels.refresh()
            assert not world.egress.labels.refresh()
            told.relabel()
            await until(lambda: sorted(everything.kept) == [state_of(OPEN, "restricted"), state_of(HIDDEN, "restricted")])
            assert public.kept == {}

    asyncio.run(play())


def test_what_is_in_no_register_or_in_a_place_that_is_not_known_yet_is_told_to_nobody(world: World) -> None:
    world.drive(None, **{OPEN: WEST, STRANGER: WEST})

    async def play() -> None:
        async with world.told() as (told, public, everything):
            told.hear([ended(0)])
            await until_ended(everything, 0)
            await until_ended(public, 0)
            assert list(everything.kept) == list(public.kept) == [state_of(OPEN, "public")]
            assert STRANGER not in everything.text
            labels = world.egress.labels
            assert labels.of(f"vehicle/{OPEN}", ()) == labels.of(f"vehicle/{OPEN}", ("zone:Z-W",)) == "public"
            assert labels.of(f"vehicle/{OPEN}", ("zone:Z-W", "zone:Z-E")) == "restricted"
            assert labels.of(f"vehicle/{OPEN}", ("zone:Z-W", "zone:young")) is None

    asyncio.run(play())
