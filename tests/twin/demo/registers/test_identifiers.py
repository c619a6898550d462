"""Identifiers made in bulk, checked one by one by rules written out anew."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from tests.twin.demo.registers.readers import organisation_right, uscc_right, vin_right
from twin.demo.registers.identifiers import closed, credit_codes, other_check, plates, vins

PLAIN = re.compile(r"闽[A-HJ-NP-Z][A-HJ-NP-Z0-9]{5}")
GREEN = re.compile(r"闽[A-HJ-NP-Z][DF][A-HJ-NP-Z0-9][0-9]{4}")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.integers(350000, 350999), st.integers(0, 10**8 - 1)), min_size=1, max_size=40))
def test_every_credit_code_has_both_check_characters(rows: list[tuple[int, int, int]]) -> None:
    nature, division, serial = (np.array(column) for column in zip(*rows, strict=True))
    codes = credit_codes(nature, division, serial).to_pylist()
    assert [code[:8] for code in codes] == [f"1{n}{d}" for n, d, _ in rows]
    assert all(uscc.is_valid(code) and uscc_right(code) and organisation_right(code[8:17]) for code in codes)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.lists(st.integers(2010, 2026), min_size=1, max_size=60))
def test_every_vin_has_its_check_character(seed: int, years: list[int]) -> None:
    codes = vins(["LSV"] * len(years), np.array(years), np.random.default_rng(seed)).to_pylist()
    assert all(re.fullmatch("LSV[A-HJ-NPR-Z0-9]{14}", code) and vin_right(code) for code in codes)
    assert len({code[11:] for code in codes}) == len(codes)


def test_plates_differ_and_have_the_form_of_their_kind() -> None:
    electric = np.arange(4000) % 3 == 0
    made = plates(["A"] * 4000, electric, np.random.default_rng(1).permutation(240_000)[:4000]).to_pylist()
    assert len(set(made)) == 4000
    assert all((GREEN if new else PLAIN).fullmatch(plate) for plate, new in zip(made, electric, strict=True))


@pytest.mark.parametrize("code", ["113500004394535820", "11350000439453582Y"])
def test_another_check_character_is_another_one(code: str) -> None:
    changed = other_check(code)
    assert changed[:-1] == code[:-1] and changed[-1] != code[-1]


def test_a_code_is_closed_by_the_character_that_makes_it_valid() -> None:
    assert closed("91350100M000100Y4") == "91350100M000100Y43"
