"""Messages of GB/T 28181 on the twin: whose they are, what they are as observations, and how catalogues differ from the register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensors import Batch, Observation
from sensors.gb28181 import Alarm, Catalogue, Keepalive, Message, MobilePosition, Place
from sensors.gb28181_alarm_codes import alarm_row
from sensors.observation import FIX, NO_NUMBER, NO_TIME, Stream
from twin.auth import EVERY, Principal, local_administrator
from twin.codes.device_id import DeviceType, parse_device_id
from twin.codes.tables import shipped_tables
from twin.live.things.catalogues import Listed, list_devices, list_platforms, list_put_aside, put_aside, take_catalogue
from twin.queries.planner.finding import Finding, finding_page
from twin.queries.things.devices import Device, SeenDevices
from twin.queries.things.odata.values import time_text
from twin.queries.things.service import Things

__all__ = ["PROTOCOL", "batch_of", "differences", "keep_message", "put_aside_page"]

PROTOCOL = "gb28181"
FIXED = 1
CAMERA = "camera"
IN_USE = (None, "in_use")
LONGEST_DIVISION = 8


@dataclass(frozen=True, slots=True)
class Stranger:
    """A device that no register knows, several do, or that is beyond the poster's sites."""

    address: str


def keep_message(things: Things, principal: Principal, message: Message, body: bytes, now_us: int) -> list[tuple[Device | Stranger, Any]]:
    """What of a message is an observation, by device; the rest is kept when this returns: catalogues, and whatever comes of strangers,
    whose alarms are told besides.

    The register is looked through as a whole: what the poster may know of does not decide whose alarm it is, and is not answered.
    """
    if isinstance(message, Catalogue):
        with things.store.writing() as writing:
            take_catalogue(writing, message, body, now_us)
        return []
    devices = things.devices.seen_by(local_administrator())
    found: list[tuple[Device | Stranger, Any]] = []
    unknown: list[str] = []
    for name, one in _said(message):
        device = _device_of(devices, principal, name)
        if device is None:
            unknown.append(name)
            if isinstance(one, Alarm):
                found.append((Stranger(f"unknown_device/{name}"), one))
        else:
            found.append((device, one))
    if unknown:
        with things.store.writing() as writing:
            for name in dict.fromkeys(unknown):
                put_aside(writing, name, type(message).__name__, body, now_us)
    return found


def batch_of(found: Sequence[tuple[Device | Stranger, Any]], body: bytes, *, source: str, number: int, received_us: int) -> Batch:
    """The batch of what a message says: positions as rows of `FIX`, the body beside the first of them."""
    places = [(device, one) for device, one in found if isinstance(one, Place)]
    fixes = np.zeros(len(places), dtype=FIX)
    addresses = list(dict.fromkeys(device.address for device, _ in places))
    for at, (device, one) in enumerate(places):
        fixes[at] = _fix(addresses.index(device.address), one, received_us)
    others = [_observation(device, one, body, received_us) for device, one in found if not isinstance(one, Place)]
    raw = [body if at == 0 else b"" for at in range(len(places))]
    return Batch(source=source, number=number, devices=addresses, fixes=fixes, raw=raw, others=others)


def differences(things: Things, principal: Principal, *, codes: Sequence[str], after: str | None, limit: int) -> dict[str, Any]:
    """Where catalogues and the register of cameras disagree, as findings; what no register has is for who may know of everything."""
    seen, listed = things.devices.seen_by(principal), list_devices(things.store)
    whole = EVERY in principal.labels and EVERY in principal.scopes and EVERY in principal.units
    findings = list(_findings(things, seen, listed, whole=whole))
    return {"platforms": _platforms(things) if whole else []} | finding_page(findings, codes=codes, after=after, limit=limit)


def put_aside_page(things: Things, *, after: int, limit: int) -> dict[str, Any]:
    """Messages of unknown devices, the earliest first; `body` as it came, in hexadecimal."""
    rows = list_put_aside(things.store, after=after, limit=limit + 1)
    told = [
        {
            "id": row.id,
            "deviceId": row.device_id,
            "command": row.command,
            "number": row.number,
            "first": time_text(row.first_us),
            "last": time_text(row.last_us),
            "body": row.body.hex(),
        }
        for row in rows[:limit]
    ]
    return {"messages": told, "next": rows[limit - 1].id if len(rows) > limit else None}


def _said(message: Message) -> Iterator[tuple[str, Any]]:
    """Id of a device → what it said."""
    if isinstance(message, MobilePosition):
        yield from ((one.device_id, one) for one in message.places)
        if not message.places:
            yield message.device_id, message
    else:
        yield message.device_id, message


def _device_of(devices: SeenDevices, principal: Principal, name: str) -> Device | None:
    found = devices.of_network_id(name)
    if len(found) != 1:
        return None
    site = found[0].site
    return found[0] if site is None or principal.scopes & {EVERY, site} else None


def _observation(device: Device | Stranger, one: Any, body: bytes, received_us: int) -> Observation:
    if isinstance(one, Alarm):
        row = alarm_row(one.method, one.type)
        said = {"method": one.method, "type": one.type, "event": one.event, "priority": one.priority, "sn": one.sn}
        value: dict[str, Any] = {name: number for name, number in said.items() if number is not None} | {"zh": row.zh, "en": row.en}
        value |= {"description": one.description} if one.description else {}
        value |= {"faults": list(one.faults)} if one.faults else {}
        return Observation(
            device=device.address,
            stream=Stream.ALARM,
            received_us=received_us,
            value=value,
            device_us=one.at_us,
            lon_lat=one.lon_lat,
            alarms=(row.code,),
            raw=body,
            protocol=PROTOCOL,
        )
    if isinstance(one, Keepalive):
        value = {"status": one.status, "faulty": list(one.faulty)}
        return Observation(
            device=device.address, stream=Stream.HEARTBEAT, received_us=received_us, value=value, raw=body, protocol=PROTOCOL
        )
    value = {"faults": list(one.faults)}
    return Observation(device=device.address, stream=Stream.POSITION, received_us=received_us, value=value, raw=body, protocol=PROTOCOL)


def _fix(device: int, one: Place, received_us: int) -> Any:
    row = np.zeros(1, dtype=FIX)[0]
    row["device"], row["received_us"], row["status"] = device, received_us, FIXED
    row["device_us"] = row["fix_us"] = NO_TIME if one.at_us is None else one.at_us
    row["lon_e7"], row["lat_e7"] = (round(degrees * 1e7) for degrees in one.lon_lat)
    row["altitude_dm"] = _column(one.altitude_m, 10.0)
    row["speed_dkmh"] = _column(one.speed_kmh, 10.0)
    row["heading_cdeg"] = _column(one.heading_deg, 100.0)
    row["accuracy_dm"] = NO_NUMBER
    return row


def _column(value: float | None, factor: float) -> int:
    """A number in units of the column; one that does not fit in it is none."""
    if value is None or abs(value * factor) >= 2**31 - 1:
        return NO_NUMBER
    return round(value * factor)


def _findings(things: Things, seen: SeenDevices, listed: Sequence[Listed], *, whole: bool) -> Iterator[Finding]:
    by_id: dict[str, Listed] = {one.device_id: one for one in listed}
    every = things.devices.seen_by(local_administrator())
    if whole:
        for one in listed:
            if not every.of_network_id(one.device_id) and _is_device(one.device_id):
                facts = {"platform": one.platform, "device_id": one.device_id, "name": one.name, "status": one.status}
                message = f"{one.device_id} {one.name}: in the catalogue, in no register"
                yield Finding(code="CATALOGUE_DEVICE_NEW", kind=CAMERA, key=None, message=message, column="device_id", facts=facts)
    complete = any(one.complete_us is not None for one in list_platforms(things.store))
    for device in seen.by_id.values():
        if device.kind == CAMERA and device.network_id is not None:
            yield from _of_camera(device, by_id.get(device.network_id), complete=complete)


def _of_camera(device: Device, one: Listed | None, *, complete: bool) -> Iterator[Finding]:
    in_use = device.state in IN_USE
    if one is None:
        if complete and in_use:
            message = f"{device.network_id} is in use by the register and in no catalogue"
            yield Finding(code="CATALOGUE_DEVICE_GONE", kind=CAMERA, key=device.key, message=message, column="device_id")
        return
    facts = {"status": one.status, "state": device.state}
    if one.status == "OFF" and in_use:
        message = f"{device.network_id} is OFF; the register has it in use"
        yield Finding(code="CATALOGUE_DEVICE_OFF", kind=CAMERA, key=device.key, message=message, column="state", facts=facts)
    if one.status == "ON" and not in_use:
        message = f"{device.network_id} is ON; the register says {device.state}"
        yield Finding(code="CATALOGUE_DEVICE_ON", kind=CAMERA, key=device.key, message=message, column="state", facts=facts)


def _is_device(name: str) -> bool:
    """Whether an id is that of a camera or an alarm input, or of no form at all: platforms, groups and divisions are no devices."""
    parts = parse_device_id(name)
    if parts is None:
        return len(name) > LONGEST_DIVISION
    return any(one.code == parts.type and one.of for one in shipped_tables().rows(DeviceType))


def _platforms(things: Things) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "total": one.total,
            "received": one.received,
            "seen": time_text(one.seen_us),
            "complete": None if one.complete_us is None else time_text(one.complete_us),
            "open": one.open,
        }
        for one in list_platforms(things.store)
    ]
