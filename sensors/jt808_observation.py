"""A JT/T 808 message as one `Observation`: any message by its table, and a location by a shorter way that says the same."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
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
SECRET: Final = {0x0102: ("token", "raw"), 0x8100: ("token", "raw")}
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
WHOLE = struct.Struct(">2xH6xHIIIIHHH6s")
WHOLE_2019 = struct.Struct(">2xH11xHIIIIHHH6s")
"""Header and location: attributes, serial, and the fields of a location."""
CODES: Final = {1: "B", 2: "H", 4: "I"}
PLAIN: Final[Mapping[int, tuple[str, int]]] = {
    number: (str(row["name"]), 2 + int(row["type"][1:]) // 8)
    for number, row in ITEM.items()
    if row["type"] in ("u8", "u16", "u32") and number not in ALARM_ITEMS
}


def observation_of(message: Message, device: str, received_us: int, raw: bytes = b"") -> Observation:
    """What a message says, of a device. `value`: `message` (its name), `message_id`, `serial`, its fields, `items`; `refused` with the
    reason where it was not read wholly. A message with an alarm is in the stream `alarm`, whatever else it says."""
    fields = message.fields
    value: dict[str, Any] = {"message": message.name, "message_id": message.frame.message_id, "serial": message.frame.serial}
    secret = SECRET.get(message.frame.message_id, ())
    value.update((name, one) for name, one in fields.items() if name not in secret)
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
    newer = size > 2 and content[2] & 0x40
    whole, start = (WHOLE_2019, 17) if newer else (WHOLE, 12)
    if size <= whole.size or content[:2] != b"\x02\x00" or content[2] & 0xBC or xor(content):
        return observation_of(Message.of(Frame.parse(content), edition=edition), device, received_us, raw)
    attributes, serial, alarm, status, lat, lon, altitude, speed, direction, digits = whole.unpack_from(content)
    if size - 1 - start != attributes & 0x3FF:
        return observation_of(Message.of(Frame.parse(content), edition=edition), device, received_us, raw)
    time, device_us = _time(digits)
    value = {
        "message": "location",
        "message_id": 0x0200,
        "serial": serial,
        "alarm": alarm,
        "status": status,
        "latitude": lat,
        "longitude": lon,
        "altitude_m": altitude,
        "speed_dkmh": speed,
        "direction_deg": direction,
        "time": time,
    }
    told = 2019 if newer else edition if edition in (2011, 2013) else 2013
    alarms = alarm_codes(alarm, edition=told) if alarm else ()
    if size > whole.size + 1:
        items, plain = _items(content, whole.size, size - 1, str(told))
        value["items"] = items
        if not plain:
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


@dataclass(frozen=True, slots=True)
class _Shape:
    """Ids and lengths of items that are all plain numbers, as they stand: terminals send the same ones again and again."""

    steps: struct.Struct
    ids: tuple[int, ...]
    sizes: tuple[int, ...]
    names: tuple[tuple[int, str], ...]

    def values(self, data: bytes, at: int) -> list[dict[str, Any]] | None:
        """The items there, or None where they have another shape."""
        said = self.steps.unpack_from(data, at)
        if said[::3] != self.ids or said[1::3] != self.sizes:
            return None
        return [{"id": number, "name": name, "value": value} for (number, name), value in zip(self.names, said[2::3], strict=True)]


SHAPES: Final[dict[int, _Shape]] = {}
"""The last shape of each length; no more than a body has bytes."""


def _items(data: bytes, at: int, end: int, edition: str) -> tuple[list[dict[str, Any]], bool]:
    """The items, and whether all are plain numbers, of which none tells an alarm."""
    shape = SHAPES.get(end - at)
    if shape is not None and (found := shape.values(data, at)) is not None:
        return found, True
    start, plain, found = at, True, []
    while at < end:
        number, known, stop = data[at], PLAIN.get(data[at]), at + 2 + data[at + 1]
        if known is not None and stop <= end and stop - at == known[1]:
            found.append({"id": number, "name": known[0], "value": int.from_bytes(data[at + 2 : stop], "big")})
        else:
            plain = False
            stop = end if stop > end or at + 1 >= end else stop
            found.extend(items_read(data, at, stop, edition)[0])
        at = stop
    if plain:
        ids = tuple(one["id"] for one in found)
        sizes = tuple(PLAIN[number][1] - 2 for number in ids)
        steps = struct.Struct(">" + "".join("BB" + CODES[size] for size in sizes))
        SHAPES[end - start] = _Shape(steps, ids, sizes, tuple((one["id"], one["name"]) for one in found))
    return found, plain
