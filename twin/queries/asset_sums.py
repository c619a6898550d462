"""Numbers and values of assets by unit, class, state and age: exact sums of whole fen over columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias

import numpy as np

from twin.codes import get_dictionary
from twin.errors import Invalid
from twin.queries.asset_filter import Positions
from twin.queries.records.documents import money_words
from twin.records.articles import class_words
from twin.records.columns import NO_DAY, NO_VALUE, asset_states, days_since_1970
from twin.records.shelf import AssetView

__all__ = ["AGE_YEARS", "DIMENSIONS", "exact_sums", "grouped_sums"]

Array: TypeAlias = np.ndarray[Any, Any]
Labels: TypeAlias = list[dict[str, Any]]
DIMENSIONS = ("unit", "class", "state", "age")
AGE_YEARS = (1, 3, 5, 10)
"""Where the bands of age begin, in years since an asset was acquired: below 1, 1 to 3, …, 10 and more."""
ROWS_AT_MOST = 20_000
HALF = 20
"""Bits of the lower part of an amount: sums of either part stay below 2^53 and so exact in float64."""


def grouped_sums(
    view: AssetView, found: Positions | None, by: Sequence[str], *, class_length: int | None, values: bool, today: date
) -> list[dict[str, Any]]:
    """One row a combination that occurs: `count`, `value` (fen; of those that state one) and `without_value`; None asks of all assets."""
    at = slice(None) if found is None else found
    dimensions = [_dimension(view, name, class_length, today, at) for name in by]
    combined: Array = np.zeros(len(view.columns) if found is None else len(found), dtype=np.int64)
    for labels, numbers in dimensions:
        combined = combined * len(labels) + np.where(numbers < 0, len(labels) - 1, numbers)
    size = int(np.prod([len(labels) for labels, _ in dimensions], dtype=np.int64))
    if size > 4 * len(combined) + 1_000_000:
        present, combined = np.unique(combined, return_inverse=True)
    else:
        present = np.arange(size)
    counts = np.bincount(combined, minlength=len(present))
    if np.count_nonzero(counts) > ROWS_AT_MOST:
        raise Invalid(
            f"{np.count_nonzero(counts)} sums are too many for one answer",
            path="by",
            code="FILTER_INVALID",
            hint=f"at most {ROWS_AT_MOST}: a smaller class_length, or filter by unit",
        )
    sums, stated = exact_sums(view.columns.arrays["value"][at], combined, len(present)) if values else (None, None)
    rows: list[dict[str, Any]] = []
    for place in np.flatnonzero(counts):
        row: dict[str, Any] = {}
        number = int(present[place])
        for name, (labels, _) in reversed(list(zip(by, dimensions, strict=True))):
            number, label = divmod(number, len(labels))
            row[name] = labels[label]
        row = {name: row[name] for name in by} | {"count": int(counts[place])}
        if sums is not None and stated is not None:
            row |= {"value": sums[place], "value_words": money_words(sums[place]), "without_value": int(counts[place] - stated[place])}
        rows.append(row)
    return rows


def exact_sums(values: Array, groups: Array, size: int) -> tuple[list[int], Array]:
    """The sum of the stated values of each group, exact, and how many state one."""
    stated = values != NO_VALUE
    if not stated.all():
        values, groups = values[stated], groups[stated]
    low = np.bincount(groups, weights=(values & ((1 << HALF) - 1)).astype(np.float64), minlength=size)
    high = np.bincount(groups, weights=(values >> HALF).astype(np.float64), minlength=size)
    sums = [(int(upper) << HALF) + int(lower) for upper, lower in zip(high, low, strict=True)]
    return sums, np.bincount(groups, minlength=size)


def _dimension(view: AssetView, name: str, class_length: int | None, today: date, at: Any) -> tuple[Labels, Array]:
    """The labels of a dimension and, of the assets at some positions, the place of each one's label."""
    arrays = view.columns.arrays
    if name == "unit":
        labels, of_term = view.once("units", lambda: _units(view))
        return labels, of_term[arrays["unit"][at]]
    if name == "class":
        labels, of_article = view.once(("classes", class_length), lambda: _classes(view, class_length))
        return labels, of_article[arrays["article"][at]]
    if name == "state":
        return _states(), arrays["state"][at]  # an empty cell is -1: the last label
    return _ages(arrays["acquired"][at], today)


def _units(view: AssetView) -> tuple[Labels, Array]:
    records = list(view.units.nodes)
    labels: Labels = [{"key": view.units.nodes[record].key, "name": view.units.nodes[record].name} for record in records]
    place = {record: number for number, record in enumerate(records)}
    of_term = np.full(int(view.columns.arrays["unit"].max(initial=0)) + 2, len(records), dtype=np.int32)
    for term, record in view.units.records.items():
        if term < len(of_term) - 1:
            of_term[term] = place[record]
    return [*labels, {"key": None, "name": None}], of_term


def _classes(view: AssetView, length: int | None) -> tuple[Labels, Array]:
    groups, of_class = view.classes.grouped(length)
    words = class_words()
    labels: Labels = []
    for edition, code in groups:
        zh, en = words.get((edition, code), (None, None))
        labels.append({"edition": edition or None, "code": code or None, "zh": zh, "en": en})
    return labels, np.append(of_class[view.classes.number], np.int32(groups.index(("", ""))))


def _states() -> Labels:
    words = get_dictionary("asset_state")
    labels: Labels = [{"code": code, "zh": words.get(code).zh, "en": words.get(code).en} for code in asset_states()]
    return [*labels, {"code": None, "zh": None, "en": None}]


def _ages(acquired: Array, today: date) -> tuple[Labels, Array]:
    bounds = [days_since_1970(_years_before(today, years).isoformat()) for years in AGE_YEARS]
    labels: Labels = [{"years_from": low, "years_below": high} for low, high in zip((0, *AGE_YEARS), (*AGE_YEARS, None), strict=True)]
    band = len(bounds) - np.searchsorted(np.array(bounds[::-1]), acquired, side="left")
    return [*labels, {"years_from": None, "years_below": None}], np.where(acquired == NO_DAY, len(labels), band)


def _years_before(day: date, years: int) -> date:
    """The same day so many years before; the 28th for a 29th of February that is none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
