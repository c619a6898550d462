"""The devices of the registers that a reader may know of, as what Things are derived from. Nothing of them is written twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_

from spatial.feature import DEVICES
from twin.auth import EVERY, Action, Principal, allows, permitted_labels
from twin.codes import RecordKind, get_kind
from twin.queries.records.context import Registers, reader_of
from twin.queries.things.streams import device_streams
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record, records_where
from twin.records.scope import Reader, place_of, visible_conditions
from twin.records.state import read_state
from twin.store import FeatureRow, Labels
from twin.store import record_schema as schema

__all__ = ["Device", "Devices", "SeenDevices"]

KEPT = 8
_NETWORK_LOCK = threading.Lock()
NETWORK_CHECKS = frozenset({"camera_id", "device_id", "alarm_input_id"})
"""The checks of columns that hold an id of GB/T 28181."""
SHOWN = ("device_id", "carrier", "building", "storey", "room", "unit", "state")
"""Columns that a Thing tells beside its name, of who may read records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device as its register has it: `lon_lat_height` degrees and metres above the ellipsoid where its place is known, `network_id` its
    id of GB/T 28181."""

    kind: str
    key: str
    name: str
    site: str | None
    label: str | None
    lon_lat_height: tuple[float, float, float | None] | None
    shown: Mapping[str, Any]
    carrier: str | None = None
    network_id: str | None = None
    state: str | None = None

    @property
    def id(self) -> str:
        """The id of its Thing."""
        return f"{self.kind}:{self.key}"

    @property
    def address(self) -> str:
        """Its address among observations."""
        return f"{self.kind}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenDevices:
    """Those that one reader may know of, in the order of ids."""

    by_id: Mapping[str, Device]
    ids: Sequence[str]
    _by_network: dict[str, list[Device]] = field(default_factory=dict)

    @classmethod
    def of(cls, devices: Collection[Device]) -> SeenDevices:
        """Sorted."""
        by_id = {device.id: device for device in devices}
        return cls(by_id=by_id, ids=sorted(by_id))

    def of_network_id(self, name: str) -> list[Device]:
        """The devices whose id of GB/T 28181 this is; more than one where the register says so."""
        with _NETWORK_LOCK:
            if not self._by_network and self.by_id:
                for device in self.by_id.values():
                    self._by_network.setdefault(device.network_id or "", []).append(device)
        return self._by_network.get(name, []) if name else []


@dataclass(frozen=True, slots=True)
class _Asker:
    labels: Labels
    units: Any
    scopes: frozenset[str]
    records: bool


@dataclass(slots=True)
class Devices:
    """The devices of a store; what a reader sees is worked out once for each state of the registers. Safe to share between threads."""

    registers: Registers
    _kept: OrderedDict[Any, SeenDevices] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seen_by(self, principal: Principal) -> SeenDevices:
        """Those that the principal may know of: by label and site, and by unit where the role reads records at all."""
        records = allows(principal, Action.READ_RECORD)
        reader = reader_of(principal)
        asker = _Asker(permitted_labels(principal), reader.units if records else None, principal.scopes, records)
        store = self.registers.store
        with store.database.reading() as connection:
            state = read_state(connection)
            scenes = tuple((site.code, store.scene_revision(site.code)) for site in store.list_sites())
            key = (state, scenes, asker)
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            found = SeenDevices.of(self._read(connection, asker, [code for code, _ in scenes]))
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _read(self, connection: Connection, asker: _Asker, sites: Sequence[str]) -> list[Device]:
        shelf = self.registers.shelf
        places, units = shelf.places(connection), shelf.units(connection)
        codes = {number: site.code for number, site in self.registers.store.site_ids().items()}
        reader = Reader(name="", labels=asker.labels, units=asker.units)
        found: list[Device] = []
        for name in device_streams():
            kind = get_kind(name)
            features = self._features(kind, sites, asker.labels)
            where = and_(schema.kind_table(name).c.ended.is_(None), *visible_conditions(kind, reader, places, units))
            for record in records_where(connection, kind, where):
                device = _device(kind, record, features.get(record.key), places, codes, asker)
                if device is not None:
                    found.append(device)
        return found

    def _features(self, kind: RecordKind, sites: Sequence[str], labels: Labels) -> Mapping[str, FeatureRow]:
        if kind.name not in DEVICES:
            return {}
        store = self.registers.store
        rows = (row for site in sites for row in store.features(site, labels, model_key=kind.name))
        return {str(row.feature.id).removeprefix(f"{kind.name}:"): row for row in rows}


def _device(
    kind: RecordKind, record: Record, feature: FeatureRow | None, places: PlaceTree, codes: Mapping[int, str], asker: _Asker
) -> Device | None:
    """The device of a record, None where its site is beyond the asker's scope or its terminal nobody has."""
    values = record.values
    if kind.name == "vehicle" and not values.get("terminal"):
        return None
    at = place_of(kind, record, places)
    site = feature.site if feature else values.get("site") or (_site_of(places, at, codes) if at != NOWHERE else None)
    if site is not None and not asker.scopes & {EVERY, site}:
        return None
    label = feature.feature.label if feature else values.get("label") or (places.rows[at].label if at != NOWHERE else None)
    shown = {name: values[name] for name in SHOWN if values.get(name) is not None} if asker.records else {}
    return Device(
        kind=kind.name,
        key=record.key,
        name=str(values.get("name") or record.key),
        site=site,
        label=label,
        lon_lat_height=_position(feature),
        shown=shown,
        carrier=values.get("carrier"),
        state=values.get("state"),
        network_id=next((str(values[name]) for name in _network_columns(kind.name) if values.get(name)), None),
    )


@cache
def _network_columns(kind: str) -> tuple[str, ...]:
    return tuple(column.name for column in get_kind(kind).columns if column.check in NETWORK_CHECKS)


def _site_of(places: PlaceTree, at: int, codes: Mapping[int, str]) -> str | None:
    for position in reversed(places.path(at)):
        if places.rows[position].site_id is not None:
            return codes.get(places.rows[position].site_id)
    return None


def _position(feature: FeatureRow | None) -> tuple[float, float, float | None] | None:
    position = feature.feature.properties.get("position") if feature else None
    if not position:
        return None
    height = position.get("ellipsoidal_height_m")
    return float(position["lon"]), float(position["lat"]), None if height is None else float(height)
