"""A dossier as of any day, known at any moment, against a replay of what was written; corrections taken back leave only history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twin.moulds import Cast
from tests.twin.queries.town import Town, author
from twin.auth import local_administrator
from twin.codes import get_kind
from twin.queries.records.dossier import record_dossier
from twin.queries.requests import decide_request, file_request, revert_request
from twin.records.scope import Reader
from twin.records.write import add_record, change_fields, revert_change

ALL = Reader(name="all")
FIRST = date(2026, 1, 1)
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
FIELDS: dict[str, list[Any]] = {"seats": [1, 2, 3, None], "remark": ["甲", "乙", None], "used_by": ["U1", "U4", None]}


@pytest.fixture
def town(cast: Cast) -> Town:
    return cast(Town, assets=0)


CHANGES = st.lists(
    st.tuples(st.sampled_from(sorted(FIELDS)), st.integers(0, 3), st.integers(0, 100), st.booleans()), min_size=1, max_size=7
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=CHANGES, days=st.lists(st.integers(0, 120), min_size=1, max_size=4), moment=st.integers(0, 8))
def test_a_dossier_is_a_replay_of_what_was_written_up_to_then(
    town: Town, steps: list[tuple[str, int, int, bool]], days: list[int], moment: int
) -> None:
    room, code = get_kind("room"), f"H{datetime.now(UTC).timestamp()}"
    written: list[dict[str, Any]] = []
    start = {"code": code, "building": "一号楼", "seats": 9, "remark": "初", "used_by": "U2"}
    with town.store.database.writing() as connection:
        record = add_record(connection, room, start, author(now=BEGIN))
        for number, (field, choice, day, takes_back) in enumerate(steps, 1):
            now = BEGIN + timedelta(hours=number)
            if takes_back and any(one["stands"] for one in written):
                last = next(one for one in reversed(written) if one["stands"])
                revert_change(connection, room, last["id"], author("revert", now=now))
                last["stands"], last["taken_back"] = False, now
                continue
            valid = FIRST + timedelta(days=day)
            value = FIELDS[field][choice % len(FIELDS[field])]
            made = change_fields(connection, room, record, {field: value}, author(now=now, valid_from=valid))
            written += [
                {"id": one, "field": field, "value": value, "valid": valid, "known": now, "stands": True, "taken_back": None}
                for one in made
            ]
    known = BEGIN + timedelta(hours=moment)
    for day in days:
        on = FIRST + timedelta(days=day)
        dossier = record_dossier(town.registers, room, code, ALL, as_of=on, known_at=known)
        told = {field["name"]: field["value"] for field in dossier["fields"] if field["name"] in FIELDS}
        assert told == {field: _replayed(start, written, field, on, known) for field in FIELDS}


def _replayed(start: dict[str, Any], written: list[dict[str, Any]], field: str, on: date, known: datetime) -> Any:
    value, since = start[field], date.min
    for one in written:  # in the order they were recorded
        seen = one["field"] == field and one["known"] <= known and one["valid"] <= on
        if seen and not (one["taken_back"] and one["taken_back"] <= known) and one["valid"] >= since:
            value, since = one["value"], one["valid"]
    return value


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.lists(
        st.tuples(st.sampled_from(sorted(FIELDS)), st.integers(0, 3), st.sampled_from([None, "2026-02-01"])), min_size=1, max_size=4
    )
)
def test_corrections_applied_and_taken_back_restore_the_record_but_for_its_history(
    town: Town, asked: list[tuple[str, int, str | None]]
) -> None:
    clerk, room = local_administrator(), get_kind("room")

    def fields() -> list[Any]:
        return [
            [
                (field["name"], field["value"])
                for field in record_dossier(town.registers, room, "R101", ALL, as_of=day, known_at=None)["fields"]
            ]
            for day in (date(2026, 1, 15), date(2026, 3, 1), None)
        ]

    before, numbers = fields(), []
    for field, choice, valid_from in asked:
        payload = {
            "record": {"kind": "room", "key": "R101"},
            "field": field,
            "value": FIELDS[field][choice % len(FIELDS[field])],
            "evidence": "x",
        }
        if payload["value"] is None:
            continue
        request = file_request(town.registers, clerk, "correction", payload | ({"valid_from": valid_from} if valid_from else {}))
        numbers.append(request["id"])
        assert decide_request(town.registers, clerk, request["id"], "approved", {})["state"] == "done"
    for number in reversed(numbers):
        revert_request(town.registers, clerk, number, "误")
    assert fields() == before
