"""What a message of a device says: `FIX` rows, observations, and what of it could not be taken.

Nothing is lost: what is not understood becomes an observation of the stream `unknown` with its bytes, beside the reason.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from sensors.batch import MAGIC, Batch
from sensors.errors import BatchInvalid, PayloadInvalid, TopicInvalid
from sensors.mqtt_data import check_data, members_of, parse_time
from sensors.mqtt_event import CloudEvent, parse_binary, parse_structured
from sensors.mqtt_topic import DeviceTopic, parse_device_topic
from sensors.observation import NO_NUMBER, NO_TIME, Observation, Stream

__all__ = ["BATCH_TYPE", "PROTOCOL", "Fix", "Problem", "Said", "read_message"]

BATCH_TYPE = "application/vnd.pingshan.batch"
PROTOCOL = "mqtt"
UNKNOWN_KIND = "unknown"
SHOWN_BYTES = 200
MOST_ALARMS, MOST_LETTERS = 64, 64
TYPE_START = "pingshan."
FIXED, IGNITION, BACKLOG = 1, 2, 4

Fix: TypeAlias = tuple[int, ...]
"""The numbers of one `FIX` row, in its order; `device` is 0 until it has a table."""
Key: TypeAlias = tuple[str, str]
"""What names an event, sent again too: (source, id) of a CloudEvent, (source, number) of a packed batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a message, or a part of it, was not taken: `begins` are its first 200 bytes."""

    code: str
    topic: str
    reason: str
    path: str = ""
    begins: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing a message says of `device`: `one` is a fix, an observation or a whole batch; `key` names it, None where nothing does.

    `problem` stands beside what could not be taken (then `one` keeps it as `unknown`), or was taken with a doubt.
    """

    device: str
    one: Fix | Observation | Batch
    raw: bytes
    key: Key | None = None
    problem: Problem | None = None


def read_message(
    topic: str, payload: bytes, *, received_us: int, content_type: str = "", properties: Sequence[tuple[str, str]] = ()
) -> list[Said]:
    """What a message on a device's topic says, in its order; it raises nothing, whatever the bytes."""
    try:
        where = parse_device_topic(topic)
    except TopicInvalid as invalid:
        return [_unknown(f"{UNKNOWN_KIND}/{topic}", topic, payload, received_us, invalid)]
    try:
        if content_type == BATCH_TYPE or payload.startswith(MAGIC):
            return [_packed(where, payload, received_us)]
        stream = _stream(where)
        binary = any(name == "specversion" for name, _ in properties)
        events = [parse_binary(payload, properties, content_type)] if binary else parse_structured(payload)
    except (BatchInvalid, PayloadInvalid, TopicInvalid) as invalid:
        return [_unknown(where.device, topic, payload, received_us, invalid)]
    return [_event(where, stream, topic, event, received_us) for event in events]


def _stream(where: DeviceTopic) -> Stream:
    try:
        stream = Stream(where.stream)
    except ValueError:
        raise TopicInvalid(f"{where.stream[:40]!r} is no stream", path=where.stream[:40], hint="docs/bus.md lists them") from None
    if stream == Stream.UNKNOWN:
        raise TopicInvalid("a device does not publish to unknown", path=where.stream)
    return stream


def _event(where: DeviceTopic, stream: Stream, topic: str, event: CloudEvent | PayloadInvalid, received_us: int) -> Said:
    if isinstance(event, PayloadInvalid):
        return _unknown(where.device, topic, event.raw, received_us, event)
    key = (event.source, event.id)
    try:
        if event.type.startswith(TYPE_START) and event.type.rpartition(".")[2] != stream:
            raise PayloadInvalid(f"the type {event.type[:80]} on a topic of {stream}", path="type")
        data = check_data(stream, event.data)
        if stream == Stream.POSITION:
            odd = sorted(data.keys() - members_of(stream).keys())
            doubt = _problem("MEMBER_UNKNOWN", topic, f"no column for {', '.join(odd)[:160]}", "data", event.raw) if odd else None
            return Said(device=where.device, one=_fix(event, data, received_us), raw=event.raw, key=key, problem=doubt)
        return Said(device=where.device, one=_observation(where, stream, event, data, received_us), raw=event.raw, key=key)
    except PayloadInvalid as invalid:
        return replace(_unknown(where.device, topic, event.raw, received_us, invalid), key=key)


def _fix(event: CloudEvent, data: Mapping[str, Any], received_us: int) -> Fix:
    fixed = data.get("fixed", True)
    status = FIXED * fixed | IGNITION * data.get("ignition", False) | BACKLOG * data.get("backlog", False)
    return (
        0,
        NO_TIME if event.time_us is None else event.time_us,
        parse_time(data["time"], "data.time") if "time" in data else NO_TIME,
        received_us,
        _scaled(data.get("lon"), 1e7),
        _scaled(data.get("lat"), 1e7),
        _scaled(data.get("altitude_m"), 10),
        _scaled(data.get("speed_kmh"), 10),
        _scaled(data.get("heading_deg"), 100),
        _scaled(data.get("accuracy_m"), 10),
        status,
        0,
    )


def _scaled(value: float | None, factor: float) -> int:
    return NO_NUMBER if value is None else round(value * factor)


def _observation(where: DeviceTopic, stream: Stream, event: CloudEvent, data: Mapping[str, Any], received_us: int) -> Observation:
    """The data as said, and `event`, the event's source and id: two passages of one moment stay two. An alarm that is over raises none."""
    said_us = parse_time(data["time"], "data.time") if "time" in data else None
    return Observation(
        device=where.device,
        stream=stream,
        received_us=received_us,
        value={**data, "event": [event.source, event.id]},
        device_us=said_us if event.time_us is None else event.time_us,
        fix_us=said_us,
        lon_lat=(data["lon"], data["lat"]) if "lon" in data else None,
        alarms=(data["code"],) if stream == Stream.ALARM and data.get("active") is not False else (),
        raw=event.raw,
        protocol=PROTOCOL,
    )


def _packed(where: DeviceTopic, payload: bytes, received_us: int) -> Said:
    """A batch that a device packed itself: of this device alone; received when the gateway received it."""
    batch = Batch.unpack(payload)
    _check_packed(batch)
    named = {*batch.devices, *(one.device for one in batch.others)}
    if strange := sorted(named - {where.device}):
        raise BatchInvalid(f"{where.device} sends of {', '.join(strange)[:160]}", path="devices")
    fixes = batch.fixes
    fixes["received_us"] = received_us
    others = tuple(replace(one, received_us=received_us) for one in batch.others)
    key = (f"{where.device} {batch.source}", str(batch.number))
    return Said(device=where.device, one=replace(batch, fixes=fixes, others=others), raw=payload, key=key)


def _check_packed(batch: Batch) -> None:
    """BatchInvalid where a number is none that a gateway would write."""
    for name, most in (("lon_e7", 1_800_000_000), ("lat_e7", 900_000_000)):
        column = batch.fixes[name]
        if bool(np.any((column != NO_NUMBER) & (np.abs(column.astype("<i8")) > most))):
            raise BatchInvalid(f"{name} beyond {most}", path=name)
    for one in batch.others:
        clocks = (one.device_us, one.fix_us)
        if not all(clock is None or (type(clock) is int and NO_TIME < clock < -NO_TIME) for clock in clocks):
            raise BatchInvalid(f"a clock of {one.stream} is no number of microseconds", path="others")
        if len(one.alarms) > MOST_ALARMS or any(not 1 <= len(code) <= MOST_LETTERS for code in one.alarms):
            raise BatchInvalid(f"{len(one.alarms)} alarms of {one.stream}: at most {MOST_ALARMS} codes of 1 to 64 letters", path="others")
        if one.lon_lat is not None and not (abs(one.lon_lat[0]) <= 180 and abs(one.lon_lat[1]) <= 90):
            raise BatchInvalid(f"{one.stream} at {one.lon_lat}", path="others")
        _check_text(one.value, one.alarms, one.protocol)


def _check_text(*told: object) -> None:
    try:
        json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise BatchInvalid(f"a value that JSON does not carry: {error}", path="others") from error


def _unknown(device: str, topic: str, raw: bytes, received_us: int, why: BatchInvalid | PayloadInvalid | TopicInvalid) -> Said:
    problem = _problem(why.code, topic, why.message, why.path, raw)
    value = {"topic": topic, "code": why.code, "reason": why.message}
    one = Observation(device=device, stream=Stream.UNKNOWN, received_us=received_us, value=value, raw=raw, protocol=PROTOCOL)
    return Said(device=device, one=one, raw=raw, problem=problem)


def _problem(code: str, topic: str, reason: str, path: str, raw: bytes) -> Problem:
    return Problem(code=code, topic=topic, reason=reason, path=path, begins=raw[:SHOWN_BYTES])
