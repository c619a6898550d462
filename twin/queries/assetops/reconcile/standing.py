"""Cards against places: what stands in a room that does not exist, or in a room of another unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, select

from twin.link.number import parse_number
from twin.queries.assetops.reconcile.difference import Difference, Side
from twin.queries.assetops.reconcile.sheet import CARDS
from twin.queries.assetops.reconcile.told import Teller
from twin.queries.records.context import Registers
from twin.records.counters import clock_of
from twin.records.place_tree import NOWHERE
from twin.records.shelf import AssetView
from twin.store import record_schema as schema
from twin.store.values import from_json

__all__ = ["place_differences"]

Array: TypeAlias = np.ndarray[Any, Any]
PLACES = "地点"
AT_ONCE = 500


def place_differences(registers: Registers, connection: Connection, teller: Teller) -> Iterator[Difference]:
    """`CARD_PLACE_UNKNOWN` where the words of a card name no room, storey or building there is; `CARD_PLACE_OF_ANOTHER_UNIT` where its
    room is used by (or allocated to) a unit that is neither its own nor above or below it."""
    view = registers.shelf.assets(connection)
    words = _unknown_words(connection)
    said = view.columns.location
    flags = np.zeros(max(int(said.max(initial=0)), *words, 0) + 2, dtype=np.bool_)
    flags[list(words)] = True
    unknown = np.flatnonzero(flags[said])
    yield from _tell(
        connection,
        view,
        teller,
        "CARD_PLACE_UNKNOWN",
        unknown,
        [words[int(one)] for one in said[unknown]],
        ["" for _ in unknown],
    )
    strangers, owners = _strangers(connection, view)
    yield from _tell(
        connection,
        view,
        teller,
        "CARD_PLACE_OF_ANOTHER_UNIT",
        strangers,
        [teller.unit_words(view.units.records.get(int(term), NOWHERE)) for term in view.columns.unit[strangers]],
        ["、".join(teller.unit_words(unit) for unit in units) for units in owners],
    )


def _unknown_words(connection: Connection) -> dict[int, str]:
    """Location id → its words, where they name no place that is there."""
    location = schema.location.c
    rows = connection.execute(select(location.id, location.building, location.storey, location.room, location.evidence))
    return {row.id: " ".join(filter(None, (row.building, row.storey, row.room))) for row in rows if row.evidence and _is_unknown(row)}


def _is_unknown(row: Any) -> bool:
    """大厅 or 走廊 claims no room of the register; a number does, and so does the name of a building."""
    reason = from_json(row.evidence).get("reason")
    if reason == "room_unknown":
        return any(reading.numbers for reading in parse_number(row.room or ""))
    return reason == "storey_unknown" or (reason == "building_unknown" and bool(row.building))


def _strangers(connection: Connection, view: AssetView) -> tuple[Array, list[list[int]]]:
    """The positions of assets in rooms of other units, and those units."""
    owners = _owners(connection, view)
    owned = np.zeros(len(view.places) + 1, dtype=np.bool_)
    owned[list(owners)] = True
    at = np.flatnonzero(owned[view.position] & (view.columns.unit >= 0))
    pairs, inverse = np.unique(np.stack([view.position[at], view.columns.unit[at]]), axis=1, return_inverse=True)
    foreign = np.array(
        [
            (unit := view.units.records.get(term)) is not None and not any(_related(view, unit, owner) for owner in owners[place])
            for place, term in zip(*pairs.tolist(), strict=True)
        ],
        dtype=np.bool_,
    )
    found = at[foreign[inverse.reshape(-1)]] if len(pairs[0]) else at
    return found, [owners[int(place)] for place in view.position[found]]


def _owners(connection: Connection, view: AssetView) -> dict[int, list[int]]:
    """Position of a room in the tree → the units that use it, or to which it is allocated."""
    room, now = schema.kind_table("room").c, clock_of(connection, "room")
    query = select(room.record_id, room.used_by_id, room.allocated_to_id).where(room.since <= now, room.until > now, room.ended.is_(None))
    found: dict[int, list[int]] = {}
    for row in connection.execute(query):
        units = [view.units.records[term] for term in (row.used_by_id, row.allocated_to_id) if term in view.units.records]
        place = view.places.by_record.get(row.record_id)
        if place is not None and units:
            found[place] = list(dict.fromkeys(units))
    return found


def _related(view: AssetView, unit: int, other: int) -> bool:
    keys = view.units.nodes[unit].key, view.units.nodes[other].key
    return keys[1] in view.units.above(unit) or keys[0] in view.units.above(other)


def _tell(
    connection: Connection, view: AssetView, teller: Teller, code: str, at: Array, left: list[str], right: list[str]
) -> Iterator[Difference]:
    records = view.columns.record[at].tolist()
    lines = _sources(connection, records)
    for position, record, ours, theirs in zip(at.tolist(), records, left, right, strict=True):
        unit = view.units.records.get(int(view.columns.unit[position]), NOWHERE)
        file, line = teller.source(*lines.get(record, (NOWHERE, NOWHERE)))
        node = view.position[position]
        yield Difference(
            code=code,
            key=view.columns.key(position).decode(),
            left=Side(name=CARDS, says=ours, file=file, line=line),
            right=Side(name=PLACES, says=theirs or (view.places.rows[node].name if node != NOWHERE else "")),
            unit=teller.unit_key(unit),
            unit_name=teller.unit_words(unit) or None,
            record_id=record,
        )


def _sources(connection: Connection, records: list[int]) -> dict[int, tuple[int, int]]:
    asset = schema.kind_table("asset").c
    now = clock_of(connection, "asset")
    found: dict[int, tuple[int, int]] = {}
    for start in range(0, len(records), AT_ONCE):
        query = select(asset.record_id, asset.revision_id, asset.line).where(
            asset.record_id.in_(records[start : start + AT_ONCE]), asset.since <= now, asset.until > now
        )
        for row in connection.execute(query):
            found[row.record_id] = (
                row.revision_id if row.revision_id is not None else NOWHERE,
                row.line if row.line is not None else NOWHERE,
            )
    return found
