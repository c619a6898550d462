"""VINs against known ones and a second way of computing the check character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes.vin import check_vin, vin_check_character

ALLOWED = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
ROWS = {1: "AJ1", 2: "BKS2", 3: "CLT3", 4: "DMU4", 5: "ENV5", 6: "FW6", 7: "GPX7", 8: "HY8", 9: "RZ9", 0: "0"}


def by_hand(vin: str) -> str:
    """The keypad table of the standard, read the other way round."""
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    total = 0
    for weight, character in zip(weights, vin, strict=True):
        total += weight * next(value for value, row in ROWS.items() if character in row)
    return "X" if total % 11 == 10 else str(total % 11)


@pytest.mark.parametrize("vin", ["1M8GDM9AXKP042788", "11111111111111111", "1HGCM82633A004352", "LSVAM4187C2184847"])
def test_known_numbers_have_no_fault(vin: str) -> None:
    assert check_vin(vin) is None


@settings(deadline=None)
@given(st.text(ALLOWED, min_size=17, max_size=17))
def test_the_check_character_is_that_of_the_table(vin: str) -> None:
    assert vin_check_character(vin) == by_hand(vin)
    right = vin[:8] + by_hand(vin) + vin[9:]
    assert check_vin(right) is None


@settings(deadline=None)
@given(st.text(ALLOWED, min_size=17, max_size=17), st.sampled_from("0123456789X"))
def test_any_other_character_at_position_nine_is_a_fault(vin: str, other: str) -> None:
    fault = check_vin(vin[:8] + other + vin[9:])
    assert (fault is None) == (other == by_hand(vin))
    assert fault is None or fault.code == "VIN_CHECK_DIGIT"


@pytest.mark.parametrize(
    "vin", ["1M8GDM9AXKP04278", "IM8GDM9AXKP042788", "1M8GDM9AXKPO42788", "1M8GDM9AXQP042788", "1m8gdm9axkp042788", "", "车架号"]
)
def test_what_is_no_vin_at_all(vin: str) -> None:
    fault = check_vin(vin)
    assert fault is not None
    assert fault.code == "VIN_FORM"
