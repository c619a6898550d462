"""Stock-takes into the work list: what is missing stays on it until it is found, moved or disposed of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, insert, select, update

from twin.records.counters import take_ids
from twin.records.stocktake import Outcome, StockTake
from twin.store import record_schema as schema
from twin.store.values import to_json, to_microseconds

__all__ = ["WORKED", "note_stock_take", "subject_of"]

ITEM = schema.work_item.c
WORKED: Mapping[str, str] = MappingProxyType(
    {
        "missing": "STOCKTAKE_MISSING",
        "found_elsewhere": "STOCKTAKE_FOUND_ELSEWHERE",
        "ambiguous": "STOCKTAKE_TAG_DUPLICATE",
        "unexpected": "STOCKTAKE_UNEXPECTED",
        "not_due": "STOCKTAKE_NOT_DUE",
    }
)
"""Outcome → code of the item that a person works off."""
AT_ONCE = 400


def note_stock_take(connection: Connection, take: StockTake, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Open an item for what a closed stock-take leaves to a person, and close the older ones about the same assets."""
    wanted = {(WORKED[one.outcome], subject_of(one)): one for one in outcomes if one.outcome in WORKED and not one.moved}
    standing = _standing(connection, sorted({subject_of(one) for one in outcomes}))
    gone = [item_id for pair, item_id in standing.items() if pair not in wanted]
    for start in range(0, len(gone), AT_ONCE):
        values = {"state": "gone", "closed_us": to_microseconds(now)}
        connection.execute(update(schema.work_item).where(ITEM.id.in_(gone[start : start + AT_ONCE])).values(**values))
    new = [(pair, one) for pair, one in wanted.items() if pair not in standing]
    first = take_ids(connection, "work_item", len(new)) if new else 0
    rows = [
        {
            "id": first + at,
            "code": code,
            "subject": subject,
            "record_id": one.record_id,
            "message": f"{one.code}: {one.outcome}, stock-take {take.id} {take.name}",
            "detail": to_json(_detail(take, one)),
            "state": "open",
            "opened_us": to_microseconds(now),
        }
        for at, ((code, subject), one) in enumerate(new)
    ]
    if rows:
        connection.execute(insert(schema.work_item), rows)


def subject_of(outcome: Outcome) -> str:
    """What an outcome is about: the same asset or unknown code has the same subject in every stock-take."""
    return f"asset {outcome.record_id}" if outcome.record_id is not None else f"code {outcome.code}"


def _standing(connection: Connection, subjects: Sequence[str]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for start in range(0, len(subjects), AT_ONCE):
        query = select(ITEM.id, ITEM.code, ITEM.subject).where(
            ITEM.state == "open", ITEM.code.in_(sorted(set(WORKED.values()))), ITEM.subject.in_(subjects[start : start + AT_ONCE])
        )
        found |= {(row.code, row.subject): row.id for row in connection.execute(query)}
    return found


def _detail(take: StockTake, one: Outcome) -> dict[str, Any]:
    return {
        "stocktake": take.id,
        "code": one.code,
        "expected_place": one.expected_place_id,
        "found_place": one.found_place_id,
        "scan": one.scan_id,
    }
