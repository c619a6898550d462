"""Columns of reports that are a register in a form: titles, vehicles, differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, select

from twin.codes import find_issue_code, get_dictionary, get_kind
from twin.errors import Invalid
from twin.queries.asset_filter import require_unit
from twin.queries.assetops.reconcile.difference import family_words
from twin.queries.assetops.reconcile.listing import difference_page
from twin.queries.assetops.reporting.wanted import Wanted
from twin.queries.records.context import Registers
from twin.records.read import Record, records_where
from twin.records.scope import Reader, visible_conditions
from twin.records.unit_tree import UnitTree
from twin.reports import Values
from twin.store import record_schema as schema
from twin.store.record_schema import column_name
from viewer.document import Words

__all__ = ["difference_columns", "title_columns", "vehicle_columns"]

ALL = 10_000_000


def title_columns(registers: Registers, connection: Connection, wanted: Wanted, reader: Reader) -> dict[str, Values]:
    """`code, nature, holder, asset, building, plate, address, area, ledger_area, issued, remark`; areas in m², that of the register
    for titles of buildings."""
    records = _records(registers, connection, "title", "holder", wanted, reader)
    buildings = {one.id: one for one in _records(registers, connection, "building", "", Wanted(as_of=wanted.as_of), reader)}
    building_of = _references(connection, "building")
    found = [buildings.get(building_of.get(one.row["building_id"], 0)) for one in records]
    return {
        "code": [one.key for one in records],
        "nature": [_words("title_nature", one.values["nature"]) for one in records],
        **{name: [one.values[name] for one in records] for name in ("asset", "building", "address", "area", "issued", "remark")},
        "holder": _unit_names(registers, connection, records, "holder"),
        "plate": [one.values["vehicle"] for one in records],
        "ledger_area": [one.values["gross_area"] if one else None for one in found],
    }


def vehicle_columns(registers: Registers, connection: Connection, wanted: Wanted, reader: Reader) -> dict[str, Values]:
    """`plate, vin, brand, body, purpose, energy, unit, price` (fen), `purchased, mileage` (km), `terminal, state`."""
    records = _records(registers, connection, "vehicle", "unit", wanted, reader)
    kind = get_kind("vehicle")
    plain = {name: [one.values[name] for one in records] for name in ("plate", "vin", "brand", "purchased", "mileage", "terminal")}
    coded = {
        name: [_words(kind.column(name).dictionary, one.values[name]) for one in records] for name in ("body", "purpose", "energy", "state")
    }
    price = [one.values["price"] if reader.values else None for one in records]
    return {**plain, **coded, "price": price, "unit": _unit_names(registers, connection, records, "unit")}


def difference_columns(registers: Registers, connection: Connection, wanted: Wanted, reader: Reader) -> dict[str, Values]:
    """The open differences as the last reconciliation left them: `kind, code, what, left_…, right_…, value_gap` (fen), `unit, remedy`."""
    del connection
    _nowhere(wanted)
    rows = difference_page(registers, reader, unit=wanted.unit, limit=ALL, named=False)["differences"]
    sides: dict[str, list[Any]] = {}
    for side in ("left", "right"):
        said = [row[side] or {} for row in rows]
        sides[f"{side}_value"] = [one.get("says") or "" for one in said]
        sides[f"{side}_source"] = [_source(one) for one in said]
    return {
        "kind": [Words(**family_words(row["family"])) for row in rows],
        "code": [row["key"] for row in rows],
        "unit": [(row["unit"] or {}).get("name") or "" for row in rows],
        "what": [_meaning(row) for row in rows],
        "value_gap": [row["amount"] for row in rows],
        "remedy": [Words(row["remedy"]["zh"], row["remedy"]["en"]) if row["remedy"] else "" for row in rows],
        **sides,
    }


def _meaning(row: Mapping[str, Any]) -> Words | str:
    words = find_issue_code(row["code"])
    return Words(words.zh, words.en) if words else str(row["message"])


def _records(registers: Registers, connection: Connection, kind_name: str, owner: str, wanted: Wanted, reader: Reader) -> list[Record]:
    """The visible records of a kind, those of a unit and below where one is wanted."""
    _nowhere(wanted)
    kind, table = get_kind(kind_name), schema.kind_table(kind_name)
    units, places = registers.shelf.units(connection), registers.shelf.places(connection)
    conditions = [table.c.ended.is_(None), *visible_conditions(kind, reader, places, units)]
    if wanted.unit is not None and owner:
        record = require_unit(registers.shelf.assets(connection), wanted.unit, reader)
        conditions.append(table.c[column_name(kind.column(owner))].in_(units.terms_of(units.below([record])) or [-1]))
    return records_where(connection, kind, and_(*conditions))


def _nowhere(wanted: Wanted) -> None:
    if wanted.place is not None:
        raise Invalid("this report is of units, not of places", path="place", code="FILTER_INVALID", hint="leave it out, or name a unit")


def _references(connection: Connection, domain: str) -> dict[int | None, int]:
    term = schema.term.c
    query = select(term.id, term.record_id).where(term.domain == domain, term.record_id.is_not(None))
    return {row.id: row.record_id for row in connection.execute(query)}


def _unit_names(registers: Registers, connection: Connection, records: list[Record], column: str) -> list[str]:
    """The name of the unit that a column names, or its text where that is none that is known."""
    units: UnitTree = registers.shelf.units(connection)
    nodes = [units.nodes.get(units.records.get(one.row[f"{column}_id"] or 0, 0)) for one in records]
    return [node.name if node else one.values[column] or "" for node, one in zip(nodes, records, strict=True)]


def _words(dictionary: str, code: str | None) -> Words | str:
    found = get_dictionary(dictionary).find(code) if code else None
    return Words(found.zh, found.en) if found else code or ""


def _source(side: dict[str, Any]) -> str:
    where = f" {side['file']}:{side['line']}" if side.get("file") else ""
    return f"{side.get('name') or ''}{where}"
