"""Links in the store: those that stand, and how they are brought to what the tie found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, exists, insert, select, update

from twin.imports.tie.turns import in_turns
from twin.link.facts import Decision, Evidence, Link
from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.database import Database
from twin.store.values import from_json, to_json

__all__ = ["LOST", "MADE", "MANUAL", "REFUSED", "StandingLink", "decided_links", "standing_links", "standing_pairs", "write_links"]

LINK = schema.link.c
MADE, REFUSED, LOST = "made", "refused", "lost"
MANUAL = "manual"
"""The method of what a person decided: a link made or refused, which no tie ends."""
FACTS = ("revision", "number")
"""What is kept of a feature beside the evidence: the revision that brought it, and its number, as they were when linked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingLink:
    """A link as stored; `facts` is `FACTS` of its feature."""

    id: int
    record_id: int
    feature: str
    method: str
    confidence: float
    state: str
    since_us: int
    evidence: Mapping[str, Any]
    facts: Mapping[str, Any]

    def as_link(self) -> Link:
        """The link as the linker has it."""
        known = {name: value for name, value in self.evidence.items() if name in Evidence.__slots__}
        return Link(
            record_id=str(self.record_id),
            space_id=self.feature,
            method=self.method,  # type: ignore[arg-type]
            confidence=self.confidence,
            evidence=Evidence(**known),
        )


def standing_links(connection: Connection, kind_name: str, *, state: str = MADE) -> list[StandingLink]:
    """The links of a kind's records that stand, or that were lost with their feature."""
    table = schema.kind_table(kind_name)
    query = select(schema.link).where(_is_of(table), LINK.state == state)
    if state == MADE:
        query = query.where(LINK.until_us.is_(None))
    return [_standing(row) for row in connection.execute(query.order_by(LINK.id))]


def standing_pairs(connection: Connection, kind_name: str) -> list[list[Any]]:
    """Record and feature key of the same links, those that stand, without their evidence: a tie asks at every change of anything."""
    stands = (_is_of(schema.kind_table(kind_name)), LINK.state == MADE, LINK.until_us.is_(None))
    query = select(LINK.record_id, LINK.site_id, LINK.feature_id).where(*stands).order_by(LINK.id)
    return [[record, f"{site}/{feature}"] for record, site, feature in connection.execute(query)]


def decided_links(connection: Connection, kind_name: str) -> list[Decision]:
    """What people decided of a kind's records."""
    table = schema.kind_table(kind_name)
    query = select(schema.link).where(_is_of(table), LINK.method == MANUAL, LINK.until_us.is_(None))
    return [
        Decision(record_id=str(row.record_id), space_id=f"{row.site_id}/{row.feature_id}", made=row.state == MADE)
        for row in connection.execute(query)
    ]


def _is_of(table: Table) -> ColumnElement[bool]:
    """Whether a link is one of a record of a table: asked link by link, there are few beside the records."""
    return exists().where(table.c.record_id == LINK.record_id)


def write_links(
    database: Database,
    standing: Sequence[StandingLink],
    links: Sequence[Link],
    facts: Mapping[str, Mapping[str, Any]],
    *,
    lost: frozenset[int] = frozenset(),
    who: str,
    now_us: int,
) -> tuple[int, int]:
    """Bring links that stand to these: (made, ended). `lost` are ids of links that end because their feature is gone; what a person
    linked stays, also while the feature is not there."""
    at = {(str(one.record_id), one.feature): one for one in standing}
    wanted = {(link.record_id, link.space_id): link for link in links}
    ended = [
        {"link": one.id, "how": LOST if one.id in lost else one.state, "end": now_us}
        for pair, one in at.items()
        if pair not in wanted and one.method != MANUAL
    ]
    end = update(schema.link).where(LINK.id == bindparam("link")).values(until_us=bindparam("end"), state=bindparam("how"))
    in_turns(database, ended, lambda connection, rows: connection.execute(end, list(rows)))
    new = [_row(link, facts.get(link.space_id, {}), who, now_us) for pair, link in wanted.items() if pair not in at]
    in_turns(database, new, _insert)
    differing = [
        {"link": one.id, "how": link.method, "sure": link.confidence, "why": _evidence(link, one.facts)}
        for pair, one in at.items()
        if (link := wanted.get(pair)) is not None and (one.method, one.confidence) != (link.method, link.confidence)
    ]
    change = update(schema.link).where(LINK.id == bindparam("link"))
    change = change.values(method=bindparam("how"), confidence=bindparam("sure"), evidence=bindparam("why"))
    in_turns(database, differing, lambda connection, rows: connection.execute(change, list(rows)))
    return len(new), len(ended)


def _insert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    first = take_ids(connection, "link", len(rows))
    connection.execute(insert(schema.link), [{"id": first + place, **row} for place, row in enumerate(rows)])


def _row(link: Link, facts: Mapping[str, Any], who: str, now_us: int) -> dict[str, Any]:
    site_id, feature_id = link.space_id.split("/", 1)
    return {
        "record_id": int(link.record_id),
        "site_id": int(site_id),
        "feature_id": feature_id,
        "method": link.method,
        "confidence": link.confidence,
        "evidence": _evidence(link, facts),
        "state": MADE,
        "who": who,
        "since_us": now_us,
    }


def _evidence(link: Link, facts: Mapping[str, Any]) -> str:
    return to_json({**asdict(link.evidence), **facts})


def _standing(row: Any) -> StandingLink:
    evidence = from_json(row.evidence) if row.evidence else {}
    return StandingLink(
        id=row.id,
        record_id=row.record_id,
        feature=f"{row.site_id}/{row.feature_id}",
        method=row.method,
        confidence=row.confidence,
        state=row.state,
        since_us=row.since_us,
        evidence=evidence,
        facts={name: evidence[name] for name in FACTS if name in evidence},
    )
