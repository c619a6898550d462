"""Number plates in every spelling that ledgers use."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes.plate import check_plate, is_new_energy, normalise_plate

PLATES = st.from_regex(r"[闽京沪][A-HJ-NP-Z]([A-HJ-NP-Z0-9]{5}|D[A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}F)", fullmatch=True)


@pytest.mark.parametrize(
    "plate",
    [
        "闽A12345",
        "闽AB1234",
        "闽A1234警",
        "闽A1234学",
        "闽D1234挂",
        "粤Z1234港",
        "粤Z1234澳",
        "沪A1234领",
        "京A1234使",
        "闽AD12345",
        "闽AF12345",
        "闽ADA1234",
        "闽A12345D",
        "闽A12345F",
    ],
)
def test_plates_of_the_standard(plate: str) -> None:
    assert check_plate(plate) is None


@pytest.mark.parametrize(
    "plate",
    [
        "闽A1234",
        "闽A123456",
        "闽AI2345",
        "闽AO2345",
        "闽I12345",
        "闽1A2345",
        "A12345",
        "福A12345",
        "闽AA12345",
        "闽AD1234F",
        "闽A1234兵",
        "WJ闽1234X",
        "闽a12345",
        "闽A·12345",
        "",
    ],
)
def test_what_is_no_plate(plate: str) -> None:
    fault = check_plate(plate)
    assert fault is not None
    assert fault.code == "PLATE_FORM"


@pytest.mark.parametrize(
    "written",
    ["闽A12345", "闽A·12345", "闽A•12345", "闽a 12345", " 闽Ａ－１２３４５ ", "闽Ａ・12345", "闽A.12345", "闽A12345\n", "闽A-12 345"],
)
def test_every_spelling_is_one_plate(written: str) -> None:
    assert normalise_plate(written) == "闽A12345"


@settings(deadline=None)
@given(PLATES, st.sampled_from(["", "·", "•", " ", "-", "．"]))
def test_a_plate_is_known_in_full_width_and_small_letters_and_with_any_dot(plate: str, dot: str) -> None:
    spelled = (plate[:2] + dot + plate[2:]).lower().translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    assert normalise_plate(spelled) == plate
    assert check_plate(plate) is None
    assert is_new_energy(plate) == (len(plate) == 8)


@settings(deadline=None)
@given(st.text("闽京警AaDdIo019·•・‧∙●_－-–．. 　\tＡｚ９"))
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    once = normalise_plate(text)
    assert normalise_plate(once) == once
