"""What the last tie was made of, so that the next one does only what may differ."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from twin.imports.tie.links import MANUAL
from twin.records.counters import clock_of
from twin.store import ModelKind, Store
from twin.store import record_schema as schema
from twin.store import schema as scenes
from twin.store.values import to_json

__all__ = [
    "ELEMENTS",
    "LOCATIONS",
    "LOCATIONS_KNOWN",
    "LOCATIONS_MOVED",
    "REFERENCES",
    "REFERENCES_KNOWN",
    "TREE",
    "are_many_new",
    "kind_state",
    "mark_of",
    "note_moved",
    "read_mark",
    "tree_mark",
    "write_mark",
]

VERSION = 1
"""Raised where the tie comes to other results for the same records."""
TREE, REFERENCES, LOCATIONS, ELEMENTS = "tie.tree", "tie.references", "tie.locations", "tie.elements"
REFERENCES_KNOWN = "tie.references.known"
LOCATIONS_KNOWN = "tie.locations.known"
LOCATIONS_MOVED = "tie.locations.moved"
"""Counts how often places of locations that rows may already stand by were changed."""
FEW = 20
"""One new location in so many is resolved by itself; more of them may tell how the others are meant, and all are resolved anew."""
COUNTER = schema.counter.c


def mark_of(*facts: Any) -> int:
    """A number below 2⁶³ that differs where the facts do."""
    digest = hashlib.blake2b(to_json([VERSION, *facts], canonical=True).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def read_mark(connection: Connection, name: str) -> int | None:
    """The mark kept under a name; None before the first."""
    return connection.execute(select(COUNTER.next).where(COUNTER.name == name)).scalar_one_or_none()


def write_mark(connection: Connection, name: str, mark: int) -> None:
    """Keep a mark."""
    if connection.execute(update(schema.counter).where(COUNTER.name == name).values(next=mark)).rowcount == 0:
        connection.execute(insert(schema.counter).values(name=name, next=mark))


def note_moved(connection: Connection) -> None:
    """Take note that locations are elsewhere, or are about to be."""
    write_mark(connection, LOCATIONS_MOVED, (read_mark(connection, LOCATIONS_MOVED) or 0) + 1)


def are_many_new(connection: Connection, count: int) -> bool:
    """Whether so many of the locations are new since all were resolved that they may tell how the others are meant."""
    return count - (read_mark(connection, LOCATIONS_KNOWN) or 0) > count // FEW


def kind_state(connection: Connection, kind: str) -> tuple[int, int]:
    """What changes with every import of a kind and every change of a person: its clock and its last touched number."""
    log = schema.touched.c
    last = connection.execute(select(func.coalesce(func.max(log.seq), 0)).where(log.kind == kind)).scalar_one()
    return clock_of(connection, kind), int(last)


def tree_mark(store: Store, connection: Connection) -> int:
    """What the tree of places and its links are made of: the scenes, the registers of buildings and rooms, what people decided.

    Devices are no part of it: they follow the tree, and are features by the tie itself.
    """
    links = schema.link.c
    revised = _revised(connection)
    scenes = [(site_id, site.code, site.name, revised.get(site_id, 0)) for site_id, site in store.site_ids().items()]
    decided = select(links.id, links.state).where(links.method == MANUAL, links.until_us.is_(None)).order_by(links.id)
    people = [list(row) for row in connection.execute(decided)]
    return mark_of(scenes, [kind_state(connection, kind) for kind in ("building", "room")], people)


def _revised(connection: Connection) -> dict[int, int]:
    """Site id → its newest revision of a model that is none of devices."""
    model, revision = scenes.model.c, scenes.revision.c
    query = (
        select(model.site_id, func.max(revision.id))
        .join(scenes.revision, revision.model_id == model.id)
        .where(model.kind != ModelKind.DEVICE)
        .group_by(model.site_id)
    )
    return {int(site_id): int(newest) for site_id, newest in connection.execute(query)}
