"""Frames between the hub and who speaks with it: length, kind, payload; bounded."""

from __future__ import annotations

import asyncio
import struct
from enum import IntEnum

from twin.errors import NotReady

__all__ = ["MOST_BYTES", "Kind", "read_frame", "send", "written"]

HEAD = struct.Struct("<IB")
MOST_BYTES = 256 * 2**20


class Kind(IntEnum):
    """What a frame is. `BATCH` is answered by `DONE` or `REFUSED`, `COMMAND` by `ANSWER`; after `FOLLOW` come `CHANGES` and `EVENTS`."""

    BATCH = 1
    DONE = 2
    REFUSED = 3
    FOLLOW = 4
    CHANGES = 5
    EVENTS = 6
    COMMAND = 7
    ANSWER = 8


def written(kind: Kind, payload: bytes) -> bytes:
    """A frame."""
    return HEAD.pack(len(payload), kind) + payload


def send(writer: asyncio.StreamWriter, kind: Kind, payload: bytes) -> None:
    """Write a frame; to a connection that has ended nothing, as asyncio's own loop does: uvloop's raises RuntimeError, and whoever tells
    several would tell no other."""
    if not writer.is_closing():
        writer.write(written(kind, payload))


async def read_frame(reader: asyncio.StreamReader) -> tuple[Kind, bytes] | None:
    """The next frame; None where the other side has closed between frames. Raises NotReady where it broke off or speaks something else."""
    try:
        head = await reader.readexactly(HEAD.size)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise NotReady("the hub's connection broke off within a frame") from None
        return None
    length, kind = HEAD.unpack(head)
    if length > MOST_BYTES or kind not in Kind.__members__.values():
        raise NotReady(f"no frame of the hub: kind {kind}, {length} bytes")
    try:
        return Kind(kind), await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        raise NotReady("the hub's connection broke off within a frame") from None
