"""Pages of assets in the order of their codes, any as fast as the first, and what they add up to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from twin.codes import get_kind
from twin.entitlement import OFFERED_STATES
from twin.errors import Forbidden
from twin.queries.asset_filter import AssetFilter, Positions, find_assets
from twin.queries.asset_sums import grouped_sums
from twin.queries.records.context import Registers
from twin.queries.records.documents import record_document
from twin.records.read import records_where
from twin.records.scope import Reader
from twin.records.shelf import AssetView
from twin.store import record_schema as schema

__all__ = ["asset_page", "asset_totals", "offered_page"]


def asset_page(registers: Registers, wanted: AssetFilter, reader: Reader, *, after: str | None, limit: int) -> dict[str, Any]:
    """At most `limit` assets whose codes come after `after`; `numberMatched` is exact, `next` the code to go on after, or None."""
    _require_values(wanted, reader)
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        found = find_assets(connection, view, wanted, reader, registers.texts)
        start = 0 if after is None else _start(view, found, after)
        total = len(view.columns) if found is None else len(found)
        stop = min(start + limit, total)
        positions = range(start, stop) if found is None else found[start:stop].tolist()
        assets = _documents(connection, view, positions, reader)
        following = view.columns.key(int(positions[-1])).decode() if stop < total else None
    return {"numberMatched": total, "numberReturned": len(assets), "records": assets, "next": following}


def offered_page(registers: Registers, wanted: AssetFilter, reader: Reader, *, after: str | None, limit: int) -> dict[str, Any]:
    """Idle assets and those in the public warehouse, before anything is bought."""
    states = tuple(sorted(OFFERED_STATES & set(wanted.state or OFFERED_STATES)))
    return asset_page(registers, replace(wanted, state=states), reader, after=after, limit=limit)


def asset_totals(
    registers: Registers, wanted: AssetFilter, reader: Reader, *, by: tuple[str, ...], class_length: int | None
) -> dict[str, Any]:
    """Number and value of the assets that are asked for, by any of unit, class and state together."""
    _require_values(wanted, reader)
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        found = find_assets(connection, view, wanted, reader, registers.texts)
        key = ("totals", wanted, reader.labels, reader.units, reader.values, by, class_length, registers.today())
        rows = view.once(
            key, lambda: grouped_sums(view, found, by, class_length=class_length, values=reader.values, today=registers.today())
        )
        total = len(view.columns) if found is None else len(found)
    return {"by": list(by), "total": total, "rows": rows}


def _require_values(wanted: AssetFilter, reader: Reader) -> None:
    if not reader.values and (wanted.value_from is not None or wanted.value_to is not None):
        raise Forbidden(f"{reader.name} may not read values", path="value_from")


def _start(view: AssetView, found: Positions | None, after: str) -> int:
    position = view.columns.position_at(after.encode(), after=True)
    return position if found is None else int(np.searchsorted(found, position))


def _documents(connection: Connection, view: AssetView, positions: Any, reader: Reader) -> list[dict[str, Any]]:
    kind, records = get_kind("asset"), view.columns.arrays["record"]
    ids = [int(records[position]) for position in positions]
    if not ids:
        return []
    found = records_where(connection, kind, schema.kind_table("asset").c.record_id.in_(ids))
    return [record_document(kind, record, reader, view.places) for record in found if record.ended is None]
