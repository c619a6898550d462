"""Vehicle identification numbers (GB 16735-2019)."""

import re
from typing import Final

from twin.codes.fault import Fault

__all__ = ["check_vin", "vin_check_character"]

FORM: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
VALUES: Final = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True))
WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def check_vin(vin: str) -> Fault | None:
    """The fault of a VIN, or None: `VIN_FORM` (17 characters, no I, O, Q), `VIN_CHECK_DIGIT` (position 9).

    >>> check_vin("11111111111111111") is None
    True
    """
    if FORM.fullmatch(vin) is None:
        return Fault(code="VIN_FORM", message=f"{vin}: a VIN is 17 digits and capital letters without I, O, Q")
    expected = vin_check_character(vin)
    if vin[8] != expected:
        return Fault(code="VIN_CHECK_DIGIT", message=f"{vin} has {vin[8]} at position 9, its check character is {expected}")
    return None


def vin_check_character(vin: str) -> str:
    """The ninth character of a VIN: Σ value × weight mod 11, X for 10; what stands at position 9 weighs nothing."""
    return "0123456789X"[sum(VALUES[character] * weight for character, weight in zip(vin, WEIGHTS, strict=True)) % 11]
