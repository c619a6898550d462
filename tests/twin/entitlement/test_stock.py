"""Requests matched with idle and pooled assets before anything is bought."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.entitlement import Offer, Wish, match_stock
from twin.entitlement.stock import words_of

EDITION = "GB/T 14885-2022"
WISH = Wish(class_edition=EDITION, class_prefix="A02010105", words="i7 16GB 内存", quantity=3, unit="甲局")
OFFER = Offer(asset="1", class_edition=EDITION, class_code="A02010105", state="idle", specification="I7-12700 16GB内存条", unit="乙局")


def order(wish: Wish, *offers: Offer) -> list[str]:
    return [match.offer.asset for match in match_stock(wish, offers)]


@pytest.mark.parametrize(
    "state", ["ordered", "accepted", "registered", "in_use", "in_repair", "lent", "disposal_requested", "disposed", "written_off"]
)
def test_only_what_is_idle_or_pooled_is_offered(state: str) -> None:
    assert order(WISH, replace(OFFER, state=state)) == []
    assert order(WISH, OFFER, replace(OFFER, asset="2", state="pooled")) == ["1", "2"]


def test_the_same_code_of_another_edition_is_another_thing() -> None:
    assert order(WISH, replace(OFFER, class_edition="政府采购品目-2013")) == []
    assert order(replace(WISH, class_edition=""), replace(OFFER, class_edition="")) == [], "an edition nobody stated is not one edition"


def test_the_beginning_of_a_code_takes_in_what_lies_below() -> None:
    wider = replace(WISH, class_prefix="A0201")
    assert order(wider, OFFER, replace(OFFER, asset="2", class_code="A02020100")) == ["1"]


@pytest.mark.parametrize(("condition", "fits"), [("new", True), ("good", True), ("worn", False), ("broken", False), ("", True)])
def test_a_condition_known_to_be_worse_than_wished_does_not_fit(condition: str, fits: bool) -> None:
    assert bool(order(replace(WISH, condition="good"), replace(OFFER, condition=condition))) == fits


def test_words_first_then_the_own_unit_then_the_way_then_the_condition() -> None:
    offers = [
        replace(OFFER, asset="far", distance_m=900),
        replace(OFFER, asset="near", distance_m=90),
        replace(OFFER, asset="unknown"),
        replace(OFFER, asset="own", unit="甲局", distance_m=5000),
        replace(OFFER, asset="poor", specification="i5", unit="甲局", distance_m=0),
        replace(OFFER, asset="near-worn", distance_m=90, condition="worn"),
        replace(OFFER, asset="near-new", distance_m=90, condition="new"),
    ]
    expected = ["own", "near-new", "near-worn", "near", "far", "unknown", "poor"]
    assert order(WISH, *offers) == expected
    assert order(WISH, *reversed(offers)) == expected


def test_numbers_agree_as_whole_words_and_chinese_as_part_of_what_is_written() -> None:
    (match,) = match_stock(WISH, [replace(OFFER, specification="i7 116GB内存条")])
    assert (match.shared_words, match.missing_words) == (("i7", "内存"), ("16gb",))
    assert words_of("ＣＰＵ i7-12700 内存16GB") == ("cpu", "i7", "12700", "内存", "16gb")


def test_a_match_says_why_in_both_languages() -> None:
    (match,) = match_stock(WISH, [replace(OFFER, state="pooled", distance_m=120, condition="good")])
    assert match.zh == "公物仓 · 乙局 · 规格 3/3 · 成色 good · 120 m · 取 1"
    assert match.en == "public warehouse · 乙局 · 3 of 3 words · condition good · 120 m · take 1"


@settings(deadline=None)
@given(st.integers(0, 50), st.lists(st.integers(0, 9), max_size=12))
def test_what_is_taken_is_what_is_wished_or_all_there_is(quantity: int, pieces: list[int]) -> None:
    offers = [replace(OFFER, asset=f"{number:02}", quantity=number_of) for number, number_of in enumerate(pieces)]
    matches = match_stock(replace(WISH, quantity=quantity), offers)
    assert sum(match.taken for match in matches) == min(quantity, sum(pieces))
    assert all(0 <= match.taken <= match.offer.quantity for match in matches)
    assert len(matches) == sum(number_of > 0 for number_of in pieces)
