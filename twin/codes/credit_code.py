"""Unified social credit codes (GB 32100-2015) and the organisation codes inside them (GB 11714-1997)."""

from typing import Final

from twin.codes.fault import Fault

__all__ = [
    "check_credit_code",
    "check_organisation_code",
    "credit_code_check_character",
    "organisation_code_check_character",
]

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
DEPARTMENTS: Final = "123456789ANY"
"""First characters in use; python-stdnum 2.2 refuses N (village collectives) and A, whose codes are real."""

WEIGHTS: Final = tuple(3**position % 31 for position in range(17))
ORGANISATION_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


def check_credit_code(code: str) -> Fault | None:
    """The fault of a unified social credit code, or None: form, its own check character, that of the organisation code in it.

    Faults: `USCC_FORM`, `USCC_CHECK_DIGIT`, `ORGANISATION_CODE_CHECK_DIGIT`. Capital letters are expected (`normalise = "upper"`).

    >>> check_credit_code("91350211M00013FA1N").code  # issued in Xiamen's pilot, in use, and wrong by the standard
    'USCC_CHECK_DIGIT'
    """
    fault = _form_fault(code)
    if fault is not None:
        return fault
    expected = credit_code_check_character(code[:17])
    if code[17] != expected:
        return Fault(code="USCC_CHECK_DIGIT", message=f"{code} ends in {code[17]}, its check character is {expected}")
    return check_organisation_code(code[8:17])


def check_organisation_code(code: str) -> Fault | None:
    """The fault of an organisation code of nine characters without its hyphen, or None: `ORGANISATION_CODE_FORM`, `…_CHECK_DIGIT`."""
    if len(code) != 9 or not set(code) <= set(ORGANISATION_ALPHABET):
        return Fault(code="ORGANISATION_CODE_FORM", message=f"{code}: an organisation code is nine digits or capital letters")
    expected = organisation_code_check_character(code[:8])
    if code[8] != expected:
        message = f"organisation code {code} ends in {code[8]}, its check character is {expected}"
        return Fault(code="ORGANISATION_CODE_CHECK_DIGIT", message=message)
    return None


def credit_code_check_character(body: str) -> str:
    """The eighteenth character for the first seventeen: (31 − Σ) mod 31 over the alphabet (GB 32100-2015, annex A)."""
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(body, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def organisation_code_check_character(body: str) -> str:
    """The ninth character for the first eight: 11 − Σ mod 11, written X for 10 and 0 for 11 (GB 11714-1997, 4)."""
    total = sum(ORGANISATION_ALPHABET.index(character) * weight for character, weight in zip(body, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def _form_fault(code: str) -> Fault | None:
    if len(code) != 18:
        return Fault(code="USCC_FORM", message=f"{code} has {len(code)} characters, a unified social credit code 18")
    wrong = "".join(sorted(set(code) - set(ALPHABET)))
    if wrong:
        return Fault(code="USCC_FORM", message=f"{code} holds {wrong}, which no such code does (I, O, Z, S, V are left out)")
    if code[0] not in DEPARTMENTS:
        return Fault(code="USCC_FORM", message=f"{code} begins with {code[0]}, which stands for no registering department")
    if not code[2:8].isdecimal():
        return Fault(code="USCC_FORM", message=f"{code}: characters 3 to 8 are a division code, six digits")
    return None
