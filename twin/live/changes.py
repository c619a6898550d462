"""What changed in the state, as a replica is told it: packed, and the same again when unpacked."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Changes"]

HEAD = struct.Struct("<II")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """The state `number` after the one before: `rows` (n,) of `ROW` by `handles` (n,); `addresses` are new devices that follow on the
    first `devices`, `places` new sets of features by their row, `still` documents of what stands still, `inside`
    rows of the lists of who is inside (None: gone); `whole`: forget all before."""

    number: int
    at_us: int
    devices: int
    addresses: Sequence[str]
    places: Mapping[int, tuple[str, ...]]
    handles: NDArray[np.uint32]
    rows: NDArray[np.void]
    still: Mapping[str, dict[str, Any]]
    whole: bool = False
    inside: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)

    def pack(self) -> bytes:
        """As bytes; only `unpack` of the same version reads them."""
        head = {
            "number": self.number,
            "at_us": self.at_us,
            "devices": self.devices,
            "addresses": list(self.addresses),
            "places": [[row, *features] for row, features in self.places.items()],
            "still": dict(self.still),
            "whole": self.whole,
            "inside": dict(self.inside),
        }
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
        return b"".join((HEAD.pack(len(text), len(self.handles)), text, self.handles.astype("<u4").tobytes(), self.rows.tobytes()))

    @classmethod
    def unpack(cls, data: bytes, row: np.dtype[np.void]) -> Self:
        """The changes that were packed, their rows of dtype `row`."""
        text_bytes, count = HEAD.unpack_from(data)
        at = HEAD.size + text_bytes
        head = json.loads(data[HEAD.size : at])
        return cls(
            number=head["number"],
            at_us=head["at_us"],
            devices=head["devices"],
            addresses=head["addresses"],
            places={place: tuple(features) for place, *features in head["places"]},
            handles=np.frombuffer(data, dtype="<u4", count=count, offset=at),
            rows=np.frombuffer(data, dtype=row, count=count, offset=at + 4 * count),
            still=head["still"],
            whole=head["whole"],
            inside=head.get("inside", {}),
        )
