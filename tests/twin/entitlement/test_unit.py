"""A unit's approved area from its posts, against what it holds."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.entitlement import HeldRoom, UnitVerdict, judge_unit, standard_on

STANDARD = standard_on(date(2026, 1, 1))
PROVINCIAL = {"bureau_chief": 30, "bureau_deputy": 24, "division_chief": 18, "division_deputy": 12, "staff": 9}


def office(*areas: float | None) -> list[HeldRoom]:
    return [HeldRoom(use="office", area_m2=area) for area in areas]


def codes(verdict: UnitVerdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def test_a_city_unit_of_a_hundred_by_hand() -> None:
    verdict = judge_unit("city", {"staff": 100}, office(1853.0), STANDARD, high_rise=False)
    assert [line.approved_m2 for line in verdict.uses] == [900, 800, 153]
    assert (verdict.approved_m2, verdict.held_m2, verdict.excess_m2, verdict.verdict) == (1853, 1853, 0, "within")
    assert verdict.building_area_m2 == pytest.approx(1853 / 0.65, abs=0.005)
    high = judge_unit("city", {"staff": 100}, (), STANDARD, high_rise=True)
    assert high.building_area_m2 == pytest.approx(1853 / 0.60, abs=0.005)
    assert judge_unit("city", {"staff": 100}, (), STANDARD).building_area_m2 is None


def test_one_square_metre_more_is_over_and_said_with_the_document() -> None:
    verdict = judge_unit("city", {"staff": 100}, office(1854.0), STANDARD)
    assert (verdict.verdict, verdict.excess_m2) == ("over", 1)
    assert verdict.en == "over by 1 m² (1853 approved, 1854 held) · 发改投资〔2014〕2674号"
    assert verdict.zh.startswith("超 1 m²")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(PROVINCIAL)), st.integers(1, 500), min_size=1), st.lists(st.integers(1, 5000), max_size=5))
def test_the_sums_are_those_of_a_second_way_of_computing(posts: dict[str, int], areas: list[int]) -> None:
    verdict = judge_unit("provincial", posts, office(*areas), STANDARD)
    number = sum(posts.values())
    offices = sum(PROVINCIAL[rank] * count for rank, count in posts.items())
    each = 9 if number <= 200 else 7 if number >= 400 else (1100 - number) / 100
    approved = (offices + each * number) * 1.09
    assert verdict.approved_m2 == pytest.approx(approved, abs=0.01)
    assert verdict.held_m2 == sum(areas)
    assert verdict.excess_m2 == pytest.approx(sum(areas) - approved, abs=0.02)
    assert sum(line.posts for line in verdict.posts) == number


def test_annexes_stand_beside_and_technical_rooms_outside() -> None:
    rooms = [HeldRoom(use=use, area_m2=100) for use in ("office", "service", "equipment", "annex", "technical", "circulation", "")]
    verdict = judge_unit("city", {"staff": 100}, rooms, STANDARD)
    assert verdict.held_m2 == 300
    assert {line.use: (line.approved_m2 is None, line.held_m2) for line in verdict.uses} == {
        "office": (False, 100),
        "service": (False, 100),
        "equipment": (False, 100),
        "annex": (True, 100),
        "technical": (True, 100),
        "circulation": (True, 100),
        "": (True, 100),
    }
    assert [line.excess_m2 for line in verdict.uses] == [-800, -700, -53, None, None, None, None]


def test_a_rank_without_a_limit_leaves_the_unit_unjudged() -> None:
    verdict = judge_unit("city", {"staff": 10, "ministry_deputy": 1}, office(500.0), STANDARD)
    assert (verdict.verdict, verdict.approved_m2, verdict.excess_m2) == ("limit_unknown", None, None)
    assert codes(verdict) == ["AREA_LIMIT_UNKNOWN"]
    assert verdict.held_m2 == 500


def test_a_unit_whose_posts_nobody_wrote_down_is_not_over_by_all_it_holds() -> None:
    verdict = judge_unit("city", {}, office(500.0), STANDARD)
    assert (verdict.verdict, codes(verdict)) == ("limit_unknown", ["POSTS_UNKNOWN"])


def test_a_level_without_a_rule_of_service_rooms_is_not_judged() -> None:
    verdict = judge_unit("township", {"staff": 10}, office(500.0), STANDARD)
    assert (verdict.verdict, codes(verdict)) == ("limit_unknown", ["AREA_RULE_UNKNOWN"])


def test_rooms_without_an_area_are_counted_and_said() -> None:
    verdict = judge_unit("city", {"staff": 100}, office(500.0, None, float("nan"), 0.0), STANDARD)
    assert codes(verdict) == ["ROOM_AREA_MISSING"]
    assert verdict.findings[0].message.startswith("3 rooms")
    assert (verdict.uses[0].rooms, verdict.uses[0].rooms_without_area) == (4, 3)
    assert verdict.held_m2 == 500
