"""The tables of alarms hang together, the bureau corrects them, and a command is the same after its way to the hub."""

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.incidents.world import KINDS
from twin.codes import read_tables, shipped_tables
from twin.codes.alarm import AlarmFamily, AlarmKind, ProcedureStep
from twin.incidents import AlarmKinds, Command
from twin.incidents.desk import command_from_json, command_to_json
from twin.incidents.kinds import severity_of
from twin.queries.incidents.procedure import procedure_of

DAY = date(2026, 12, 1)


def test_every_bit_of_the_alarm_word_of_jt808_is_one_kind_and_no_code_or_alias_means_two() -> None:
    rows = shipped_tables().rows(AlarmKind)
    names = [name for row in rows for name in (row.code, *row.aliases)]
    assert len(names) == len(set(names))
    bits = {f"jt808_{bit}": KINDS.get(f"jt808_{bit}") for bit in range(32)}
    assert len({row.code for row in bits.values()}) == 32 and bits["jt808_0"].code == "emergency" and bits["jt808_0"].severity == 5


def test_every_kind_has_its_family_and_a_procedure_in_both_languages() -> None:
    families = {row.family for row in shipped_tables().rows(AlarmFamily)}
    for row in shipped_tables().rows(AlarmKind):
        assert row.family in families and row.zh and row.en, row.code
        found = procedure_of(row.code, KINDS, shipped_tables(), DAY)
        assert found is not None and found["title"]["zh"] and found["title"]["en"], row.code
        assert [step["step"] for step in found["steps"]] == list(range(1, len(found["steps"]) + 1))
    used = {row.procedure for row in shipped_tables().rows(AlarmKind)}
    assert {row.procedure for row in shipped_tables().rows(ProcedureStep)} == used


def test_the_bureau_corrects_a_kind_and_lays_its_own_procedure(tmp_path: Path) -> None:
    common = "source,edition,valid_from,verified"
    row = "door_held,none_such,门未关,door open,5,1,1,door,局,2027,2027-01-01,true"
    kinds = f"code,family,zh,en,severity,distance_m,time_s,procedure,{common}\n{row}\n"
    steps = f"procedure,step,zh,en,title_zh,title_en,{common}\ndoor,1,看,look,本局规程,ours,局,2027,2027-01-01,true\n"
    (tmp_path / "alarm_kinds.csv").write_text(kinds, "utf-8")
    (tmp_path / "procedures.csv").write_text(steps, "utf-8")
    tables = read_tables(tmp_path)
    assert tables.issues == ()
    later = AlarmKinds.on(tables, date(2027, 1, 1))
    assert (later.get("door_held").severity, later.get("door_held").family) == (5, "security"), "of a family nobody knows: that of other"
    assert AlarmKinds.on(tables, DAY).get("door_held").severity == 2
    new, old = procedure_of("door_held", later, tables, date(2027, 1, 1)), procedure_of("door_held", later, tables, DAY)
    assert new is not None and (new["title"]["zh"], new["edition"], len(new["steps"]), new["verified"]) == ("本局规程", "2027", 1, True)
    assert old is not None and old["edition"] == "2026"


@given(st.dictionaries(st.sampled_from(sorted(KINDS.kinds)), st.integers(0, 20)), st.sampled_from(sorted(KINDS.kinds)))
def test_one_more_alarm_never_makes_it_less_severe(counts: dict[str, int], more: str) -> None:
    assert 1 <= severity_of(counts, KINDS) <= severity_of({**counts, more: counts.get(more, 0) + 1}, KINDS) <= 5


def test_a_command_is_the_same_after_its_way_to_the_hub() -> None:
    said = Command(name="merge", incident=3, who="周工", why="同一起", parts=(1, 2), version="a", facts={"into": 1, "into_parts": [4]})
    assert command_from_json(command_to_json(said)) == said


def codes_of(said: object, word: str = "") -> list[str]:
    """The codes of every table of alarms that a protocol has; a status is none."""
    if not isinstance(said, dict) or word == "status":
        return []
    return [said["code"]] if "code" in said else [code for name, below in said.items() for code in codes_of(below, name)]


@pytest.mark.parametrize("table", ["jt808_codes.toml", "gb28181_alarms.toml"])
def test_every_alarm_that_a_protocol_tells_is_a_kind_of_its_own_here(table: str) -> None:
    path = Path(__file__).parents[3] / "sensors" / table
    if not path.is_file():
        pytest.skip(f"{table} comes with its protocol")
    codes = codes_of(tomllib.loads(path.read_text("utf-8")))
    assert len(codes) > 7 and [code for code in codes if code not in KINDS.kinds] == []
