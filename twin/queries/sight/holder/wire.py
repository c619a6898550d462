"""Frames on the holder's socket: four bytes of length (big-endian), then so many bytes; a longer one than allowed is refused unread.

A question is one frame of JSON `{what, site, labels, question}`. An answer is a frame `{}` and one of the answer's bytes, or one frame
`{error: {class, code, message, path, hint, retry_s}}`.
"""

from __future__ import annotations

import json
import select
import socket
import struct

from twin.errors import TwinError, facts_of

__all__ = ["MOST_ANSWER", "MOST_QUESTION", "WireBroken", "has_left", "is_readable", "read_frame", "told", "write_frame"]

MOST_QUESTION, MOST_ANSWER = 4 * 2**20, 256 * 2**20
LENGTH = struct.Struct(">I")


class WireBroken(OSError):
    """The other side is gone, or sent what is no frame."""


def read_frame(connection: socket.socket, most_bytes: int) -> bytes | None:
    """One frame; None where the other side has closed before it. Raises WireBroken within one, or for one that is too long."""
    head = _read(connection, LENGTH.size)
    if head is None:
        return None
    (length,) = LENGTH.unpack(head)
    if length > most_bytes:
        raise WireBroken(f"a frame of {length:,} bytes, at most {most_bytes:,}")
    body = _read(connection, length) if length else b""
    if body is None:
        raise WireBroken("it ended within a frame")
    return body


def write_frame(connection: socket.socket, body: bytes) -> None:
    """Send one frame."""
    connection.sendall(LENGTH.pack(len(body)))
    connection.sendall(body)


def has_left(connection: socket.socket) -> bool:
    """Whether the other side, which has a question open and sends nothing before its answer, has closed."""
    return is_readable(connection, 0.0)


def is_readable(connection: socket.socket, within_s: float) -> bool:
    """Whether something came, or the other side has closed, within so many seconds; `select` knows no file above 1,023, which a worker
    with many connections has."""
    asked = select.poll()
    asked.register(connection, select.POLLIN)
    return bool(asked.poll(within_s * 1000))


def told(error: TwinError) -> bytes:
    """An error as a frame's body."""
    return json.dumps({"error": facts_of(error)}, ensure_ascii=False).encode()


def _read(connection: socket.socket, length: int) -> bytes | None:
    parts: list[bytes] = []
    missing = length
    while missing:
        part = connection.recv(min(missing, 2**20))
        if not part:
            if parts:
                raise WireBroken("it ended within a frame")
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
