"""Sums by group over plain columns: exact for whole numbers, in the order groups first appear or by size."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from twin.reports.report import Values, column_list

__all__ = ["count_by", "pick", "share_of", "sum_by"]


def sum_by(columns: Mapping[str, Values], keys: Sequence[str], sums: Sequence[str], *, largest: str = "") -> dict[str, list[Any]]:
    """Columns of keys and sums, one row for each different set of keys; empty cells count nothing.

    Sorted by the column `largest`, greatest first, else in the order the groups first appear. Optional columns that nobody
    gave stay absent.
    """
    present_keys = [key for key in keys if key in columns]
    present_sums = [name for name in sums if name in columns]
    groups: dict[tuple[Any, ...], list[list[Any]]] = {}
    values = [column_list(columns[name]) for name in present_sums]
    for at, group in enumerate(zip(*(column_list(columns[key]) for key in present_keys), strict=True)):
        parts = groups.setdefault(group, [[] for _ in present_sums])
        for part, column in zip(parts, values, strict=True):
            if column[at] is not None:
                part.append(column[at])
    rows = [(*group, *(_sum(part) for part in parts)) for group, parts in groups.items()]
    names = [*present_keys, *present_sums]
    if largest:
        rows.sort(key=lambda row: -row[names.index(largest)])
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


def count_by(values: Values) -> dict[Any, int]:
    """How often each value occurs, the most frequent first."""
    counts: dict[Any, int] = {}
    for value in column_list(values):
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def share_of(values: Sequence[Any]) -> list[float | None]:
    """Each value over the sum of all; None where that is zero."""
    total = _sum([value for value in values if value is not None])
    return [value / total if total and value is not None else None for value in values]


def pick(columns: Mapping[str, Values], keep: Sequence[bool]) -> dict[str, list[Any]]:
    """The rows for which `keep` holds."""
    return {name: [value for value, kept in zip(column_list(values), keep, strict=True) if kept] for name, values in columns.items()}


def _sum(values: Sequence[Any]) -> Any:
    return sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)
