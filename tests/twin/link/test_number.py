"""Room numbers as clerks write them, read into their senses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.link.number import RoomNumber, parse_number
from twin.link.shelf import Shelf, ShelfRoom
from twin.link.written import find_numeral, to_arabic, unify

ONE_SENSE = [
    ("２０３", "|203"),
    ("0203", "|203"),
    (" 203 ", "|203"),
    ("２０３室", "|203"),
    ("203号房间", "|203"),
    ("#203", "|203"),
    ("2-03", "|203"),
    ("2F-203", "|203"),
    ("2F03", "|203"),
    ("F2-03", "|203"),
    ("2层203", "|203"),
    ("二层203室", "|203"),
    ("第2层第3室", "|203"),
    ("二层三号房间", "|203"),
    ("二〇三", "|203"),
    ("贰零叁房", "|203"),
    ("二百零三室", "|203"),
    ("十二", "|12"),
    ("203.0", "|203"),
    ("B1-05", "|-105"),
    ("负一层05室", "|-105"),
    ("负105", "|-105"),
    ("-105", "|-105"),
    ("-1-05", "|-105"),
    ("地下一层105", "|-105"),
    ("一号楼二层203室", "1|203"),
    ("3号楼203室", "3|203"),
    ("叁号楼二〇三室", "3|203"),
    ("3#203", "3|203"),
    ("3#楼-2F-203", "3|203"),
    ("3幢2楼203号", "3|203"),
    ("A座0203", "A|203"),
    ("A座1-11", "A|111"),
    ("屏山大院3号楼2层203室", "3|203"),
    ("7号楼/4F/403", "7|403"),
    ("3-2-03", "3|203"),
    ("Bldg 3 Rm 203", "3|203"),
    ("Room 203, 2/F, Building 3", "3|203"),
    ("203室，3号楼", "3|203"),
    ("203A", "|203A"),
    ("203-1", "|2031"),
    ("203-A", "|203A"),
    ("201室（北）", "|201北"),
    ("203、205", "|203+205"),
    ("203、5", "|203+205"),
    ("203/205", "|203+205"),
    ("203-205", "|203+205"),
    ("203至205", "|203+205"),
    ("会议室（203）", "|203"),
    ("203会议室", "|203"),
]


@pytest.mark.parametrize(("written", "canonical"), ONE_SENSE)
def test_the_likeliest_sense_is_the_one_a_clerk_means(written: str, canonical: str) -> None:
    assert parse_number(written)[0].canonical() == canonical


@pytest.mark.parametrize("name", ["第一会议室", "2号会议室", "会议室3", "仓库", "Bedroom 2", "一会议室", "2O3", "203?"])
def test_a_number_in_a_name_is_no_room_number(name: str) -> None:
    assert not any(reading.numbers for reading in parse_number(name))


@pytest.mark.parametrize(
    ("written", "senses"),
    [
        ("1-203", {"1|203", "|203"}),
        ("3楼203", {"3|203", "|203"}),
        ("A203", {"|A203", "A|203"}),
        ("B101", {"|B101", "|-101", "B|101"}),
        ("1-2-203", {"1|203"}),
        ("3203", {"|3203", "3|203"}),
        ("010203", {"|10203", "1|203"}),
    ],
)
def test_what_can_mean_several_things_keeps_all_its_senses(written: str, senses: set[str]) -> None:
    assert {reading.canonical() for reading in parse_number(written)} == senses


@pytest.mark.parametrize("dash", "—－‐–―−")
def test_every_dash_is_one_dash(dash: str) -> None:
    assert unify(f" 3 {dash} 203") == "3-203"


FORMS = (
    lambda b, s, o: f"{b}号楼{s}{o:02d}室",
    lambda b, s, o: f"{b}栋{s}层{o:02d}",
    lambda b, s, o: f"{b}#{s}{o:02d}",
    lambda b, s, o: f"{b}幢{s}F-{s}{o:02d}",
    lambda b, s, o: f"Building {b}, Room {s}{o:02d}",
    lambda b, s, o: f"{b:02d}-{s:02d}-{o:02d}",
    lambda b, s, o: f"{b}号楼 第{s}层 第{o}室",
    lambda b, s, o: f"{chinese(b)}号楼{chinese(s)}层{s}{o:02d}室",
)


def chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    digits = "零一二三四五六七八九"
    return (("" if tens == 1 else digits[tens]) + "十" if tens else "") + (digits[ones] if ones or not tens else "")


@given(st.integers(1, 99), st.integers(1, 40), st.integers(1, 99), st.sampled_from(FORMS), st.booleans())
def test_every_form_of_a_room_has_one_canonical_form(building: int, storey: int, ordinal: int, form, wide: bool) -> None:  # type: ignore[no-untyped-def]
    written = form(building, storey, ordinal)
    if wide:
        written = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in written)
    assert parse_number(written)[0].canonical() == f"{building}|{storey}{ordinal:02d}"


@given(
    st.integers(1, 5),
    st.integers(1, 99),
    st.sampled_from(["B{s}{o:02d}", "负{s}{o:02d}", "B{s}-{o:02d}", "负{s}层{o:02d}室", "地下{s}层{s}{o:02d}"]),
)
def test_every_form_of_a_basement_room_keeps_its_sign(storey: int, ordinal: int, form: str) -> None:
    assert f"|-{storey}{ordinal:02d}" in {reading.canonical() for reading in parse_number(form.format(s=storey, o=ordinal))}


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    for reading in parse_number(text):
        assert reading.numbers or reading.kind == "words"


@given(st.integers(0, 999))
def test_chinese_numerals_by_place_and_by_digit(number: int) -> None:
    assert find_numeral("".join("零一二三四五六七八九"[int(digit)] for digit in str(number))) == number
    if 0 < number < 100:
        assert find_numeral(chinese(number)) == number


def test_numerals_in_names_stay() -> None:
    assert to_arabic("第十二层第一会议室") == "第12层第一会议室"
    assert find_numeral("十三个") is None
    assert find_numeral("二三十") is None


@pytest.mark.parametrize("text", ["2L1", "2L1室", "２Ｌ１", "电梯厅2L1", "二层2L1"])
def test_a_kind_of_room_counted_by_storey_is_a_number_of_its_own(text: str) -> None:
    (reading,) = parse_number(text)
    assert reading.numbers == (RoomNumber(value=1, letter="2L"),)
    shelf = Shelf([ShelfRoom(id="lobby", number="2L1", storey="2"), ShelfRoom(id="other", number="2L2", storey="2")])
    assert shelf.find(reading.numbers[0], reading.storey).ids == ("lobby",)
    assert shelf.find(RoomNumber(value=201), "2").ids == ()


def test_a_letter_typed_for_a_digit_finds_no_room() -> None:
    (reading,) = parse_number("2l3")
    shelf = Shelf([ShelfRoom(id=number, number=number, storey="2") for number in ("213", "203", "202")])
    assert shelf.find(reading.numbers[0], "2").ids == ()
