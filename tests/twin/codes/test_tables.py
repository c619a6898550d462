"""The shipped tables are whole; the bureau's folder corrects and adds, and a bad row changes nothing."""

import tomllib
from collections import Counter
from dataclasses import fields
from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from twin.codes import ROW_TYPES, get_dictionary, list_dictionaries, list_kinds, read_tables, shipped_tables
from twin.codes.area import AreaLimit, AreaRule
from twin.codes.asset_class import AssetClass
from twin.codes.identifier import NORMALISERS, checks_beside_of, checks_of
from twin.codes.row import Row
from twin.codes.step import Step

TODAY = date(2026, 1, 1)
LIMIT = "level,words,en,ranks,area_m2,source,edition,valid_from,verified\n"


def limits(folder: Path | None) -> dict[tuple[str, str, str], float]:
    return {(row.level, row.words, row.edition): row.area_m2 for row in read_tables(folder).rows(AreaLimit)}


@pytest.mark.parametrize("name", sorted(ROW_TYPES))
def test_no_two_rows_of_a_shipped_table_are_the_same_thing_and_each_says_its_source(name: str) -> None:
    text = (resources.files("twin.codes") / "data" / f"{name}.toml").read_text("utf-8")
    written = sum(len(edition["rows"]) for edition in tomllib.loads(text)["edition"])
    rows = shipped_tables().rows(ROW_TYPES[name])
    assert len(rows) == written > 0
    assert all(row.source and row.edition and not row.local for row in rows)


@pytest.mark.parametrize("name", sorted(ROW_TYPES))
def test_on_no_day_two_rows_of_one_edition_hold_for_one_key(name: str) -> None:
    rows = shipped_tables().rows(ROW_TYPES[name])
    for day in {row.valid_from for row in rows}:
        assert max(Counter((row.key()[:-1]) for row in rows if row.holds_on(day)).values()) == 1


def test_ranks_and_levels_and_states_of_the_tables_are_those_of_the_dictionaries() -> None:
    ranks = {value.code for value in get_dictionary("rank").values}
    levels = {value.code for value in get_dictionary("level").values}
    states = {value.code for value in get_dictionary("asset_state").values}
    for limit in shipped_tables().rows(AreaLimit):
        assert set(limit.ranks) <= ranks
        assert limit.level in levels
    for rule in shipped_tables().rows(AreaRule):
        assert rule.level in levels | {""}
    for step in shipped_tables().rows(Step):
        assert step.kind != "asset" or {step.source_state, step.target_state} <= states


def test_checks_dictionaries_and_normal_forms_that_columns_name_exist() -> None:
    names = {dictionary.name for dictionary in list_dictionaries()}
    kinds = {kind.name for kind in list_kinds()}
    for column in (column for kind in list_kinds() for column in kind.columns):
        assert column.check in {"", *checks_of(shipped_tables())}
        assert column.normalise in {"", *NORMALISERS}
        assert column.dictionary in {"", *names}
        assert column.references in {"", *kinds}
    beside = checks_beside_of(shipped_tables())
    for kind in list_kinds():
        parts = [column for column in kind.columns if column.part_of]
        assert all(kind.column(column.part_of).type == column.type for column in parts)
    for kind in list_kinds():
        columns = {column.name for column in kind.columns}
        assert all(set(identity) <= columns for identity in kind.identity)
        assert all(set(beside[column.check][0]) <= columns for column in kind.columns if column.check in beside)


def test_a_folder_that_is_absent_or_empty_corrects_nothing(tmp_path: Path) -> None:
    assert limits(tmp_path / "absent") == limits(tmp_path) == limits(None)


def test_a_row_of_the_bureau_takes_the_place_of_the_shipped_one_and_others_are_added(tmp_path: Path) -> None:
    (tmp_path / "area_limits.csv").write_text(
        LIMIT
        + "provincial,正处级,division chief,division_chief,16,闽管〔2026〕1号,2014,2014-11-24,true\n"
        + "township,乡级正职,township chief,section_chief; division_deputy,20,闽管〔2026〕1号,福建2026,2026-01-01,是\n",
        "utf-8",
    )
    tables = read_tables(tmp_path)
    assert tables.issues == ()
    found, shipped = limits(tmp_path), limits(None)
    assert found.pop(("township", "乡级正职", "福建2026")) == 20
    assert {key for key in shipped if shipped[key] != found[key]} == {("provincial", "正处级", "2014")}
    assert found[("provincial", "正处级", "2014")] == 16
    row = next(row for row in tables.rows(AreaLimit) if row.edition == "福建2026")
    assert (row.ranks, row.verified, row.local) == (("section_chief", "division_deputy"), True, True)


def test_a_later_edition_of_the_bureau_holds_from_its_day(tmp_path: Path) -> None:
    (tmp_path / "area_limits.csv").write_text(
        LIMIT + "provincial,正处级,division chief,division_chief,16,闽,2026,2026-07-01,true\n", "utf-8"
    )
    tables = read_tables(tmp_path)
    on = {
        day: next(row.area_m2 for row in tables.rows_on(AreaLimit, day) if (row.level, row.words) == ("provincial", "正处级"))
        for day in (date(2026, 6, 30), date(2026, 7, 1))
    }
    assert list(on.values()) == [18, 16]


def test_a_table_in_gbk_and_one_in_toml_are_read(tmp_path: Path) -> None:
    (tmp_path / "asset_classes.csv").write_bytes(
        "class_edition,code,zh,source,edition,valid_from,verified\nGB/T 14885-2022,A02010108,便携式计算机,局,2022,2022-12-30,true\n".encode(
            "gbk"
        )
    )
    (tmp_path / "divisions.toml").write_text(
        '[[edition]]\nsource = "统计局"\nedition = "2023"\nvalid_from = 2023-01-01\nverified = false\n'
        'rows = [{ code = "350171", name = "福州开发区", parent = "350100" }]\n',
        "utf-8",
    )
    tables = read_tables(tmp_path)
    assert tables.issues == ()
    assert "便携式计算机" in {row.zh for row in tables.rows(AssetClass)}
    assert checks_of(shipped_tables())["division"]("350171") is not None
    assert checks_of(tables)["division"]("350171") is None
    column, check = checks_beside_of(tables)["asset_class"]
    assert (column, check("A02010108", "GB/T 14885-2022")) == (("class_edition", "name"), None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("provincial,正处级,x,division_chief,eighteen,s,2014,2014-11-24,true", "area_m2"),
        ("provincial,正处级,x,division_chief,-1,s,2014,2014-11-24,true", "area_m2"),
        ("provincial,正处级,x,division_chief,nan,s,2014,2014-11-24,true", "area_m2"),
        ("provincial,正处级,x,division_chief,,s,2014,2014-11-24,true", "missing: area_m2"),
        ("provincial,正处级,x,division_chief,18,s,2014,24.11.2014,true", "valid_from"),
        ("provincial,正处级,x,division_chief,18,s,2014,2014-11-24,maybe", "verified"),
        ("provincial,正处级,x,division_chief,18,s,2014,2014-11-24,true,more", "no column"),
    ],
)
def test_a_bad_row_is_a_finding_with_its_line_and_the_shipped_row_stays(line: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "area_limits.csv").write_text(f"{LIMIT}{line}\ncity,市级正职,x,bureau_chief,40,s,2014,2014-11-24,true\n", "utf-8")
    (issue,) = read_tables(tmp_path).issues
    assert (issue.code, issue.path) == ("CODE_ROW_INVALID", "area_limits.csv#2")
    assert says in issue.message
    assert limits(tmp_path)[("provincial", "正处级", "2014")] == 18
    assert limits(tmp_path)[("city", "市级正职", "2014")] == 40


def test_a_validity_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    header = LIMIT.strip() + ",valid_until\n"
    (tmp_path / "area_limits.csv").write_text(header + "city,市级正职,x,bureau_chief,40,s,2014,2014-11-24,true,2014-11-24\n", "utf-8")
    assert [issue.code for issue in read_tables(tmp_path).issues] == ["CODE_ROW_INVALID"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("rooms.csv", b"a,b\n1,2\n", "CODE_TABLE_UNKNOWN"),
        ("area_limits.xlsx", b"PK\x03\x04", "CODE_TABLE_UNREADABLE"),
        ("area_limits.toml", b"[[edition]\n", "CODE_TABLE_UNREADABLE"),
        ("area_limits.toml", b"edition = 3\n", "CODE_TABLE_UNREADABLE"),
        ("area_limits.toml", b"[other]\nx = 1\n", "CODE_TABLE_UNREADABLE"),
        ("area_limits.csv", b'level,words\n"open', "CODE_TABLE_UNREADABLE"),
        ("area_limits.csv", b"\xff\xff\xff\n", "CODE_TABLE_UNREADABLE"),
    ],
)
def test_a_file_that_is_no_table_is_a_finding_and_changes_nothing(name: str, content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    tables = read_tables(tmp_path)
    assert [(issue.code, issue.path) for issue in tables.issues] == [(code, name)]
    assert limits(tmp_path) == limits(None)


def test_no_file_can_say_that_its_rows_are_the_package_s(tmp_path: Path) -> None:
    (tmp_path / "area_limits.csv").write_text(
        LIMIT.strip() + ",local\ncity,市级正职,x,bureau_chief,40,s,2014,2014-11-24,true,false\n", "utf-8"
    )
    assert [issue.code for issue in read_tables(tmp_path).issues] == ["CODE_ROW_INVALID"]


HEADS = {
    "area_limits": LIMIT.strip(),
    "area_rules": "name,level,value,unit,zh,en,people_from,people_to,value_at_most_people,source,edition,valid_from,verified",
    "class_schemes": "class_edition,zh,en,form,form_words,level_ends,source,edition,valid_from,verified",
    "item_limits": "item,zh,en,group,per,count,life_years,source,edition,valid_from,verified",
    "steps": "kind,source_state,target_state,zh,en,source,edition,valid_from,verified",
}


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        ("area_limits", "provincial,正处级,x,divison_chief,18", "no rank: divison_chief"),
        ("area_limits", "province,正处级,x,division_chief,18", "no level: province"),
        ("area_rules", "service_m2,city,8,m2,x,x,200,,", "go together"),
        ("area_rules", "service_m2,city,8,m2,x,x,200,200,6", "not above"),
        ("area_rules", "service_m2,town,8,m2,x,x,200,400,6", "no level: town"),
        ("class_schemes", "GB/T 14885-2022,x,x,A[0-9,x,3;5", "no regular expression"),
        ("class_schemes", "GB/T 14885-2030,x,x,A[0-9]+,x,3;5", "no class_edition"),
        ("item_limits", "desk,x,x,everyone,person,1,15", "no group: everyone"),
        ("item_limits", "desk,x,x,all,desk,1,15", "no way of counting: desk"),
        ("steps", "asset,in_use,gone,x,x", "no asset_state: gone"),
        ("steps", "vehicle,sold,disposed,x,x", "no vehicle_state: sold"),
    ],
)
def test_a_row_that_can_be_read_and_means_nothing_is_a_finding(name: str, line: str, says: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.csv").write_text(f"{HEADS[name]}\n{line},局,2026,2026-01-01,true\n", "utf-8")
    tables = read_tables(tmp_path)
    (issue,) = tables.issues
    assert (issue.code, issue.path) == ("CODE_ROW_INVALID", f"{name}.csv#2")
    assert says in issue.message
    assert tables.rows(ROW_TYPES[name]) == shipped_tables().rows(ROW_TYPES[name])


def test_no_shipped_row_means_nothing() -> None:
    tables = shipped_tables()
    assert [trouble for rows in tables.by_type.values() for row in rows if (trouble := row.trouble(tables.dictionaries))] == []


def test_a_row_holds_from_its_first_day_to_the_day_before_its_last() -> None:
    change = date(2014, 11, 24)
    of_1999 = [row for row in shipped_tables().rows(AreaLimit) if row.edition == "1999"]
    assert {(row.holds_on(date(2014, 11, 23)), row.holds_on(change)) for row in of_1999} == {(True, False)}
    assert {(row.holds_on(date(1999, 12, 20)), row.holds_on(date(1999, 12, 21))) for row in of_1999} == {(False, True)}


def test_the_bureau_s_words_of_a_rank_and_its_own_dictionary(tmp_path: Path) -> None:
    (tmp_path / "enumerations.toml").write_text(
        """
[rank]
values = [
  { code = "worker", zh = "工勤", en = "worker", aliases = ["司机班"] },
  { code = "contract", zh = "聘用制", en = "on contract" },
]
[gate]
zh = "门岗"
en = "gate"
source = "局"
edition = "2026"
verified = true
values = [{ code = "east", zh = "东门", en = "east gate" }]
[level]
values = [{ zh = "省级" }]
""",
        "utf-8",
    )
    tables = read_tables(tmp_path)
    assert [(issue.code, issue.path) for issue in tables.issues] == [("CODE_ROW_INVALID", "enumerations.toml#level")]
    rank, shipped = tables.dictionaries["rank"], get_dictionary("rank")
    assert [value.code for value in rank.values] == [*(value.code for value in shipped.values), "contract"]
    found = [rank.find(word) for word in ("司机班", "正处级")]
    assert [value and value.code for value in found] == ["worker", "division_chief"]
    assert shipped.find("司机班") is None
    assert tables.dictionaries["gate"].get("east").zh == "东门"
    assert tables.dictionaries["level"] == get_dictionary("level")


def test_dictionaries_that_are_no_toml_leave_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "enumerations.toml").write_text("[rank", "utf-8")
    tables = read_tables(tmp_path)
    assert [issue.code for issue in tables.issues] == ["CODE_TABLE_UNREADABLE"]
    assert tables.dictionaries["rank"] == get_dictionary("rank")


def test_every_row_type_names_its_own_columns_as_key() -> None:
    for row_type in ROW_TYPES.values():
        assert issubclass(row_type, Row)
        assert set(row_type.KEY) <= {field.name for field in fields(row_type)}


def test_the_page_on_tables_has_every_table_with_all_its_columns_and_its_example_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text("utf-8")
    sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    assert sorted(sections) == sorted(ROW_TYPES)
    shared = {field.name for field in fields(Row)} - {"local"}
    assert all(f"`{name}`" in page for name in shared)
    for name, row_type in ROW_TYPES.items():
        own = {field.name for field in fields(row_type)} - shared - {"local"}
        assert {column for column in own if f"`{column}`" not in sections[name]} == set(), name
    (tmp_path / "area_limits.csv").write_text(page.split("```csv\n")[1].split("```")[0], "utf-8")
    assert read_tables(tmp_path).issues == ()
    assert len(read_tables(tmp_path).rows(AreaLimit)) == len(shipped_tables().rows(AreaLimit)) + 1
