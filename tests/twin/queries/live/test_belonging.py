"""Alarms of devices that are in no feature belong where they are, or where their record says; and those entitled know of them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensors import Batch, Observation, Stream
from tests.twin.api.test_live_labels import take
from tests.twin.hub.devices import moving
from tests.twin.store.builder import NOW, SITE
from twin.auth import Principal
from twin.queries.incidents.knowing import Knowing
from twin.queries.live.service import OpenHub
from twin.settings import Settings
from twin.store import Store

NOW_US = time.time_ns() // 1000
FAR = (118.0, 25.0)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[OpenHub, Store]]:
    settings = Settings(home=tmp_path)
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        take(store, tmp_path, "building", "楼栋编号,楼栋名称,院区", [f"B1,一号楼,{SITE.name}", "B2,二号楼,别处大院"])
        take(store, tmp_path, "unit", "单位编码,单位名称,单位级次,办公楼栋", ["U1,甲局,县级,B1", "U2,乙局,县级,B2", "U3,丙局,县级,"])
        take(store, tmp_path, "vehicle", "车牌号,使用单位", ["闽A00001,U1", "闽A00002,U2", "闽A00003,U3", "闽A00004,甲局的", "闽A00005,"])
        posts = [f"P1,东门岗,{SITE.code}", "P2,无名岗,"]
        take(store, tmp_path, "guard_post", "岗位编号,岗位名称,院区", posts)
        take(store, tmp_path, "guard", "值勤编号,岗位编号", ["G1,P1", "G2,P2"])
        panels = [f"F1,{SITE.code},restricted", f"F2,{SITE.code},", "F3,,public"]
        take(store, tmp_path, "panic_button", "按钮编号,院区,可见范围", panels)
        opened = OpenHub.open(settings)
        yield opened, store
        opened.close()


def alarmed(opened: OpenHub, batches: list[Batch]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Site and labels of the alarm of each device."""
    for position, batch in enumerate(batches, start=1):
        opened.applier.apply([batch], now_us=NOW_US, first=position - 1, position=position)
    query = "SELECT name.text, spot.site, spot.labels FROM alarm JOIN name ON name.id = alarm.device JOIN spot ON spot.id = alarm.spot"
    with opened.happening.store.file.reading() as connection:
        return {device: (site, tuple(json.loads(labels))) for device, site, labels in connection.execute(query)}


def reader(labels: set[str], scopes: set[str]) -> Principal:
    return Principal(name="r", role="viewer", labels=frozenset(labels), scopes=frozenset(scopes), units=frozenset("*"))


def pressed(device: str) -> Batch:
    one = Observation(device=device, stream=Stream.ALARM, received_us=NOW_US, value={}, alarms=("panic",))
    return Batch(source=device, number=1, others=[one])


def sos(key: str, lon_lat: tuple[float, float], kind: str = "vehicle") -> Batch:
    batch = moving(f"{kind}/{key}", 1, {key: lon_lat}, at_us=NOW_US, alarm=1)
    return Batch(source=batch.source, number=1, devices=[f"{kind}/{key}"], fixes=batch.fixes, raw=batch.raw)


def test_a_device_in_no_feature_belongs_where_it_is_or_where_its_record_says(hub: tuple[OpenHub, Store]) -> None:
    here = SITE.code, ("public",)
    nobody = "", ()
    batches = [sos(f"闽A0000{number}", FAR) for number in range(1, 5)]
    batches += [
        sos("闽A00009", (SITE.lon, SITE.lat)),
        sos("闽A00005", (SITE.lon, SITE.lat)),
        sos("闽A00008", FAR),
        sos("G1", FAR, "guard"),
        sos("G2", FAR, "guard"),
    ]
    batches += [pressed(f"panic_button/F{number}") for number in range(1, 4)]
    assert alarmed(hub[0], batches) == {
        "vehicle/闽A00001": here,
        "vehicle/闽A00002": nobody,
        "vehicle/闽A00003": nobody,
        "vehicle/闽A00004": nobody,
        "vehicle/闽A00008": nobody,
        "vehicle/闽A00009": (SITE.code, ()),
        "vehicle/闽A00005": here,
        "guard/G1": here,
        "guard/G2": nobody,
        "panic_button/F1": (SITE.code, ("restricted",)),
        "panic_button/F2": (SITE.code, ()),
        "panic_button/F3": nobody,
    }


def test_those_entitled_to_a_site_and_its_labels_know_of_such_an_alarm(hub: tuple[OpenHub, Store]) -> None:
    opened, store = hub
    found = alarmed(opened, [sos("闽A00001", FAR), sos("闽A00002", FAR), pressed("panic_button/F1"), pressed("panic_button/F2")])
    knowing = Knowing(store)

    def known(labels: set[str], scopes: set[str]) -> str:
        knows = knowing.of(reader(labels, scopes))
        return "".join(device[-1] for device, (site, needed) in found.items() if device and knows(site, None, needed))

    assert known({"public"}, {SITE.code}) == "1"
    assert known({"public"}, {"OTHER"}) == ""
    assert known({"public", "restricted"}, {SITE.code}) == "11"
    assert known({"*"}, {SITE.code}) == "112"
    assert known({"*"}, {"*"}) == "1212"


def test_a_label_of_a_record_is_needed_wherever_the_device_is(hub: tuple[OpenHub, Store]) -> None:
    spots = [hub[0].belonging.of(f"panic_button/F{number}", (SITE.lon, SITE.lat)) for number in (1, 2, 3)]
    assert [(spot.site, spot.labels) for spot in spots if spot is not None] == [
        (SITE.code, ("restricted",)),
        (SITE.code, ()),
        (SITE.code, ("public",)),
    ]


def test_a_record_that_changes_is_followed(hub: tuple[OpenHub, Store], tmp_path: Path) -> None:
    opened, store = hub
    assert opened.belonging.of("vehicle/闽A00003", FAR) is None
    take(store, tmp_path, "vehicle", "车牌号,使用单位", ["闽A00001,U1", "闽A00002,U2", "闽A00003,U1", "闽A00004,甲局的"])
    opened.belonging.refresh()
    spot = opened.belonging.of("vehicle/闽A00003", FAR)
    assert spot is not None and spot.site == SITE.code
