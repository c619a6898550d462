"""Bodies of locations as a terminal makes them: one fix as a 0x0200, many as a 0x0704."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sensors.jt808_frame import MOST_BODY

__all__ = ["Fix", "bodies_of", "fitting", "location_body", "locations_body"]

LOCATION = struct.Struct(">IIIIHHH6s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What a terminal reports: WGS84 degrees, metres, km/h, degrees clockwise from north; `alarm` and more `status` bits of the standard;
    `items` the additional items as bytes."""

    device_us: int
    lon: float
    lat: float
    altitude_m: int = 0
    speed_kmh: float = 0.0
    heading_deg: float = 0.0
    fixed: bool = True
    ignition: bool = True
    alarm: int = 0
    status: int = 1 << 19
    items: bytes = b""


@lru_cache(maxsize=4096)
def _digits(seconds: int) -> bytes:
    return bytes.fromhex((datetime.fromtimestamp(seconds, UTC) + timedelta(hours=8)).strftime("%y%m%d%H%M%S"))


def location_body(fix: Fix) -> bytes:
    """The body of a 0x0200."""
    status = fix.status | fix.fixed << 1 | fix.ignition | (fix.lat < 0) << 2 | (fix.lon < 0) << 3
    lat, lon = round(abs(fix.lat) * 1e6), round(abs(fix.lon) * 1e6)
    altitude, speed = max(0, min(0xFFFF, round(fix.altitude_m))), max(0, min(0xFFFF, round(fix.speed_kmh * 10)))
    heading = round(fix.heading_deg) % 360
    return LOCATION.pack(fix.alarm, status, lat, lon, altitude, speed, heading, _digits(fix.device_us // 1_000_000)) + fix.items


def locations_body(bodies: Iterable[bytes], *, backlog: bool = True) -> bytes:
    """The body of a 0x0704 of bodies of 0x0200."""
    said = list(bodies)
    return struct.pack(">HB", len(said), backlog) + b"".join(struct.pack(">H", len(one)) + one for one in said)


def fitting(bodies: list[bytes]) -> int:
    """How many of the first fit one frame; at least one."""
    size = 3
    for number, body in enumerate(bodies):
        size += 2 + len(body)
        if size > MOST_BODY and number:
            return number
    return len(bodies)


def bodies_of(batch: bytes) -> list[bytes]:
    """The bodies within the body of a 0x0704."""
    found, at = [], 3
    while at < len(batch):
        size = int.from_bytes(batch[at : at + 2], "big")
        found.append(batch[at + 2 : at + 2 + size])
        at += 2 + size
    return found
