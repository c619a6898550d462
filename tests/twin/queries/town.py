"""A small town of registers: three levels of units, a tree of places with one hidden room, and assets made from a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from copy import copy, deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from twin.codes import get_kind
from twin.queries.records.context import Registers
from twin.records.places import NewPlace, write_places
from twin.records.state import note_ties
from twin.records.write import Author, add_record
from twin.store import Store
from twin.store import record_schema as schema

__all__ = ["NOW", "UNITS", "Town", "asset_values", "author"]

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
UNITS = {"U1": None, "U2": "U1", "U3": "U2", "U4": None}
NAMES = ("台式计算机", "便携式计算机", "激光打印机", "办公桌", "办公椅", "保险柜")
BRANDS = ("联想", "华为", None)
CLASSES = (("A02010105", "GB/T 14885-2022"), ("A05010201", "GB/T 14885-2022"), ("A02010105", "政府采购品目-2013"))
STATES = ("in_use", "idle", "pooled", "lent", None)
HIDDEN = "103"


class FixedRegisters(Registers):
    """Registers whose day does not pass."""

    __slots__ = ()

    def now(self) -> datetime:
        return NOW


class Town:
    """A store with the town in it; `places` is name → id, `assets` the values of every asset by code."""

    def __init__(self, store: Store, folder: Path, *, assets: int = 60, seed: int = 1) -> None:
        self.store = store
        self.registers: Registers = FixedRegisters.of(store, folder / "columns")
        self.assets: dict[str, dict[str, Any]] = {}
        rng = random.Random(seed)
        with store.database.writing() as connection:
            for key, parent in UNITS.items():
                add_record(
                    connection, get_kind("unit"), {"code": key, "name": f"单位{key}", "level": "provincial", "parent": parent}, author()
                )
            self.rooms = {number: _room(connection, number) for number in ("101", "102", HIDDEN)}
            for number in range(assets):
                values = asset_values(rng, number)
                add_record(connection, get_kind("asset"), values, author())
                self.assets[values["code"]] = values
            self.places = write_places(connection, self.nodes())
            self.tie(connection)

    def moved(self, store: Store, folder: Path) -> Town:
        """The same town in a copy of its store."""
        town = copy(self)
        town.store, town.registers, town.assets = store, FixedRegisters.of(store, folder / "columns"), deepcopy(self.assets)
        return town

    def nodes(self) -> list[NewPlace]:
        """The tree: site, building, one storey, three rooms of which one is restricted."""
        node = {"label": "public"}
        return [
            NewPlace(key="all", parent=None, kind="everything", name="全部", order_key="0", **node),
            NewPlace(key="site", parent="all", kind="site", name="大院", order_key="0", **node),
            NewPlace(key="b", parent="site", kind="building", name="一号楼", order_key="1", **node),
            NewPlace(key="s1", parent="b", kind="storey", name="1层", order_key="1", **node),
            *(
                NewPlace(
                    key=number,
                    parent="s1",
                    kind="room",
                    name=number,
                    number=number,
                    order_key=number,
                    label="restricted" if number == HIDDEN else "public",
                    record_id=record,
                )
                for number, record in self.rooms.items()
            ),
        ]

    def tie(self, connection: Connection) -> None:
        """Find the place of each location as written: its room, else its storey, else its building, else none."""
        place = schema.location.c
        for row in connection.execute(select(schema.location)).all():
            found = None
            if row.building == "一号楼":
                found = self.places.get(row.room) or self.places["s1" if row.storey == "1层" else "b"]
            connection.execute(update(schema.location).where(place.id == row.id).values(place_id=found, method="number", confidence=1.0))
        note_ties(connection)

    def add(self, values: Mapping[str, Any]) -> int:
        """A further asset."""
        with self.store.database.writing() as connection:
            self.assets[values["code"]] = dict(values)
            return add_record(connection, get_kind("asset"), values, author())


def author(method: str = "manual", *, now: datetime = NOW, valid_from: date | None = None) -> Author:
    """Who writes."""
    return Author(who="tester", method=method, source="test", now=now, valid_from=valid_from)


def asset_values(rng: random.Random, number: int) -> dict[str, Any]:
    """One asset; some cells are empty."""
    class_code, edition = rng.choice(CLASSES)
    building, storey, room = rng.choice(
        [
            ("一号楼", "1层", "101"),
            ("一号楼", "1层", "102"),
            ("一号楼", "1层", HIDDEN),
            ("一号楼", "1层", "999"),
            ("一号楼", None, None),
            (None, None, None),
        ]
    )
    return {
        "code": f"A-{number:04d}/桌" if number % 7 == 0 else f"A-{number:04d}",
        "name": rng.choice(NAMES),
        "class_code": class_code,
        "class_edition": edition,
        "specification": rng.choice(("Think-16", "X1", None)),
        "brand": rng.choice(BRANDS),
        "serial": f"sn{number % 9}" if rng.random() < 0.6 else None,
        "tag": f"T{number}",
        "value": rng.choice((None, 0, 120_050, 2**52)),
        "acquired": rng.choice((None, "2026-01-05", "2023-11-26", "2020-02-29", "2001-06-01")),
        "unit": rng.choice((*UNITS, "不知何单位", None)),
        "state": rng.choice(STATES),
        "building": building,
        "storey": storey,
        "room": room,
    }


def _room(connection: Connection, number: str) -> int:
    values = {"code": f"R{number}", "building": "一号楼", "storey": "1层", "number": number, "used_by": "U2", "usable_area": 18.0}
    return add_record(connection, get_kind("room"), values, author())
