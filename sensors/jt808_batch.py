"""Locations of many JT/T 808 frames as columns: unescaped, checked and read together, a few hundred nanoseconds a frame.

What columns cannot hold (a message in packages, an encrypted body, an item that tells an alarm, anything else than 0x0200 and 0x0704)
is marked for `sensors.jt808_message`; a frame that is refused is so by the same rules (tests compare both ways, frame by frame).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sensors.jt808_location import ALARM_ITEMS
from sensors.observation import FIX, NO_NUMBER, NO_TIME, Fixes

__all__ = ["LOCATION", "LOCATIONS", "REASONS", "Located", "fixes_of", "keep_raw_for_ever", "locate"]

REASONS: Final = ("", "short", "checksum", "length", "body")
LOCATION, LOCATIONS = 0x0200, 0x0704
BASE = np.dtype(
    [
        ("alarm", ">u4"),
        ("status", ">u4"),
        ("latitude", ">u4"),
        ("longitude", ">u4"),
        ("altitude", ">u2"),
        ("speed", ">u2"),
        ("direction", ">u2"),
        ("time", "u1", (6,)),
    ]
)
HOURS_AHEAD = 8
BCD = np.array([byte // 16 * 10 + byte % 16 if byte // 16 < 10 and byte % 16 < 10 else 255 for byte in range(256)], dtype=np.int64)
MONTH_STARTS = np.array(
    [[int(np.datetime64(f"{2000 + year}-{month:02d}", "D").astype(int)) for month in range(1, 13)] for year in range(100)], dtype=np.int64
)
MONTH_DAYS = np.diff(np.append(MONTH_STARTS.ravel(), int(np.datetime64("2100-01-01", "D").astype(int)))).reshape(100, 12)
TELLS = np.zeros(256, dtype=np.uint8)
TELLS[list(ALARM_ITEMS)] = 1
TELLS[[0x14, 0x15, 0x16, 0x17, 0x18]] = 2
"""1: an alarm by being there; 2: where any of its bits is set."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Located:
    """What n frames say. `fixes` (m,) in the order of their frames, `device` 0 throughout, `frame` (m,) the frame of each.

    Each of (n,): `refused` counts into REASONS; `whole` True where the fixes are all that it says: the others of those read go through
    `Message.of` too (`tells`: an item tells an alarm, or one is malformed); `odd` where writing it anew gives other bytes; `encrypted`
    where the coordinates or the body are. `phone` (n, 10) the terminal's digits, BCD, zeros before those of 2013."""

    fixes: Fixes
    frame: NDArray[np.int64]
    refused: NDArray[np.uint8]
    whole: NDArray[np.bool_]
    tells: NDArray[np.bool_]
    odd: NDArray[np.bool_]
    encrypted: NDArray[np.bool_]
    message_id: NDArray[np.int64]
    serial: NDArray[np.int64]
    phone: NDArray[np.uint8]


def locate(pieces: Sequence[bytes], received_us: int | NDArray[np.int64]) -> Located:
    """The locations of frames as a splitter gives them (escaped, without flags), received at microseconds of UTC, one or (n,)."""
    count = len(pieces)
    sizes = np.fromiter(map(len, pieces), dtype=np.int64, count=count)
    data = np.frombuffer(b"".join((*pieces, bytes(32))), dtype=np.uint8)
    data, sizes, odd = _unescaped(data, sizes)
    starts = np.cumsum(sizes) - sizes
    refused = np.where(sizes < 13, 1, 0).astype(np.uint8)
    message_id = data[starts].astype(np.int64) << 8 | data[starts + 1]
    attributes = data[starts + 2].astype(np.int64) << 8 | data[starts + 3]
    newer, packaged = attributes & 0x4000 != 0, attributes & 0x2000 != 0
    body = starts + np.where(newer, 17, 12) + np.where(packaged, 4, 0)
    end = starts + sizes - 1
    refused[(refused == 0) & (_xor(data, starts, sizes) != 0)] = 2
    refused[(refused == 0) & (end - body != attributes & 0x3FF)] = 3
    serial_at = np.where(newer, starts + 15, starts + 10)
    serial = data[serial_at].astype(np.int64) << 8 | data[serial_at + 1]
    phone = data[starts[:, None] + np.where(newer[:, None], 5, 0) + np.arange(10)]
    phone[~newer] = np.pad(data[starts[~newer][:, None] + np.arange(4, 10)], ((0, 0), (4, 0)))
    read = (refused == 0) & ~packaged & (attributes & 0x1C00 == 0)
    frame, base, until = _bases(data, read, message_id, body, end, refused)
    fixes, secret = _fixes(data, base)
    fixes["received_us"] = received_us if np.isscalar(received_us) else np.asarray(received_us)[frame]
    late = (message_id[frame] == LOCATIONS) & (data[body[frame] + 2] == 1)
    fixes["status"] |= np.where(late, 4, 0).astype(np.uint32)
    tells = np.zeros(count, dtype=bool)
    tells[frame[_telling(data, base + BASE.itemsize, until)]] = True
    encrypted = (refused == 0) & (attributes & 0x1C00 != 0)
    encrypted[frame[secret]] = True
    whole = np.zeros(count, dtype=bool)
    whole[frame] = True
    return Located(
        fixes=fixes,
        frame=frame,
        refused=refused,
        whole=whole & ~tells,
        tells=tells,
        odd=odd,
        encrypted=encrypted,
        message_id=message_id,
        serial=serial,
        phone=phone,
    )


def fixes_of(message_id: int, body: bytes, received_us: int) -> Fixes | None:
    """The locations (m,) of the body of a 0x0200 or 0x0704 that came in packages, of any length; `device` 0. None where it is cut."""
    places = _inside(body) if message_id == LOCATIONS else [(0, len(body))] if len(body) >= BASE.itemsize else None
    if places is None:
        return None
    fixes, _ = _fixes(np.frombuffer(body + bytes(32), dtype=np.uint8), np.array([at for at, _ in places], dtype=np.int64))
    fixes["received_us"] = received_us
    if message_id == LOCATIONS and body[2] == 1:
        fixes["status"] |= np.uint32(4)
    return fixes


def keep_raw_for_ever(frames: Sequence[bytes]) -> NDArray[np.bool_]:
    """(n,) whether the bytes of each frame, as received, must be kept for ever: an alarm is set, parsing failed, it is encrypted, or
    writing it anew gives other bytes. An empty one (a fix whose bytes stand with another) need not. `why_raw_is_kept` says why."""
    from sensors.jt808_location import why_raw_is_kept

    pieces = [one.strip(b"\x7e") for one in frames]
    found = locate(pieces, 0)
    keep = (found.refused > 0) | found.odd | found.encrypted
    keep[found.frame[found.fixes["alarm"] != 0]] = True
    for row in np.flatnonzero(~keep & ~found.whole).tolist():
        keep[row] = why_raw_is_kept(frames[row]) != ""
    keep[[not piece for piece in pieces]] = False
    return keep


def _unescaped(data: NDArray[np.uint8], sizes: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    marks = np.flatnonzero(data == 0x7D)
    odd = np.zeros(len(sizes), dtype=bool)
    if not len(marks):
        return data, sizes, odd
    ends = np.cumsum(sizes)
    of = np.searchsorted(ends, marks, side="right")
    follows = data[marks + 1]
    true = ((follows == 1) | (follows == 2)) & (marks + 1 < ends[of])
    odd[of[~true]] = True
    marks, of = marks[true], of[true]
    data = data.copy()
    data[marks] = np.where(follows[true] == 2, 0x7E, 0x7D)
    kept = np.ones(len(data), dtype=bool)
    kept[marks + 1] = False
    return data[kept], sizes - np.bincount(of, minlength=len(sizes)), odd


def _xor(data: NDArray[np.uint8], starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(n,) the XOR of each frame; of an empty one what follows it, which is refused as short anyway."""
    if not len(starts):
        return np.zeros(0, dtype=np.uint8)
    found: NDArray[np.uint8] = np.bitwise_xor.reduceat(data, np.append(starts, starts[-1] + sizes[-1]))[:-1]
    return found


def _bases(
    data: NDArray[np.uint8],
    read: NDArray[np.bool_],
    message_id: NDArray[np.int64],
    body: NDArray[np.int64],
    end: NDArray[np.int64],
    refused: NDArray[np.uint8],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Frame, first byte and end of every location; a body that does not hold what it says is refused (`body`)."""
    single = np.flatnonzero(read & (message_id == LOCATION))
    fits = end[single] - body[single] >= BASE.itemsize
    refused[single[~fits]] = 4
    single = single[fits]
    frames, bases, untils = [single], [body[single]], [end[single]]
    many = np.flatnonzero(read & (message_id == LOCATIONS))
    if len(many):
        found: list[tuple[int, int, int]] = []
        for row in many.tolist():
            inside = _inside(data[body[row] : end[row]].tobytes())
            if inside is None:
                refused[row] = 4
                continue
            found.extend((row, int(body[row]) + at, int(body[row]) + stop) for at, stop in inside)
        more = np.array(found, dtype=np.int64).reshape(-1, 3)
        frames, bases, untils = [*frames, more[:, 0]], [*bases, more[:, 1]], [*untils, more[:, 2]]
    frame = np.concatenate(frames)
    order = np.argsort(frame, kind="stable") if len(many) else slice(None)
    return frame[order], np.concatenate(bases)[order], np.concatenate(untils)[order]


def _inside(body: bytes) -> list[tuple[int, int]] | None:
    """Where the locations of a batch begin and end; None where it is cut, or one is shorter than a location."""
    if len(body) < 3:
        return None
    found, at = [], 3
    while at < len(body):
        start = at + 2
        at = start + int.from_bytes(body[at : at + 2], "big")
        if at > len(body) or at - start < BASE.itemsize:
            return None
        found.append((start, at))
    return found


def _fixes(data: NDArray[np.uint8], base: NDArray[np.int64]) -> tuple[Fixes, NDArray[np.bool_]]:
    """The fixes, and which of them have encrypted coordinates."""
    fixes = np.zeros(len(base), dtype=FIX)
    window: NDArray[Any] = np.ndarray(shape=(len(data) - BASE.itemsize + 1,), dtype=BASE, buffer=data, strides=(1,))
    said = window[base]
    status = said["status"].astype(np.uint32)
    lat, lon = said["latitude"].astype(np.int64) * 10, said["longitude"].astype(np.int64) * 10
    secret = status & 32 != 0
    fixed = (status & 2 != 0) & ~secret & ((lat != 0) | (lon != 0))
    lat, lon = np.where(status & 4, -lat, lat), np.where(status & 8, -lon, lon)
    fixes["lat_e7"] = np.where(secret | (np.abs(lat) >= 2**31), NO_NUMBER, lat)
    fixes["lon_e7"] = np.where(secret | (np.abs(lon) >= 2**31), NO_NUMBER, lon)
    fixes["altitude_dm"] = said["altitude"].astype(np.int32) * 10
    fixes["speed_dkmh"] = said["speed"]
    fixes["heading_cdeg"] = said["direction"].astype(np.int32) * 100
    fixes["accuracy_dm"] = NO_NUMBER
    fixes["status"] = fixed | (status & 1) << 1 | secret * np.uint32(8) | (status >> 19 & 1) << 4
    fixes["alarm"] = said["alarm"]
    fixes["device_us"] = _times(said["time"])
    fixes["fix_us"] = np.where(fixed, fixes["device_us"], NO_TIME)
    return fixes, secret


def _times(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Microseconds of UTC of BCD[6] in GMT+8, (n, 6); NO_TIME where they are no time."""
    year, month, day, hour, minute, second = BCD[digits].T
    good = (year < 100) & (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60) & (second < 60)
    years, months = np.where(good, year, 0), np.where(good, month - 1, 0)
    good &= day <= MONTH_DAYS[years, months]
    hours = (MONTH_STARTS[years, months] + day - 1) * 24 + hour - HOURS_AHEAD
    return np.where(good, ((hours * 60 + minute) * 60 + second) * 1_000_000, NO_TIME)


def _telling(data: NDArray[np.uint8], at: NDArray[np.int64], until: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows whose items tell an alarm, or run over their end."""
    found: list[NDArray[np.int64]] = []
    rows = np.flatnonzero(at < until)
    at, until = at[rows], until[rows]
    some: NDArray[np.int64] | None = None
    while len(rows):
        after = at + 2 + data[at + 1]
        cut = (at + 2 > until) | (after > until)
        how = TELLS[data[at]]
        tells = cut | (how == 1)
        if (how == 2).any():
            some = np.cumsum(data != 0) if some is None else some
            tells |= (how == 2) & (some[np.minimum(after, len(some)) - 1] > some[at + 1])
        found.append(rows[tells])
        on = ~tells & (after < until)
        rows, at, until = rows[on], after[on], until[on]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
