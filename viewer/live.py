"""A frame of `/live` as bytes and as columns: what moved since the last one (docs/live.md, *A frame of `/live`*).

The page has the same decoder in TypeScript (`web/src/live/frame.ts`); three frames in docs/live.md are read by both.
"""

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from viewer.errors import FrameInvalid

__all__ = [
    "ACCURACY_UNKNOWN", "ALARM", "BACKLOG", "DOUBTED", "HEADING_UNKNOWN", "HEIGHT_UNKNOWN", "IGNITION", "MOVING", "NO_FIX", "SILENT",
    "SMOOTHED", "SPEED_UNKNOWN", "Frame", "decode_frame", "encode_frame",
]  # fmt: skip

MAGIC = b"PSL1"
HEAD = struct.Struct("<4sB3xIIqQ")
"""Magic, bits, rows, gone, tick, number of the state."""
FULL = 1
HEIGHT_UNKNOWN = -(2**31)
HEADING_UNKNOWN = SPEED_UNKNOWN = ACCURACY_UNKNOWN = 2**16 - 1
SMOOTHED, MOVING, IGNITION, SILENT, ALARM, BACKLOG, DOUBTED, NO_FIX = (1 << bit for bit in range(8))
COLUMNS = (
    ("handle", "<u4"),
    ("lon_e7", "<i4"),
    ("lat_e7", "<i4"),
    ("height_cm", "<i4"),
    ("age_ms", "<i4"),
    ("heading_cdeg", "<u2"),
    ("speed_dkmh", "<u2"),
    ("accuracy_dm", "<u2"),
    ("bits", "<u2"),
)
"""In the order of the bytes; `gone` follows."""
ROW_BYTES = sum(np.dtype(kind).itemsize for _, kind in COLUMNS)
GONE = np.dtype("<u4")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """What one tick says, each column (n,): `handle` names a device for this connection, degrees WGS84 times 1e7, ellipsoidal height in
    cm, `age_ms` milliseconds from the fix to the tick, 0.01 degrees clockwise from north, 0.1 km/h, dm, and the bits named above. `gone`
    (m,) are handles that ended; of a `full` frame everything it does not name is gone. `tick_us` microseconds of UTC; `number` grows."""

    full: bool
    tick_us: int
    number: int
    handle: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, dtype="<u4"))
    lon_e7: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype="<i4"))
    lat_e7: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype="<i4"))
    height_cm: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype="<i4"))
    age_ms: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype="<i4"))
    heading_cdeg: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, dtype="<u2"))
    speed_dkmh: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, dtype="<u2"))
    accuracy_dm: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, dtype="<u2"))
    bits: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, dtype="<u2"))
    gone: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, dtype="<u4"))

    def __len__(self) -> int:
        return len(self.handle)


def decode_frame(data: bytes) -> Frame:
    """The frame that these bytes are. Raises FrameInvalid for anything else; no count in the bytes is believed before it is compared with
    their number.

    An empty full frame is 32 bytes: `decode_frame(encode_frame(Frame(full=True, tick_us=0, number=0)))`.
    """
    if len(data) < HEAD.size or data[:4] != MAGIC:
        raise FrameInvalid(f"no frame: {len(data)} bytes that do not begin with PSL1 and {HEAD.size} bytes of head")
    _, bits, rows, gone, tick_us, number = HEAD.unpack_from(data)
    counted = HEAD.size + rows * ROW_BYTES + gone * GONE.itemsize
    if counted != len(data):
        raise FrameInvalid(f"{len(data)} bytes where the head counts {counted}")
    columns: dict[str, NDArray[np.generic]] = {}
    at = HEAD.size
    for name, kind in COLUMNS:
        columns[name] = np.frombuffer(data, dtype=kind, count=rows, offset=at)
        at += columns[name].nbytes
    columns["gone"] = np.frombuffer(data, dtype=GONE, count=gone, offset=at)
    return Frame(full=bool(bits & FULL), tick_us=tick_us, number=number, **columns)  # type: ignore[arg-type]


def encode_frame(frame: Frame) -> bytes:
    """The frame as bytes. Raises FrameInvalid where its columns are not equally long."""
    rows = len(frame)
    columns = [np.ascontiguousarray(getattr(frame, name), dtype=kind) for name, kind in COLUMNS]
    if any(column.shape != (rows,) for column in columns):
        raise FrameInvalid(f"columns of {sorted({len(column) for column in columns})} rows in one frame")
    head = HEAD.pack(MAGIC, FULL * frame.full, rows, len(frame.gone), frame.tick_us, frame.number)
    return b"".join((head, *(column.tobytes() for column in columns), np.ascontiguousarray(frame.gone, dtype=GONE).tobytes()))
