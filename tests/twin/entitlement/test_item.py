"""Furniture and equipment against 财资〔2016〕27号."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes import get_dictionary
from twin.entitlement import ItemLine, check_item, judge_items
from twin.entitlement.item import BUREAU_RANKS, group_of

ON = date(2026, 1, 1)


def lines(
    held: dict[str, float], bureau: int = 2, division: int = 40, offices: tuple[int, int] = (2, 10)
) -> dict[tuple[str, ...], ItemLine]:
    ranks = {"bureau_chief": bureau, "staff": division}
    found = judge_items(ranks, {"bureau": offices[0], "division": offices[1]}, held, on=ON)
    return {line.items: line for line in found}


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(0, 500))
def test_pieces_by_person_office_and_share_of_staff(bureau: int, division: int) -> None:
    found = lines({}, bureau, division, (bureau, division))
    assert found[("desk",)].allowed == bureau + division
    assert found[("bookcase",)].allowed == 2 * bureau + division
    assert found[("desktop",)].allowed == bureau + division
    assert found[("laptop",)].allowed == (bureau + division) / 2
    assert found[("wardrobe",)].allowed == bureau + division
    assert found[("safe",)].allowed is None


def test_each_piece_too_many_is_counted() -> None:
    line = lines({"desk": 45})[("desk",)]
    assert (line.allowed, line.held, line.excess) == (42, 45, 3)
    assert line.en == "desk over by 3 (at most 42, 45 held) · 财资〔2016〕27号"
    assert lines({"desk": 42})[("desk",)].excess == 0


@pytest.mark.parametrize(
    ("three", "one", "excess"),
    [
        (12, 4, 0),  # two large and four small in the two offices above division, ten large in the ten others
        (2, 24, 0),  # twenty small in the ten others
        (7, 14, 0),  # five large and ten small in the ten others
        (13, 4, 1),
        (2, 25, 0.5),
        (12, 5, 0.5),
    ],
)
def test_a_large_sofa_or_two_small_ones_but_both_above_division(three: int, one: int, excess: float) -> None:
    line = lines({"sofa_three": three, "sofa_one": one})[("sofa_three", "sofa_one")]
    assert line.excess == excess


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 60))
def test_sofas_are_within_exactly_where_they_can_be_laid_out(three: int, one: int) -> None:
    def can_be_laid_out() -> bool:
        """Try how many of the ten offices have a large one."""
        return any(three <= 2 + large and one <= 4 + 2 * (10 - large) for large in range(11))

    line = lines({"sofa_three": three, "sofa_one": one})[("sofa_three", "sofa_one")]
    assert (line.excess == 0) == can_be_laid_out()


@pytest.mark.parametrize(
    ("item", "rank", "price", "over"),
    [
        ("desk", "division_chief", 3000, False),
        ("desk", "division_chief", 3000.01, True),
        ("desk", "bureau_chief", 4500, False),
        ("desk", "bureau_deputy", 4501, True),
        ("laptop", "staff", 7001, True),
        ("desktop", "staff", 5000, False),
        ("safe", "staff", 3001, True),
        ("piano", "staff", 90000, False),
    ],
)
def test_prices_at_the_limit_and_above(item: str, rank: str, price: float, over: bool) -> None:
    fault = check_item(item, rank, price_yuan=price, on=ON)
    assert (fault and fault.code) == ("ITEM_PRICE_OVER" if over else None)


def test_before_the_table_there_is_nothing_to_judge_by() -> None:
    assert judge_items({"staff": 1}, {}, {"desk": 5}, on=date(2016, 1, 1)) == ()


def test_ranks_above_division_are_those_of_the_dictionary() -> None:
    codes = [value.code for value in get_dictionary("rank").values]
    assert set(codes) >= BUREAU_RANKS
    assert [group_of(code) for code in codes] == ["bureau"] * 4 + ["division"] * 6
