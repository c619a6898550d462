"""Requests through their steps: filed, decided, applied in the same transaction, taken back (table `steps` of twin.codes)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, true

from spatial.feature import DEVICES
from twin.auth import Action, Principal, Role, allows
from twin.codes import Fault, list_kinds
from twin.entitlement import check_step, next_steps, request_kinds
from twin.errors import Forbidden, Invalid, NotFound, Refused
from twin.imports.tie import Grounds, read_grounds
from twin.queries.assetops.stock import wish_of
from twin.queries.records.context import Registers, reader_of
from twin.queries.records.documents import withheld_columns
from twin.queries.request_effects import APPLIED_AT_ONCE, NEEDS_GROUNDS, TIES, Step, apply_effect, take_back
from twin.queries.request_purchases import purchase_facts
from twin.queries.request_subject import Subject, read_subject
from twin.records.requests import NewRequest, Request, add_request, get_request, requests_where, take_request_step
from twin.records.scope import Reader
from twin.store import record_schema as schema

__all__ = ["decide_request", "file_request", "read_request", "request_page", "revert_request", "seen_request", "withheld_from"]

REQUEST = schema.request.c
DECIDERS = ("owner", "bureau", "finance")
REVERSIBLE: Mapping[str, str] = MappingProxyType({"correction": "owner", "link_decision": "owner", "move": "bureau"})
"""Kind that is taken back as a whole when it was wrong → who does so; the opposite of anything else is a request of its own."""
RESERVED = frozenset({"changes", "facts", "files", "links", "links_ended", "served_by", "transfers", "was"})
"""What a request notes in its payload: nobody states it when filing."""
NOTE_CHARACTERS = 2_000


def file_request(registers: Registers, principal: Principal, kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """File and submit a request; the owning unit, or the bureau, decides.

    Raises Invalid (`REQUEST_INVALID`, `STEP_FACT_MISSING`), NotFound for records that are none for this reader, Refused where what is
    asked for cannot be (a lent asset is not disposed of).
    """
    if kind not in request_kinds():
        raise Invalid(
            f"there is no request of kind {kind!r}", path="kind", code="REQUEST_INVALID", hint=f"one of: {', '.join(request_kinds())}"
        )
    reader = reader_of(principal)
    said = sorted(RESERVED & payload.keys())
    if said:
        message = f"{said[0]} is what the request itself keeps"
        raise Invalid(message, path=said[0], code="REQUEST_INVALID", hint="leave it out; files go to /requests/{id}/evidence")
    if kind == "purchase":
        wish_of(payload)
    with registers.store.database.writing() as connection:
        subject = read_subject(registers, connection, kind, payload, reader)
        new = NewRequest(kind=kind, records=subject.record_ids, payload=subject.payload, applicant=principal.name, unit=subject.unit)
        request = get_request(connection, add_request(connection, new, now=registers.now()))
        facts = purchase_facts(registers, connection, kind, payload, "submitted", {})
        _check(registers, request, "submitted", facts, by="proposer", subject=subject)
        request = _take(registers, connection, request, "submitted", principal, facts, subject)
    return request.to_json(withheld=withheld_from(reader))


def decide_request(registers: Registers, principal: Principal, request_id: int, to: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Take a step of a request; what it says becomes of records is written in the same transaction.

    Raises NotFound, Forbidden for whose step it is not, Refused (`STEP_NOT_ALLOWED`, `STEP_BLOCKED`, `STEP_FACT_MISSING`).
    """
    reader = reader_of(principal)
    with registers.store.database.reading() as connection:
        kind = seen_request(connection, registers, request_id, principal).kind
    grounds = read_grounds(registers.store) if (kind, to) in NEEDS_GROUNDS else None
    with registers.store.database.writing() as connection:
        request = seen_request(connection, registers, request_id, principal)
        subject = read_subject(registers, connection, request.kind, request.payload, None)
        by = _by(registers, request, to)
        _require_role(registers, connection, request, principal, by)
        given = {**facts, "decided_by": principal.name}
        given |= purchase_facts(registers, connection, request.kind, request.payload, to, given)
        _check(registers, request, to, given, by=by, subject=subject)
        request = _take(registers, connection, request, to, principal, given, subject, grounds)
        if request.kind in APPLIED_AT_ONCE and to == "approved":
            request = _take(registers, connection, request, "done", principal, {"applied": True}, subject)
    if _ties(request) and request.state == "done":
        registers.tie(who=principal.name)
    return request.to_json(withheld=withheld_from(reader))


def revert_request(registers: Registers, principal: Principal, request_id: int, reason: str) -> dict[str, Any]:
    """Take back what a request that is done (`REVERSIBLE`) has changed; the records are as before but for their history.

    Raises as `decide_request`.
    """
    with registers.store.database.writing() as connection:
        request = seen_request(connection, registers, request_id, principal)
        if request.kind not in REVERSIBLE or request.state != "done":
            raise Refused(
                f"request {request_id} ({request.kind}, {request.state}) is none that is done and can be taken back",
                code="STEP_NOT_ALLOWED",
                path=str(request_id),
                hint=f"{', '.join(REVERSIBLE)} are; ask for the opposite of anything else",
            )
        if not reason.strip():
            raise Invalid("a reason is needed", path="reason", code="STEP_FACT_MISSING", hint="say why it was wrong")
        _require_role(registers, connection, request, principal, REVERSIBLE[request.kind])
        take_back(connection, request, principal.name, registers.now())
        request = take_request_step(
            connection, request, "reverted", who=principal.name, note=reason[:NOTE_CHARACTERS], now=registers.now(), closed=True
        )
    if _ties(request):
        registers.tie(who=principal.name)
    return request.to_json(withheld=withheld_from(reader_of(principal)))


def _ties(request: Request) -> bool:
    """Whether places, links or features are others by what a request writes: a corrected device stands elsewhere in the scene."""
    return request.kind in TIES or (request.kind == "correction" and request.payload["record"]["kind"] in DEVICES)


def read_request(registers: Registers, principal: Principal, request_id: int) -> dict[str, Any]:
    """A request with its steps and those that may follow, each with whether it is this principal's; raises NotFound."""
    with registers.store.database.reading() as connection:
        request = seen_request(connection, registers, request_id, principal)
        following = next_steps(request.state, on=registers.today(), kind=request.kind)
        steps = [
            {"to": step.target_state, "zh": step.zh, "en": step.en, "by": step.by, "needs": list(step.needs)}
            | _whose(registers, connection, request, principal, step.by)
            for step in following
        ]
    return request.to_json(withheld=withheld_from(reader_of(principal))) | {"next": steps}


def _whose(registers: Registers, connection: Connection, request: Request, principal: Principal, by: str) -> dict[str, Any]:
    """Whether a step is the principal's to take, and why not."""
    try:
        if not allows(principal, Action.FILE_REQUEST):
            raise Forbidden(f"{principal.name} ({principal.role}) takes no steps of requests", path=str(request.id))
        _require_role(registers, connection, request, principal, by)
    except Forbidden as error:
        return {"allowed": False, "refused": str(error)}
    return {"allowed": True, "refused": None}


def request_page(
    registers: Registers,
    principal: Principal,
    *,
    kind: str | None = None,
    state: str | None = None,
    is_open: bool | None = None,
    after: int | None = None,
    limit: int,
) -> dict[str, Any]:
    """Requests the principal filed or may decide, newest first; `after` is the id of the last one seen."""
    reader = reader_of(principal)
    with registers.store.database.reading() as connection:
        conditions = [_seen_by(registers, connection, principal)]
        conditions += [REQUEST.kind == kind] if kind else []
        conditions += [REQUEST.state == state] if state else []
        if is_open is not None:
            conditions.append(REQUEST.closed_us.is_(None) if is_open else REQUEST.closed_us.is_not(None))
        conditions += [REQUEST.id < after] if after is not None else []
        found = requests_where(connection, conditions, limit=limit + 1)
    more = len(found) > limit
    return {
        "requests": [request.to_json(withheld=withheld_from(reader)) for request in found[:limit]],
        "next": found[limit - 1].id if more else None,
    }


def _take(
    registers: Registers,
    connection: Connection,
    request: Request,
    to: str,
    principal: Principal,
    facts: Mapping[str, Any],
    subject: Subject,
    grounds: Grounds | None = None,
) -> Request:
    """Do what the step means and note it; raises Refused where it cannot be done now."""
    note, now = str(facts.get("note") or facts.get("reason") or "")[:NOTE_CHARACTERS], registers.now()
    done = apply_effect(
        Step(
            registers=registers,
            connection=connection,
            request=request,
            to=to,
            facts=facts,
            who=principal.name,
            now=now,
            subject=subject,
            grounds=grounds,
        )
    )
    payload = {**request.payload, **done.kept, "facts": {**request.payload.get("facts", {}), **_kept(facts)}}
    if done.changes:
        payload["changes"] = [*request.payload.get("changes", []), *done.changes]
    closed = not next_steps(to, on=now.date(), kind=request.kind)
    return take_request_step(
        connection, request, to, who=principal.name, note=note, now=now, closed=closed, payload=payload, records=done.records
    )


def _kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in ("note",)}


def _check(registers: Registers, request: Request, to: str, facts: Mapping[str, Any], *, by: str, subject: Subject) -> None:
    known = {**request.payload, **request.payload.get("facts", {}), **facts, "lent": subject.lent, "applied": True}
    known["reason"] = facts.get("reason") or (request.payload.get("reason") if to in ("submitted", "done", "approved", "agreed") else None)
    fault = check_step(request.state, to, known, on=registers.today(), by=by, kind=request.kind)
    if fault is not None:
        _raise(fault)


def _raise(fault: Fault) -> None:
    kind = Invalid if fault.code == "STEP_FACT_MISSING" else Refused
    raise kind(fault.message, code=fault.code, path="to", hint="GET the request: `next` lists the steps and what they need")


def _by(registers: Registers, request: Request, to: str) -> str:
    found = next((step for step in next_steps(request.state, on=registers.today(), kind=request.kind) if step.target_state == to), None)
    return found.by if found else ""


def _require_role(registers: Registers, connection: Connection, request: Request, principal: Principal, by: str) -> None:
    """Raise Forbidden where a step is another's: the proposer's, the owning unit's, or the bureau's, which has every unit."""
    if by == "proposer":
        if principal.name != request.applicant:
            raise Forbidden(f"that step is for {request.applicant}, who filed the request", path=str(request.id))
        return
    if not allows(principal, Action.DECIDE_REQUEST):
        raise Forbidden(f"{principal.name} ({principal.role}) may not decide requests", path=str(request.id))
    if request.kind == "link_decision" and not allows(principal, Action.DECIDE_LINK):
        raise Forbidden(f"{principal.name} ({principal.role}) may not decide links", path=str(request.id))
    reader = reader_of(principal)
    if by in ("bureau", "finance") and reader.units is not None:
        raise Forbidden("that step is for the bureau, which has every unit", path=str(request.id))
    if by == "owner" and not _owns(registers, connection, reader, request.unit):
        raise Forbidden(f"that step is for unit {request.unit or 'of the bureau'}", path=str(request.id))
    alone = {request.applicant} | ({step.who for step in request.steps if step.action == "agreed"} if by == "finance" else set())
    if by in DECIDERS and principal.name in alone and principal.role != Role.ADMINISTRATOR:
        raise Forbidden("who asked, or agreed before, does not decide alone", path=str(request.id))


def _owns(registers: Registers, connection: Connection, reader: Reader, unit: str | None) -> bool:
    if reader.units is None:
        return True
    units = registers.shelf.units(connection)
    return unit is not None and units.by_key.get(unit) in units.permitted(reader.units)


def seen_request(connection: Connection, registers: Registers, request_id: int, principal: Principal) -> Request:
    """The request of a number, where it is one's own or of a unit one may know of; raises NotFound."""
    found = requests_where(connection, [REQUEST.id == request_id, _seen_by(registers, connection, principal)])
    if not found:
        raise NotFound(f"there is no request {request_id}", path=str(request_id))
    return found[0]


def _seen_by(registers: Registers, connection: Connection, principal: Principal) -> ColumnElement[bool]:
    """One's own, and those of the units one may know of."""
    reader = reader_of(principal)
    if reader.units is None:
        return true()
    units = registers.shelf.units(connection)
    keys = [units.nodes[record].key for record in units.permitted(reader.units)]
    return or_(REQUEST.applicant == principal.name, REQUEST.unit.in_(keys))


def withheld_from(reader: Reader) -> tuple[str, ...]:
    """The fields of any kind that are not for this reader."""
    return () if reader.values else tuple({name for kind in list_kinds() for name in withheld_columns(kind, reader)})
