"""Unified social credit codes against published vectors, python-stdnum, and a second way of computing."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from twin.codes.credit_code import (
    check_credit_code,
    check_organisation_code,
    credit_code_check_character,
    organisation_code_check_character,
)
from twin.codes.fault import Fault

LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_LETTERS = st.text(LETTERS, min_size=8, max_size=8)
PREFIXES = st.builds(lambda department, division: f"{department}1{division}", st.integers(1, 9), st.integers(110000, 829999))


def code_of(fault: Fault | None) -> str | None:
    return fault and fault.code


def made(prefix: str, organisation: str) -> str:
    body = prefix + organisation + organisation_code_check_character(organisation)
    return body + credit_code_check_character(body)


WRITTEN = st.builds(made, PREFIXES, ORGANISATION_LETTERS)


def test_the_published_vectors(data_dir: Path) -> None:
    vectors = json.loads((data_dir / "codes" / "uscc_vectors.json").read_text("utf-8"))["vectors"]
    found = {vector["code"]: code_of(check_credit_code(vector["code"])) for vector in vectors}
    assert len(found) == 6
    assert {code: fault is None for code, fault in found.items()} == {vector["code"]: vector["checks_by_standard"] for vector in vectors}
    assert found["12345"] == "USCC_FORM"
    assert found["91350211M00013FA1N"] == "USCC_CHECK_DIGIT"


def test_the_xiamen_code_that_is_in_use_is_a_finding_with_the_character_it_ought_to_have() -> None:
    fault = check_credit_code("91350211M00013FA1N")
    assert fault is not None
    assert "ends in N" in fault.message
    assert fault.message.endswith("is " + credit_code_check_character("91350211M00013FA1"))


@settings(deadline=None)
@given(WRITTEN)
def test_what_is_made_by_the_standard_has_no_fault_and_stdnum_agrees(code: str) -> None:
    assert check_credit_code(code) is None
    assert uscc.is_valid(code)


@settings(deadline=None)
@given(WRITTEN, st.integers(8, 16), st.sampled_from(LETTERS))
def test_a_mistyped_character_is_found(code: str, position: int, other: str) -> None:
    mistyped = code[:position] + other + code[position + 1 :]
    assert (check_credit_code(mistyped) is None) == (other == code[position])


@settings(deadline=None)
@given(WRITTEN, st.integers(0, 6))
def test_two_neighbours_exchanged_are_found(code: str, position: int) -> None:
    left, right = code[8 + position : 10 + position]
    exchanged = code[: 8 + position] + right + left + code[10 + position :]
    assert (check_credit_code(exchanged) is None) == (left == right)


@settings(deadline=None)
@given(ORGANISATION_LETTERS)
def test_an_organisation_code_inside_is_checked_though_the_code_around_it_agrees(organisation: str) -> None:
    right = organisation_code_check_character(organisation)
    wrong = "1" if right != "1" else "2"
    body = "11350000" + organisation + wrong
    assert code_of(check_credit_code(body + credit_code_check_character(body))) == "ORGANISATION_CODE_CHECK_DIGIT"
    assert uscc.is_valid(body + credit_code_check_character(body)), "stdnum does not look inside: this is why the code is ours"


@pytest.mark.parametrize(
    "code",
    [
        "11350000003591037",
        "1135000000359103RSS",
        "I1350000003591037R",
        "0135000000359103RS",
        "11350O00003591037R",
        "1135000000359103rs",
        "",
        "１１３５００００００３５９１０３７Ｒ",
    ],
)
def test_what_is_no_credit_code_at_all(code: str) -> None:
    assert code_of(check_credit_code(code)) == "USCC_FORM"


def test_a_village_collective_begins_with_n_and_is_no_fault_though_stdnum_refuses_it() -> None:
    code = made("N2350102", "MF000000")
    assert check_credit_code(code) is None
    assert not uscc.is_valid(code)


@pytest.mark.parametrize(
    ("code", "fault"), [("D2143569X", None), ("D21435690", "ORGANISATION_CODE_CHECK_DIGIT"), ("D2143569", "ORGANISATION_CODE_FORM")]
)
def test_the_example_of_gb_11714(code: str, fault: str | None) -> None:
    assert code_of(check_organisation_code(code)) == fault
