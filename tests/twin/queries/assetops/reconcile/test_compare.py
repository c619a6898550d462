"""Two sheets against each other: errors planted by hand on three seeds, sums, and a comparison by dictionaries."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.queries.assetops.reconcile.compare import LEDGER_AND_CARD, LEDGERS, compare_sheets, sum_sheets
from twin.queries.assetops.reconcile.sheet import NO_VALUE, Sheet

Row = tuple[str, int, int, float | None, int | None]
"""Code, unit, class, quantity, value in fen."""


def sheet(name: str, rows: Sequence[Row], *, booked: Sequence[bool] | None = None) -> Sheet:
    count = len(rows)
    return Sheet(
        name=name,
        code=pa.array([row[0] for row in rows], pa.large_string()),
        record=np.arange(count, dtype=np.int64),
        unit=np.array([row[1] for row in rows], dtype=np.int64),
        klass=np.array([row[2] for row in rows], dtype=np.int64),
        quantity=np.array([np.nan if row[3] is None else row[3] for row in rows], dtype=np.float64),
        value=np.array([NO_VALUE if row[4] is None else row[4] for row in rows], dtype=np.int64),
        revision=np.ones(count, dtype=np.int64),
        line=np.arange(2, count + 2, dtype=np.int64),
        booked=np.ones(count, dtype=np.bool_) if booked is None else np.array(booked, dtype=np.bool_),
    )


def slowly(left: Sequence[Row], right: Sequence[Row]) -> Counter[tuple[str, str, int]]:
    """(what, code, amount) of every difference, by dictionaries."""
    ours, theirs = {row[0]: row for row in left}, {row[0]: row for row in right}
    found: Counter[tuple[str, str, int]] = Counter()
    for code in ours.keys() | theirs.keys():
        one, other = ours.get(code), theirs.get(code)
        if one is None and other is not None:
            found["only_right", code, -(other[4] or 0)] += 1
        elif other is None and one is not None:
            found["only_left", code, one[4] or 0] += 1
        elif one is not None and other is not None:
            for what, at in (("unit", 1), ("class", 2), ("quantity", 3)):
                if one[at] != other[at]:
                    found[what, code, 0] += 1
            if one[4] != other[4]:
                found["value", code, (one[4] or 0) - (other[4] or 0)] += 1
    return found


def fast(left: Sheet, right: Sheet) -> Counter[tuple[str, str, int]]:
    compared = compare_sheets(left, right, LEDGERS)
    rows = zip(compared.what, compared.left_at.tolist(), compared.right_at.tolist(), compared.amount.tolist(), strict=True)
    return Counter((what, (left.code[a] if a >= 0 else right.code[b]).as_py(), amount) for what, a, b, amount in rows)


row = st.tuples(st.integers(-3, 3), st.integers(0, 3), st.none() | st.sampled_from([0.0, 1.0, 2.5]), st.none() | st.integers(-500, 10**14))
side = st.dictionaries(st.sampled_from(["ZC1", "ZC2", "zc1", "资产一", "", "ZC 1", "ＺＣ1"]), row).map(
    lambda rows: [(code, *rest) for code, rest in rows.items()]
)


@given(side, side)
def test_differences_are_those_of_dictionaries_and_sum_to_the_difference_of_the_sums(left: list[Row], right: list[Row]) -> None:
    ours, theirs = sheet("甲", left), sheet("乙", right)
    found = fast(ours, theirs)
    assert found == slowly(left, right)
    total = sum(one[4] or 0 for one in left) - sum(one[4] or 0 for one in right)
    assert sum(amount * number for (_, _, amount), number in found.items()) == total
    assert sum(one.left_value - one.right_value for one in sum_sheets(ours, theirs)) == total


@given(side, side)
def test_the_two_ways_round_are_the_same_differences(left: list[Row], right: list[Row]) -> None:
    turned = {"only_left": "only_right", "only_right": "only_left"}
    there = fast(sheet("甲", left), sheet("乙", right))
    back = fast(sheet("乙", right), sheet("甲", left))
    assert Counter({(turned.get(what, what), code, -amount): number for (what, code, amount), number in back.items()}) == there


@given(side)
def test_a_sheet_is_the_same_as_itself(rows: list[Row]) -> None:
    one = sheet("甲", rows)
    assert len(compare_sheets(one, sheet("乙", list(reversed(rows))), LEDGERS)) == 0
    assert sum_sheets(one, one) == []


@pytest.mark.parametrize("seed", [3, 17, 2026])
def test_every_planted_error_is_found_and_none_is_invented(seed: int) -> None:
    draw = random.Random(seed)
    cards: list[Row] = [(f"ZC{n:06}", draw.randrange(40), draw.randrange(60), 1.0, draw.randrange(10**7)) for n in range(5_000)]
    entries: list[Any] = [list(one) for one in cards]
    planted: set[tuple[str, str]] = set()
    for what, at, change in (
        ("UNIT_DIFFERS", 1, lambda old: old + 41),
        ("CLASS_DIFFERS", 2, lambda old: old + 61),
        ("QUANTITY_DIFFERS", 3, lambda old: old + 1),
        ("VALUE_DIFFERS", 4, lambda old: old * 10 + 1),
    ):
        for number in draw.sample(range(len(entries)), 25):
            entries[number][at] = change(cards[number][at])
            planted.add((what, cards[number][0]))
    gone = set(draw.sample(range(len(entries)), 30))
    planted = {(what, code) for what, code in planted if int(code[2:]) not in gone} | {("ENTRY_MISSING", cards[n][0]) for n in gone}
    entries = [tuple(one) for n, one in enumerate(entries) if n not in gone] + [(f"ZX{n}", 1, 1, 1.0, 5) for n in range(20)]
    planted |= {("CARD_MISSING", f"ZX{n}") for n in range(20)}
    draw.shuffle(entries)
    left, right = sheet("财务账", entries), sheet("卡片", cards)
    found = compare_sheets(left, right, LEDGER_AND_CARD)
    said = {
        (found.codes[what], (left.code[a] if a >= 0 else right.code[b]).as_py())
        for what, a, b in zip(found.what, found.left_at.tolist(), found.right_at.tolist(), strict=True)
    }
    assert said == planted
    assert len(found) == len(planted)


def test_a_card_that_needs_no_entry_is_not_asked_for_one() -> None:
    cards = sheet("卡片", [("ZC1", 1, 1, 1.0, 5), ("ZC2", 1, 1, 1.0, 5)], booked=[True, False])
    found = compare_sheets(sheet("财务账", []), cards, LEDGER_AND_CARD)
    assert [found.codes[what] for what in found.what] == ["ENTRY_MISSING"]
