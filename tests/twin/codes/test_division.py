"""Division codes: every one of a published list, and those that changed."""

import json
from datetime import date
from pathlib import Path

import pytest

from twin.codes import shipped_tables
from twin.codes.division import Division, check_division, find_division, index_divisions

ROWS = shipped_tables().rows(Division)
DIVISIONS = index_divisions(ROWS)


def name_on(code: str, day: date) -> str | None:
    found = find_division(code, DIVISIONS, on=day)
    return found and found.name


def test_every_province_city_and_county_of_the_list_is_known_but_the_zones_of_statistics(data_dir: Path) -> None:
    lists = [json.loads((data_dir / "codes" / f"cn_{name}.json").read_text("utf-8")) for name in ("provinces", "cities", "areas")]
    codes = [row["code"].ljust(6, "0") for rows in lists for row in rows]
    unknown = {code for code in codes if check_division(code, DIVISIONS) is not None}
    assert len(codes) > 3300
    zones = {code for code in unknown if code[4] == "7"}
    assert unknown - zones == {"460321", "460322", "460323", "620201", "632857"}, "codes the statistics office alone uses"
    assert len(zones) == 124
    assert not [code for code in unknown if code.startswith("35")]


def test_fujian_of_today_is_the_list_of_another_source(data_dir: Path) -> None:
    rows = [
        row
        for name in ("provinces", "cities", "areas")
        for row in json.loads((data_dir / "codes" / f"cn_{name}.json").read_text("utf-8"))
        if row["code"].startswith("35")
    ]
    today = date(2023, 7, 1)
    known = {
        division.code: division.name
        for division in ROWS
        if division.code.startswith("35") and division.holds_on(today) and division.name != "市辖区"
    }
    assert known == {row["code"].ljust(6, "0"): row["name"] for row in rows}


def test_every_township_of_fujian_is_known_by_its_county(data_dir: Path) -> None:
    streets = json.loads((data_dir / "codes" / "cn_streets.json").read_text("utf-8"))
    codes = [row["code"] for row in streets if row["code"].startswith("35")]
    assert len(codes) == 1170
    assert [code for code in codes if check_division(code, DIVISIONS)] == []
    assert check_division(codes[0] + "001", DIVISIONS) is None


@pytest.mark.parametrize("code", ["35", "3501", "35010", "3501020", "050102", "35010２", "福建", "", "350102 "])
def test_what_has_not_the_form_of_a_division_code(code: str) -> None:
    fault = check_division(code, DIVISIONS)
    assert fault is not None
    assert fault.code == "DIVISION_FORM"


@pytest.mark.parametrize("code", ["359999", "350199", "999999", "359999001"])
def test_a_division_that_never_was(code: str) -> None:
    fault = check_division(code, DIVISIONS)
    assert fault is not None
    assert fault.code == "DIVISION_UNKNOWN"


def test_a_code_names_what_it_named_on_the_day() -> None:
    assert (name_on("350403", date(2020, 6, 1)), name_on("350403", date(2022, 6, 1))) == ("三元区", None)
    assert (name_on("350404", date(2020, 6, 1)), name_on("350404", date(2022, 6, 1))) == (None, "三元区")
    assert (name_on("350205", date(2001, 6, 1)), name_on("350205", date(2010, 6, 1))) == ("杏林区", "海沧区")
    assert (name_on("110104", date(2009, 6, 1)), name_on("110104", date(2012, 6, 1))) == ("宣武区", None)


def test_a_county_stands_below_its_city_and_province() -> None:
    by_code = {division.code: division for division in ROWS}
    for division in (division for division in ROWS if division.code.startswith("35") and division.parent):
        above = by_code[division.parent]
        assert above.code[:2] == division.code[:2]
        assert above.parent in {"", "350000"}
