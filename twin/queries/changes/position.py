"""Where somebody is in the order of changes, and the token that says so."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import Connection, func, select

from twin.errors import Invalid, TwinError
from twin.records.counters import next_id_of
from twin.store import record_schema, schema

__all__ = ["BEGINNING", "FeatureMark", "Gone", "Known", "Position", "RecordMark", "present_position", "seal", "unseal"]

FORM = "c1"
TAG_BYTES = 16
LAST = 2**62


class Gone(TwinError):
    """A token that was of use once or elsewhere, and is not here and now: start again without one (410)."""

    code = "CHANGES_TOKEN_FOREIGN"


class RecordMark(NamedTuple):
    """The last change told of a kind: the turn of its clock; in it first (`created`) what an import brought, by record, then (`changed`)
    single changes, by number."""

    clock: int
    part: Literal[0, 1]
    number: int


class FeatureMark(NamedTuple):
    """The last change told of features: the revision, and in it the identity."""

    revision: int
    identity: int


class Known(NamedTuple):
    """The last text, location and record there were: what the reader's scope is compared by (`twin.queries.changes.scope`)."""

    term: int
    location: int
    record: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in the order of changes: a mark a kind (none: the beginning) and of features; `scope` is what its holder could know of."""

    records: Mapping[str, RecordMark]
    features: FeatureMark
    known: Known
    scope: str = ""


BEGINNING = Position(records={}, features=FeatureMark(0, 0), known=Known(0, 0, 0))
"""Before everything that ever was."""


def present_position(connection: Connection, kinds: Iterable[str]) -> Position:
    """Behind everything that this connection sees."""
    clock = record_schema.clock.c
    clocks = {row.kind: int(row.now) for row in connection.execute(select(clock.kind, clock.now))}
    changes = next_id_of(connection, "change") - 1
    revision = connection.execute(select(func.coalesce(func.max(schema.revision.c.id), 0))).scalar_one()
    term, location = (
        int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())
        for table in (record_schema.term, record_schema.location)
    )
    return Position(
        records={kind: RecordMark(clocks.get(kind, 0), 1, changes) for kind in kinds},
        features=FeatureMark(int(revision), LAST),
        known=Known(term, location, next_id_of(connection, "record") - 1),
    )


def seal(position: Position, key: bytes) -> str:
    """The token of a position: the same for the same position, readable by the store alone.

    What it counts includes what its holder may not know of, so it is enciphered: a synthetic initialisation vector (as RFC 5297) of
    HMAC-SHA-256, which authenticates it too.
    """
    said = [position.records, position.features, position.known, position.scope]
    plain = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    tag = _mac(key, b"tag", plain)[:TAG_BYTES]
    sealed = base64.urlsafe_b64encode(tag + _ciphered(key, tag, plain)).rstrip(b"=").decode()
    return f"{FORM}.{_name_of(key)}.{sealed}"


def unseal(token: str, key: bytes) -> Position:
    """The position of a token. Raises Invalid (`CHANGES_TOKEN_INVALID`) for what is none, Gone for one of another store."""
    invalid = Invalid("this is no token of changes", path="since", code="CHANGES_TOKEN_INVALID", hint="take it from an answer of /changes")
    parts = token.split(".")
    if len(parts) != 3 or parts[0] != FORM:
        raise invalid
    if parts[1] != _name_of(key):
        raise Gone("the token is of another store, or of one that was restored since", path="since", hint="begin again without since")
    try:
        sealed = base64.b64decode(parts[2] + "=" * (-len(parts[2]) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise invalid from None
    tag, plain = sealed[:TAG_BYTES], _ciphered(key, sealed[:TAG_BYTES], sealed[TAG_BYTES:])
    if not hmac.compare_digest(tag, _mac(key, b"tag", plain)[:TAG_BYTES]):
        raise invalid
    records, features, known, scope = json.loads(plain)
    return Position(
        records={kind: RecordMark(*mark) for kind, mark in records.items()},
        features=FeatureMark(*features),
        known=Known(*known),
        scope=scope,
    )


def _name_of(key: bytes) -> str:
    return _mac(key, b"name", b"").hex()[:8]


def _ciphered(key: bytes, tag: bytes, text: bytes) -> bytes:
    blocks = (_mac(key, b"stream", tag + number.to_bytes(4, "big")) for number in range(len(text) // 32 + 1))
    return bytes(one ^ other for one, other in zip(text, b"".join(blocks), strict=False))


def _mac(key: bytes, purpose: bytes, text: bytes) -> bytes:
    return hmac.new(key, purpose + b"\0" + text, hashlib.sha256).digest()
