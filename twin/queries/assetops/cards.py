"""Asset cards as a stock-take meets them: those that stand somewhere, and those that scanned codes may mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from twin.queries.asset_filter import AssetFilter, find_assets
from twin.queries.assetops.judge import Card
from twin.queries.assetops.rules import shipped_rules
from twin.queries.records.context import Registers
from twin.records.counters import clock_of
from twin.records.scope import Reader
from twin.records.shelf import AssetView
from twin.records.stocktake import Expected
from twin.store import record_schema as schema

__all__ = ["cards_meant", "standing_at"]

WANTED = ("record_id", "key", "tag", "place_id", "location_id", "place_reason", "state")
AT_ONCE = 400


def standing_at(registers: Registers, connection: Connection, place_ids: Sequence[int], reader: Reader) -> list[Expected]:
    """The assets that stand at these places and below, as far as the reader may know of them, in the order of their codes."""
    view = registers.shelf.assets(connection)
    records: set[int] = set()
    for place in place_ids:
        found = find_assets(connection, view, AssetFilter(place=place), reader, registers.texts)
        at = np.arange(len(view.columns)) if found is None else found
        records |= set(view.columns.record[at].tolist())
    rows = _rows(connection, schema.kind_table("asset").c.record_id, sorted(records))
    return sorted((_expected(row, view) for row in rows), key=lambda one: one.code.encode())


def cards_meant(
    registers: Registers, connection: Connection, codes: Collection[str], expected: Mapping[int, Expected]
) -> dict[str, list[Card]]:
    """Scanned code → the cards it may mean: the one of that asset code, else those that carry it as their tag.

    What was frozen at the opening counts for its home and whether it is due, whatever has changed since.
    """
    view = registers.shelf.assets(connection)
    table = schema.kind_table("asset").c
    wanted = sorted(codes)
    by_key: dict[str, list[Card]] = defaultdict(list)
    by_tag: dict[str, list[Card]] = defaultdict(list)
    for row in _rows(connection, table.key, wanted):
        by_key[row.key].append(_card(_expected(row, view), expected))
    tagged = [records for code in wanted if code not in by_key and (records := view.columns.find_hashed("tag", code))]
    for row in _rows(connection, table.record_id, sorted({record for records in tagged for record in records})):
        by_tag[row.tag].append(_card(_expected(row, view), expected))
    return {code: by_key.get(code) or by_tag[code] for code in wanted if by_key.get(code) or by_tag.get(code)}


def _rows(connection: Connection, column: ColumnElement[Any], wanted: Sequence[Any]) -> Iterable[Any]:
    table, now = schema.kind_table("asset"), clock_of(connection, "asset")
    visible = (table.c.since <= now, table.c.until > now, table.c.ended.is_(None))
    found: list[Any] = []
    for start in range(0, len(wanted), AT_ONCE):
        query = select(*(table.c[name] for name in WANTED)).where(column.in_(wanted[start : start + AT_ONCE]), *visible)
        found += connection.execute(query)
    return found


def _expected(row: Any, view: AssetView) -> Expected:
    position = view.places.place_of(row.place_id, row.location_id)
    place = view.places.rows[position] if position >= 0 else None
    tangible = row.place_reason != "intangible"
    return Expected(
        record_id=row.record_id,
        code=row.key,
        tag=row.tag or None,
        place_id=place.id if place is not None else None,
        path=place.path if place is not None else "",
        state=row.state,
        due=tangible and row.state not in shipped_rules().not_due,
    )


def _card(one: Expected, expected: Mapping[int, Expected]) -> Card:
    frozen = expected.get(one.record_id)
    said = frozen or one
    return Card(record_id=said.record_id, code=said.code, place_id=said.place_id, path=said.path, expected=frozen is not None, due=said.due)
