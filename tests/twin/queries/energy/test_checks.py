"""Months that cannot be right, over series made here: every planted slip is found, hardly any is invented."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.queries.energy.checks import energy_rules, expected_of, find_outliers, find_swaps
from twin.queries.energy.period import month_number, month_text, read_period

RULES = energy_rules()
SEASON = np.array([1.2, 1.2, 1.0, 1.0, 1.05, 1.4, 1.8, 1.8, 1.4, 1.0, 1.0, 1.2])


def series(units: int, years: int, seed: int, noise: float = 0.04) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = rng.lognormal(8, 1, units)[:, None]
    return level * np.tile(SEASON, years) * rng.normal(1, noise, (units, 12 * years)).clip(0.85, 1.15)


def months_of(values: np.ndarray) -> np.ndarray:
    return np.arange(values.shape[1])


def test_a_steady_series_has_no_finding() -> None:
    values = series(500, 2, 1)
    assert find_outliers(values, months_of(values), RULES) == []
    assert len(find_swaps(values, months_of(values), RULES)) == 0


@pytest.mark.parametrize(("factor", "cause"), [(10, "tenfold"), (0.1, "tenth"), (0.001, "thousandth"), (1000, "thousandfold")])
@pytest.mark.parametrize("years", [1, 2, 3])
def test_a_digit_too_many_and_the_wrong_unit_are_told_by_their_factor(factor: float, cause: str, years: int) -> None:
    values = series(12 * years, years, 2)
    for unit in range(len(values)):
        values[unit, unit] *= factor  # each month once, the first and the last too
    found = find_outliers(values, months_of(values), RULES)
    assert [(one.unit, one.month) for one in found] == [(unit, unit) for unit in range(len(values))]
    assert {one.cause.code for one in found if one.cause} == {cause}


def test_two_slips_beside_one_another_are_both_found() -> None:
    values = series(20, 2, 3)
    values[:, 10] *= 10
    values[:, 11] *= 0.001
    assert {(one.unit, one.month) for one in find_outliers(values, months_of(values), RULES)} == {
        (unit, month) for unit in range(20) for month in (10, 11)
    }


def test_small_amounts_zero_and_gaps_are_left_alone() -> None:
    values = series(30, 2, 4)
    values[0] = np.arange(24) % 4 + 1.0
    values[1, 5] = 0.0
    values[2, 6:9] = np.nan
    assert find_outliers(values, months_of(values), RULES) == []


@given(st.integers(0, 40), st.sampled_from([(6, 3), (7, 3), (18, 15), (19, 15)]))
@settings(max_examples=30, deadline=None)
def test_exchanged_months_are_found_in_the_year_they_were_exchanged(seed: int, months: tuple[int, int]) -> None:
    values = series(8, 2, seed, noise=0.03)
    summer, spring = months
    values[5, [summer, spring]] = values[5, [spring, summer]]
    assert [(one.unit, {one.low, one.high}) for one in find_swaps(values, months_of(values), RULES)] == [(5, {summer, spring})]


def test_one_year_alone_tells_nothing_of_exchanged_months() -> None:
    values = series(8, 1, 5)
    values[5, [3, 6]] = values[5, [6, 3]]
    assert find_swaps(values, months_of(values), RULES) == []


def test_what_is_expected_is_the_geometric_median() -> None:
    values = np.array([[100.0, 100.0, 777.0, 1000.0, 100.0]])
    assert expected_of(values, months_of(values), RULES)[0, 2] == pytest.approx(100.0)
    values = np.array([[5.0, 100.0, 1000.0, 10.0, 400.0]])
    assert expected_of(values, months_of(values), RULES)[0, 4] == pytest.approx(100.0)
    values = np.array([[5.0, 100.0, 100.0]])
    assert np.isnan(expected_of(values, months_of(values), RULES)).all()


@given(st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_what_is_expected_equals_a_value_by_value_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    months = np.sort(rng.choice(np.concatenate([np.arange(60), rng.integers(60, 3600, 6)]), 40, replace=False))
    values = np.where(
        rng.random((4, len(months))) < 0.3, rng.choice([0.0, np.nan], (4, len(months))), rng.lognormal(4, 1, (4, len(months)))
    )
    found = expected_of(values, months, RULES)
    for unit, row in enumerate(values.tolist()):
        of_month = {int(month): value for month, value in zip(months, row, strict=True) if value > 0}
        for column, month in enumerate(months.tolist()):
            near = [of_month[m] for m in of_month if m != month and (abs(m - month) <= 3 or (m - month) % 12 == 0)]
            if month in of_month and len(near) >= RULES.least_compared:
                assert found[unit, column] == pytest.approx(np.exp(np.median(np.log(near))))
            else:
                assert np.isnan(found[unit, column])


def test_months_of_which_nobody_reports_change_nothing_for_the_others() -> None:
    values = series(20, 2, 6)
    values[3, 5] *= 10
    values[7, [6, 15]] = values[7, [15, 6]]
    months = months_of(values) + 1200
    late = np.append(months, 5000)
    with_late = np.column_stack([values, np.append(np.full(19, np.nan), 100.0)])
    assert find_outliers(with_late, late, RULES) == find_outliers(values, months, RULES) != []
    assert find_swaps(with_late, late, RULES) == find_swaps(values, months, RULES)


@given(st.integers(0, 12 * 9999 - 1))
def test_months_are_numbers_and_back(number: int) -> None:
    assert month_number(month_text(number)) == number


def test_the_default_period_is_the_twelve_months_before() -> None:
    from datetime import date

    period = read_period(None, None, date(2026, 1, 15))
    assert (period.months[0], period.months[-1], len(period)) == ("2025-01", "2025-12", 12)
