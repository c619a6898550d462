"""The terminals that vehicles have, out of the register: whose each is, and the token it authenticates with."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from sensors import device_address
from sensors.jt808_known import KnownTerminal
from twin.errors import NotFound
from twin.records.counters import clock_of
from twin.store import Store
from twin.store import record_schema as schema

__all__ = ["Terminals", "digits", "read_secret", "terminal_of"]

VEHICLE = "vehicle"


class Terminals:
    """The register as it was at the last `refresh`. A terminal that two vehicles claim is nobody's: `contested` names it."""

    def __init__(self, store: Store, secret: bytes) -> None:
        self._store = store
        self._secret = secret
        self._known: dict[str, tuple[str, str | None]] = {}
        self.contested: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, terminal: str) -> KnownTerminal | None:
        """See `KnownTerminals`."""
        found = self._known.get(digits(terminal))
        if found is None:
            return None
        key, plate = found
        return KnownTerminal(device=device_address(VEHICLE, key), token=self.token(terminal), plate=plate)

    def listed(self) -> list[tuple[str, str, str | None]]:
        """`(key of the vehicle, terminal, plate)` of all that are one vehicle's own, by key."""
        return sorted(((key, terminal, plate) for terminal, (key, plate) in self._known.items()), key=lambda one: one[0])

    def token(self, terminal: str) -> str:
        """The token of a terminal: the same at every gateway of the home, and of no use to another terminal."""
        return hmac.new(self._secret, digits(terminal).encode(), hashlib.sha256).hexdigest()[:32]

    def refresh(self) -> bool:
        """Be as the register is now; whether that is otherwise than before. Raises StoreUnavailable."""
        table = schema.kind_table(VEHICLE).c
        with self._store.database.reading() as connection:
            now = clock_of(connection, VEHICLE)
            query = select(table.key, table.terminal, table.plate).where(
                table.since <= now, table.until > now, table.ended.is_(None), table.terminal.is_not(None)
            )
            found: dict[str, list[tuple[str, str | None]]] = {}
            for key, terminal, plate in connection.execute(query):
                found.setdefault(digits(str(terminal)), []).append((str(key), plate))
        before = self._known
        self._known = {terminal: claims[0] for terminal, claims in found.items() if len(claims) == 1}
        self.contested = frozenset(terminal for terminal, claims in found.items() if len(claims) > 1)
        return self._known != before


def terminal_of(store: Store, vehicle: str) -> str | None:
    """The number of the terminal that a vehicle has in the register, None for one without. Raises NotFound, StoreUnavailable."""
    table = schema.kind_table(VEHICLE).c
    with store.database.reading() as connection:
        now = clock_of(connection, VEHICLE)
        query = select(table.terminal).where(table.key == vehicle, table.since <= now, table.until > now, table.ended.is_(None))
        found = connection.execute(query).first()
    if found is None:
        raise NotFound(f"there is no vehicle {vehicle}", path=vehicle)
    return None if found[0] is None else str(found[0])


def read_secret(path: Path) -> bytes:
    """The secret that tokens are made with, made where there is none yet; only this user can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(fresh, secrets.token_bytes(32))
            os.fsync(fresh)
        finally:
            os.close(fresh)
    return path.read_bytes()


def digits(terminal: str) -> str:
    """A terminal's number without what editions pad it with."""
    return "".join(filter(str.isdigit, terminal)).lstrip("0")
