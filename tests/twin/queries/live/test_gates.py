"""The hub of a home with gates, vehicles, visits and orders: the white list, lists that outlive a restart, orders checked."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sensors import Batch, Observation, Stream
from tests.twin.api.test_live_labels import take
from tests.twin.hub.devices import moving
from tests.twin.store.builder import NOW, SITE
from twin.history.readings import ReadingsReader
from twin.queries.live.history import LiveHistory
from twin.queries.live.inside import InsideLists
from twin.queries.live.journeys import Journeys
from twin.queries.live.listed import Listed
from twin.queries.live.replica import Replica
from twin.queries.live.service import OpenHub
from twin.queries.live.visible import Permitted
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.settings import Settings
from twin.store import Store

NOW_US = time.time_ns() // 1000 // 1_000_000 * 1_000_000
MINUTE = 60_000_000
GATE = (119.2940, 26.0896)


def words(us: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(us / 1e6))


def said(minute: float, **value: Any) -> Observation:
    at_us = NOW_US + round(minute * MINUTE)
    return Observation(device="gate/G", stream=Stream.PASSAGE, received_us=NOW_US, device_us=at_us, value=value)


@pytest.fixture
def home(tmp_path: Path, url: str) -> Iterator[tuple[Settings, Store]]:
    settings = Settings(home=tmp_path / "live", database_url=url)
    with Store.open(settings.database_url) as store:
        store.add_site(SITE, now=NOW)
        take(store, tmp_path, "gate", "出入口编号,出入口名称,经度,纬度,坐标系", [f"G,西门,{GATE[0]},{GATE[1]},CGCS2000"])
        take(store, tmp_path, "vehicle", "车牌号,车辆状态", ["闽A00001,在用", "闽A00002,已处置"])
        visits = [
            f"V1,闽A00003,{words(NOW_US - 60 * MINUTE)},{words(NOW_US + 60 * MINUTE)},,",
            f"V2,闽A00004,{words(NOW_US - 60 * MINUTE)},{words(NOW_US + 60 * MINUTE)},OTHER,",
            f"V3,闽A00005,{words(NOW_US - 60 * MINUTE)},{words(NOW_US - 30 * MINUTE)},G,",
            "V4,闽A00006,,,G,已取消",
        ]
        take(store, tmp_path, "visit", "预约编号,车牌号,来访开始时间,来访结束时间,出入口编号,预约状态", visits)
        orders = [
            f"O1,闽A00001,{words(NOW_US - 50 * MINUTE)},{words(NOW_US - 10 * MINUTE)},已完成",
            f"O2,闽A00002,{words(NOW_US - 50 * MINUTE)},{words(NOW_US - 10 * MINUTE)},已完成",
        ]
        take(store, tmp_path, "dispatch", "派车单号,车牌号,计划出车时间,计划返回时间,派车状态", orders)
        yield settings, store


def test_vehicles_of_the_register_and_visits_in_their_time_are_listed(home: tuple[Settings, Store]) -> None:
    listed = Listed(home[1])
    assert listed.is_empty
    listed.refresh()
    plates = [f"闽A0000{number}" for number in range(1, 8)]
    assert [plate[-1] for plate in plates if listed.knows("G", plate, NOW_US)] == ["1", "3"]
    assert listed.knows("OTHER", "闽A00004", NOW_US) and listed.knows("G", "闽A00005", NOW_US - 40 * MINUTE)


def test_lists_outlive_a_restart_and_an_order_is_checked_against_track_and_gate(home: tuple[Settings, Store]) -> None:
    settings, store = home
    opened = OpenHub.open(settings)
    for number in range(1, 31):
        east = min(max(number - 8, 0), 10) * 1e-3
        batch = moving("g", number, {"闽A00001": (GATE[0] + east, GATE[1])}, at_us=NOW_US - (45 - number) * MINUTE)
        opened.applier.apply([batch], now_us=NOW_US - (45 - number) * MINUTE, first=number - 1, position=number)
    others = [said(-35, direction="out", plate="闽A00001"), said(-20, direction="in", plate="闽A00001", person="P1")]
    opened.applier.apply([Batch(source="g", number=31, others=others)], now_us=NOW_US, first=30, position=31)
    before = dict(opened.applier.state.inside)
    journeys = Journeys(
        registers=Registers.of(store, settings.home),
        history=LiveHistory.of(settings.home, recent=opened.recording.positions.shelf.recent),
        readings=ReadingsReader(settings.home / "history", recent=opened.recording.readings.shelf.recent),
    )
    everything = Permitted(version=0, everything=True)
    reader = Reader(name="", labels=None, units=None)
    hour = NOW_US - 60 * MINUTE, NOW_US
    page = journeys.page(reader, everything, hour, now_us=NOW_US + 20 * MINUTE, vehicle=None, after=None, limit=10)
    one, two = page["vehicles"]
    assert (one["vehicle"], [order["order"] for order in one["orders"]], one["findings"]) == ("闽A00001", ["O1"], [])
    assert [trip["distance_m"] for trip in one["orders"][0]["trips"]] == [pytest.approx(1000, abs=60)]
    assert [row["direction"] for row in one["passages"]] == ["out", "in"]
    assert [row["code"] for row in two["findings"]] == ["ORDER_UNHEARD"]
    sooner = journeys.page(reader, everything, hour, now_us=NOW_US + 19 * MINUTE, vehicle="闽A00002", after=None, limit=10)
    assert [row["findings"] for row in sooner["vehicles"]] == [[]]
    opened.close()
    again = OpenHub.open(settings)
    assert dict(again.applier.state.inside) == before == again.applier.passages.rows and len(before) == 4
    replica = Replica()
    replica.take(again.applier.whole())
    (row,) = InsideLists(replica, Scenes(store, settings)).inside(SITE.code, None)
    assert (row.person, row.through, row.since_us, row.protected) == ("P1", "gate/G", NOW_US - 20 * MINUTE, "gate:G")
    again.close()


def test_a_point_is_of_the_site_within_whose_radius_it_is(home: tuple[Settings, Store]) -> None:
    opened = OpenHub.open(home[0])
    ground = opened.grounds
    north = SITE.radius_m / 111_195.0
    assert ground.sites_at(*GATE) == ground.sites_at(SITE.lon, SITE.lat + 0.99 * north) == [SITE.code]
    assert ground.sites_at(SITE.lon, SITE.lat + 1.01 * north) == ground.sites_at(0.0, 0.0) == []
    opened.close()
