"""A checkpoint of the hub: all that was made of the journal up to a position, in one file that is there whole or not at all."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Checkpoint", "read_checkpoint", "write_checkpoint"]

MAGIC = b"PSC1"
HEAD = struct.Struct("<4sII")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """`facts` as JSON knows them and `parts` as bytes, by name, of the journal before `position`."""

    position: int
    facts: Mapping[str, Any]
    parts: Mapping[str, bytes]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Put it in place of the one before; OSError where the disk refuses, and the one before is still there."""
    names = list(checkpoint.parts)
    body = b"".join(checkpoint.parts[name] for name in names)
    head = {"position": checkpoint.position, "facts": checkpoint.facts, "parts": [[name, len(checkpoint.parts[name])] for name in names]}
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".new")
    try:
        with written.open("wb") as file:
            file.write(HEAD.pack(MAGIC, len(text), zlib.crc32(text + body)))
            file.write(text)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        written.replace(path)
    except OSError:
        with suppress(OSError):
            written.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint there is; None where there is none, or none that is whole: then all is made of the journal again."""
    try:
        data = path.read_bytes()
        magic, length, check = HEAD.unpack_from(data)
        if magic != MAGIC or zlib.crc32(data[HEAD.size :]) != check:
            return None
        head = json.loads(data[HEAD.size : HEAD.size + length])
    except (OSError, struct.error, ValueError):
        return None
    parts, at = {}, HEAD.size + length
    for name, size in head["parts"]:
        parts[name] = data[at : at + size]
        at += size
    return Checkpoint(position=head["position"], facts=head["facts"], parts=parts)
