"""Verdicts of offices: numbers, words, and that doubt is said instead of guessed."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.entitlement import Occupant, OfficeRoom, OfficeRule, RoomVerdict, Verdict, judge_room, standard_on

STANDARD = standard_on(date(2026, 1, 1))
PROVINCIAL = {"ministry_chief": 54, "bureau_chief": 30, "bureau_deputy": 24, "division_chief": 18, "division_deputy": 12, "staff": 9}
AREAS = st.decimals(min_value=1, max_value=200, places=2).map(float)


def people(*ranks: str, second: bool = False, ground: str = "") -> tuple[Occupant, ...]:
    return tuple(
        Occupant(person=f"甲{number}", rank=rank, level="provincial", second_office=second, second_ground=ground)
        for number, rank in enumerate(ranks)
    )


def judged(occupants: tuple[Occupant, ...], declared_m2: float | None = None, **facts: object) -> RoomVerdict:
    return judge_room(OfficeRoom(use="office", declared_m2=declared_m2, occupants=occupants, **facts), STANDARD)  # type: ignore[arg-type]


def codes(verdict: RoomVerdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def test_the_words_of_the_field() -> None:
    verdict = judged(people("division_chief"), 24.4)
    assert verdict.verdict is Verdict.OVER
    assert verdict.en == "over by 6.4 m² · 发改投资〔2014〕2674号 · 正处级 18 m²"
    assert verdict.zh == "超 6.4 m² · 发改投资〔2014〕2674号 · 正处级 18 m²"
    assert (verdict.rule, verdict.allowed_m2, verdict.excess_m2, verdict.area_from) == (OfficeRule.ONE_PERSON, 18, 6.4, "declared")


def test_the_same_room_before_2014_is_judged_by_the_table_of_1999() -> None:
    room = OfficeRoom(use="office", declared_m2=24.4, occupants=people("division_chief"))
    verdict = judge_room(room, standard_on(date(2014, 11, 23)))
    assert verdict.en == "over by 12.4 m² · 计投资〔1999〕2250号 · 处级 12 m²"


@pytest.mark.parametrize(("rank", "limit"), PROVINCIAL.items())
def test_at_the_limit_is_within_and_a_hundredth_above_is_over(rank: str, limit: int) -> None:
    assert judged(people(rank), limit).verdict is Verdict.WITHIN
    assert judged(people(rank), limit + 0.01).verdict is Verdict.OVER
    assert judged(people(rank), limit).en.startswith("within by 0 m²")


@settings(deadline=None)
@given(st.lists(st.sampled_from(list(PROVINCIAL)), min_size=1, max_size=6), AREAS)
def test_a_shared_office_may_have_the_sum_of_the_limits_of_those_in_it(ranks: list[str], area: float) -> None:
    verdict = judged(people(*ranks), area)
    allowed = sum(PROVINCIAL[rank] for rank in ranks)
    assert verdict.allowed_m2 == allowed
    assert verdict.rule is (OfficeRule.ONE_PERSON if len(ranks) == 1 else OfficeRule.SHARED_SUM)
    assert verdict.verdict is (Verdict.OVER if round(area * 100) > allowed * 100 else Verdict.WITHIN)
    assert verdict.excess_m2 == pytest.approx(area - allowed, abs=0.006)


def test_a_shared_office_says_what_its_sum_is_made_of() -> None:
    verdict = judged(people("division_deputy", "staff", "staff"), 33)
    assert verdict.en == "over by 3 m² · 发改投资〔2014〕2674号 · 副处级 12 + 处级以下 9 × 2 = 30 m²"


@settings(deadline=None)
@given(AREAS, st.integers(1, 4), st.integers(0, 6))
def test_free_seats_explain_area_before_it_is_called_over(area: float, number: int, free: int) -> None:
    verdict = judged(people(*["staff"] * number), area, seats=number + free)
    assert verdict.allowed_m2 == 9 * (number + free)
    expected = Verdict.OVER if area > 9 * (number + free) else Verdict.UNDER_USED if free else Verdict.WITHIN
    assert verdict.verdict is expected
    assert verdict.rule is (OfficeRule.SHARED_SEATS if free else OfficeRule.ONE_PERSON if number == 1 else OfficeRule.SHARED_SUM)


def test_free_seats_do_not_explain_the_office_of_a_leader() -> None:
    assert judged(people("division_chief"), 27, seats=2).verdict is Verdict.OVER


def test_more_people_than_seats_is_crowded() -> None:
    verdict = judged(people("staff", "staff", "staff"), 24, seats=2)
    assert verdict.verdict is Verdict.CROWDED
    assert "3 people on 2 seats" in verdict.en


@pytest.mark.parametrize("ground", ["part_time_post", "other_place", "approved"])
@pytest.mark.parametrize(("area", "verdict"), [(17.99, Verdict.WITHIN), (18.0, Verdict.OVER), (18.01, Verdict.OVER)])
def test_a_second_office_is_smaller_than_the_limit_on_whatever_ground(ground: str, area: float, verdict: Verdict) -> None:
    found = judged(people("division_chief", second=True, ground=ground), area)
    assert (found.verdict, found.rule) == (verdict, OfficeRule.SECOND_OFFICE)


def test_a_second_office_without_a_ground_is_over_by_all_of_it() -> None:
    found = judged(people("bureau_deputy", second=True), 20)
    assert (found.verdict, found.rule) == (Verdict.SECOND_OFFICE_UNGROUNDED, OfficeRule.SECOND_OFFICE)
    assert (found.allowed_m2, found.excess_m2) == (0, 20)
    assert "甲0" in found.en


def test_the_measured_area_is_judged_unless_the_declared_is_asked_for_and_a_difference_is_a_finding() -> None:
    room = OfficeRoom(use="office", measured_m2=20.0, declared_m2=17.5, occupants=people("division_chief"))
    measured, declared = judge_room(room, STANDARD), judge_room(room, STANDARD, prefer="declared")
    assert (measured.verdict, measured.area_from, measured.area_m2) == (Verdict.OVER, "measured", 20.0)
    assert (declared.verdict, declared.area_from, declared.area_m2) == (Verdict.WITHIN, "declared", 17.5)
    assert codes(measured) == codes(declared) == ["ROOM_AREA_DISAGREES"]
    assert codes(judged(people("division_chief"), 17.5, measured_m2=17.6)) == []


def test_a_washroom_above_six_square_metres_is_a_finding_of_its_own() -> None:
    assert codes(judged(people("ministry_chief"), 50, washroom_m2=6.0)) == []
    assert codes(judged(people("ministry_chief"), 50, washroom_m2=6.1)) == ["ROOM_WASHROOM_OVER"]


@pytest.mark.parametrize("state", ["vacant", "lent", "under_repair", "sealed"])
def test_people_in_a_room_that_is_said_to_be_out_of_use_are_a_finding(state: str) -> None:
    verdict = judged(people("staff"), 9, state=state)
    assert verdict.verdict is Verdict.WITHIN
    assert codes(verdict) == ["ROOM_STATE_DISAGREES"]


@pytest.mark.parametrize(
    ("room", "verdict"),
    [
        (OfficeRoom(use="office", declared_m2=18), Verdict.VACANT),
        (OfficeRoom(use="office"), Verdict.VACANT),
        (OfficeRoom(use="office", state="lent", declared_m2=18), Verdict.OUT_OF_USE),
        (OfficeRoom(use="service", declared_m2=90, occupants=people("staff")), Verdict.NOT_AN_OFFICE),
        (OfficeRoom(use="", declared_m2=90), Verdict.USE_UNKNOWN),
        (OfficeRoom(use="office", occupants=people("staff")), Verdict.AREA_UNKNOWN),
        (OfficeRoom(use="office", declared_m2=float("nan"), occupants=people("staff")), Verdict.AREA_UNKNOWN),
        (OfficeRoom(use="office", declared_m2=0.0, measured_m2=-1.0, occupants=people("staff")), Verdict.AREA_UNKNOWN),
        (OfficeRoom(use="office", declared_m2=40, occupants=people("staff", "")), Verdict.LIMIT_UNKNOWN),
        (OfficeRoom(use="office", declared_m2=40, shared=True, occupants=people("staff")), Verdict.PEOPLE_UNKNOWN),
    ],
)
def test_what_cannot_be_compared_is_said_and_not_guessed(room: OfficeRoom, verdict: Verdict) -> None:
    found = judge_room(room, STANDARD)
    assert found.verdict is verdict
    assert (found.allowed_m2, found.excess_m2, found.limits) == (None, None, ())
    assert found.zh
    assert found.en


@settings(deadline=None)
@given(st.lists(st.sampled_from(list(PROVINCIAL)), min_size=1, max_size=5), AREAS, AREAS)
def test_a_larger_room_is_never_judged_better(ranks: list[str], one: float, other: float) -> None:
    small, large = sorted((one, other))
    excess = [judged(people(*ranks), area).excess_m2 for area in (small, large)]
    assert excess[0] is not None
    assert excess[1] is not None
    assert excess[0] <= excess[1]
