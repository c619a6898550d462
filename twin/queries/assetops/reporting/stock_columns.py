"""Columns of the stock statistics and of the annual report."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection

from twin.queries.assetops.pairs import distinct_pairs
from twin.queries.assetops.reporting.classes import TopClasses
from twin.queries.assetops.reporting.holdings import Holdings, load_holdings
from twin.queries.assetops.reporting.wanted import Wanted
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.reports import Values
from viewer.document import Words

__all__ = ["annual_columns", "movements", "stock_columns"]

Array: TypeAlias = np.ndarray[Any, Any]
NO_UNIT = Words("（单位未知）", "(unit not known)")


def stock_columns(registers: Registers, connection: Connection, wanted: Wanted, reader: Reader) -> dict[str, Values]:
    """One row a unit and top class on the day: `unit_code, unit, class_code, class_name, cards, value, net_value` (fen)."""
    holdings = load_holdings(registers, connection, wanted, reader)
    day, classes = holdings.on(wanted.as_of), TopClasses(holdings.classes)
    nodes = registers.shelf.units(connection).nodes
    at = np.flatnonzero(day.there)
    pairs, groups = distinct_pairs(day.unit[at], classes.number[day.klass[at]])
    size = pairs.shape[1]
    units = [nodes.get(unit) for unit in pairs[0].tolist()]
    return {
        "unit_code": [node.key if node else "" for node in units],
        "unit": [node.name if node else NO_UNIT.zh for node in units],
        "class_code": [classes.codes[number] for number in pairs[1].tolist()],
        "class_name": [classes.names[number] for number in pairs[1].tolist()],
        "cards": np.bincount(groups, minlength=size).tolist(),
        "value": _sum(day.value[at], groups, size),
        "net_value": _sum(day.net_value[at], groups, size),
    }


def annual_columns(registers: Registers, connection: Connection, wanted: Wanted, reader: Reader) -> dict[str, Values]:
    """One row a top class, from the last day of the year before to the day: opening, added, disposed, adjusted, closing."""
    holdings = load_holdings(registers, connection, wanted, reader)
    return movements(holdings, date(wanted.as_of.year - 1, 12, 31), wanted.as_of)


def movements(holdings: Holdings, opening: date, closing: date) -> dict[str, Values]:
    """`class_code, class_name` and `opening_, added_, disposed_, closing_` each `cards` and `value`, and `adjusted_value` (fen).

    What came and went within the period is both added and disposed of. Classes are those of the closing day: what was given another
    class within the period stands under that in every column.
    """
    before, after = holdings.on(opening), holdings.on(closing)
    classes = TopClasses(holdings.classes)
    group, size = classes.number[after.klass], len(classes)
    passed = ~before.there & ~after.there & (holdings.acquired > _number(opening)) & (holdings.acquired <= _number(closing))
    added, gone = (after.there & ~before.there) | passed, (before.there & ~after.there) | passed
    stayed = before.there & after.there
    left = np.where(passed, after.value, before.value)
    parts = {
        "opening": (before.there, before.value),
        "added": (added, after.value),
        "disposed": (gone, left),
        "closing": (after.there, after.value),
    }
    columns: dict[str, list[Any]] = {"class_code": classes.codes, "class_name": list(classes.names)}
    for name, (mask, value) in parts.items():
        columns[f"{name}_cards"] = np.bincount(group[mask], minlength=size).tolist()
        columns[f"{name}_value"] = _sum(value[mask], group[mask], size)
    columns["adjusted_value"] = _sum((after.value - before.value)[stayed], group[stayed], size)
    counted = [name for name in columns if name not in ("class_code", "class_name")]
    kept = sorted((at for at in range(size) if any(columns[name][at] for name in counted)), key=lambda at: (classes.codes[at], at))
    return {name: [values[at] for at in kept] for name, values in columns.items()}


def _sum(values: Array, groups: Array, size: int) -> list[int]:
    """Exact sums of whole fen by group."""
    sums: Array = np.zeros(size, dtype=np.int64)
    np.add.at(sums, groups, values)
    found: list[int] = sums.tolist()
    return found


def _number(day: date) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))
