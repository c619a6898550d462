"""Requests and their steps as stored: who asked for what of which records, and each step that was taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from twin.errors import NotFound
from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.values import from_json, from_microseconds, to_json, to_microseconds

__all__ = [
    "NewRequest",
    "Request",
    "RequestStep",
    "add_request",
    "amend_request",
    "get_request",
    "requests_of",
    "requests_where",
    "take_request_step",
]

OF_THE_FIELD = ("value", "was", "evidence", "facts", "files")
"""What a correction says of its field, withheld with it."""
REQUEST, STEP = schema.request.c, schema.request_step.c


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request about to be filed: `records` are what it is about, `unit` the key of the unit that owns them."""

    kind: str
    records: Sequence[int]
    payload: Mapping[str, Any]
    applicant: str
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStep:
    """One step: the state it led to, who took it, when (microseconds since 1970 UTC), and what was said."""

    ordinal: int
    action: str
    who: str
    at_us: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it stands, with all its steps."""

    id: int
    kind: str
    records: tuple[int, ...]
    payload: Mapping[str, Any]
    applicant: str
    unit: str | None
    state: str
    opened_us: int
    closed_us: int | None
    steps: tuple[RequestStep, ...]

    def to_json(self, *, withheld: Collection[str] = ()) -> dict[str, Any]:
        """The request as a document; what it says of withheld fields is left out."""
        hidden = self.payload.get("field") in withheld
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "applicant": self.applicant,
            "unit": self.unit,
            "payload": {name: value for name, value in self.payload.items() if not (hidden and name in OF_THE_FIELD)},
            "opened_at": from_microseconds(self.opened_us).isoformat(),
            "closed_at": None if self.closed_us is None else from_microseconds(self.closed_us).isoformat(),
            "steps": [
                {"to": step.action, "who": step.who, "at": from_microseconds(step.at_us).isoformat(), "note": "" if hidden else step.note}
                for step in self.steps
            ],
        }


def add_request(connection: Connection, new: NewRequest, *, now: datetime) -> int:
    """The id of a new request in the state `draft`."""
    request_id = take_ids(connection, "request")
    connection.execute(
        insert(schema.request).values(
            id=request_id,
            kind=new.kind,
            record_id=new.records[0] if new.records else None,
            subject=_subject(new.records),
            payload=to_json(new.payload),
            applicant=new.applicant,
            unit=new.unit,
            state="draft",
            step=0,
            opened_us=to_microseconds(now),
        )
    )
    return request_id


def take_request_step(
    connection: Connection,
    request: Request,
    state: str,
    *,
    who: str,
    note: str,
    now: datetime,
    closed: bool,
    payload: Mapping[str, Any] | None = None,
    records: Sequence[int] = (),
) -> Request:
    """Note a step and the state it leads to; `payload` takes the place of the request's, `records` join those it is about."""
    ordinal = len(request.steps) + 1
    moment = to_microseconds(now)
    connection.execute(
        insert(schema.request_step).values(request_id=request.id, ordinal=ordinal, action=state, who=who, at_us=moment, note=note)
    )
    values: dict[str, Any] = {"state": state, "step": ordinal, "closed_us": moment if closed else None}
    if payload is not None:
        values["payload"] = to_json(payload)
    if records:
        values["subject"] = _subject(tuple(dict.fromkeys((*request.records, *records))))
        values["record_id"] = request.records[0] if request.records else records[0]
    connection.execute(update(schema.request).where(REQUEST.id == request.id).values(**values))
    return get_request(connection, request.id)


def amend_request(connection: Connection, request: Request, payload: Mapping[str, Any]) -> Request:
    """The request with another payload, without a step."""
    connection.execute(update(schema.request).where(REQUEST.id == request.id).values(payload=to_json(payload)))
    return get_request(connection, request.id)


def get_request(connection: Connection, request_id: int) -> Request:
    """The request of an id; raises NotFound."""
    found = requests_where(connection, [REQUEST.id == request_id])
    if not found:
        raise NotFound(f"there is no request {request_id}", path=str(request_id))
    return found[0]


def requests_where(connection: Connection, conditions: Sequence[ColumnElement[bool]], *, limit: int | None = None) -> list[Request]:
    """The requests that meet all conditions, newest first."""
    query = select(schema.request).where(*conditions).order_by(REQUEST.id.desc())
    rows = [dict(row) for row in connection.execute(query if limit is None else query.limit(limit)).mappings()]
    steps: dict[int, list[RequestStep]] = {}
    if rows:
        taken = select(schema.request_step).where(STEP.request_id.in_([row["id"] for row in rows])).order_by(STEP.ordinal)
        for step in connection.execute(taken).mappings():
            facts = {name: step[name] for name in ("ordinal", "action", "who", "at_us", "note")}
            steps.setdefault(step["request_id"], []).append(RequestStep(**facts))
    return [_request(row, steps.get(row["id"], [])) for row in rows]


def requests_of(connection: Connection, record_id: int, *, withheld: Collection[str] = ()) -> list[dict[str, Any]]:
    """The requests about a record as documents, newest first."""
    about = or_(REQUEST.record_id == record_id, REQUEST.subject.like(f"% {record_id} %"))
    return [request.to_json(withheld=withheld) for request in requests_where(connection, [about])]


def _subject(records: Sequence[int]) -> str:
    return f" {' '.join(map(str, records))} " if records else ""


def _request(row: Mapping[str, Any], steps: Sequence[RequestStep]) -> Request:
    return Request(
        id=row["id"],
        kind=row["kind"],
        records=tuple(int(record) for record in row["subject"].split()),
        payload=from_json(row["payload"]),
        applicant=row["applicant"],
        unit=row["unit"],
        state=row["state"],
        opened_us=row["opened_us"],
        closed_us=row["closed_us"],
        steps=tuple(steps),
    )
