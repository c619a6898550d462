"""A JT/T 808 message as one `Observation`: any message by its table, and a location by a shorter way that says the same."""

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from sensors.errors import FrameInvalid
from sensors.jt808_fields import ITEM, items_read, time_read
from sensors.jt808_frame import Frame, unescape, xor
from sensors.jt808_location import ALARM_ITEMS, alarm_codes, alarms_of, item_alarms, microseconds, position_of
from sensors.jt808_message import Message
from sensors.observation import Observation, Stream

__all__ = ["PROTOCOL", "located_observations", "location_observation", "observation_of"]

PROTOCOL = "jt808"
SECRET = ("token",)
"""Fields that are kept from everybody: whoever has the token is the terminal."""
STREAMS: Final[Mapping[int, Stream]] = {
    0x0002: Stream.HEARTBEAT,
    0x0200: Stream.POSITION,
    0x0201: Stream.POSITION,
    0x0500: Stream.POSITION,
    0x0704: Stream.POSITION,
    0x0705: Stream.READING,
    0x1005: Stream.READING,
}
HEAD = struct.Struct(">HH")
SERIAL = struct.Struct(">H")
LOCATION = struct.Struct(">IIIIHHH6s")
PLAIN: Final[Mapping[int, tuple[str, int]]] = {
    number: (str(row["name"]), int(row["type"][1:]) // 8)
    for number, row in ITEM.items()
    if row["type"] in ("u8", "u16", "u32") and number not in ALARM_ITEMS
}


def observation_of(message: Message, device: str, received_us: int, raw: bytes = b"") -> Observation:
    """What a message says, of a device. `value`: `message` (its name), `message_id`, `serial`, its fields, `items`; `refused` with the
    reason where it was not read wholly. A message with an alarm is in the stream `alarm`, whatever else it says."""
    fields = message.fields
    value: dict[str, Any] = {"message": message.name, "message_id": message.frame.message_id, "serial": message.frame.serial}
    value.update((name, one) for name, one in fields.items() if name not in SECRET)
    if message.items:
        value["items"] = list(message.items)
    if message.refused is not None:
        value["refused"] = message.refused.reason
    device_us, fix_us, lon_lat = _where(fields) if "latitude" in fields and "status" in fields else (None, None, None)
    alarms = alarms_of(message)
    return Observation(
        device=device,
        stream=Stream.ALARM if alarms else STREAMS.get(message.frame.message_id, Stream.STATE),
        received_us=received_us,
        value=value,
        device_us=device_us,
        fix_us=fix_us,
        lon_lat=lon_lat,
        alarms=alarms,
        raw=raw,
        protocol=PROTOCOL,
    )


def location_observation(piece: bytes, device: str, received_us: int, *, edition: int | None = None) -> Observation:
    """The same as `observation_of` for a frame as a splitter gives it (escaped, without flags); a whole 0x0200 in a few microseconds.

    Raises FrameInvalid as `Frame.parse`.
    """
    content = unescape(piece)
    size = len(content)
    raw = b"\x7e" + piece + b"\x7e"
    message_id, attributes = HEAD.unpack_from(content) if size > 41 else (0, 0)
    start = 17 if attributes & 0x4000 else 12
    if message_id != 0x0200 or attributes & 0xBC00 or size - 1 - start != attributes & 0x3FF or size < start + 29 or xor(content):
        return observation_of(Message.of(Frame.parse(content), edition=edition), device, received_us, raw)
    alarm, status, lat, lon, altitude, speed, direction, digits = LOCATION.unpack_from(content, start)
    time, device_us = _time(digits)
    value = {
        "message": "location",
        "message_id": 0x0200,
        "serial": SERIAL.unpack_from(content, start - 2)[0],
        "alarm": alarm,
        "status": status,
        "latitude": lat,
        "longitude": lon,
        "altitude_m": altitude,
        "speed_dkmh": speed,
        "direction_deg": direction,
        "time": time,
    }
    told = 2019 if attributes & 0x4000 else edition if edition in (2011, 2013) else 2013
    alarms = alarm_codes(alarm, edition=told) if alarm else ()
    if size - 29 > start:
        value["items"] = items = _items(content, start + 28, size - 1, str(told))
        if any(item["id"] in ALARM_ITEMS for item in items):
            alarms = tuple(dict.fromkeys((*alarms, *item_alarms(items))))
        if "malformed" in items[-1]:
            value["refused"] = "items"
    fixed = status & 2 and not status & 32 and (lat or lon)
    possible = not status & 32 and lat <= 90_000_000 and lon <= 180_000_000 and (lat or lon)
    degrees = (-lon / 1e6 if status & 8 else lon / 1e6, -lat / 1e6 if status & 4 else lat / 1e6) if possible else None
    stream = Stream.ALARM if alarms else Stream.POSITION
    return Observation(
        device=device,
        stream=stream,
        received_us=received_us,
        value=value,
        device_us=device_us,
        fix_us=device_us if fixed and possible else None,
        lon_lat=degrees,
        alarms=alarms,
        raw=raw,
        protocol=PROTOCOL,
    )


def located_observations(message: Message, device: str, received_us: int) -> list[Observation]:
    """Of a location or a batch of them, one observation for each whose items tell an alarm, with all the alarms of that location."""
    places = message.fields.get("locations")
    if not isinstance(places, list):
        return [observation_of(message, device, received_us)] if item_alarms(message.items) else []
    found = []
    for place in places:
        if item_alarms(place["items"]):
            one = Message(frame=message.frame, edition=message.edition, name=message.name, fields=place["location"], items=place["items"])
            found.append(observation_of(one, device, received_us))
    return found


def _where(fields: Mapping[str, Any]) -> tuple[int | None, int | None, tuple[float, float] | None]:
    try:
        where = position_of(fields)
    except FrameInvalid:
        return microseconds(fields["time"]), None, None
    nowhere = where.lon == 0 and where.lat == 0
    return where.device_us, where.device_us if where.fixed else None, None if nowhere else (where.lon, where.lat)


@lru_cache(maxsize=4096)
def _time(digits: bytes) -> tuple[str, int | None]:
    text = time_read(digits.hex())
    return text, microseconds(text)


def _items(data: bytes, at: int, end: int, edition: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while at < end:
        known = PLAIN.get(data[at])
        if known is None or at + 2 + known[1] > end or data[at + 1] != known[1]:
            stop = at + 2 + data[at + 1] if at + 1 < end else end + 1
            one, _ = items_read(data, at, min(stop, end), edition)
            found.extend(one)
            at = stop
            continue
        at += 2
        value = int.from_bytes(data[at : at + known[1]], "big") if known[1] > 1 else data[at]
        found.append({"id": data[at - 2], "name": known[0], "value": value})
        at += known[1]
    return found
