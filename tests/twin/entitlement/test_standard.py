"""Each limit of each level, on the days between which it holds. The tables here are written out again by hand."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes import get_dictionary, read_tables
from twin.entitlement import allowed_area, standard_on
from twin.errors import NotFound

CHANGE = date(2014, 11, 24)
BEFORE = CHANGE - timedelta(days=1)
RANKS = ["ministry_chief", "ministry_deputy", "bureau_chief", "bureau_deputy", "division_chief", "division_deputy"]
RANKS += ["section_chief", "section_deputy", "staff", "worker"]
NONE = None
OF_2014 = {
    "central": [54, 42, 24, 18, 12, 12, 9, 9, 9, 9],
    "provincial": [54, 42, 30, 24, 18, 12, 9, 9, 9, 9],
    "city": [NONE, NONE, 42, 30, 24, 18, 9, 9, 9, 9],
    "county": [NONE, NONE, NONE, NONE, 30, 24, 18, 12, 9, 9],
    "township": [NONE, NONE, NONE, NONE, NONE, 24, 24, 24, 24, 24],
}
OF_1999 = {
    "central": [54, 42, 24, 18, 9, 9, 6, 6, 6, 6],
    "provincial": [54, 42, 24, 18, 12, 12, 6, 6, 6, 6],
    "city": [NONE, NONE, 32, 18, 12, 12, 6, 6, 6, 6],
    "county": [NONE, NONE, NONE, NONE, 20, 12, 9, 9, 6, 6],
    "township": [NONE] * 10,
}
CASES = [(level, rank) for level in OF_2014 for rank in RANKS]


def expected(table: dict[str, list[int | None]], level: str, rank: str) -> int | None:
    return table[level][RANKS.index(rank)]


def found(level: str, rank: str, day: date) -> float | None:
    limit = standard_on(day).find_limit(level, rank)
    return limit and limit.area_m2


def test_the_hand_written_tables_have_every_level_and_rank_of_the_dictionaries() -> None:
    assert list(OF_2014) == [value.code for value in get_dictionary("level").values]
    assert [value.code for value in get_dictionary("rank").values] == RANKS


@pytest.mark.parametrize(("level", "rank"), CASES)
def test_each_limit_of_each_level_on_either_side_of_the_change(level: str, rank: str) -> None:
    for day in (CHANGE, CHANGE + timedelta(days=1), date(2026, 11, 26), date(2099, 12, 31)):
        assert found(level, rank, day) == expected(OF_2014, level, rank)
    for day in (date(1999, 12, 21), date(2014, 11, 1), BEFORE):
        assert found(level, rank, day) == expected(OF_1999, level, rank)
    assert found(level, rank, date(1999, 12, 20)) is None


@settings(deadline=None)
@given(st.sampled_from(CASES), st.dates(min_value=CHANGE))
def test_the_table_of_1999_is_never_used_since_the_day_of_2014(case: tuple[str, str], day: date) -> None:
    limit = standard_on(day).find_limit(*case)
    assert limit is None or (limit.edition, limit.rule) == ("2014", "发改投资〔2014〕2674号")


@settings(deadline=None)
@given(st.sampled_from(CASES), st.dates(max_value=BEFORE))
def test_the_table_of_2014_is_never_used_before_its_day(case: tuple[str, str], day: date) -> None:
    limit = standard_on(day).find_limit(*case)
    assert limit is None or limit.edition == "1999"


def test_a_limit_says_its_rule_edition_and_the_words_of_the_table() -> None:
    limit = allowed_area("provincial", "division_chief", CHANGE)
    assert (limit.area_m2, limit.rule, limit.edition, limit.words, limit.en) == (
        18,
        "发改投资〔2014〕2674号",
        "2014",
        "正处级",
        "division chief",
    )


@pytest.mark.parametrize(("level", "rank"), [("city", "ministry_deputy"), ("provincial", ""), ("", "staff"), ("provincial", "处长")])
def test_a_rank_no_table_has_is_refused_not_taken_from_another_level(level: str, rank: str) -> None:
    with pytest.raises(NotFound) as refused:
        allowed_area(level, rank, CHANGE)
    assert refused.value.code == "AREA_LIMIT_UNKNOWN"
    assert refused.value.hint


@settings(deadline=None)
@given(st.sampled_from(list(OF_2014)), st.dates(min_value=date(1999, 12, 21)))
def test_no_higher_rank_has_less_than_a_lower_one(level: str, day: date) -> None:
    limits = [area for rank in RANKS if (area := found(level, rank, day)) is not None]
    assert limits == sorted(limits, reverse=True)


def test_the_province_sets_its_townships_from_a_day_on(tmp_path: Path) -> None:
    (tmp_path / "area_limits.csv").write_text(
        "level,words,en,ranks,area_m2,source,edition,valid_from,verified\n"
        "township,乡级正职,township chief,section_chief,20,闽管〔2027〕1号,福建2027,2027-01-01,true\n",
        "utf-8",
    )
    tables = read_tables(tmp_path)
    chief = [allowed_area("township", "section_chief", day, tables).area_m2 for day in (date(2026, 12, 31), date(2027, 1, 1))]
    assert chief == [24, 20]
    assert allowed_area("township", "staff", date(2027, 1, 1), tables).area_m2 == 24
    assert allowed_area("township", "section_chief", date(2027, 1, 1)).area_m2 == 24, "the shipped tables know nothing of it"


@pytest.mark.parametrize(
    ("level", "people", "each"),
    [("city", 1, 8), ("city", 200, 8), ("city", 300, 7), ("city", 400, 6), ("city", 5000, 6), ("provincial", 250, 8.5), ("county", 150, 7)],
)
def test_service_rooms_a_person_fall_with_the_number_of_posts(level: str, people: int, each: float) -> None:
    rule = standard_on(CHANGE).find_rule("service_m2", level)
    assert rule is not None
    assert rule.at(people) == pytest.approx(each)


def test_a_township_has_no_rule_of_service_rooms_and_takes_none_of_another_level() -> None:
    assert standard_on(CHANGE).find_rule("service_m2", "township") is None
