"""Frames of locations as terminals send them, and a plain `struct` loop that decodes them: neither shares code with `sensors`."""

import random
import struct
from datetime import datetime, timedelta, timezone
from functools import reduce
from operator import xor
from typing import Any

BEIJING = timezone(timedelta(hours=8))
LOCATION = struct.Struct(">IIIIHHH6s")
WIDTHS = {1: ">B", 2: ">H", 4: ">I"}
BEGUN = datetime(2026, 11, 27, 8, tzinfo=BEIJING)


def made(count: int, seed: int, *, vehicles: int = 50_000) -> list[bytes]:
    """`count` frames of 0x0200, half of 2013 and half of 2019, as a splitter gives them (escaped, without flags): mileage, fuel,
    signal strength and satellites as items, one in 500 with an alarm bit, one in 2,000 with an alarm that only an item tells."""
    rng = random.Random(seed)
    return [_one(rng, number, vehicles) for number in range(count)]


def _one(rng: random.Random, number: int, vehicles: int) -> bytes:
    phone = 13_000_000_000 + number % vehicles
    items = struct.pack(
        ">BBIBBHBBBBBB", 1, 4, rng.randrange(10_000_000), 2, 2, rng.randrange(2_000), 0x30, 1, rng.randrange(32), 0x31, 1, 9
    )
    if rng.random() < 1 / 2_000:
        items += struct.pack(">BBI", 0x14, 4, 1)
    alarm = 1 if rng.random() < 1 / 500 else 0
    time = (BEGUN + timedelta(seconds=number // 5_000)).strftime("%y%m%d%H%M%S")
    lat, lon = rng.randrange(26_050_000, 26_120_000), rng.randrange(119_250_000, 119_350_000)
    speed, heading = rng.randrange(900), rng.randrange(360)
    body = LOCATION.pack(alarm, 0x80003, lat, lon, rng.randrange(200), speed, heading, bytes.fromhex(time)) + items
    if number % 2:
        content = struct.pack(">HHB10sH", 0x0200, len(body) | 0x4000, 1, bytes.fromhex(f"{phone:020d}"), number & 0xFFFF) + body
    else:
        content = struct.pack(">HH6sH", 0x0200, len(body), bytes.fromhex(f"{phone:012d}"), number & 0xFFFF) + body
    content += bytes((reduce(xor, content),))
    return content.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def plain_loop(piece: bytes) -> dict[str, Any]:
    """One frame by `struct` and a loop, as one writes it in an afternoon: a dict of what a FIX row has, and the items."""
    content = piece.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    if reduce(xor, content):
        raise ValueError("checksum")
    message_id, attributes = struct.unpack_from(">HH", content)
    start = 17 if attributes & 0x4000 else 12
    phone = content[5:15].hex() if attributes & 0x4000 else content[4:10].hex()
    alarm, status, lat, lon, altitude, speed, direction, digits = LOCATION.unpack_from(content, start)
    time = datetime.strptime(digits.hex(), "%y%m%d%H%M%S").replace(tzinfo=BEIJING)
    items, at, end = {}, start + LOCATION.size, len(content) - 1
    while at + 2 <= end:
        number, size = content[at], content[at + 1]
        value = content[at + 2 : at + 2 + size]
        items[number] = struct.unpack(WIDTHS[size], value)[0] if size in WIDTHS else value
        at += 2 + size
    return {
        "message_id": message_id,
        "terminal": phone,
        "alarm": alarm,
        "status": status,
        "lat": lat / 1e6,
        "lon": lon / 1e6,
        "altitude": altitude,
        "speed": speed / 10,
        "direction": direction,
        "time": time,
        "items": items,
    }
