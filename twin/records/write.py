"""One person's change: visible at once, in every version of the record, with its history; imports go on meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from twin.codes import RecordKind
from twin.errors import Invalid, NotFound
from twin.records.checked import checked_values, natural_key
from twin.records.counters import clock_of, take_ids
from twin.records.history import changes_of
from twin.records.state import note_touched
from twin.records.stored_row import stored_row
from twin.records.timeline import held_at
from twin.records.values import field_values
from twin.store import record_schema as schema
from twin.store.record_schema import column_name
from twin.store.values import from_json, to_json, to_microseconds

__all__ = ["Author", "add_record", "change_fields", "end_record", "revert_change"]

ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes something, how (`manual`, `correction`, `stock_take`, …), on what ground, and since when it holds."""

    who: str
    method: str
    source: str
    now: datetime
    valid_from: date | None = None
    request_id: int | None = None

    @property
    def today(self) -> date:
        """The day of the change, UTC."""
        return self.now.date()


def add_record(connection: Connection, kind: RecordKind, values: Mapping[str, Any], author: Author) -> int:
    """The id of a new record; raises Invalid for a bad value, `RECORD_KEY_TAKEN` where the key is in use."""
    checked = {column.name: None for column in kind.columns} | checked_values(kind, values)
    missing = [column.name for column in kind.columns if column.required and checked[column.name] is None]
    if missing:
        raise Invalid(f"a {kind.name} needs {', '.join(missing)}", path=missing[0], code="FIELD_INVALID")
    key = natural_key(kind, checked)
    _require_free(connection, kind, key)
    table, now = schema.kind_table(kind.name), clock_of(connection, kind.name)
    record_id = take_ids(connection, "record")
    connection.execute(
        insert(table).values(
            id=take_ids(connection, f"version.{kind.name}"),
            record_id=record_id,
            since=now,
            until=schema.FOREVER,
            row_hash=0,
            key=key,
            **stored_row(connection, kind, checked),
        )
    )
    _note(connection, kind, record_id, [("added", None, key)], author, author.valid_from or author.today)
    note_touched(connection, kind.name, record_id)
    return record_id


def change_fields(connection: Connection, kind: RecordKind, record_id: int, values: Mapping[str, Any], author: Author) -> list[int]:
    """Change fields of a record from `author.valid_from` on; the ids of the changes, none for what is as it was.

    Without a `valid_from` a correction takes the place of the wrong value, from the day that held; anything else holds from
    today. Raises Invalid, NotFound.
    """
    checked = checked_values(kind, values)
    if author.valid_from and author.valid_from > author.today:
        raise Invalid(f"{author.valid_from} has not come yet", path="valid_from", hint="file it on that day", code="FIELD_INVALID")
    versions = _versions(connection, kind, record_id)
    said = field_values(connection, kind, versions)
    made: list[int] = []
    for name, value in checked.items():
        since = _since(connection, record_id, name, author)
        held = held_at(said[0][name], changes_of(connection, record_id, name), as_of=since, known_at_us=to_microseconds(author.now)).value
        if value != held:
            made += _note(connection, kind, record_id, [(name, held, value)], author, since)
    if made:
        _rewrite(connection, kind, versions, said, checked.keys(), author)
    return made


def revert_change(connection: Connection, kind: RecordKind, change_id: int, author: Author) -> list[int]:
    """Take a change back: what it changed says what it would say without it. Raises NotFound."""
    row = connection.execute(select(schema.change).where(schema.change.c.id == change_id, schema.change.c.kind == kind.name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no change {change_id} of a {kind.name}", path=str(change_id))
    versions = _versions(connection, kind, row.record_id)
    made = _note(
        connection,
        kind,
        row.record_id,
        [(row.field, _value(row.new), _value(row.old))],
        author,
        date.fromisoformat(row.valid_from),
        reverts=change_id,
    )
    _rewrite(connection, kind, versions, field_values(connection, kind, versions), [row.field], author)
    return made


def end_record(connection: Connection, kind: RecordKind, record_id: int, author: Author) -> None:
    """End a record: it is no longer in lists and counts, its dossier stays."""
    day = author.valid_from or author.today
    table = schema.kind_table(kind.name)
    connection.execute(update(table).where(table.c.record_id == record_id).values(ended=day.isoformat()))
    _note(connection, kind, record_id, [(ENDED, None, day.isoformat())], author, day)
    note_touched(connection, kind.name, record_id)


def _versions(connection: Connection, kind: RecordKind, record_id: int) -> list[dict[str, Any]]:
    """The version that is seen and the one that waits for an import's end, where there is one."""
    table = schema.kind_table(kind.name)
    now = clock_of(connection, kind.name)
    rows = connection.execute(select(table).where(table.c.record_id == record_id, table.c.until > now).order_by(table.c.since)).mappings()
    found = [dict(row) for row in rows]
    if not found or found[0]["since"] > now:
        raise NotFound(f"there is no such {kind.name}", path=str(record_id))
    return found


def _since(connection: Connection, record_id: int, name: str, author: Author) -> date:
    if author.valid_from:
        return author.valid_from
    if author.method != "correction":
        return author.today
    held = held_at(None, changes_of(connection, record_id, name), as_of=author.today, known_at_us=to_microseconds(author.now))
    return held.by.valid_from if held.by else date.min


def _rewrite(
    connection: Connection,
    kind: RecordKind,
    versions: Sequence[Mapping[str, Any]],
    said: Sequence[Mapping[str, Any]],
    names: Any,
    author: Author,
) -> None:
    """Bring the stored rows, which say that, to what their fields say today; keep what the ledger said there."""
    table = schema.kind_table(kind.name)
    seen = versions[0]
    columns = {column_name(kind.column(name)) for name in names}
    for version, values in zip(versions, said, strict=True):
        today = dict(values)
        for name in names:
            changes = changes_of(connection, version["record_id"], name)
            today[name] = held_at(values[name], changes, as_of=author.today, known_at_us=to_microseconds(author.now)).value
        stored = stored_row(connection, kind, today, only=columns)
        if any(name in {part for identity in kind.identity for part in identity} for name in names):
            stored["key"] = natural_key(kind, today)
            if stored["key"] != version["key"]:
                _require_free(connection, kind, stored["key"])
        connection.execute(update(table).where(table.c.id == version["id"]).values(**stored))
    if seen["revision_id"] is not None:
        _keep_ledger_values(connection, seen, columns)
    note_touched(connection, kind.name, seen["record_id"])


def _keep_ledger_values(connection: Connection, seen: Mapping[str, Any], columns: set[str]) -> None:
    kept = schema.corrected.c
    known = set(connection.execute(select(kept.column_name).where(kept.record_id == seen["record_id"])).scalars())
    for column in sorted(columns - known):
        connection.execute(
            insert(schema.corrected).values(record_id=seen["record_id"], column_name=column, ledger_value=to_json(seen[column]))
        )


def _note(
    connection: Connection,
    kind: RecordKind,
    record_id: int,
    fields: Sequence[tuple[str, Any, Any]],
    author: Author,
    valid_from: date,
    *,
    reverts: int | None = None,
) -> list[int]:
    first, since = take_ids(connection, "change", len(fields)), clock_of(connection, kind.name)
    for place, (name, old, new) in enumerate(fields):
        connection.execute(
            insert(schema.change).values(
                id=first + place,
                kind=kind.name,
                record_id=record_id,
                field=name,
                old=None if old is None else to_json(old),
                new=None if new is None else to_json(new),
                valid_from=valid_from.isoformat(),
                recorded_us=to_microseconds(author.now),
                since=since,
                source=author.source,
                who=author.who,
                method=author.method,
                request_id=author.request_id,
                reverts=reverts,
            )
        )
    return list(range(first, first + len(fields)))


def _require_free(connection: Connection, kind: RecordKind, key: str) -> None:
    table, now = schema.kind_table(kind.name), clock_of(connection, kind.name)
    if connection.execute(select(table.c.id).where(table.c.key == key, table.c.until > now)).first():
        raise Invalid(f"there is a {kind.name} {key} already", path=key, code="RECORD_KEY_TAKEN")


def _value(text: str | None) -> Any:
    return None if text is None else from_json(text)
