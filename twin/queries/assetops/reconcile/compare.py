"""Two sheets against each other, as columns. Pure: two million rows against two million in a second or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from twin.queries.assetops.reconcile.sheet import NO_VALUE, NOTHING, Sheet

__all__ = ["LEDGER_AND_CARD", "LEDGERS", "Compared", "Totals", "compare_sheets", "sum_sheets"]

Array: TypeAlias = np.ndarray[Any, Any]
QUANTITY_STEP = 1e-9
Codes: TypeAlias = Mapping[str, str]
LEDGERS: Codes = MappingProxyType(
    {
        "only_left": "LEDGERS_ENTRY_MISSING",
        "only_right": "LEDGERS_ENTRY_MISSING",
        "value": "LEDGERS_VALUE_DIFFERS",
        "quantity": "LEDGERS_QUANTITY_DIFFERS",
        "class": "LEDGERS_CLASS_DIFFERS",
        "unit": "LEDGERS_UNIT_DIFFERS",
    }
)
LEDGER_AND_CARD: Codes = MappingProxyType(
    {
        "only_left": "CARD_MISSING",
        "only_right": "ENTRY_MISSING",
        "value": "VALUE_DIFFERS",
        "quantity": "QUANTITY_DIFFERS",
        "class": "CLASS_DIFFERS",
        "unit": "UNIT_DIFFERS",
    }
)
"""What differs → the code of the difference."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """m differences of two sheets: `what` names (m,), rows of either sheet `NOTHING` where that has none, `amount` left − right in fen."""

    left: Sheet
    right: Sheet
    codes: Codes
    what: Sequence[str]
    left_at: Array
    right_at: Array
    amount: Array

    def __len__(self) -> int:
        return len(self.what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums of one unit and class on either side; `unit` and `klass` as in the sheets, values in fen."""

    unit: int
    klass: int
    left_count: int
    left_value: int
    right_count: int
    right_value: int


def compare_sheets(left: Sheet, right: Sheet, codes: Codes) -> Compared:
    """Row by row of equal code: the rows that only one side has, and value, quantity, class and unit of those both have.

    A value that is not stated differs from one that is (its amount counts as 0), and equals another that is not.
    """
    import pyarrow.compute as pc

    at = np.asarray(pc.fill_null(pc.index_in(left.code, value_set=right.code), NOTHING).to_numpy(zero_copy_only=False)).astype(np.int64)
    met = np.zeros(len(right), dtype=np.bool_)
    met[at[at != NOTHING]] = True
    only_left = np.flatnonzero((at == NOTHING) & left.booked)
    only_right = np.flatnonzero(~met & right.booked)
    both = np.flatnonzero(at != NOTHING)
    there = at[both]
    found = [
        ("only_left", only_left, np.full(len(only_left), NOTHING), _fen(left.value[only_left])),
        ("only_right", np.full(len(only_right), NOTHING), only_right, -_fen(right.value[only_right])),
    ]
    for what, differs in _differing(left, right, both, there).items():
        ours, theirs = both[differs], there[differs]
        amount = _fen(left.value[ours]) - _fen(right.value[theirs]) if what == "value" else np.zeros(len(ours), dtype=np.int64)
        found.append((what, ours, theirs, amount))
    return Compared(
        left=left,
        right=right,
        codes=codes,
        what=[what for what, ours, _, _ in found for _ in range(len(ours))],
        left_at=np.concatenate([ours for _, ours, _, _ in found]).astype(np.int64),
        right_at=np.concatenate([theirs for _, _, theirs, _ in found]).astype(np.int64),
        amount=np.concatenate([amount for _, _, _, amount in found]).astype(np.int64),
    )


def sum_sheets(left: Sheet, right: Sheet) -> list[Totals]:
    """Count and value by unit and class on either side, those alone that are not the same."""
    sides = [(sheet.unit, sheet.klass, sheet.value) for sheet in (left, right)]
    units, classes = (np.concatenate([side[column] for side in sides]) for column in (0, 1))
    pairs, inverse = np.unique(np.stack([units, classes]), axis=1, return_inverse=True)
    inverse = inverse.reshape(-1)
    split = [inverse[: len(left)], inverse[len(left) :]]
    counts = [np.bincount(part, minlength=pairs.shape[1]) for part in split]
    values = [_sums(side[2], part, pairs.shape[1]) for side, part in zip(sides, split, strict=True)]
    differs = np.flatnonzero((counts[0] != counts[1]) | (values[0] != values[1]))
    return [
        Totals(
            unit=int(pairs[0, at]),
            klass=int(pairs[1, at]),
            left_count=int(counts[0][at]),
            left_value=int(values[0][at]),
            right_count=int(counts[1][at]),
            right_value=int(values[1][at]),
        )
        for at in differs.tolist()
    ]


def _differing(left: Sheet, right: Sheet, ours: Array, theirs: Array) -> dict[str, Array]:
    quantity, other = left.quantity[ours], right.quantity[theirs]
    same_quantity = (np.isnan(quantity) & np.isnan(other)) | (np.abs(quantity - other) <= QUANTITY_STEP * np.maximum(1.0, np.abs(other)))
    return {
        "value": left.value[ours] != right.value[theirs],
        "quantity": ~same_quantity,
        "class": left.klass[ours] != right.klass[theirs],
        "unit": left.unit[ours] != right.unit[theirs],
    }


def _fen(values: Array) -> Array:
    return np.where(values == NO_VALUE, 0, values)


def _sums(values: Array, groups: Array, size: int) -> Array:
    sums: Array = np.zeros(size, dtype=np.int64)
    np.add.at(sums, groups, _fen(values))
    return sums
