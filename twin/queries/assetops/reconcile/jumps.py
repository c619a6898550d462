"""Cards against the life of an asset: states that a ledger brought and no step leads to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, func, select

from twin.codes import get_dictionary
from twin.entitlement import next_states, undecided_states
from twin.queries.assetops.reconcile.difference import Difference, Side
from twin.queries.assetops.reconcile.sheet import CARDS, NOTHING
from twin.queries.assetops.reconcile.told import Teller
from twin.records.counters import clock_of
from twin.store import record_schema as schema
from twin.store.values import from_json

__all__ = ["state_jumps"]

STEPS = "生命周期"
IMPORT = "import"


def state_jumps(connection: Connection, teller: Teller) -> Iterator[Difference]:
    """`CARD_STATE_JUMPED`: the last change of a card's state came with a ledger, and by the table no step leads from the old to the new.

    A ledger states facts and is believed; the finding goes when the state changes again. A state stated for the first time is none.
    """
    words = {value.code: value.zh for value in get_dictionary("asset_state").values}
    for row in connection.execute(_last_changes(connection)):
        old, new, day = from_json(row.old), from_json(row.new), date.fromisoformat(row.valid_from)
        allowed = next_states(old, on=day)
        if new in allowed or not undecided_states(on=day):  # no steps at all: the day is before the table begins
            continue
        unit = teller.units.records.get(row.unit_id, NOTHING)
        file, line = _line(teller, row.source)
        yield Difference(
            code="CARD_STATE_JUMPED",
            key=row.key,
            left=Side(name=CARDS, says=f"{words[old]} → {words[new]}", file=file, line=line),
            right=Side(name=STEPS, says=f"{words[old]} → {'、'.join(words[state] for state in allowed) or '—'}"),
            unit=teller.unit_key(unit),
            unit_name=teller.unit_words(unit) or None,
            record_id=row.record_id,
        )


def _last_changes(connection: Connection) -> Any:
    asset, change, now = schema.kind_table("asset").c, schema.change.c, clock_of(connection, "asset")
    of_state = (change.kind == "asset", change.field == "state", change.since <= now)
    last = select(func.max(change.id).label("id")).where(*of_state).group_by(change.record_id).subquery()
    shown = and_(asset.record_id == change.record_id, asset.since <= now, asset.until > now, asset.ended.is_(None))
    query = select(change.record_id, change.old, change.new, change.valid_from, change.source, asset.key, asset.unit_id)
    joined = query.join_from(schema.change, last, last.c.id == change.id).join(schema.kind_table("asset"), shown)
    return joined.where(change.method == IMPORT, change.old.is_not(None), change.new.is_not(None)).order_by(asset.key)


def _line(teller: Teller, source: str) -> tuple[str, int | None]:
    revision, _, line = source.partition(":")
    return teller.source(int(revision), int(line)) if revision.isdecimal() and line.isdecimal() else ("", None)
