"""A service with devices of four kinds and a history of theirs in memory, as the tests of SensorThings ask it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from fastapi import FastAPI

from sensors import Batch, Observation
from sensors.observation import NO_NUMBER, NO_TIME, Stream
from tests.twin.imports.tie.test_revision import NUMBERS, TAGS, model
from tests.twin.served import service
from tests.twin.store.builder import NOW, SITE, record
from twin.auth import LabelPolicy, Principal, Role
from twin.imports.register import import_register
from twin.queries.things.service import Things
from twin.settings import Settings
from twin.store import Store

EVERY = frozenset({"*"})
LON, LAT = 119.2950, 26.0899
REGISTERS: Mapping[str, tuple[str, Sequence[str]]] = {
    "building": ("楼栋编码,楼栋名称", ["B1,主楼"]),
    "camera": (
        "摄像机编号,摄像机名称,国标编码,楼栋,楼层,房间号,经度,纬度,坐标系,安装高度,可见范围,状态",
        [
            "C1,机要室机,35010200001320000001,主楼,10层,1010,,,,2.4,,在用",
            f"C2,东院机,35010200001320000002,,,,{LON},{LAT},CGCS2000,5,,在用",
            f"C3,暗哨机,35010200001320000003,,,,{LON},{LAT},CGCS2000,6,restricted,在用",
        ],
    ),
    "gate": ("出入口编号,出入口名称,国标编码,经度,纬度,坐标系", [f"G1,东门,35010200001340000001,{LON},{LAT},CGCS2000"]),
    "meter": ("表计编号,表计名称,能源种类,楼栋", ["M1,总电表,电,主楼", "M2,水表,水,主楼"]),
    "vehicle": ("车牌号,终端号,车辆状态", ["闽A12345,013900000001,在用", "闽A00001,,在用"]),
}


class Compound:
    """The tower with a restricted room, cameras, a gate, meters, vehicles; the second site has nothing."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "internal", "restricted")))
        features = [replace(one, label="restricted") if one.id == "tower:r10-10" else one for one in model(NUMBERS, TAGS, {})]
        record(store, features)
        for kind, (header, lines) in REGISTERS.items():
            path = folder / f"{kind}.csv"
            path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
            import_register(store, Settings(home=folder / "home"), kind, path, who="clerk", now=NOW)

    def moved(self, store: Store, folder: Path) -> Self:
        """The same in a copy of its store."""
        made = object.__new__(type(self))
        made.store, made.folder = store, folder
        return made


class Remembered:
    """A history in memory, and the inlet that fills it: what a hub does, without its process."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.rows: list[Observation] = []

    async def offer(self, batch: Batch) -> None:
        self.batches.append(batch)
        for fix in batch.fixes:
            numbers = {name: int(fix[name]) for name in ("speed_dkmh", "heading_cdeg", "altitude_dm") if int(fix[name]) != NO_NUMBER}
            clocks = {name: None if int(fix[name]) == NO_TIME else int(fix[name]) for name in ("device_us", "fix_us")}
            place = (int(fix["lon_e7"]) / 1e7, int(fix["lat_e7"]) / 1e7)
            self.say(batch.devices[int(fix["device"])], Stream.POSITION, int(fix["received_us"]), numbers, lon_lat=place, **clocks)
        self.rows += batch.others

    def say(self, device: str, stream: Stream, received_us: int, value: Mapping[str, Any], **more: Any) -> None:
        self.rows.append(Observation(device=device, stream=stream, received_us=received_us, value=value, **more))

    def observations(
        self, device: str, stream: Stream, *, from_us: int | None = None, to_us: int | None = None, limit: int, descending: bool = False
    ) -> Sequence[Observation]:
        mine = [one for one in self.rows if (one.device, one.stream) == (device, stream)]
        mine.sort(key=lambda one: (one.fix_us or one.device_us or one.received_us, one.received_us))
        low, high = -(2**63) if from_us is None else from_us, 2**63 if to_us is None else to_us
        found = [one for one in mine if low <= (one.fix_us or one.device_us or one.received_us) <= high]
        return (found[::-1] if descending else found)[:limit]

    def count(self, device: str, stream: Stream) -> int:
        return sum((one.device, one.stream) == (device, stream) for one in self.rows)

    def places(self) -> Mapping[str, Observation]:
        return {one.device: one for one in self.rows if one.stream is Stream.POSITION}


def somebody(role: str = Role.ADMINISTRATOR, *labels: str, units: frozenset[str] = EVERY, scopes: frozenset[str] = EVERY) -> Principal:
    return Principal(name="someone", role=role, labels=frozenset(labels) or EVERY, scopes=scopes, units=units)


def app_of(compound: Compound, principal: Principal, history: Remembered | None = None) -> FastAPI:
    app = service(Settings(home=compound.folder / "home"), compound.store, principal_of=lambda request: principal)
    known = history or Remembered()
    app.state.things = Things.of(app.state.registers, compound.folder / "home" / "history", lambda reader: known)
    app.state.inlet = known
    return app


def sqlite_url(folder: Path, migrated: Path) -> str:
    file = folder / "home" / "records.sqlite"
    file.parent.mkdir()
    shutil.copyfile(migrated, file)
    return f"sqlite:///{file}"
