"""What becomes of records at a step of a request: rows of `EFFECTS`, each a small function; all in the transaction of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import get_kind
from twin.entitlement import check_step
from twin.imports.tie import Grounds
from twin.queries.records.context import Registers
from twin.queries.records.life_cycle import refuse, require_life_cycle
from twin.queries.request_links import take_back_link, write_link
from twin.queries.request_moves import write_move
from twin.queries.request_purchases import cards_entered, file_transfers
from twin.queries.request_subject import Subject
from twin.records.requests import Request
from twin.records.write import Author, change_fields, revert_change
from twin.store import record_schema as schema

__all__ = ["APPLIED_AT_ONCE", "EFFECTS", "NEEDS_GROUNDS", "TIES", "Effected", "Step", "apply_effect", "take_back"]

APPLIED_AT_ONCE = frozenset({"correction", "link_decision"})
"""Kinds whose approval is also their execution."""
TIES = frozenset({"move", "link_decision"})
"""Kinds after whose effect records are tied anew: places or links are others."""
NEEDS_GROUNDS = frozenset({("move", "done")})
"""Steps that look places up, and so read the scene before they hold up other writers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that is taken: `to` with its `facts`, by whom and when; `grounds` where it is one of `NEEDS_GROUNDS`."""

    registers: Registers
    connection: Connection
    request: Request
    to: str
    facts: Mapping[str, Any]
    who: str
    now: datetime
    subject: Subject
    grounds: Grounds | None = None

    @property
    def known(self) -> dict[str, Any]:
        """What was asked and what was said at this step and those before."""
        return {**self.request.payload, **self.request.payload.get("facts", {}), **self.facts}

    @property
    def author(self) -> Author:
        """Whose changes these are."""
        said = self.request.payload.get("valid_from")
        return Author(
            who=self.who,
            method=METHODS.get(self.request.kind, self.request.kind),
            source=f"request {self.request.id}",
            now=self.now,
            valid_from=date.fromisoformat(said) if isinstance(said, str) else None,
            request_id=self.request.id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Effected:
    """What a step did: ids of changes, what the request keeps of it, further records that the request is about."""

    changes: list[int] = field(default_factory=list)
    kept: Mapping[str, Any] = field(default_factory=dict)
    records: tuple[int, ...] = ()


Effect = Callable[[Step], Effected]


def apply_effect(step: Step) -> Effected:
    """Do what a step means; nothing where it only says something. Raises Refused where it cannot be done now."""
    effect = EFFECTS.get((step.request.kind, step.to))
    return effect(step) if effect else Effected()


def take_back(connection: Connection, request: Request, who: str, now: datetime) -> list[int]:
    """Revert every change of a request that still stands, the last first, and the links it decided."""
    change = schema.change.c
    reverted = select(change.reverts).where(change.request_id == request.id, change.reverts.is_not(None))
    made = (change.request_id == request.id, change.reverts.is_(None), change.id.not_in(reverted))
    rows = connection.execute(select(change.id, change.kind).where(*made).order_by(change.id.desc())).all()
    author = Author(who=who, method="revert", source=f"request {request.id}", now=now, request_id=request.id)
    if request.kind == "link_decision":
        take_back_link(connection, request, now)
    return [one for row in rows for one in revert_change(connection, get_kind(row.kind), row.id, author)]


def _correct(step: Step) -> Effected:
    """Written as it was asked, if the life of the asset still allows it."""
    kind, record = step.subject.records[0]
    values, author = {step.request.payload["field"]: step.request.payload["value"]}, step.author
    require_life_cycle(step.connection, kind, record, values, step.request.payload, now=step.now, reader=None, valid_from=author.valid_from)
    return Effected(changes=change_fields(step.connection, kind, record.id, values, author))


def _allocate(step: Step) -> Effected:
    made: list[int] = []
    for kind, record in step.subject.records:
        made += change_fields(step.connection, kind, record.id, {"allocated_to": step.request.payload["unit"]}, step.author)
    return Effected(changes=made)


def _move(step: Step) -> Effected:
    assert step.grounds is not None
    return Effected(changes=write_move(step.connection, step.request.payload, step.subject.named, step.grounds, step.author))


def _link(step: Step) -> Effected:
    _, record = step.subject.records[0]
    return Effected(kept=write_link(step.registers, step.connection, step.request, step.facts, record, step.author))


def _serve(step: Step) -> Effected:
    return Effected(kept={"transfers": file_transfers(step.connection, step.request, step.known, who=step.who, now=step.now)})


def _enter(step: Step) -> Effected:
    return Effected(records=cards_entered(step.connection, step.registers.shelf.units(step.connection), step.request, step.facts))


def _transfer(step: Step) -> Effected:
    """Another unit; what comes out of the public warehouse is handed to a keeper there, and so in use."""
    made: list[int] = []
    keeper = step.known.get("keeper")
    for kind, record in step.subject.records:
        values = {"unit": step.request.payload["unit"]}
        if record.values.get("state") == "pooled":
            fault = check_step("pooled", "in_use", {"approval": step.request.id, "keeper": keeper}, on=step.now.date())
            if fault is not None:
                refuse(fault, path=record.key)
            values |= {"state": "in_use", "keeper": str(keeper)}
        made += change_fields(step.connection, kind, record.id, values, step.author)
    return Effected(changes=made)


def _into(state: str) -> Effect:
    """The effect that brings assets into a state, by the table of steps of an asset."""

    def effect(step: Step) -> Effected:
        made: list[int] = []
        for kind, record in step.subject.records:
            before = record.values["state"]
            if before == state:  # a ledger said so already
                continue
            known = {**step.known, "approval": step.request.id, "lent": before == "lent"}
            fault = check_step(before or "", state, known, on=step.now.date())
            if fault is not None:
                refuse(fault, path=record.key)
            made += change_fields(step.connection, kind, record.id, {"state": state}, step.author)
        return Effected(changes=made)

    return effect


def _withdraw(step: Step) -> Effected:
    return Effected(changes=take_back(step.connection, step.request, step.who, step.now))


METHODS: Mapping[str, str] = MappingProxyType({"correction": "correction"})
EFFECTS: Mapping[tuple[str, str], Effect] = MappingProxyType(
    {
        ("correction", "done"): _correct,
        ("allocation", "done"): _allocate,
        ("move", "done"): _move,
        ("link_decision", "done"): _link,
        ("purchase", "served"): _serve,
        ("purchase", "done"): _enter,
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
