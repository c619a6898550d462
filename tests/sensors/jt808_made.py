"""Frames of locations made for tests, by `struct` alone: nothing of the codec under test."""

import struct
from functools import reduce
from operator import xor


def enclose(content: bytes) -> bytes:
    """A frame of header and body: checksum, escaping, flags."""
    whole = content + bytes((reduce(xor, content, 0),))
    return b"\x7e" + whole.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


def header(message_id: int, phone: str, serial: int, size: int, *, newer: bool = False) -> bytes:
    """The header of a whole message."""
    if newer:
        return struct.pack(">HHB10sH", message_id, size | 0x4000, 1, bytes.fromhex(phone.zfill(20)), serial)
    return struct.pack(">HH6sH", message_id, size, bytes.fromhex(phone.zfill(12)), serial)


def location_body(
    *,
    alarm: int = 0,
    status: int = 0x80003,
    lat: int = 26_089_600,
    lon: int = 119_294_600,
    altitude: int = 30,
    speed: int = 360,
    direction: int = 90,
    time: str = "261127083000",
    items: bytes = b"",
) -> bytes:
    """The body of a 0x0200."""
    return struct.pack(">IIIIHHH6s", alarm, status, lat, lon, altitude, speed, direction, bytes.fromhex(time)) + items


def location(phone: str = "013912345678", serial: int = 1, *, newer: bool = False, body: bytes | None = None) -> bytes:
    """A 0x0200 with flags."""
    inside = location_body() if body is None else body
    return enclose(header(0x0200, phone, serial, len(inside), newer=newer) + inside)


def batch(bodies: list[bytes], phone: str = "013912345678", serial: int = 1, *, newer: bool = False, backlog: bool = True) -> bytes:
    """A 0x0704 with flags."""
    inside = struct.pack(">HB", len(bodies), backlog) + b"".join(struct.pack(">H", len(one)) + one for one in bodies)
    return enclose(header(0x0704, phone, serial, len(inside), newer=newer) + inside)
