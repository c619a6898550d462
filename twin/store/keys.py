"""Keys and sessions in the store: added once, found by prefix, ended at once for every worker. `store.keys` is the door."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from twin.auth import EVERY, Grant, Principal
from twin.auth.scopes import parse_scopes
from twin.auth.secret import Secret, digest_of, is_same, new_key, new_salt, new_token, token_digest
from twin.errors import Invalid, KeyTaken, KeyUnknown, LabelUnknown
from twin.store import sites
from twin.store.database import Database, next_id
from twin.store.schema import access_key, session
from twin.store.values import from_json, from_microseconds, to_json, to_microseconds

__all__ = ["USED_EVERY", "KeyRow", "Keys", "SignedIn"]

NAME_FORM = re.compile(r"[^\s/:][^\r\n\t/]{0,63}")
USED_EVERY = timedelta(hours=1)
"""How coarse `last_used_at` is: an hour in which a key is used costs one write, not one a request."""
SESSION_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as a person may see it: never its secret. Times are UTC; `last_used_at` is coarse, at most an hour old."""

    id: int
    name: str
    prefix: str
    role: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def state(self, now: datetime) -> str:
        """`live`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who a key or a session stands for; `use_is_due` where its last use was written down more than an hour ago.

    `holds_until`: as long as nothing is written to the store, all of this stays so until then.
    """

    key_id: int
    principal: Principal
    use_is_due: bool
    holds_until: datetime


class Keys:
    """The keys of one store. Every method that says `now` takes an aware time and compares with it alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, grant: Grant, *, expires_at: datetime | None, who: str, now: datetime) -> tuple[KeyRow, Secret]:
        """The new key and its secret, which nothing can show again.

        Raises Invalid for a name of another form or a time of expiry that has passed, KeyTaken for a name in use,
        SiteUnknown and LabelUnknown for scopes that name what no site has.
        """
        if not NAME_FORM.fullmatch(name):
            raise Invalid(f"{name!r} is not a name of a key", path=name, hint="1 to 64 characters, no / and no line break")
        if expires_at is not None and expires_at <= now:
            raise Invalid(f"the key would have expired at {expires_at.isoformat()}", path=name, hint="--expires takes a day to come")
        secret, salt = new_key(), new_salt()
        with self._database.writing() as connection:
            _check_scopes(connection, grant)
            taken = select(access_key.c.id).where(access_key.c.name == name, access_key.c.revoked_us.is_(None))
            if connection.execute(taken).first() is not None:
                raise KeyTaken(f"a key {name!r} is in use", path=name, hint=f"twin key revoke {name}, or choose another name")
            values = {
                "id": next_id(connection, access_key),
                "name": name,
                "prefix": secret.prefix,
                "salt": salt,
                "digest": digest_of(secret, salt),
                "role": grant.role,
                "scopes": to_json(grant.scopes),
                "created_by": who,
                "created_us": to_microseconds(now),
                "expires_us": None if expires_at is None else to_microseconds(expires_at),
            }
            connection.execute(insert(access_key).values(values))
            row = connection.execute(select(access_key).where(access_key.c.id == values["id"])).mappings().one()
        return _key_row(row), secret

    def list(self) -> Sequence[KeyRow]:
        """Every key that ever was, the oldest first."""
        with self._database.reading() as connection:
            return [_key_row(row) for row in connection.execute(select(access_key).order_by(access_key.c.id)).mappings()]

    def revoke(self, name: str, *, now: datetime) -> KeyRow:
        """The key, of no use from the commit on, its sessions ended with it; raises KeyUnknown where none of that name is in use."""
        of_name = and_(access_key.c.name == name, access_key.c.revoked_us.is_(None))
        with self._database.writing() as connection:
            row = connection.execute(select(access_key).where(of_name)).mappings().one_or_none()
            if row is None:
                raise KeyUnknown(f"no key {name!r} is in use", path=name, hint="twin key list")
            connection.execute(update(access_key).where(access_key.c.id == row["id"]).values(revoked_us=to_microseconds(now)))
            connection.execute(delete(session).where(session.c.key_id == row["id"]))
            return _key_row(connection.execute(select(access_key).where(access_key.c.id == row["id"])).mappings().one())

    def any_live(self, *, now: datetime) -> bool:
        """Whether there is a key that opens anything."""
        with self._database.reading() as connection:
            return connection.execute(select(access_key.c.id).where(_live(access_key, now)).limit(1)).first() is not None

    def find_by_secret(self, secret: Secret, *, now: datetime) -> SignedIn | None:
        """Who the key stands for; None where it is unknown, wrong, revoked or expired, at the same cost."""
        with self._database.reading() as connection:
            row = connection.execute(select(access_key).where(access_key.c.prefix == secret.prefix)).mappings().one_or_none()
        salt, kept = (row["salt"], row["digest"]) if row is not None else (new_salt(), "")
        if not is_same(digest_of(secret, salt), kept) or row is None or _key_row(row).state(now) != "live":
            return None
        return _signed_in(row, now)

    def note_use(self, key_id: int, *, now: datetime) -> None:
        """Write down that a key is in use; raises StoreBusy where the writer's turn does not come."""
        with self._database.writing() as connection:
            connection.execute(update(access_key).where(access_key.c.id == key_id).values(used_us=to_microseconds(now)))

    # Sessions

    def open_session(self, key_id: int, *, now: datetime) -> tuple[str, datetime]:
        """A token that stands for the key until the time given, or until the key's own end; sessions that have ended are swept."""
        token = new_token()
        with self._database.writing() as connection:
            connection.execute(delete(session).where(session.c.expires_us <= to_microseconds(now)))
            expires_us = connection.execute(select(access_key.c.expires_us).where(access_key.c.id == key_id)).scalar_one()
            longest = to_microseconds(now + SESSION_LIFE)
            until = longest if expires_us is None else min(longest, expires_us)
            values = {"digest": token_digest(token), "key_id": key_id, "created_us": to_microseconds(now), "expires_us": until}
            connection.execute(insert(session).values(values))
        return token, from_microseconds(until)

    def find_by_token(self, token: str, *, now: datetime) -> SignedIn | None:
        """Who a session stands for; None where it has ended, or its key has."""
        query = select(access_key).join(session, session.c.key_id == access_key.c.id)
        query = query.where(session.c.digest == token_digest(token), session.c.expires_us > to_microseconds(now), _live(access_key, now))
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _signed_in(row, now)

    def close_session(self, token: str) -> None:
        """End a session; nothing where there is none."""
        with self._database.writing() as connection:
            connection.execute(delete(session).where(session.c.digest == token_digest(token)))

    def close_sessions(self) -> int:
        """End every session and say how many there were."""
        with self._database.writing() as connection:
            number = connection.execute(select(func.count()).select_from(session)).scalar_one()
            connection.execute(delete(session))
        return int(number)


def _live(table: Table, now: datetime) -> ColumnElement[bool]:
    return and_(table.c.revoked_us.is_(None), or_(table.c.expires_us.is_(None), table.c.expires_us > to_microseconds(now)))


def _check_scopes(connection: Connection, grant: Grant) -> None:
    named = parse_scopes(grant.scopes)
    labels: set[str] = set()
    for site in sites.list_sites(connection):
        labels |= set(sites.get_policy(connection, site.code).labels)
    for code in sorted(named.get("site", frozenset()) - {EVERY}):
        sites.site_row(connection, code)
    unknown = sorted(named.get("label", frozenset()) - labels - {EVERY, "public"})
    if unknown:
        known = ", ".join(sorted(labels | {"public"}))
        raise LabelUnknown(f"no site knows the label {', '.join(map(repr, unknown))}", path=unknown[0], hint=f"known: {known}")


def _signed_in(row: RowMapping, now: datetime) -> SignedIn:
    principal = Grant(role=row["role"], scopes=tuple(from_json(row["scopes"]))).principal(row["name"])
    due = row["used_us"] is None or row["used_us"] <= to_microseconds(now - USED_EVERY)
    ends = [from_microseconds(row["expires_us"])] if row["expires_us"] is not None else []
    holds_until = min([now if due else from_microseconds(row["used_us"]) + USED_EVERY, *ends])
    return SignedIn(key_id=row["id"], principal=principal, use_is_due=due, holds_until=holds_until)


def _key_row(row: RowMapping) -> KeyRow:
    times: dict[str, Any] = {
        f"{name}_at": None if row[f"{column}_us"] is None else from_microseconds(row[f"{column}_us"])
        for name, column in (("created", "created"), ("expires", "expires"), ("revoked", "revoked"), ("last_used", "used"))
    }
    facts = {name: row[name] for name in ("id", "name", "prefix", "role", "created_by")}
    return KeyRow(**facts, scopes=tuple(from_json(row["scopes"])), **times)
