"""A frame of /live: what moved, packed in columns (docs/live.md)."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from sensors import NO_NUMBER, NO_TIME
from twin.live.state import Rows

__all__ = ["FULL", "MAGIC", "pack_frame"]

MAGIC = b"PSL1"
FULL = 1
HEAD = struct.Struct("<4sB3xIIqQ")
UNKNOWN = 65535
LONGEST_MS = 2**31 - 1


def pack_frame(handles: NDArray[np.int64], rows: Rows, gone: NDArray[np.int64], *, tick_us: int, number: int, full: bool) -> bytes:
    """The bytes of a frame: rows (n,) of `ROW` by their handles, handles that are gone, the tick and the number of the state."""
    age_us = np.where(rows["fix_us"] == NO_TIME, 0, tick_us - rows["fix_us"])
    age_ms = np.where(rows["fix_us"] == NO_TIME, NO_NUMBER, np.clip(age_us // 1000, -LONGEST_MS, LONGEST_MS))
    columns = (
        handles.astype("<u4"),
        rows["lon_e7"].astype("<i4"),
        rows["lat_e7"].astype("<i4"),
        rows["height_cm"].astype("<i4"),
        age_ms.astype("<i4"),
        _short(rows["heading_cdeg"]),
        _short(rows["speed_dkmh"]),
        _short(rows["accuracy_dm"]),
        rows["flags"].astype("<u2"),
        gone.astype("<u4"),
    )
    head = HEAD.pack(MAGIC, FULL if full else 0, len(handles), len(gone), tick_us, number)
    return head + b"".join(column.tobytes() for column in columns)


def _short(column: NDArray[np.int32]) -> NDArray[np.uint16]:
    """An int32 column as u16: the longest where it does not fit, 65535 where it is unknown."""
    bounded = np.clip(column, 0, UNKNOWN - 1)
    return np.where(column == NO_NUMBER, UNKNOWN, bounded).astype("<u2")
