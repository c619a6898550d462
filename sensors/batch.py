"""A batch of what devices said, as one gateway hands it over and as it is kept: packed, and the same again when unpacked."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from sensors.errors import BatchInvalid
from sensors.observation import FIX, Fixes, Observation, Stream

__all__ = ["MAGIC", "Batch"]

MAGIC = b"PSB1"
HEAD = struct.Struct("<4sIIQ")
"""Magic, bytes of the JSON head, number of fixes, bytes of all raw frames."""
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """What a gateway received, in order: `fixes` (n,) of `FIX` whose `device` counts into `devices`, `raw` the n frames they came from (or
    empty: none is kept), and other observations. `source` and `number` name the batch: the same pair is the same batch sent again."""

    source: str
    number: int
    devices: Sequence[str] = ()
    fixes: Fixes = field(default_factory=lambda: np.zeros(0, dtype=FIX))
    raw: Sequence[bytes] = ()
    others: Sequence[Observation] = ()

    def __post_init__(self) -> None:
        if len(self.raw) not in (0, len(self.fixes)):
            raise BatchInvalid(f"{len(self.raw)} raw frames beside {len(self.fixes)} fixes", path=self.source)
        if len(self.fixes) and int(self.fixes["device"].max()) >= len(self.devices):
            raise BatchInvalid(f"a fix names device {int(self.fixes['device'].max())} of {len(self.devices)}", path=self.source)

    def __len__(self) -> int:
        return len(self.fixes) + len(self.others)

    def pack(self) -> bytes:
        """The batch as bytes (docs/live.md, *A packed batch*)."""
        others, blobs = [_told(one) for one in self.others], [*self.raw, *(one.raw for one in self.others)]
        head = {"source": self.source, "number": self.number, "devices": list(self.devices), "others": others, "raw": len(self.raw)}
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
        lengths = np.fromiter(map(len, blobs), dtype="<u4", count=len(blobs)).tobytes()
        raw = b"".join(blobs)
        return b"".join((HEAD.pack(MAGIC, len(text), len(self.fixes), len(raw)), text, self.fixes.tobytes(), lengths, raw))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The batch that was packed. Raises BatchInvalid for anything else; nothing of the bytes is believed before it is counted."""
        try:
            magic, text_bytes, count, raw_bytes = HEAD.unpack_from(data)
            if magic != MAGIC or len(data) > MOST_BYTES:
                raise BatchInvalid("no packed batch: it does not begin with PSB1, or is above 64 MiB")
            at = HEAD.size + text_bytes
            head = json.loads(data[HEAD.size : at])
            fixes = np.frombuffer(data, dtype=FIX, count=count, offset=at).copy()
            at += count * FIX.itemsize
            blobs = int(head["raw"]) + len(head["others"])
            lengths = np.frombuffer(data, dtype="<u4", count=blobs, offset=at)
            at += blobs * 4
            if int(lengths.sum(dtype=np.uint64)) != raw_bytes or at + raw_bytes != len(data):
                raise BatchInvalid(f"{len(data)} bytes where its head counts {at + raw_bytes}")
            ends = at + np.cumsum(lengths, dtype=np.int64)
            pieces = [data[end - size : end] for end, size in zip(ends.tolist(), lengths.tolist(), strict=True)]
            others = [_untold(one, raw) for one, raw in zip(head["others"], pieces[int(head["raw"]) :], strict=True)]
            return cls(
                source=str(head["source"]),
                number=int(head["number"]),
                devices=tuple(map(str, head["devices"])),
                fixes=fixes,
                raw=tuple(pieces[: int(head["raw"])]),
                others=tuple(others),
            )
        except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BatchInvalid(f"no packed batch: {error}") from error


def _told(one: Observation) -> dict[str, Any]:
    told: dict[str, Any] = {"device": one.device, "stream": one.stream, "received_us": one.received_us, "value": one.value}
    more = {"device_us": one.device_us, "fix_us": one.fix_us, "lon_lat": one.lon_lat, "alarms": one.alarms, "protocol": one.protocol}
    return told | {name: value for name, value in more.items() if value not in (None, (), "")}


def _untold(told: Mapping[str, Any], raw: bytes) -> Observation:
    place = told.get("lon_lat")
    return Observation(
        device=str(told["device"]),
        stream=Stream(told["stream"]),
        received_us=int(told["received_us"]),
        value=dict(told["value"]),
        device_us=told.get("device_us"),
        fix_us=told.get("fix_us"),
        lon_lat=None if place is None else (float(place[0]), float(place[1])),
        alarms=tuple(map(str, told.get("alarms", ()))),
        raw=raw,
        protocol=str(told.get("protocol", "")),
    )
