"""The password file of Mosquitto: one line a user, `user:$7$rounds$salt$hash` (PBKDF2-HMAC-SHA-512), as `mosquitto_passwd` writes it.

Made here and not by that program: it takes the password from its arguments, where every list of processes shows it, or from a terminal.
"""

import hashlib
import os
import secrets
import tempfile
from base64 import b64encode
from collections.abc import Collection, Mapping
from pathlib import Path

from twin.errors import Refused

__all__ = ["keep_only", "new_password", "password_line", "read_passwords", "write_private"]

ROUNDS = 101
"""As `mosquitto_passwd` does: a password of 256 random bits needs no slower hash, and a broker hashes at each of 50,000 connections."""
SALT_BYTES = 12


def new_password() -> str:
    """A password of 256 random bits."""
    return secrets.token_urlsafe(32)


def password_line(user: str, password: str, salt: bytes | None = None) -> str:
    """The line of a user."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"{user}:$7${ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def read_passwords(path: Path) -> dict[str, str]:
    """User → line; empty where there is no file. Refused (`BUS_FILE_INVALID`) for a line that is none: nothing is thrown away unread."""
    if not path.exists():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        user, colon, digest = line.partition(":")
        if not colon or not digest.startswith("$"):
            raise Refused(f"line {number} is no user with a hash", code="BUS_FILE_INVALID", path=str(path), hint="mosquitto_passwd -U FILE")
        found[user] = line
    return found


def keep_only(lines: Mapping[str, str], users: Collection[str]) -> dict[str, str]:
    """The lines of those users."""
    return {user: line for user, line in lines.items() if user in users}


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file whole or not at all, readable by its owner (and its group, if the mode says so)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        if path.exists() and os.geteuid() == 0:
            os.chown(name, path.stat().st_uid, path.stat().st_gid)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
