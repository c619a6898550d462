"""The work list: what the tie could not decide, opened once, closed when it is no longer so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.values import to_json

__all__ = ["Item", "sync_items"]

ITEM = schema.work_item.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something a person must look at; `subject` names it among others of its code."""

    code: str
    subject: str
    message: str
    detail: Any
    record_id: int | None = None


def sync_items(connection: Connection, codes: Sequence[str], items: Sequence[Item], *, now_us: int) -> tuple[int, int]:
    """Open what is new among the items of these codes, close what is gone: (opened, closed). What a person closed stays closed."""
    query = select(schema.work_item).where(ITEM.code.in_(codes))
    rows = list(connection.execute(query))
    standing = {(row.code, row.subject): row for row in rows if row.state == "open"}
    settled = {(row.code, row.subject, row.detail) for row in rows if row.state == "decided"}
    wanted = {(item.code, item.subject): item for item in items if (item.code, item.subject, to_json(item.detail)) not in settled}
    new = [item for pair, item in wanted.items() if pair not in standing]
    first = take_ids(connection, "work_item", len(new)) if new else 0
    if new:
        rows_in = [
            {
                "id": first + place,
                "code": item.code,
                "subject": item.subject,
                "record_id": item.record_id,
                "message": item.message,
                "detail": to_json(item.detail),
                "state": "open",
                "opened_us": now_us,
            }
            for place, item in enumerate(new)
        ]
        connection.execute(insert(schema.work_item), rows_in)
    gone = [row.id for pair, row in standing.items() if pair not in wanted]
    for item_id in gone:
        connection.execute(update(schema.work_item).where(ITEM.id == item_id).values(state="gone", closed_us=now_us))
    for pair, item in wanted.items():
        if pair in standing and (standing[pair].message, standing[pair].detail) != (item.message, to_json(item.detail)):
            values = {"message": item.message, "detail": to_json(item.detail)}
            connection.execute(update(schema.work_item).where(ITEM.id == standing[pair].id).values(**values))
    return len(new), len(gone)
