"""An observation that somebody posts to a device's datastream, as the batch that goes through the inlet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from sensors import Batch, Observation
from sensors.errors import PayloadInvalid
from sensors.mqtt_data import check_data
from sensors.observation import FIX, NO_NUMBER, NO_TIME, Stream
from twin.live.things import TYPES, Entity
from twin.queries.things.derived import observed_name
from twin.queries.things.devices import Device
from twin.queries.things.errors import ThingInvalid
from twin.queries.things.members import checked_members, span_of
from twin.queries.things.observed import ObservedHistory, all_observed

__all__ = ["device_batch", "name_of", "observation_from"]

PROTOCOL = "sensorthings"
FIXED = 1
SINGLE: Mapping[Stream, str] = {Stream.STATE: "state", Stream.ALARM: "code"}
"""The member that a result stands for which is no object."""
UNIT_OF_STREAM = "1"
"""Stands for the unit of a reading that names none: its datastream does."""
COLUMNS: Mapping[str, tuple[str, float, float, float]] = {
    "altitude_m": ("altitude_dm", 10.0, -1_000.0, 20_000.0),
    "speed_kmh": ("speed_dkmh", 10.0, 0.0, 2_000.0),
    "heading_deg": ("heading_cdeg", 100.0, 0.0, 360.0),
    "accuracy_m": ("accuracy_dm", 10.0, 0.0, 100_000.0),
}
"""Parameter of a position → column of `FIX`, how many of its units are one, least and most."""


def observation_from(device: Device, stream: Stream, document: Any, received_us: int) -> Observation:
    """The observation of a document; raises ThingInvalid. Without a time it is of its reception."""
    if not isinstance(document, dict):
        raise ThingInvalid("an Observation is an object of JSON", path="Observation")
    body = checked_members(TYPES["Observation"], document)
    if "@iot.id" in document:
        raise ThingInvalid("the id of a device's observation follows from its time", path="@iot.id", hint="leave it out")
    at = span_of(body["phenomenonTime"], "phenomenonTime") if body.get("phenomenonTime") is not None else None
    if at is not None and not at.is_instant:
        raise ThingInvalid("a device tells of one moment", path="phenomenonTime")
    result, parameters = body["result"], body.get("parameters") or {}
    place = _lon_lat(result) if stream is Stream.POSITION else None
    said = parameters if place is not None else _said(result, parameters, stream)
    raw = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Observation(
        device=device.address,
        stream=stream,
        received_us=received_us,
        value=said,
        device_us=None if at is None else at.start_us,
        fix_us=at.start_us if at is not None and place is not None else None,
        lon_lat=place or ((said["lon"], said["lat"]) if "lon" in said else None),
        alarms=(said["code"],) if stream is Stream.ALARM and said.get("active") is not False else (),
        raw=raw,
        protocol=PROTOCOL,
    )


def device_batch(one: Observation, source: str, number: int) -> Batch:
    """The batch of one observation; a position is a row of `FIX`, which the tracker judges."""
    if one.lon_lat is None:
        return Batch(source=source, number=number, others=(one,))
    fix = np.zeros(1, dtype=FIX)
    fix["received_us"] = one.received_us
    fix["device_us"] = NO_TIME if one.device_us is None else one.device_us
    fix["fix_us"] = NO_TIME if one.fix_us is None else one.fix_us
    fix["lon_e7"], fix["lat_e7"] = (round(degrees * 1e7) for degrees in one.lon_lat)
    fix["status"] = FIXED
    for parameter, (column, factor, least, most) in COLUMNS.items():
        fix[column] = _number(one.value.get(parameter), parameter, factor, least, most)
    return Batch(source=source, number=number, devices=(one.device,), fixes=fix, raw=(one.raw,))


def name_of(history: ObservedHistory, datastream: Entity, device: Device, one: Observation) -> str:
    """The id under which a committed observation is found."""
    at = one.fix_us if one.fix_us is not None else one.received_us if one.device_us is None else one.device_us
    rows = list(all_observed(history, device.address, one.stream, from_us=at, to_us=at))
    last = max(len(rows) - 1, 0) if one.stream is Stream.POSITION else len(rows)  # tracks do not tell when they were received
    number = next((count for row, count in rows if row.received_us == one.received_us), last)
    return observed_name(str(datastream.id), one, number)


def _said(result: Any, parameters: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """What a device says, as it would by MQTT (docs/bus.md): the members of an object, or the one that stands for the stream; raises
    ThingInvalid where the stream does not take it. A single result stays beside its member, so that it is told as it was posted."""
    single = SINGLE.get(stream)
    if isinstance(result, dict):
        said = {**parameters, **result}
    elif stream is Stream.READING:
        said = {**parameters, "value": result}
    elif single is not None:
        said = {**parameters, single: result, "result": result}
    else:
        raise ThingInvalid(f"the result of a {stream} is an object", path="result", hint="docs/bus.md has its members")
    try:
        check_data(stream, {"unit": UNIT_OF_STREAM, **said} if stream is Stream.READING else said)
    except PayloadInvalid as error:
        raise ThingInvalid(error.message, path=error.path.replace("data", "result", 1), hint="docs/bus.md has the members") from None
    return said


def _lon_lat(result: Any) -> tuple[float, float]:
    """Degrees of a GeoJSON point."""
    place = result.get("coordinates") if isinstance(result, dict) and result.get("type") == "Point" else None
    numbers = isinstance(place, list) and len(place) in (2, 3) and all(type(one) in (int, float) for one in place)
    if not numbers or place is None or not (-180 <= place[0] <= 180 and -90 <= place[1] <= 90):
        raise ThingInvalid("the result of a position is a GeoJSON Point of lon, lat degrees", path="result")
    return float(place[0]), float(place[1])


def _number(value: Any, name: str, factor: float, least: float, most: float) -> int:
    if value is None:
        return NO_NUMBER
    if type(value) not in (int, float) or not least <= value <= most:
        raise ThingInvalid(f"{name} is a number from {least:g} to {most:g}", path=f"parameters.{name}")
    return round(float(value) * factor)
