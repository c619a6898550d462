"""A link that a person decides: which room, element or building of the scene a record is, or that it is none of those it may be.

`{"record": {"kind", "key"}, "candidates": [feature id], "choice": feature id or null, "site": code}`; who decides may choose otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from spatial.feature import Kind
from twin.codes import RecordKind
from twin.errors import Invalid, Refused
from twin.imports.tie.links import MADE, MANUAL, REFUSED
from twin.queries.records.context import Registers
from twin.records.counters import take_ids
from twin.records.read import Record
from twin.records.requests import Request
from twin.records.scope import Reader
from twin.records.write import Author
from twin.store import record_schema as schema
from twin.store.values import to_json, to_microseconds

__all__ = ["check_link", "take_back_link", "write_link"]

LINK = schema.link.c
TIED: Mapping[str, tuple[Kind, ...]] = MappingProxyType(
    {"room": (Kind.SPACE,), "asset": (Kind.ELEMENT,), "building": (Kind.BUILDING, Kind.CITY_OBJECT)}
)
ALONE = ("asset", "building")
"""Kinds of which no two records are one feature; rooms may be parts of one."""
CANDIDATES_AT_MOST = 50


def check_link(registers: Registers, kind: RecordKind, payload: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """The payload with its site; raises Invalid (`REQUEST_INVALID`), NotFound for a feature that is none for this reader."""
    wanted = TIED.get(kind.name)
    if wanted is None:
        raise _wrong("record", f"a {kind.name} is tied to no feature; one of {', '.join(TIED)}")
    candidates = payload.get("candidates")
    if not isinstance(candidates, list) or not 0 < len(candidates) <= CANDIDATES_AT_MOST:
        raise _wrong("candidates", f"1 to {CANDIDATES_AT_MOST} ids of features")
    if not all(isinstance(one, str) and one for one in candidates) or len(set(candidates)) < len(candidates):
        raise _wrong("candidates", "different ids of features")
    if payload.get("choice") is not None and payload["choice"] not in candidates:
        raise _wrong("choice", "one of the candidates, or null for none of them")
    said = payload.get("site")
    if said is not None and not isinstance(said, str):
        raise _wrong("site", "the code of a site")
    sites = set()
    for one in candidates:
        row = registers.store.get_feature(one, reader.labels, site=said)
        if row.feature.kind not in wanted:
            raise _wrong("candidates", f"{one} is a {row.feature.kind}, which no {kind.name} is")
        sites.add(row.site)
    if len(sites) > 1:
        raise _wrong("candidates", "features of one site")
    return {**payload, "site": sites.pop()}


def write_link(
    registers: Registers, connection: Connection, request: Request, facts: Mapping[str, Any], record: Record, author: Author
) -> dict[str, list[int]]:
    """Write the decision in place of earlier ones about the same things; ids of link rows that it made and ended.

    Raises Invalid (`STEP_FACT_MISSING`) where nobody chose, NotFound where the feature is gone.
    """
    known = {**request.payload, **request.payload.get("facts", {}), **facts}
    if "choice" not in known:
        raise Invalid(
            "choice: which of the candidates is it, or none (null)", path="choice", code="STEP_FACT_MISSING", hint="facts: {choice: …}"
        )
    choice, candidates = known["choice"], request.payload["candidates"]
    if choice is not None and choice not in candidates:
        raise _wrong("choice", "one of the candidates, or null for none of them")
    site = request.payload["site"]
    site_id = next(one for one, facts_of in registers.store.site_ids().items() if facts_of.code == site)
    if choice is not None:
        registers.store.get_feature(choice, None, site=site)
    now_us = to_microseconds(author.now)
    chosen = [choice] if choice is not None else list(candidates)
    ended = _replaced(connection, record, site_id, chosen, made=choice is not None)
    _end(connection, ended, now_us)
    evidence = to_json({"request": request.id, "said": request.payload.get("evidence")})
    first = take_ids(connection, "link", len(chosen))
    rows = [
        {
            "id": first + at,
            "record_id": record.id,
            "site_id": site_id,
            "feature_id": feature,
            "method": MANUAL,
            "confidence": 1.0,
            "evidence": evidence,
            "state": MADE if choice is not None else REFUSED,
            "who": author.who,
            "since_us": now_us,
        }
        for at, feature in enumerate(chosen)
    ]
    connection.execute(insert(schema.link), rows)
    return {"links": [row["id"] for row in rows], "links_ended": ended}


def take_back_link(connection: Connection, request: Request, now: datetime) -> None:
    """End what a decision wrote and let the decisions it ended hold again. Raises Refused where a later one stands in its place."""
    own, before = request.payload.get("links", []), request.payload.get("links_ended", [])
    standing = set(connection.execute(select(LINK.id).where(LINK.id.in_(own), LINK.until_us.is_(None))).scalars())
    if standing != set(own):
        raise Refused(
            f"request {request.id}: a later decision stands in its place",
            code="STEP_NOT_ALLOWED",
            path=str(request.id),
            hint="take that one back first",
        )
    _end(connection, own, to_microseconds(now))
    if before:
        connection.execute(update(schema.link).where(LINK.id.in_(before)).values(until_us=None))


def _replaced(connection: Connection, record: Record, site_id: int, features: list[str], *, made: bool) -> list[int]:
    """Earlier decisions that this one takes the place of: on the record and these features; where a link is `made` every link of the
    record, and those of others to its feature where no two records are one."""
    here = (LINK.site_id == site_id, LINK.feature_id.in_(features))
    own = LINK.record_id == record.id
    replaced = [and_(own, *here)]
    replaced += [and_(own, LINK.state == MADE)] if made else []
    replaced += [and_(*here, LINK.state == MADE)] if made and record.kind in ALONE else []
    query = select(LINK.id).where(LINK.method == MANUAL, LINK.until_us.is_(None), or_(*replaced))
    return list(connection.execute(query.order_by(LINK.id)).scalars())


def _end(connection: Connection, links: list[int], now_us: int) -> None:
    if links:
        connection.execute(update(schema.link).where(LINK.id.in_(links)).values(until_us=now_us))


def _wrong(path: str, what: str) -> Invalid:
    return Invalid(f"{path}: {what}", path=path, code="REQUEST_INVALID", hint="/openapi.json describes requests")
