"""What a device said: one `Observation`, or many positions as one array of `FIX` rows beside the bytes they came from.

Three clocks are kept apart: the device's, that of the fix, and that of the gateway which received it; all are microseconds of UTC
since 1970. A position is WGS84 lon, lat as the device said it, never moved; what is derived from it stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIX", "NO_NUMBER", "NO_TIME", "Fixes", "Observation", "Stream", "device_address"]

NO_NUMBER = -(2**31)
"""Stands in an int32 or int16-wide column where the device gave no number."""
NO_TIME = -(2**63)
"""Stands in a clock's column where the device gave no time."""
FIX = np.dtype(
    [
        ("device", "<u4"),
        ("device_us", "<i8"),
        ("fix_us", "<i8"),
        ("received_us", "<i8"),
        ("lon_e7", "<i4"),
        ("lat_e7", "<i4"),
        ("altitude_dm", "<i4"),
        ("speed_dkmh", "<i4"),
        ("heading_cdeg", "<i4"),
        ("accuracy_dm", "<i4"),
        ("status", "<u4"),
        ("alarm", "<u4"),
    ]
)
"""One position as a device said it. `device` is a row of the table of device addresses it travels with; degrees times 1e7; decimetres as
the device counts its altitude (its datum is not known); 0.1 km/h; 0.01 degrees clockwise from north; `NO_NUMBER` and `NO_TIME` where it
said nothing. `status` bits: 0 fixed, 1 ignition on, 2 backlog (sent late by the device), 3 coordinates encrypted, 4 satellites of BeiDou
used; `alarm` is the device's own alarm word (0 none)."""
Fixes = NDArray[np.void]
"""(n,) of dtype `FIX`."""


class Stream(StrEnum):
    """What an observation is about; the last part of its MQTT topic."""

    POSITION = "position"
    ALARM = "alarm"
    PASSAGE = "passage"
    STATE = "state"
    READING = "reading"
    HEARTBEAT = "heartbeat"
    UNKNOWN = "unknown"
    """What was said and not understood: its `raw` is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing a device said. `device` is `device_address(kind, key)`; `value` what it said, as JSON knows it; `alarms` the codes of what
    it reports (never dropped, whatever becomes of the rest); `lon_lat` degrees or None; `raw` the bytes as received."""

    device: str
    stream: Stream
    received_us: int
    value: Mapping[str, Any]
    device_us: int | None = None
    fix_us: int | None = None
    lon_lat: tuple[float, float] | None = None
    alarms: tuple[str, ...] = ()
    raw: bytes = b""
    protocol: str = ""


def device_address(kind: str, key: str) -> str:
    """The address of a device: the kind of its record and the record's key.

    >>> device_address("perimeter_segment", "PS-07")
    'perimeter_segment/PS-07'
    """
    return f"{kind}/{key}"
