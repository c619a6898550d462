"""The inventory of a place or a unit: own, below and unplaced, which add up at every node."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np

from twin.queries.asset_filter import AssetFilter, Positions, find_assets, require_place, require_unit
from twin.queries.asset_sums import exact_sums, grouped_sums
from twin.queries.records.context import Registers
from twin.queries.records.documents import money_words
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader
from twin.records.shelf import AssetView

__all__ = ["place_inventory", "unit_inventory"]

EVERYTHING = {"id": None, "kind": "everything", "name": None}
OWN, UNPLACED = -1, -2


def place_inventory(registers: Registers, place_id: int | None, reader: Reader, *, class_length: int | None) -> dict[str, Any]:
    """What stands at a place and below it; None asks of everything, what has no place among it.

    `own` stands at the node itself. `unplaced` is known to be here but not where: its ledger names a room or storey that was
    not found, or (of everything) it has no place at all. Raises NotFound.
    """
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        position = NOWHERE if place_id is None else require_place(view, place_id, reader)
        found = find_assets(connection, view, AssetFilter(place=place_id), reader, registers.texts)
        key = ("inventory", place_id, reader, class_length, registers.today())
        return view.once(key, lambda: _of_place(view, position, _all(view, found), reader, class_length, registers.today()))


def unit_inventory(registers: Registers, unit: str | None, reader: Reader, *, class_length: int | None) -> dict[str, Any]:
    """What a unit and the units below it have; None asks of all units. `unplaced` is what names no unit that is known. Raises NotFound."""
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        record = None if unit is None else require_unit(view, unit, reader)
        found = find_assets(connection, view, AssetFilter(unit=unit), reader, registers.texts)
        key = ("inventory of", unit, reader, class_length, registers.today())
        return view.once(key, lambda: _of_unit(view, record, _all(view, found), reader, class_length, registers.today()))


def _all(view: AssetView, found: Positions | None) -> Positions:
    return np.arange(len(view.columns), dtype=np.int32) if found is None else found


def _of_place(view: AssetView, position: int, found: Positions, reader: Reader, class_length: int | None, today: date) -> dict[str, Any]:
    places = view.places
    children = places.roots() if position == NOWHERE else places.children(position)
    children = [child for child in children if places.is_visible(child, reader.labels)]
    at = view.position[found]
    below = np.searchsorted(np.array(children, dtype=np.int64), at, side="right") - 1
    ends = np.append(places.end[np.array(children, dtype=np.int64)], NOWHERE)
    inside = (below >= 0) & (at < ends[below])
    group = np.where(inside, below, OWN)
    group[~inside & _unplaced(view, found, at)] = UNPLACED
    nodes = [_place(view, child) for child in children]
    document = {"place": EVERYTHING if position == NOWHERE else _place(view, position), "unit": None}
    return document | _counted(view, found, group, nodes, reader, class_length, today)


def _unplaced(view: AssetView, found: Positions, at: Positions) -> Any:
    """Whether an asset's ledger is more exact than the place it was found to be, or it has none."""
    places = view.places
    said = view.columns.arrays["location"][found]
    said_fineness = np.append(places.location_fineness, 0)[np.where(said < len(places.location_fineness), said, -1)]
    return (at == NOWHERE) | (said_fineness > np.append(places.fineness, 0)[at])


def _place(view: AssetView, position: int) -> dict[str, Any]:
    row = view.places.rows[position]
    return {"id": row.id, "kind": row.kind, "name": row.name, "number": row.number, "feature": row.feature_id}


def _of_unit(
    view: AssetView, record: int | None, found: Positions, reader: Reader, class_length: int | None, today: date
) -> dict[str, Any]:
    units = view.units
    permitted = None if reader.units is None else units.permitted(reader.units)
    if record is None and permitted is not None:
        children = [one for one in permitted if units.nodes[one].parent not in permitted]
    elif record is None:
        children = [one for one, node in units.nodes.items() if node.parent not in units.nodes]
        children += _circles(view, children)
    else:
        children = [one for one in units.children.get(record, ()) if one != record]
    cells = view.columns.arrays["unit"][found]
    of_term = np.full(int(view.columns.arrays["unit"].max(initial=0)) + 2, UNPLACED, dtype=np.int32)
    own = [] if record is None else units.terms_of([record])
    for number, child in enumerate(children):
        _fill(of_term, units.terms_of(units.below([child])), number)
    _fill(of_term, own, OWN)
    nodes = [{"key": units.nodes[child].key, "name": units.nodes[child].name} for child in children]
    here = None if record is None else {"key": units.nodes[record].key, "name": units.nodes[record].name}
    return {"place": None, "unit": here} | _counted(view, found, of_term[cells], nodes, reader, class_length, today)


def _circles(view: AssetView, tops: list[int]) -> list[int]:
    """One unit of each circle of parents, which no top leads to."""
    reached, found = view.units.below(tops), []
    for record in view.units.nodes:
        if record not in reached:
            found.append(record)
            reached |= view.units.below([record])
    return found


def _fill(of_term: Any, terms: Iterable[int], number: int) -> None:
    known = [term for term in terms if term < len(of_term) - 1]
    of_term[known] = number


def _counted(
    view: AssetView,
    found: Positions,
    group: Any,
    nodes: list[dict[str, Any]],
    reader: Reader,
    class_length: int | None,
    today: date,
) -> dict[str, Any]:
    places = np.where(group >= 0, group, len(nodes) - 1 - group).astype(np.int64)
    size = len(nodes) + 2
    counts = np.bincount(places, minlength=size)
    sums = exact_sums(view.columns.arrays["value"][found], places, size)[0] if reader.values else None

    def part(number: int) -> dict[str, Any]:
        counted: dict[str, Any] = {"count": int(counts[number])}
        return counted if sums is None else counted | {"value": sums[number], "value_words": money_words(sums[number])}

    total: dict[str, Any] = {"count": len(found)}
    if sums is not None:
        total |= {"value": sum(sums), "value_words": money_words(sum(sums))}
    document: dict[str, Any] = {
        "own": part(len(nodes)),
        "children": [node | part(number) for number, node in enumerate(nodes)],
        "unplaced": part(len(nodes) + 1),
        "total": total,
    }
    for name in ("class", "unit", "state", "age"):
        document[f"by_{name}"] = grouped_sums(view, found, (name,), class_length=class_length, values=reader.values, today=today)
    return document
