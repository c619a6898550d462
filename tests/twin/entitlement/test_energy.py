"""Standard coal by the constants of the field, and the median of a kind."""

import math
from datetime import date
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes import get_kind, shipped_tables
from twin.codes.energy import KgceFactor
from twin.entitlement import check_stated_kgce, choose_factors, compare_with_kind, indicators_of, kgce_of
from twin.errors import Refused

ON = date(2026, 1, 1)
FACTORS = {
    "electricity": 0.1229,
    "petrol": 1.4714,
    "diesel": 1.4571,
    "lpg": 1.7143,
    "coal": 0.7143,
    "gas": 1.33,
    "heat": 34.12,
}
NUMBERS = st.one_of(st.just(math.nan), st.floats(0, 1e6))


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_the_factors_are_the_constants_of_the_field_in_the_units_of_the_register() -> None:
    chosen = choose_factors(ON)
    assert {name: row.factor for name, row in chosen.items()} == FACTORS
    energy = get_kind("energy")
    assert {name: energy.column(name).unit for name in chosen} == {name: row.unit for name, row in chosen.items()}


def test_a_thousand_kilowatt_hours_and_a_hundred_kilograms_of_petrol_by_hand() -> None:
    kgce = kgce_of({"electricity": column(1000), "petrol": column(100), "water": column(5000)}, choose_factors(ON))
    assert kgce.tolist() == [pytest.approx(270.04)]


def test_natural_gas_has_two_values_and_the_bureau_chooses() -> None:
    gas = {"gas": column(1000)}
    assert kgce_of(gas, choose_factors(ON)).tolist() == [pytest.approx(1330)]
    assert kgce_of(gas, choose_factors(ON, {"gas": "mine"})).tolist() == [pytest.approx(1214.3)]


def test_the_old_factor_of_electricity_is_had_only_by_its_name_and_carries_its_label() -> None:
    old = choose_factors(ON, {"electricity": "thermal_equivalent"})["electricity"]
    assert (old.factor, old.zh, old.verified) == (0.404, "电(等价值)", False)
    assert not [row for row in shipped_tables().rows(KgceFactor) if row.by_default and row.factor == 0.404]
    with pytest.raises(Refused) as refused:
        choose_factors(ON, {"electricity": "equivalent"})
    assert refused.value.code == "KGCE_BASIS_UNKNOWN"
    assert "thermal_equivalent" in refused.value.hint


@pytest.mark.parametrize(
    ("kwh", "stated", "code"), [(1000, 404, "KGCE_FACTOR_OLD"), (1000, 122.9, None), (1000, 123, None), (1000, 300, None), (0, 0, None)]
)
def test_a_sheet_that_used_the_old_factor_is_found(kwh: float, stated: float, code: str | None) -> None:
    fault = check_stated_kgce(kwh, stated, ON)
    assert (fault and fault.code) == code
    assert fault is None or "122.9" in fault.message


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=20))
def test_the_sum_over_columns_is_the_sum_row_by_row(rows: list[tuple[float, float, float]]) -> None:
    names = ("electricity", "gas", "heat")
    kgce = kgce_of({name: column(*(row[at] for row in rows)) for at, name in enumerate(names)}, choose_factors(ON))
    for found, row in zip(kgce.tolist(), rows, strict=True):
        parts = [value * FACTORS[name] for name, value in zip(names, row, strict=True) if not math.isnan(value)]
        assert found == pytest.approx(sum(parts)) if parts else math.isnan(found)


def test_a_sheet_with_no_carrier_at_all_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        kgce_of({"water": column(1)}, choose_factors(ON))
    assert refused.value.code == "KGCE_NO_CARRIER"


def test_indicators_never_divide_by_nothing() -> None:
    found = indicators_of(
        column(100, 100, 100, math.nan),
        area_m2=column(50, 0, math.nan, 50),
        people=column(4, 0, -1, 4),
        kwh=column(200, 200, 200, 200),
        water_m3=column(8, 8, 8, 8),
    )
    assert [found.kgce_m2[0], found.kgce_person[0], found.kwh_m2[0], found.water_m3_person[0]] == [2, 25, 4, 2]
    assert np.isnan(found.kgce_m2[1:]).all()
    assert np.isnan(found.kgce_person[1:]).all()
    assert found.kwh_m2[3] == 4


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["学校", "医院", "机关"]), NUMBERS), min_size=1, max_size=60))
def test_each_is_compared_with_the_median_of_its_kind(rows: list[tuple[str, float]]) -> None:
    kinds, values = [kind for kind, _ in rows], column(*(value for _, value in rows))
    found = compare_with_kind(values, np.array(kinds), least=3)
    for ratio, (kind, value) in zip(found.ratio.tolist(), rows, strict=True):
        same = [other for of, other in rows if of == kind and not math.isnan(other)]
        assert found.number[kind] == len(same)
        if len(same) < 3 or math.isnan(value) or median(same) == 0 or math.isinf(value / median(same)):
            assert math.isnan(ratio)
        else:
            assert found.median[kind] == pytest.approx(median(same))
            assert ratio == pytest.approx(value / median(same))
