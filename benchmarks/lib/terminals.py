"""Vehicles with terminals, as columns: a day of driving and standing, reports every 9 to 11 s, the noise of open sky, JT/T 808 frames.

Positions have the resolution of the protocol (1e-6 degrees) and errors of σ 3 m correlated over 30 s; what is received comes up to two
seconds later. Frames are made here by hand, of the 2019 version: location with mileage, recorder speed, signal and satellites.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

LON_E7, LAT_E7 = 1_192_946_000, 260_896_000
EAST_E7, NORTH_E7 = 1e7 / 99_970, 1e7 / 110_800
"""1e-7 degrees a metre at Fuzhou."""
BEGIN_US = 1_795_708_800_000_000
"""2026-11-27 00:00 in Beijing."""
HALF_WORLD_M = 20_000


@dataclass(frozen=True)
class Driven:
    """(vehicles, reports) each; `judged` is the position without most of its error."""

    time_us: Any
    received_us: Any
    lon_e7: Any
    lat_e7: Any
    judged_lon_e7: Any
    judged_lat_e7: Any
    altitude_m: Any
    speed_dkmh: Any
    heading_deg: Any
    moving: Any
    mileage: Any
    serial: Any


def drive(vehicles: int, reports: int, seed: int) -> Driven:
    """Each vehicle drives and stands by turns."""
    rng = np.random.default_rng(seed)
    shape = (vehicles, reports)
    steps = rng.choice([9, 10, 10, 10, 10, 11], size=shape)
    seconds = np.minimum(np.cumsum(steps, 1), 86_399)
    moving = np.sin(np.cumsum(rng.normal(0, 0.05, shape), 1) + rng.uniform(0, 6, (vehicles, 1))) > -0.2
    speed = np.abs((np.cumsum(rng.normal(0, 1.2, shape), 1) + 25) % 50 - 25) * moving
    turn = np.cumsum(rng.normal(0, 0.25, shape) * moving, 1)
    x, y = (np.cumsum(speed * steps * one(turn), 1) + rng.uniform(-5000, 5000, (vehicles, 1)) for one in (np.sin, np.cos))
    x, y = (np.abs((one + HALF_WORLD_M) % (4 * HALF_WORLD_M) - 2 * HALF_WORLD_M) - HALF_WORLD_M for one in (x, y))
    east, north = _noise(rng, shape), _noise(rng, shape)
    time_us = BEGIN_US + seconds * 1_000_000
    return Driven(
        time_us=time_us,
        received_us=time_us + rng.gamma(2, 150_000, shape).astype(np.int64) + rng.integers(0, 1_000_000, shape),
        lon_e7=LON_E7 + (np.round((x + east) * EAST_E7 / 10) * 10).astype(np.int64),
        lat_e7=LAT_E7 + (np.round((y + north) * NORTH_E7 / 10) * 10).astype(np.int64),
        judged_lon_e7=LON_E7 + np.round((x + east * 0.6) * EAST_E7).astype(np.int64),
        judged_lat_e7=LAT_E7 + np.round((y + north * 0.6) * NORTH_E7).astype(np.int64),
        altitude_m=np.abs(10 + np.cumsum(rng.normal(0, 0.4, shape), 1) % 60).astype(np.int64),
        speed_dkmh=np.round(speed * 36).astype(np.int64),
        heading_deg=np.round(np.degrees(turn)).astype(np.int64) % 360,
        moving=moving,
        mileage=(np.cumsum(speed * steps, 1) / 100).astype(np.int64) + rng.integers(0, 1_000_000, (vehicles, 1)),
        serial=np.arange(reports) + rng.integers(0, 60_000, (vehicles, 1)),
    )


def frames_of(driven: Driven, vehicle: Any, report: Any, seed: int) -> list[bytes]:
    """The frames of some reports, (n,) vehicles and numbers of reports."""
    rng, n = np.random.default_rng(seed), len(vehicle)

    def of(column: Any) -> Any:
        return column[vehicle, report]

    parts = [
        _number(np.full(n, 0x0200), 2), _number(np.full(n, 0x4000 | 45), 2), _number(np.ones(n, dtype=np.int64), 1),
        _digits(13_800_000_000 + vehicle, 20), _number(of(driven.serial) & 0xFFFF, 2),
        _number(np.zeros(n, dtype=np.int64), 4), _number(0x40002 | of(driven.moving).astype(np.int64), 4),
        _number(of(driven.lat_e7) // 10, 4), _number(of(driven.lon_e7) // 10, 4), _number(of(driven.altitude_m), 2),
        _number(of(driven.speed_dkmh), 2), _number(of(driven.heading_deg), 2), _clock(of(driven.time_us)),
        _number(np.full(n, 0x0104), 2), _number(of(driven.mileage), 4),
        _number(np.full(n, 0x0302), 2), _number(np.maximum(of(driven.speed_dkmh) + rng.integers(-3, 4, n), 0), 2),
        _number(np.full(n, 0x3001), 2), _number(rng.integers(15, 31, n), 1),
        _number(np.full(n, 0x3101), 2), _number(rng.integers(8, 16, n), 1),
    ]  # fmt: skip
    plain = np.concatenate(parts, axis=1)
    whole = np.concatenate([plain, np.bitwise_xor.reduce(plain, axis=1)[:, None]], axis=1)
    return [b"\x7e" + bytes(row).replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e" for row in whole]


def arrivals(driven: Driven, size: int) -> Iterator[tuple[Any, Any]]:
    """Vehicles and numbers of reports in the order of their receipt, `size` at a time."""
    order = np.argsort(driven.received_us, axis=None, kind="stable")
    for at in range(0, len(order), size):
        yield np.unravel_index(order[at : at + size], driven.received_us.shape)


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    keep = np.exp(-10 / 30)
    noise = rng.normal(0, 3 * np.sqrt(1 - keep * keep), shape)
    for at in range(1, shape[1]):
        noise[:, at] += keep * noise[:, at - 1]
    return noise


def _number(values: Any, size: int) -> Any:
    return np.ascontiguousarray(values.astype(">u8")).view(np.uint8).reshape(-1, 8)[:, 8 - size :]


def _digits(values: Any, count: int) -> Any:
    digits = np.stack([values // 10**place % 10 if place < 18 else values * 0 for place in range(count - 1, -1, -1)], axis=1)
    return (digits[:, ::2] * 16 + digits[:, 1::2]).astype(np.uint8)


def _clock(time_us: Any) -> Any:
    """YYMMDDhhmmss of 2026-11-27 in Beijing."""
    second = (time_us - BEGIN_US) // 1_000_000
    return _digits(261_127_000_000 + second // 3600 * 10_000 + second // 60 % 60 * 100 + second % 60, 12)
