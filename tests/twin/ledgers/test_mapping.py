"""Mapping files and profiles: what a person says goes before what we recognise."""

from pathlib import Path

import pytest

from tests.twin.ledgers.written import findings, raw, read, typed_rows, written
from twin.codes import list_kinds
from twin.ledgers import HeaderError, MappingError, list_profiles
from twin.ledgers.mapping import read_mapping


def mapping(tmp_path: Path, text: str) -> Path:
    return raw(tmp_path / "map.toml", text)


def test_everything_a_mapping_can_say(tmp_path: Path) -> None:
    path = raw(tmp_path / "a.txt", "report\nno;what;price;when;资产名称\n1;Desk;1,5;3/4/15;x\n2;n/a;;;\n".encode("latin-1", "replace"))
    told = mapping(
        tmp_path,
        """
        [columns]
        no = "code"
        what = "name"
        price = "value"
        when = "acquired"
        "????" = ""
        [constants]
        class_edition = "2022版"
        [units]
        value = "万元"
        [reading]
        date_order = "dmy"
        century_pivot = 30
        decimal_comma = true
        only_told = true
        empty = ["N/A"]
        [file]
        encoding = "latin-1"
        delimiter = ";"
        skip_rows = 1
        """,
    )
    ledger = read(path, mapping=told)
    first, second = typed_rows(ledger)
    assert (first["name"], first["value"], first["acquired"], first["class_edition"]) == (
        "Desk",
        1_500_000,
        "2015-04-03",
        "GB/T 14885-2022",
    )
    assert (second["name"], second["value"], second["class_edition"]) == (None, None, "GB/T 14885-2022")
    assert first["_extra"] == '{"????":"x"}'
    assert [item["code"] for item in findings(ledger)] == ["VALUE_MISSING"]


def test_one_of_two_headers_is_kept_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [("资产编号", "使用单位", "单位名称"), ("1", "甲局", "乙局")])
    (row,) = typed_rows(read(path, mapping=mapping(tmp_path, '[columns]\n单位名称 = ""\n')))
    assert (row["unit"], row["_extra"]) == ("甲局", '{"单位名称":"乙局"}')


def test_a_constant_can_be_part_of_the_identity(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [("资产编号", "资产名称"), ("1", "桌")])
    (row,) = typed_rows(read(path, "ledger_entry", mapping=mapping(tmp_path, '[constants]\nledger = "财务账"\n')))
    assert (row["_key"], row["ledger"]) == ("财务账/1", "财务账")


def test_a_mapping_of_another_ledger_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [("资产编号", "资产名称"), ("1", "桌")])
    with pytest.raises(HeaderError) as refused:
        read(path, mapping=mapping(tmp_path, '[columns]\n车牌 = "code"\n'))
    assert refused.value.code == "HEADER_UNKNOWN" and "车牌" in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "[colums]\na = 'code'",
        "[columns]\na = 'cod'",
        "[constants]\nb = '1'",
        "[reading]\ntimezone = 'Mars'",
        "[reading]\ndate_order = 'xyz'",
        "[reading]\ncentury_pivot = 'x'",
        "[file]\nspeed = 3",
        "not toml",
        "[columns]\na = 5",
        "columns = 3",
        "[constants]\nclass_edition = 3",
    ],
)
def test_what_a_mapping_cannot_say_is_refused(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "a.csv", [("资产编号",), ("1",)])
    with pytest.raises(MappingError) as refused:
        read(path, mapping=mapping(tmp_path, text))
    assert refused.value.code == "MAPPING_INVALID"


def test_an_unknown_profile_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as refused:
        read(written(tmp_path / "a.csv", [("资产编号",), ("1",)]), profile="none")
    assert refused.value.code == "PROFILE_UNKNOWN" and "cobie" in refused.value.hint


@pytest.mark.parametrize("profile", list_profiles())
def test_each_profile_says_what_each_kind_knows(profile: str) -> None:
    for kind in list_kinds():
        read_mapping(kind, profile, None)


def test_times_of_a_chinese_ledger_are_those_of_beijing(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [("派车单号", "出车时间"), ("1", "2025-01-02 08:00")])
    assert [item["code"] for item in findings(read(path, "dispatch"))] == ["TIME_ZONE_UNKNOWN"]
    assert typed_rows(read(path, "dispatch", profile="zh"))[0]["departed"] == 1_735_776_000_000_000
