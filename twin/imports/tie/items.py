"""The work list: what the tie could not decide, opened once, closed when it is no longer so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from twin.imports.tie.turns import in_turns
from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.database import Database
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


def sync_items(database: Database, codes: Sequence[str], items: Sequence[Item], *, now_us: int) -> tuple[int, int]:
    """Open what is new among the items of these codes, close what is gone: (opened, closed). What a person closed stays closed."""
    query = select(schema.work_item).where(ITEM.code.in_(codes), ITEM.state.in_(("open", "decided")))
    with database.reading() as connection:
        rows = list(connection.execute(query))
    standing = {(row.code, row.subject): row for row in rows if row.state == "open"}
    settled = {(row.code, row.subject, row.detail) for row in rows if row.state == "decided"}
    wanted = {(item.code, item.subject): item for item in items if (item.code, item.subject, to_json(item.detail)) not in settled}
    new = [_row(item, now_us) for pair, item in wanted.items() if pair not in standing]
    in_turns(database, new, _insert)
    gone = [{"item": row.id, "at": now_us} for pair, row in standing.items() if pair not in wanted]
    close = update(schema.work_item).where(ITEM.id == bindparam("item")).values(state="gone", closed_us=bindparam("at"))
    in_turns(database, gone, lambda connection, part: connection.execute(close, list(part)))
    differing = [
        {"item": row.id, "said": item.message, "facts": to_json(item.detail)}
        for pair, row in standing.items()
        if (item := wanted.get(pair)) is not None and (row.message, row.detail) != (item.message, to_json(item.detail))
    ]
    tell = update(schema.work_item).where(ITEM.id == bindparam("item")).values(message=bindparam("said"), detail=bindparam("facts"))
    in_turns(database, differing, lambda connection, part: connection.execute(tell, list(part)))
    return len(new), len(gone)


def _insert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    first = take_ids(connection, "work_item", len(rows))
    connection.execute(insert(schema.work_item), [{"id": first + place, **row} for place, row in enumerate(rows)])


def _row(item: Item, now_us: int) -> dict[str, Any]:
    return {
        "code": item.code,
        "subject": item.subject,
        "record_id": item.record_id,
        "message": item.message,
        "detail": to_json(item.detail),
        "state": "open",
        "opened_us": now_us,
    }
