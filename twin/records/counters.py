"""Numbers given out once: record ids, version ids, ids of terms. Asked within the writer's transaction."""

from sqlalchemy import Connection, bindparam, insert, select, update

from twin.store import record_schema as schema
from twin.store.database import asked_once

__all__ = ["clock_of", "next_id_of", "set_clock", "take_ids"]

COUNTER, CLOCK = schema.counter.c, schema.clock.c
_CLOCK_OF = select(CLOCK.now).where(CLOCK.kind == bindparam("kind"))
_NEXT_OF = select(COUNTER.next).where(COUNTER.name == bindparam("name_"))
_TAKE = (
    update(schema.counter).where(COUNTER.name == bindparam("name_")).values(next=COUNTER.next + bindparam("count_")).returning(COUNTER.next)
)


def take_ids(connection: Connection, name: str, count: int = 1) -> int:
    """The first of `count` numbers of this name that nobody else gets; the first ever is 1."""
    after = connection.execute(_TAKE, {"name_": name, "count_": count}).scalar_one_or_none()
    if after is None:
        connection.execute(insert(schema.counter).values(name=name, next=1 + count))
        return 1
    return int(after) - count


def next_id_of(connection: Connection, name: str) -> int:
    """The number that would be given out next."""
    return int(connection.execute(_NEXT_OF, {"name_": name}).scalar_one_or_none() or 1)


def clock_of(connection: Connection, kind: str) -> int:
    """How many imports of a kind readers see; 0 before the first."""
    return asked_once(connection, ("clock", kind), lambda: int(connection.execute(_CLOCK_OF, {"kind": kind}).scalar_one_or_none() or 0))


def set_clock(connection: Connection, kind: str, now: int) -> None:
    """Turn the clock of a kind: what an import has written is seen from the end of this transaction."""
    if connection.execute(update(schema.clock).where(CLOCK.kind == kind).values(now=now)).rowcount == 0:
        connection.execute(insert(schema.clock).values(kind=kind, now=now))
