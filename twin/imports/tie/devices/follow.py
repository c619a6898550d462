"""The one place where records of devices become features and stay them: a step of the tie.

Whatever changes a device (a ledger, a person's change, the end of a record) or what it stands in (a model's new revision, another
terrain, a location found elsewhere) leads here. Each kind is the model of its own name in every site (`camera`, `gate`, …);
its revision holds the features as they then are, so that what is gone is ended and what stayed keeps its row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from spatial.feature import DEVICES, Feature, Kind
from spatial.frame import Site, SiteFrame
from spatial.source import bytes_sha256
from twin.errors import TwinError
from twin.imports.ground import find_terrain, read_ground
from twin.imports.tie.devices.features import DEVICE_CODES, Found, find_devices
from twin.imports.tie.devices.placed import PlacedDevice
from twin.imports.tie.devices.rows import PLACED, DeviceRow, Fault, device_rows
from twin.imports.tie.devices.surroundings import Ground, Surroundings
from twin.imports.tie.grounds import Grounds
from twin.imports.tie.items import Item, sync_items
from twin.imports.tie.marks import LOCATIONS_MOVED, mark_of, read_mark, write_mark
from twin.imports.tie.turns import in_turns
from twin.records.counters import clock_of, take_ids
from twin.settings import Settings
from twin.store import FeatureRow, ModelKind, NewRevision, Store
from twin.store import record_schema as schema
from twin.store.database import put_rows
from twin.store.encode import encoded_features
from twin.store.values import to_json, to_microseconds

__all__ = ["follow_devices"]

DEVICES_MARK = "tie.devices"
GROUND_ASSUMED = "DEVICE_GROUND_ASSUMED"
SAME_M = 1e-6


def follow_devices(
    store: Store, settings: Settings | None, read: Callable[[], Grounds], tree: int, *, gone: Sequence[int], who: str, now: datetime
) -> int:
    """Bring the features and placements of devices to what their records and the scene say now; how many features are others.

    `read` gives the grounds, `tree` the mark of the scene and the tree of places, `gone` are places about to be removed; without
    `settings` no terrain can be read, and what stands on one is told. Nothing is written where nothing differs.
    """
    with store.database.reading() as connection:
        states = [_state(connection, kind) for kind in DEVICES]
        mark = mark_of(tree, states, read_mark(connection, LOCATIONS_MOVED), settings is None)
        if not any(map(any, states)) or read_mark(connection, DEVICES_MARK) == mark:
            return 0
        devices = [device for kind in DEVICES for device in device_rows(connection, kind)]
    changed = 0
    around, assumed = _surroundings(store, settings, read(), gone, {str(one.values.get("element") or "") for one in devices} - {""})
    found = find_devices(devices, around)
    for site_id, site in around.scene.sites.items():
        for kind in DEVICES:
            changed += _record(store, site, kind, found.features.get((site_id, kind), []), found, who=who, now=now)
    _place(store, devices, found)
    items = [*(_item(device, fault) for device, fault in found.told), *_assumed(found, around, assumed)]
    sync_items(store.database, DEVICE_CODES, items, now_us=to_microseconds(now))
    with store.database.writing() as connection:
        write_mark(connection, DEVICES_MARK, mark)
    return changed


def _state(connection: Connection, kind: Kind) -> list[int]:
    """What changes with every import of a kind and every change of a person, and not with a placement."""
    change = schema.change.c
    last = connection.execute(select(func.coalesce(func.max(change.id), 0)).where(change.kind == kind.value)).scalar_one()
    return [clock_of(connection, kind.value), int(last)]


def _surroundings(
    store: Store, settings: Settings | None, grounds: Grounds, gone: Sequence[int], named: Collection[str]
) -> tuple[Surroundings, set[str]]:
    """What devices stand in, and a set that comes to hold the codes of sites whose ground is assumed to be level."""
    assumed: set[str] = set()
    left_out = set(gone)

    def ground_of(site: Site) -> Ground | str:
        import cim

        terrain = find_terrain(store, site.code)
        frame = SiteFrame.of(site)
        if terrain is None:
            assumed.add(site.code)
            return cim.Ground.level(frame, site.radius_m)
        if settings is None:
            return f"the terrain {terrain.name} cannot be read here"
        try:
            return read_ground(settings, terrain, frame)
        except (TwinError, OSError) as error:
            return str(error)

    policies = {site_id: store.label_policy(site.code) for site_id, site in grounds.scene.sites.items()}
    places = {place.id: place for place in grounds.places if place.id not in left_out}
    elements = _elements(store, grounds.scene.sites, named)
    return Surroundings(scene=grounds.scene, places=places, policies=policies, ground_of=ground_of, elements=elements), assumed


def _elements(store: Store, sites: Mapping[int, Site], named: Collection[str]) -> dict[str, list[tuple[int, FeatureRow]]]:
    """The elements of some GlobalIds, each with its site; all elements are gone through where any is named."""
    found: dict[str, list[tuple[int, FeatureRow]]] = {}
    for site_id, site in sites.items() if named else ():
        for row in store.features(site.code, None, kinds={Kind.ELEMENT}):
            if row.feature.source.global_id in named:
                found.setdefault(str(row.feature.source.global_id), []).append((site_id, row))
    return found


def _record(store: Store, site: Site, kind: Kind, features: Sequence[Feature], found: Found, *, who: str, now: datetime) -> int:
    """The features of a kind in a site as a revision of their model, where they are others than it has; how many differ."""
    current = store.current_revision(site.code, kind.value)
    if current is None and not features:
        return 0
    boxes = {str(feature.id): found.boxes[feature.id] for feature in features}
    hashes = {
        row["content_hash"]: feature.id
        for row, feature in zip(encoded_features(features, boxes, SiteFrame.of(site)), features, strict=True)
    }
    sha256 = bytes_sha256(to_json(sorted(hashes.items(), key=lambda pair: pair[1]), canonical=True).encode())
    if current is not None and current.sha256 == sha256:
        return 0
    store.record_revision(
        NewRevision(
            site=site.code,
            model_key=kind.value,
            kind=ModelKind.DEVICE.value,
            name=kind.value,
            file=f"register {kind.value}",
            sha256=sha256,
            who=who,
            tool="",
            schema="",
            seconds=0.0,
            similarity=None,
            counts={"devices": len(features)},
        ),
        features,
        boxes,
        [],
        [],
        now=now,
    )
    return max(len(features), 1)


def _place(store: Store, devices: Sequence[DeviceRow], found: Found) -> None:
    """Write where records stand, of those that stand elsewhere than before."""
    rows: list[tuple[DeviceRow, tuple[Any, ...]]] = []
    for device in devices:
        if device.held is None:
            continue
        stands = _stands(found.placed.get(device.id), found.unplaced.get(device.id))
        if not _same(device.held, stands):
            rows.append((device, stands))
    in_turns(store.database, rows, _write_placed)


def _stands(placed: PlacedDevice | None, reason: str | None) -> tuple[Any, ...]:
    if placed is None:
        return (None, "none", reason, None, None, None, None, None)
    return (placed.place_id, placed.method, None, None, *placed.xyz, None)


def _same(held: tuple[Any, ...], stands: tuple[Any, ...]) -> bool:
    return all(
        abs(one - other) <= SAME_M if isinstance(one, float) and isinstance(other, float) else one == other
        for one, other in zip(held, stands, strict=True)
    )


def _write_placed(connection: Connection, rows: Sequence[tuple[DeviceRow, tuple[Any, ...]]]) -> None:
    by_kind: dict[str, list[tuple[DeviceRow, tuple[Any, ...]]]] = {}
    for device, stands in rows:
        by_kind.setdefault(device.kind.value, []).append((device, stands))
    for kind, part in by_kind.items():
        table = schema.kind_table(kind)
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in PLACED}
        written: list[Mapping[str, Any]] = [
            {"version": device.version, **{f"new_{name}": value for name, value in zip(PLACED, stands, strict=True)}}
            for device, stands in part
        ]
        connection.execute(update(table).where(table.c.id == bindparam("version")).values(values), written)
        first = take_ids(connection, "touched", len(part))
        touched = [(first + at, kind, device.id) for at, (device, _) in enumerate(part)]
        put_rows(connection, schema.touched, ("seq", "kind", "record_id"), touched)


def _item(device: DeviceRow, fault: Fault) -> Item:
    return Item(
        code=fault.code,
        subject=str(device.id),
        message=f"{device.key}: {fault.message}",
        detail={"records": [str(device.id)], "features": []},
        record_id=device.id,
    )


def _assumed(found: Found, around: Surroundings, assumed: set[str]) -> list[Item]:
    """One item for each site whose devices stand on a level ground because it has no terrain."""
    items = []
    for site_id, site in around.scene.sites.items():
        standing = sum(one.site_id == site_id and one.height_from == "ground" for one in found.placed.values())
        if site.code in assumed and standing:
            message = f"{standing} devices of {site.name}, which has no terrain, stand at the height of its origin, {site.height_m:g} m"
            detail = {"records": [], "features": [], "key": site.code, "height_m": site.height_m, "devices": standing}
            items.append(Item(code=GROUND_ASSUMED, subject=site.code, message=message, detail=detail))
    return items
