"""What becomes of records at a step of a request: rows of `EFFECTS`, each a small function; all in the transaction of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import get_kind
from twin.entitlement import check_step
from twin.queries.records.life_cycle import refuse, require_life_cycle
from twin.queries.request_subject import Subject
from twin.records.requests import Request
from twin.records.write import Author, change_fields, revert_change
from twin.store import record_schema as schema

__all__ = ["EFFECTS", "apply_effect", "take_back"]

Effect = Callable[[Connection, Request, Mapping[str, Any], Author, Subject], list[int]]


def apply_effect(
    connection: Connection, request: Request, to: str, facts: Mapping[str, Any], *, who: str, now: datetime, subject: Subject
) -> list[int]:
    """The ids of the changes that a step makes; none where it only says something. Raises Refused where a state does not follow."""
    effect = EFFECTS.get((request.kind, to))
    if effect is None:
        return []
    said = request.payload.get("valid_from")
    author = Author(
        who=who,
        method=METHODS.get(request.kind, request.kind),
        source=f"request {request.id}",
        now=now,
        valid_from=date.fromisoformat(said) if isinstance(said, str) else None,
        request_id=request.id,
    )
    return effect(connection, request, facts, author, subject)


def take_back(connection: Connection, request: Request, who: str, now: datetime) -> list[int]:
    """Revert every change of a request that still stands, the last first."""
    change = schema.change.c
    reverted = select(change.reverts).where(change.request_id == request.id, change.reverts.is_not(None))
    made = (change.request_id == request.id, change.reverts.is_(None), change.id.not_in(reverted))
    rows = connection.execute(select(change.id, change.kind).where(*made).order_by(change.id.desc())).all()
    author = Author(who=who, method="revert", source=f"request {request.id}", now=now, request_id=request.id)
    return [one for row in rows for one in revert_change(connection, get_kind(row.kind), row.id, author)]


def _correct(connection: Connection, request: Request, facts: Mapping[str, Any], author: Author, subject: Subject) -> list[int]:
    """Written as it was asked, if the life of the asset still allows it."""
    del facts
    kind, record = subject.records[0]
    values = {request.payload["field"]: request.payload["value"]}
    require_life_cycle(connection, kind, record, values, request.payload, now=author.now, reader=None, valid_from=author.valid_from)
    return change_fields(connection, kind, record.id, values, author)


def _allocate(connection: Connection, request: Request, facts: Mapping[str, Any], author: Author, subject: Subject) -> list[int]:
    del facts
    return _each(connection, subject, {"allocated_to": request.payload["unit"]}, author)


def _transfer(connection: Connection, request: Request, facts: Mapping[str, Any], author: Author, subject: Subject) -> list[int]:
    """Another unit; what comes out of the public warehouse is handed to a keeper there, and so in use."""
    made: list[int] = []
    keeper = facts.get("keeper") or request.payload.get("keeper") or request.payload.get("facts", {}).get("keeper")
    for kind, record in subject.records:
        values = {"unit": request.payload["unit"]}
        if record.values.get("state") == "pooled":
            fault = check_step("pooled", "in_use", {"approval": request.id, "keeper": keeper}, on=author.today)
            if fault is not None:
                refuse(fault, path=record.key)
            values |= {"state": "in_use", "keeper": str(keeper)}
        made += change_fields(connection, kind, record.id, values, author)
    return made


def _into(state: str) -> Effect:
    """The effect that brings assets into a state, by the table of steps of an asset."""

    def effect(connection: Connection, request: Request, facts: Mapping[str, Any], author: Author, subject: Subject) -> list[int]:
        made: list[int] = []
        for kind, record in subject.records:
            before = record.values["state"]
            if before == state:  # a ledger said so already
                continue
            known = {**request.payload, **request.payload.get("facts", {}), **facts, "approval": request.id, "lent": before == "lent"}
            fault = check_step(before or "", state, known, on=author.today)
            if fault is not None:
                refuse(fault, path=record.key)
            made += change_fields(connection, kind, record.id, {"state": state}, author)
        return made

    return effect


def _withdraw(connection: Connection, request: Request, facts: Mapping[str, Any], author: Author, subject: Subject) -> list[int]:
    del facts, subject
    return take_back(connection, request, author.who, author.now)


def _each(connection: Connection, subject: Subject, values: Mapping[str, Any], author: Author) -> list[int]:
    return [made for kind, record in subject.records for made in change_fields(connection, kind, record.id, values, author)]


METHODS: Mapping[str, str] = MappingProxyType({"correction": "correction"})
EFFECTS: Mapping[tuple[str, str], Effect] = MappingProxyType(
    {
        ("correction", "done"): _correct,
        ("allocation", "done"): _allocate,
        ("transfer", "done"): _transfer,
        ("pooling", "done"): _into("pooled"),
        ("loan", "done"): _into("lent"),
        ("disposal", "submitted"): _into("disposal_requested"),
        ("disposal", "returned"): _withdraw,
        ("disposal", "withdrawn"): _withdraw,
        ("disposal", "refused"): _into("idle"),
        ("disposal", "approved"): _into("disposal_approved"),
        ("disposal", "done"): _into("disposed"),
    }
)
"""(kind of request, state it comes to) → what is done; every other step only says something."""
