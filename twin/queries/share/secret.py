"""The key under which a receiver's pseudonyms are made: a file of the house that only its owner reads, never in a package or a log."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from twin.errors import Refused

__all__ = ["fingerprint", "key_of"]

BYTES = 32


def key_of(folder: Path, receiver: str) -> bytes:
    """The key of a receiver, made where there is none yet. Refused: `SHARE_KEY_EXPOSED` where others may read it, `SHARE_KEY_INVALID`."""
    path = folder / f"{receiver}.key"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(BYTES) + "\n")
    return _read(path)


def fingerprint(key: bytes) -> str:
    """What tells a key from another without telling it."""
    return hmac.new(key, b"fingerprint", hashlib.sha256).hexdigest()[:16]


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise Refused(f"others may read {path}", code="SHARE_KEY_EXPOSED", path=str(path), hint=f"chmod 600 {path}, or a new key")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) < BYTES:
        raise Refused(f"{path.name} holds no key", code="SHARE_KEY_INVALID", path=str(path), hint=f"{BYTES} bytes in hexadecimal")
    return key
