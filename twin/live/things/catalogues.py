"""Catalogues of video platforms (GB/T 28181) as they were last told, and messages of devices that no register knows.

A catalogue comes in parts; only when all of a round have come is a device that was in none of them gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sensors.gb28181 import Catalogue, CatalogueItem
from twin.live.things.store import ThingStore, Writing

__all__ = ["Listed", "Platform", "PutAside", "list_devices", "list_platforms", "list_put_aside", "put_aside", "take_catalogue"]

UPSERT = (
    "INSERT INTO catalogue_item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (platform, device_id) DO UPDATE SET"
    " round = excluded.round, name = coalesce(nullif(excluded.name, ''), name), status = coalesce(nullif(excluded.status, ''), status),"
    " parent = coalesce(nullif(excluded.parent, ''), parent), manufacturer = coalesce(nullif(excluded.manufacturer, ''), manufacturer),"
    " model = coalesce(nullif(excluded.model, ''), model), lon = coalesce(excluded.lon, lon), lat = coalesce(excluded.lat, lat),"
    " seen_us = excluded.seen_us"
)
STATES = frozenset({"ON", "OFF"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A platform: `complete_us` when its last whole catalogue came, None for never; `open` where a round still lacks parts."""

    id: str
    total: int
    received: int
    seen_us: int
    complete_us: int | None
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A device as a platform's catalogue has it."""

    platform: str
    device_id: str
    name: str
    status: str
    parent: str
    lon_lat: tuple[float, float] | None
    seen_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAside:
    """A message of a device that no register knows (each alarm; of others the last and how many there were)."""

    id: int
    device_id: str
    command: str
    number: int
    first_us: int
    last_us: int
    body: bytes


def take_catalogue(writing: Writing, catalogue: Catalogue, body: bytes, now_us: int) -> None:
    """Keep a part of a catalogue, or what a notice says changed. The same part again counts once."""
    if catalogue.is_notice:
        _take_notice(writing, catalogue, now_us)
        return
    connection, platform = writing.connection, catalogue.device_id
    row = connection.execute("SELECT round, sn, total, received, open FROM catalogue WHERE platform = ?", (platform,)).fetchone()
    same = row is not None and row[4] and (row[1], row[2]) == (catalogue.sn, catalogue.total)
    number, received = (row[0], row[3]) if same else ((row[0] + 1 if row else 1), 0)
    if not same:
        connection.execute("DELETE FROM catalogue_part WHERE platform = ?", (platform,))
    digest = hashlib.sha256(body).digest()
    added = connection.execute("INSERT OR IGNORE INTO catalogue_part VALUES (?, ?)", (platform, digest)).rowcount
    received += len(catalogue.items) if added else 0
    _put(writing, platform, number, catalogue.items, now_us)
    whole = received >= catalogue.total
    if whole:
        connection.execute("DELETE FROM catalogue_item WHERE platform = ? AND round <> ?", (platform, number))
    said = (platform, number, catalogue.sn, catalogue.total, received, now_us, now_us if whole else None, not whole)
    connection.execute(
        "INSERT INTO catalogue VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (platform) DO UPDATE SET round = excluded.round,"
        " sn = excluded.sn, total = excluded.total, received = excluded.received, seen_us = excluded.seen_us,"
        " complete_us = coalesce(excluded.complete_us, complete_us), open = excluded.open",
        said,
    )


def put_aside(writing: Writing, device_id: str, command: str, body: bytes, now_us: int) -> None:
    """Keep a message whose device nobody knows."""
    writing.connection.execute(
        "INSERT INTO put_aside (device_id, command, number, first_us, last_us, body) VALUES (?, ?, 1, ?, ?, ?)"
        " ON CONFLICT (device_id, command) WHERE command <> 'Alarm' DO UPDATE SET number = number + 1, last_us = excluded.last_us,"
        " body = excluded.body",
        (device_id, command, now_us, now_us, body),
    )


def list_platforms(store: ThingStore) -> list[Platform]:
    """Every platform that sent a catalogue."""
    query = "SELECT platform, total, received, seen_us, complete_us, open FROM catalogue ORDER BY platform"
    with store.reading() as connection:
        rows = connection.execute(query).fetchall()
    return [
        Platform(id=name, total=total, received=received, seen_us=seen, complete_us=complete, open=bool(is_open))
        for name, total, received, seen, complete, is_open in rows
    ]


def list_devices(store: ThingStore) -> list[Listed]:
    """Every device of every catalogue."""
    query = "SELECT platform, device_id, name, status, parent, lon, lat, seen_us FROM catalogue_item ORDER BY platform, device_id"
    with store.reading() as connection:
        rows = connection.execute(query).fetchall()
    return [
        Listed(
            platform=platform,
            device_id=device_id,
            name=name,
            status=status,
            parent=parent,
            lon_lat=None if lon is None or lat is None else (lon, lat),
            seen_us=seen,
        )
        for platform, device_id, name, status, parent, lon, lat, seen in rows
    ]


def list_put_aside(store: ThingStore, *, after: int = 0, limit: int) -> Sequence[PutAside]:
    """At most `limit` of those after a number, in the order in which they first came."""
    query = "SELECT id, device_id, command, number, first_us, last_us, body FROM put_aside WHERE id > ? ORDER BY id LIMIT ?"
    with store.reading() as connection:
        rows = connection.execute(query, (after, limit)).fetchall()
    names = ("id", "device_id", "command", "number", "first_us", "last_us", "body")
    return [PutAside(**dict(zip(names, row, strict=True))) for row in rows]


def _take_notice(writing: Writing, catalogue: Catalogue, now_us: int) -> None:
    connection, platform = writing.connection, catalogue.device_id
    row = connection.execute("SELECT round FROM catalogue WHERE platform = ?", (platform,)).fetchone()
    number = row[0] if row else 0
    gone = [one for one in catalogue.items if one.event == "DEL"]
    connection.executemany("DELETE FROM catalogue_item WHERE platform = ? AND device_id = ?", [(platform, one.device_id) for one in gone])
    _put(writing, platform, number, [one for one in catalogue.items if one.event != "DEL"], now_us)


def _put(writing: Writing, platform: str, number: int, items: Sequence[CatalogueItem], now_us: int) -> None:
    writing.connection.executemany(UPSERT, _rows(platform, number, items, now_us))


def _rows(platform: str, number: int, items: Sequence[CatalogueItem], now_us: int) -> Iterator[tuple[object, ...]]:
    for one in items:
        if not one.device_id:
            continue
        status = one.event if one.event in STATES else one.status
        lon, lat = one.lon_lat or (None, None)
        yield (platform, one.device_id, number, one.name, status, one.parent, one.manufacturer, one.model, lon, lat, now_us)
