"""The life of an asset and of requests, walked through the table."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes import get_dictionary, read_tables, shipped_tables
from twin.codes.step import Step
from twin.entitlement import check_step, next_states, next_steps, request_kinds, undecided_states

ON = date(2026, 1, 1)
STATES = [value.code for value in get_dictionary("asset_state").values]
ALL_FACTS = {name: "given" for step in shipped_tables().rows(Step) for name in step.needs}
KINDS = ["correction", "allocation", "move", "transfer", "disposal", "loan", "link_decision", "pooling", "purchase"]
STARTS = {"asset": "ordered", "vehicle": "in_use", "dispatch": "requested"} | dict.fromkeys(KINDS, "draft")


def code_of(source: str, target: str, **facts: object) -> str | None:
    fault = check_step(source, target, facts, on=ON)
    return fault and fault.code


def reachable(start: str, kind: str = "asset", without: frozenset[str] = frozenset()) -> set[str]:
    """States reachable without setting foot on some."""
    seen, open_ = {start}, [start]
    while open_:
        for state in set(next_states(open_.pop(), on=ON, kind=kind)) - seen - without:
            seen.add(state)
            open_.append(state)
    return seen


def test_every_state_is_reachable_from_the_order_and_written_off_is_the_end() -> None:
    assert reachable("ordered") == set(STATES)
    assert [state for state in STATES if not next_states(state, on=ON)] == ["written_off"]


@pytest.mark.parametrize("start", [state for state in STATES if state not in {"disposal_approved", "disposed", "written_off"}])
def test_no_path_reaches_disposal_without_request_and_approval(start: str) -> None:
    assert not reachable(start, without=frozenset({"disposal_approved"})) & {"disposed", "written_off"}
    if start != "disposal_requested":
        assert not reachable(start, without=frozenset({"disposal_requested"})) & {"disposal_approved", "disposed", "written_off"}


def test_whatever_leads_to_disposal_loan_and_pool_is_a_request_and_such_a_kind_exists() -> None:
    assert undecided_states(on=ON) == {"ordered", "accepted", "registered", "in_use", "idle", "in_repair"}
    named = {step.request for step in shipped_tables().rows(Step) if step.request}
    assert named == {"disposal", "loan", "pooling", "transfer"} <= set(request_kinds())
    assert undecided_states(on=date(2020, 1, 1)) == frozenset()


def test_an_asset_never_jumps_from_use_to_disposed_whatever_is_said() -> None:
    for target in ("disposed", "written_off", "disposal_approved"):
        fault = check_step("in_use", target, ALL_FACTS, on=ON)
        assert fault is not None
        assert fault.code == "STEP_NOT_ALLOWED"
        assert "disposal_requested" in fault.message


@pytest.mark.parametrize("target", ["disposal_requested", "disposal_approved", "disposed", "written_off"])
def test_a_lent_asset_is_not_disposed_of(target: str) -> None:
    assert check_step("lent", target, ALL_FACTS, on=ON) is not None


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("in_use", "disposal_requested"),
        ("idle", "disposal_requested"),
        ("pooled", "disposal_requested"),
        ("in_repair", "disposal_requested"),
        ("disposal_requested", "disposal_approved"),
        ("disposal_approved", "disposed"),
    ],
)
def test_an_open_loan_blocks_every_step_of_disposal_though_the_state_does_not_say_lent(source: str, target: str) -> None:
    assert check_step(source, target, ALL_FACTS, on=ON) is None
    fault = check_step(source, target, ALL_FACTS | {"lent": True}, on=ON)
    assert fault is not None
    assert fault.code == "STEP_BLOCKED"


@settings(deadline=None)
@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_what_the_table_does_not_name_is_not_allowed_and_what_it_names_is_with_its_facts(source: str, target: str) -> None:
    named = target in next_states(source, on=ON)
    fault = check_step(source, target, ALL_FACTS, on=ON)
    assert (fault is None) == named
    assert fault is None or fault.code == "STEP_NOT_ALLOWED"


@pytest.mark.parametrize("step", [step for step in shipped_tables().rows(Step) if step.needs], ids=lambda step: f"{step.kind}-{step.zh}")
def test_each_fact_a_step_needs_is_missed(step: Step) -> None:
    for name in step.needs:
        facts = {other: "given" for other in step.needs if other != name}
        for absent in (None, "", False):
            fault = check_step(step.source_state, step.target_state, facts | {name: absent}, on=ON, kind=step.kind)
            assert fault is not None
            assert fault.code == "STEP_FACT_MISSING"
            assert name in fault.message


def test_a_step_of_another_is_refused_where_it_is_said_who_takes_it() -> None:
    facts = {"approval": "榕财〔2026〕5号"}
    assert check_step("disposal_requested", "disposal_approved", facts, on=ON, by="finance") is None
    fault = check_step("disposal_requested", "disposal_approved", facts, on=ON, by="owner")
    assert fault is not None
    assert fault.code == "STEP_BY_ANOTHER"


def test_a_request_for_disposal_that_is_refused_leads_back_to_idle() -> None:
    assert code_of("disposal_requested", "idle", reason="仍可使用") is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_can_be_done_and_not_without_a_decision(kind: str) -> None:
    assert kind in request_kinds()
    assert "done" in reachable("draft", kind)
    assert "done" not in reachable("draft", kind, without=frozenset({"approved"}))
    into = [step for step in shipped_tables().rows(Step) if step.kind == kind and step.target_state in {"approved", "refused", "agreed"}]
    assert into
    assert all("decided_by" in step.needs for step in into)
    assert all("reason" in step.needs for step in into if step.target_state == "refused")
    assert all(step.by not in {"", "proposer"} for step in into), "nobody decides their own request"


def test_the_kinds_of_requests_are_those_of_the_brief() -> None:
    assert set(request_kinds()) == set(KINDS)


def test_nothing_is_bought_before_it_was_matched_with_the_stock() -> None:
    assert not reachable("draft", "purchase", without=frozenset({"matched"})) & {"approved", "done", "served"}
    fault = check_step("submitted", "approved", ALL_FACTS, on=ON, kind="purchase")
    assert fault is not None
    assert fault.code == "STEP_NOT_ALLOWED"
    fault = check_step("matched", "approved", {"decided_by": "局"}, on=ON, kind="purchase")
    assert fault is not None
    assert "no_match_reason" in fault.message


@pytest.mark.parametrize("kind", STARTS)
def test_every_state_of_a_kind_is_reached_and_no_state_is_a_dead_end_but_the_last(kind: str) -> None:
    start = STARTS[kind]
    rows = [step for step in shipped_tables().rows(Step) if step.kind == kind]
    states = {step.source_state for step in rows} | {step.target_state for step in rows}
    assert reachable(start, kind) == states
    ends = {state for state in states if not next_steps(state, on=ON, kind=kind)}
    assert ends <= {"done", "refused", "withdrawn", "served", "written_off", "disposed", "cancelled"}


@pytest.mark.parametrize(("kind", "dictionary"), [("asset", "asset_state"), ("vehicle", "vehicle_state"), ("dispatch", "dispatch_state")])
def test_the_states_of_a_thing_are_all_those_of_its_dictionary(kind: str, dictionary: str) -> None:
    assert reachable(STARTS[kind], kind) == {value.code for value in get_dictionary(dictionary).values}


def test_a_vehicle_on_the_road_is_not_disposed_of_and_none_without_a_request() -> None:
    assert "disposed" not in reachable("in_use", "vehicle", without=frozenset({"disposal_requested"}))
    for source, target in (("in_use", "disposal_requested"), ("disposal_requested", "disposed")):
        assert check_step(source, target, ALL_FACTS, on=ON, kind="vehicle") is None
        fault = check_step(source, target, ALL_FACTS | {"under_way": True}, on=ON, kind="vehicle")
        assert fault is not None
        assert fault.code == "STEP_BLOCKED"


def test_a_vehicle_sets_out_only_on_an_order_that_was_approved_and_assigned() -> None:
    for state in ("approved", "assigned"):
        assert "under_way" not in reachable("requested", "dispatch", without=frozenset({state}))


def test_the_bureau_ends_a_step_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "steps.csv").write_text(
        "kind,source_state,target_state,zh,en,source,edition,valid_from,valid_until,verified\n"
        "asset,pooled,idle,退回单位,give back,局,2021,2021-04-01,2026-01-01,true\n",
        "utf-8",
    )
    tables = read_tables(tmp_path)
    assert tables.issues == ()
    assert "idle" in next_states("pooled", on=ON)
    assert "idle" not in next_states("pooled", on=ON, tables=tables)
    assert "idle" in next_states("pooled", on=date(2025, 12, 31), tables=tables)
