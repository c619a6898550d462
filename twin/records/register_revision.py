"""Revisions of registers: begun before the first row, current once the clock has turned, swept when old versions are gone."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from twin.codes import RecordKind
from twin.records.counters import clock_of, next_id_of, take_ids
from twin.records.ledger import Merged, NewLedger
from twin.store import record_schema as schema
from twin.store.database import Database
from twin.store.values import from_json, to_json, to_microseconds

__all__ = ["begin", "find_same", "finish", "get_register_revision", "has_revision", "mark_of", "remove_unseen"]

REVISION = schema.register_revision.c
STEP = 2_000


def begin(connection: Connection, new: NewLedger, *, now: datetime) -> int:
    """The id of a new revision, not seen yet."""
    revision_id = take_ids(connection, "register_revision")
    before = select(func.coalesce(func.max(REVISION.number), 0)).where(REVISION.kind == new.kind.name, REVISION.source == new.source)
    connection.execute(
        insert(schema.register_revision).values(
            id=revision_id,
            kind=new.kind.name,
            source=new.source,
            number=int(connection.execute(before).scalar_one()) + 1,
            status="staging",
            sha256=new.sha256,
            options=to_json(new.options, canonical=True),
            file=new.file,
            who=new.who,
            as_of=new.as_of.isoformat(),
            recorded_us=to_microseconds(now),
            clock=clock_of(connection, new.kind.name) + 1,
            facts=to_json(new.facts),
            counts="{}",
            first_record=next_id_of(connection, "record"),
        )
    )
    return revision_id


def finish(connection: Connection, merged: Merged, new: NewLedger) -> None:
    """The revision as readers will see it: the older ones of the same ledger are superseded."""
    same = (REVISION.kind == new.kind.name, REVISION.source == new.source, REVISION.status.in_(("current", "sweeping")))
    connection.execute(update(schema.register_revision).where(*same).values(status="superseded"))
    counts = asdict(merged)
    del counts["revision_id"]
    connection.execute(
        update(schema.register_revision)
        .where(REVISION.id == merged.revision_id)
        .values(status="sweeping", counts=to_json(counts), last_record=next_id_of(connection, "record") - 1)
    )


def find_same(connection: Connection, kind: str, source: str, sha256: str, options: dict[str, Any]) -> dict[str, Any] | None:
    """The current revision of a ledger where it came from these bytes with these options."""
    query = select(schema.register_revision).where(
        REVISION.kind == kind, REVISION.source == source, REVISION.status.in_(("current", "sweeping"))
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None or row["sha256"] != sha256 or from_json(row["options"]) != options:
        return None
    return dict(row)


def has_revision(connection: Connection, kind: str, source: str) -> bool:
    """Whether a ledger of this source came before."""
    query = select(REVISION.id).where(REVISION.kind == kind, REVISION.source == source, REVISION.status != "abandoned")
    return connection.execute(query.limit(1)).first() is not None


def mark_of(kind: str, clock: int) -> Select[Any]:
    """Asks what tells the import that turned the clock of a kind to this from that of any other store: id, hash, when; or no row."""
    seen = REVISION.status.in_(("current", "sweeping", "superseded"))
    query = select(REVISION.id, REVISION.sha256, REVISION.recorded_us).where(REVISION.kind == kind, REVISION.clock == clock, seen)
    return query.order_by(REVISION.id.desc()).limit(1)


def get_register_revision(connection: Connection, revision_id: int) -> dict[str, Any]:
    """A revision by its id; raises sqlalchemy's NoResultFound."""
    return dict(connection.execute(select(schema.register_revision).where(REVISION.id == revision_id)).mappings().one())


def remove_unseen(database: Database, kind: RecordKind) -> None:
    """Remove what killed imports of a kind left: rows nobody has seen, ends nobody has seen, versions that were not swept."""
    with database.reading() as connection:
        left = connection.execute(select(REVISION.id, REVISION.status).where(REVISION.kind == kind.name, _unfinished()))
        unfinished = {int(row.id): str(row.status) for row in left}
        now = clock_of(connection, kind.name)
    if not unfinished:
        return
    database.await_staged_rows()
    with database.reading() as connection:
        highest = connection.execute(select(func.max(schema.kind_table(kind.name).c.id))).scalar_one() or 0
    table, changes = schema.kind_table(kind.name), schema.change
    for start in range(0, highest + 1, STEP):
        here = table.c.id.between(start, start + STEP - 1)
        with database.writing() as connection:
            connection.execute(delete(table).where(here, (table.c.since > now) | (table.c.until <= now)))
            connection.execute(update(table).where(here, table.c.until > now, table.c.until < schema.FOREVER).values(until=schema.FOREVER))
    with database.writing() as connection:
        connection.execute(delete(changes).where(changes.c.kind == kind.name, changes.c.since > now))
        for revision_id, status in unfinished.items():
            if status == "staging":
                for part in (schema.register_issue, schema.register_quarantine, schema.vanished):
                    connection.execute(delete(part).where(part.c.revision_id == revision_id))
            after = "abandoned" if status == "staging" else "current"
            connection.execute(update(schema.register_revision).where(REVISION.id == revision_id).values(status=after))


def _unfinished() -> Any:
    return REVISION.status.in_(("staging", "sweeping"))
