"""Assets that a stock-take found elsewhere and nobody moved: where they should be, where they were seen, and what is asked already."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import get_kind
from twin.queries.assetops.reconcile.listing import difference_page
from twin.queries.assetops.worklist import WORKED
from twin.queries.records.context import Registers
from twin.queries.records.documents import place_document
from twin.queries.records.named import named_records
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import find_record
from twin.records.requests import requests_of
from twin.records.scope import Reader, owners_of
from twin.store import record_schema as schema
from twin.store.values import from_json

__all__ = ["found_elsewhere_page"]

ITEM = schema.work_item.c
KINDS = ("move", "transfer", "disposal", "loan", "pooling")


def found_elsewhere_page(registers: Registers, reader: Reader, *, after: int = 0, limit: int) -> dict[str, Any]:
    """At most `limit` assets found elsewhere, the oldest finding first: `expected` and `found` as places, and `move`, what a request
    to move it there says (None where no building is known, or the place is not for this reader); `requests` that are open about it."""
    page = difference_page(registers, reader, code=WORKED["found_elsewhere"], after=after, limit=limit)
    with registers.store.database.reading() as connection:
        places = registers.shelf.places(connection)
        ids = [one["item"] for one in page["differences"]]
        rows = {row.id: row for row in connection.execute(select(ITEM.id, ITEM.record_id, ITEM.detail).where(ITEM.id.in_(ids)))}
        named = _named(registers, connection, reader, places, [from_json(row.detail)["found_place"] for row in rows.values()])
        found = [
            {name: one[name] for name in ("item", "message", "since", "key", "record", "stocktake")}
            | _moved(registers, connection, reader, places, rows[one["item"]], named)
            for one in page["differences"]
        ]
    return {"assets": found, "next": page["next"]}


def _named(
    registers: Registers, connection: Connection, reader: Reader, places: PlaceTree, ids: Collection[int | None]
) -> Mapping[int, dict[str, Any]]:
    """Record → its name, of the rooms and buildings on the way to some places."""
    steps = {places.rows[at].record_id for one in ids if one is not None for at in _path(places, one)}
    return named_records(registers, connection, reader, steps - {None}, map(get_kind, ("room", "building")))


def _moved(
    registers: Registers, connection: Connection, reader: Reader, places: PlaceTree, row: Any, named: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    detail = from_json(row.detail)
    record = find_record(connection, get_kind("asset"), row.record_id) if row.record_id is not None else None
    units = registers.shelf.units(connection)
    owners = owners_of(get_kind("asset"), record, units) if record is not None else []
    unit = next((units.nodes[one].key for one in owners if one in units.nodes), None)
    asked = requests_of(connection, row.record_id) if row.record_id is not None else []
    on_way = [named.get(places.rows[at].record_id or -1) for at in _path(places, detail.get("found_place"))]
    keys = {one["kind"]: one["key"] for one in on_way if one is not None}
    return {
        "expected": _place(places, reader, detail.get("expected_place")),
        "found": _place(places, reader, detail.get("found_place")),
        "unit": unit,
        "move": {"building": keys["building"], "room": keys.get("room")} if "building" in keys and unit is not None else None,
        "requests": [
            {name: one[name] for name in ("id", "kind", "state", "applicant")}
            for one in asked
            if one["closed_at"] is None and one["kind"] in KINDS
        ],
    }


def _path(places: PlaceTree, place_id: int | None) -> list[int]:
    at = NOWHERE if place_id is None else places.position(place_id)
    return [] if at == NOWHERE else list(places.path(at))


def _place(places: PlaceTree, reader: Reader, place_id: int | None) -> dict[str, Any] | None:
    """The place where the reader may know of it; None for none, with neither name nor way for a hidden one."""
    if place_id is None:
        return None
    at = places.position(place_id)
    if at == NOWHERE or not places.is_visible(at, reader.labels):
        return {"id": place_id, "name": None, "path": []}
    return place_document(places, at)
