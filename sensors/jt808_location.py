"""What a location of JT/T 808 means: where and when, alarms by code, and whether its bytes must be kept for ever."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sensors.errors import FrameInvalid
from sensors.jt808_frame import FLAG, Frame, escape, unescape
from sensors.jt808_message import Message

__all__ = [
    "ALARMS",
    "CONFIRMABLE",
    "Position",
    "alarm_codes",
    "alarm_words",
    "alarms_of",
    "item_alarms",
    "microseconds",
    "position_of",
    "status_codes",
    "why_raw_is_kept",
]

CODES: Final[Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("jt808_codes.toml").read_text(encoding="utf-8"))
ALARMS: Final[Mapping[int, str]] = {int(bit): row["code"] for bit, row in CODES["alarm"].items()}
STATUS: Final[Mapping[int, str]] = {int(bit): row["code"] for bit, row in CODES["status"].items()}
CONFIRMABLE: Final = sum(1 << int(bit) for bit, row in CODES["alarm"].items() if row.get("confirm"))
"""The alarm bits that 0x8203 may confirm."""
SINCE_2019: Final = sum(1 << int(bit) for bit, row in CODES["alarm"].items() if row.get("since") == 2019)
SAID: Final[Mapping[str, Mapping[str, Any]]] = {
    row["code"]: row
    for table in (*CODES["bits"].values(), *CODES["types"].values(), CODES["other"], CODES["alarm"])
    for row in table.values()
}
FIXED, SOUTH, WEST, ENCRYPTED = 1 << 1, 1 << 2, 1 << 3, 1 << 5
END = 2
"""State of an alarm of active safety that ends."""
EVENTS_FROM = 0x10
"""Types from here on are events (a picture taken, a driver exchanged), no alarms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """WGS84 degrees as the device said them; `altitude_m` its own altitude; `heading_deg` clockwise from north; `device_us` None where its
    digits are no time. `fixed` False for 0°, 0° too, which no satellite gave."""

    lon: float
    lat: float
    altitude_m: int
    speed_kmh: float
    heading_deg: int
    fixed: bool
    device_us: int | None


def position_of(fields: Mapping[str, Any]) -> Position:
    """The position that the fields of a location say.

    Raises FrameInvalid: `encrypted` where status bit 5 says so, `position` for degrees that no place has.
    """
    status = fields["status"]
    if status & ENCRYPTED:
        raise FrameInvalid("the coordinates are encrypted (status bit 5); their bytes are kept", reason="encrypted")
    lat, lon = fields["latitude"] / 1e6, fields["longitude"] / 1e6
    if lat > 90 or lon > 180:
        raise FrameInvalid(f"latitude {lat}, longitude {lon}: no place has them", reason="position")
    return Position(
        lon=-lon if status & WEST else lon,
        lat=-lat if status & SOUTH else lat,
        altitude_m=fields["altitude_m"],
        speed_kmh=fields["speed_dkmh"] / 10,
        heading_deg=fields["direction_deg"],
        fixed=bool(status & FIXED) and (lat, lon) != (0, 0),
        device_us=microseconds(fields["time"]),
    )


def microseconds(time: str) -> int | None:
    """UTC microseconds since 1970 of a time that `time_read` gave; None where it is only digits.

    >>> microseconds("2020-07-07T19:23:59+08:00"), microseconds("000000000000")
    (1594121039000000, None)
    """
    return None if "T" not in time else int(datetime.fromisoformat(time).timestamp()) * 1_000_000


def alarm_codes(word: int, *, edition: int = 2019) -> tuple[str, ...]:
    """The codes of an alarm word, the lowest bit first; bits that the edition does not know are told by number, never dropped.

    >>> alarm_codes(0b11), alarm_codes(1 << 15, edition=2013)
    (('sos', 'overspeed'), ('alarm_bit_15',))
    """
    known = ALARMS if edition >= 2019 else {bit: code for bit, code in ALARMS.items() if not SINCE_2019 >> bit & 1}
    return tuple(known.get(bit, f"alarm_bit_{bit}") for bit in range(32) if word >> bit & 1)


def status_codes(word: int) -> tuple[str, ...]:
    """What a status word says, the lowest bit first: `ignition`, `fixed`, `doors_locked`, `beidou`, …; the load (bits 8, 9) apart.

    >>> status_codes(0b11 | 1 << 19 | 0b11 << 8)
    ('ignition', 'fixed', 'load_full', 'beidou')
    """
    load = ("", "load_half", "load_reserved", "load_full")[word >> 8 & 3]
    said = ((bit, STATUS[bit]) for bit in STATUS if word >> bit & 1)
    return tuple(code for _, code in sorted([*said, *([(8, load)] if load else [])]))


def alarm_words(code: str) -> tuple[str, str]:
    """What an alarm code means to people, in Chinese and English; a code that this package never gave stands for itself.

    >>> alarm_words("sos"), alarm_words("adas_type_9")
    (('紧急报警', 'SOS pressed'), ('高级驾驶辅助报警类型 9', 'driver assistance alarm type 9'))
    """
    if (row := SAID.get(code)) is not None:
        return str(row["zh"]), str(row["en"])
    kind, _, number = code.rpartition("_")
    row = CODES["unnamed"].get(kind)
    if row is None:
        return code, code
    gap = "" if kind == "item" else " "
    return f"{row['zh']}{gap}{number}", f"{row['en']}{gap}{number}"


def item_alarms(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The codes of alarms that additional items tell; one whose item could not be read is told as `item_NN`."""
    found: list[str] = []
    for item in items:
        if item["id"] in ALARM_ITEMS:
            found.extend(_alarms_of_item(item))
    return tuple(dict.fromkeys(found))


def alarms_of(message: Message) -> tuple[str, ...]:
    """All alarms of a message: of its location, the locations of a batch, their items, and a picture's location."""
    fields, found = message.fields, list[str]()
    for place in _places(fields):
        found.extend(alarm_codes(place["alarm"], edition=message.edition))
    found.extend(item_alarms(message.items))
    for one in _locations(fields):
        found.extend(item_alarms(one["items"]))
    return tuple(dict.fromkeys(found))


def why_raw_is_kept(raw: bytes, *, edition: int | None = None) -> str:
    """Why the bytes of a frame as received must be kept for ever, as a word: `unread` (parsing failed), `encrypted`, `alarm`,
    `differs` (writing it anew gives other bytes), `package` (of locations: one alone does not say that no alarm is among them);
    `` where retention may drop them."""
    try:
        frame = Frame.parse(unescape(raw.strip(FLAG)))
    except FrameInvalid:
        return "unread"
    message = Message.of(frame, edition=edition)
    if message.refused is not None and message.refused.reason != "package":
        return "encrypted" if message.refused.reason == "encrypted" else "unread"
    if alarms_of(message):
        return "alarm"
    if frame.packaged and frame.total > 1 and frame.message_id in LOCATED:
        return "package"
    if any(place["status"] & ENCRYPTED for place in _places(message.fields)):
        return "encrypted"
    try:
        same = escape(message.encode().content()) == raw.strip(FLAG)
    except FrameInvalid:
        same = False
    return "" if same else "differs"


def _places(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every location of a message: itself, one within it, those of a batch or of media found."""
    media = [one["location"] for one in fields.get("media", ()) if isinstance(one, Mapping)]
    all_ = (fields, fields.get("location"), *(one["location"] for one in _locations(fields)), *media)
    return [place for place in all_ if isinstance(place, Mapping) and {"alarm", "status", "latitude"} <= set(place)]


def _locations(fields: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = fields.get("locations", ())
    return found if isinstance(found, Sequence) else ()


def _alarms_of_item(item: Mapping[str, Any]) -> list[str]:
    if "raw" in item:
        quiet = item["id"] in BY_BITS and not item["raw"].strip("0")
        return [] if quiet else [f"item_{item['id']:02x}"]
    name, value = item["name"], item["value"]
    if name in CODES["bits"]:
        known = CODES["bits"][name]
        return [known[str(bit)]["code"] if str(bit) in known else f"{name}_bit_{bit}" for bit in range(32) if value >> bit & 1]
    if name in CODES["types"]:
        kind = value["alarm_type"]
        if value["state"] == END or kind >= EVENTS_FROM:
            return []
        known = CODES["types"][name]
        return [known[str(kind)]["code"] if str(kind) in known else f"{name}_type_{kind}"]
    if name == "tpms":
        return [] if value["state"] == END else ["tpms"]
    if isinstance(value, int):
        return [WORDS.get(name, name)] if value else []
    if name == "abnormal_driving":
        return [name] if value["kinds"] else []
    return [WORDS.get(name, name)]


ALARM_ITEMS: Final = frozenset((0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x64, 0x65, 0x66, 0x67, 0x70))
BY_BITS: Final = frozenset((0x14, 0x15, 0x16, 0x17, 0x18))
"""Items that tell an alarm where one of their bits is set."""
LOCATED: Final = frozenset((0x0200, 0x0704))
WORDS: Final = {
    "overspeed": "overspeed",
    "area": "area",
    "segment": "segment_time",
    "video_lost_channels": "video_lost",
    "video_covered_channels": "video_covered",
    "storage_faults": "storage_fault",
}
