"""Idle assets and the public warehouse (公物仓): since when they are offered, and which serve a wish before anything is bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from twin.entitlement import OFFERED_STATES, Match, Offer, Wish, match_stock
from twin.errors import Invalid
from twin.queries.asset_filter import AssetFilter, find_assets
from twin.queries.assets import offered_page
from twin.queries.records.context import Registers
from twin.records.articles import class_words
from twin.records.columns import asset_states
from twin.records.scope import Reader
from twin.records.shelf import AssetView
from twin.store import record_schema as schema

__all__ = ["Idle", "idle_page", "idle_since", "stock_matches", "wish_of"]

SHOWN = 50
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Since when an asset has been offered: the day it became idle or pooled; not `exact`: it was so already on that day."""

    since: date
    exact: bool


def idle_page(registers: Registers, wanted: AssetFilter, reader: Reader, *, after: str | None, limit: int) -> dict[str, Any]:
    """A page of idle and pooled assets, each with `offered`: since when, whether that is exact, and for how many days."""
    page = offered_page(registers, wanted, reader, after=after, limit=limit)
    with registers.store.database.reading() as connection:
        since = idle_since(connection, [record["id"] for record in page["records"]])
    today = registers.today()
    for record in page["records"]:
        known = since.get(record["id"])
        record["offered"] = (
            None if known is None else {"since": known.since.isoformat(), "exact": known.exact, "days": (today - known.since).days}
        )
    return page


def idle_since(connection: Connection, record_ids: Sequence[int]) -> dict[int, Idle]:
    """Record → since when it has been offered. From idle to pooled it goes on being so; without a change the day its ledger was of."""
    change, asset, revision = schema.change.c, schema.kind_table("asset").c, schema.register_revision.c
    offered = [f'"{state}"' for state in sorted(OFFERED_STATES)]
    found: dict[int, Idle] = {}
    for start in range(0, len(record_ids), AT_ONCE):
        part = list(record_ids[start : start + AT_ONCE])
        first = select(asset.record_id, func.min(revision.as_of)).join_from(
            schema.kind_table("asset"), schema.register_revision, asset.revision_id == revision.id
        )
        for record_id, day in connection.execute(first.where(asset.record_id.in_(part)).group_by(asset.record_id)):
            found[record_id] = Idle(since=date.fromisoformat(day), exact=False)
        became = select(change.record_id, change.valid_from, change.old).where(
            change.record_id.in_(part), change.field.in_(("state", "added")), (change.new.in_(offered)) | (change.field == "added")
        )
        for row in connection.execute(became.order_by(change.record_id, change.valid_from, change.id)):
            if row.old not in offered:
                found[row.record_id] = Idle(since=date.fromisoformat(row.valid_from), exact=True)
    return found


def wish_of(payload: Mapping[str, Any]) -> Wish:
    """The wish of a purchase request; raises Invalid (`REQUEST_INVALID`)."""
    quantity = payload.get("quantity")
    if isinstance(quantity, bool) or not isinstance(quantity, int | float) or not quantity > 0:
        raise Invalid("how many? a number above 0", path="quantity", code="REQUEST_INVALID", hint="e.g. 3")
    for name in ("class_code", "class_edition"):
        if not isinstance(payload.get(name), str) or not payload[name]:
            raise Invalid(f"{name} is needed", path=name, code="REQUEST_INVALID", hint="one code of two editions is two things")
    return Wish(
        class_edition=payload["class_edition"],
        class_prefix=payload["class_code"],
        words=str(payload.get("words") or ""),
        quantity=float(quantity),
        unit=str(payload.get("unit") or ""),
    )


def stock_matches(registers: Registers, connection: Connection, wish: Wish, reader: Reader) -> dict[str, Any]:
    """What of the idle and pooled assets fits a wish, best first: those that would be taken for it, and up to fifty in all."""
    view = registers.shelf.assets(connection)
    wanted = AssetFilter(class_code=wish.class_prefix, class_edition=wish.class_edition, state=tuple(sorted(OFFERED_STATES)))
    found = find_assets(connection, view, wanted, reader, registers.texts)
    positions = np.arange(len(view.columns)) if found is None else found
    matches = match_stock(wish, _offers(connection, view, positions))
    taken = [match for match in matches if match.taken > 0]
    shown = matches[: max(SHOWN, len(taken))]
    return {
        "numberMatched": len(matches),
        "served": sum(match.taken for match in taken),
        "wanted": wish.quantity,
        "matches": [_document(match) for match in shown],
    }


def _offers(connection: Connection, view: AssetView, positions: np.ndarray[Any, Any]) -> list[Offer]:
    asset, article, term = schema.kind_table("asset").c, schema.article.c, schema.term.c
    records = view.columns.record[positions].tolist()
    states, classes = asset_states(), view.classes
    facts: dict[int, Any] = {}
    for start in range(0, len(records), AT_ONCE):
        query = (
            select(asset.record_id, asset.quantity, article.name, term.text)
            .select_from(schema.kind_table("asset"))
            .outerjoin(schema.article, asset.article_id == article.id)
            .outerjoin(schema.term, asset.specification_id == term.id)
            .where(
                asset.record_id.in_(records[start : start + AT_ONCE]), asset.since <= view.columns.clock, asset.until > view.columns.clock
            )
        )
        facts |= {row[0]: row for row in connection.execute(query)}
    found = []
    for position, record in zip(positions.tolist(), records, strict=True):
        row = facts.get(record)
        edition, code = classes.classes[classes.number[view.columns.article[position]]]
        unit = view.units.nodes.get(view.units.records.get(int(view.columns.unit[position]), -1))
        if row is not None:
            found.append(
                Offer(
                    asset=view.columns.key(position).decode(),
                    class_edition=edition,
                    class_code=code,
                    state=states[view.columns.state[position]],
                    name=row[2] or "",
                    specification=row[3] or "",
                    quantity=1.0 if row[1] is None else row[1],
                    unit=unit.key if unit else "",
                )
            )
    return found


def _document(match: Match) -> dict[str, Any]:
    offer = match.offer
    zh, en = class_words().get((offer.class_edition, offer.class_code), ("", ""))
    return {
        "asset": offer.asset,
        "name": offer.name,
        "specification": offer.specification,
        "class": {"edition": offer.class_edition, "code": offer.class_code, "zh": zh or None, "en": en or None},
        "state": offer.state,
        "unit": offer.unit or None,
        "quantity": offer.quantity,
        "taken": match.taken,
        "missing_words": list(match.missing_words),
        "zh": match.zh,
        "en": match.en,
    }
