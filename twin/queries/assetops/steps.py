"""The next steps of an asset's life as a person sees them: which are theirs, which only a request takes, which are refused and why."""

from __future__ import annotations

from datetime import date
from typing import Any

from twin.codes import get_dictionary, get_kind
from twin.codes.step import Step
from twin.entitlement import check_step, next_steps
from twin.queries.records.context import Registers
from twin.queries.records.life_cycle import OF_THE_BUREAU
from twin.queries.records.listing import visible_record
from twin.records.requests import requests_of
from twin.records.scope import Reader

__all__ = ["asset_steps"]

REFUSED = ("STEP_NOT_ALLOWED", "STEP_BY_ANOTHER", "STEP_BLOCKED")


def asset_steps(registers: Registers, key: str, reader: Reader, *, may_write: bool, may_file: bool) -> dict[str, Any]:
    """The state of an asset and every state there is: the steps that lead on, then what no step leads to, with the reason.

    A step has `how`: `direct` (its facts are `needs`), `request` (the kind in `request`; who decides takes it), or `refused` with the
    `code` of docs/issue-codes.md and the steps that do lead there (`through`). Raises NotFound.
    """
    kind, today = get_kind("asset"), registers.today()
    with registers.store.database.reading() as connection:
        record = visible_record(registers, connection, kind, key, reader)
        asked = [one for one in requests_of(connection, record.id) if one["closed_at"] is None and one["kind"] != "correction"]
    state = record.values["state"]
    following = next_steps(state, on=today) if state else ()
    steps = [_step(step, str(state), today, reader, may_write=may_write, may_file=may_file) for step in following]
    reached = {step.target_state for step in following} | {state}
    others = [value.code for value in get_dictionary("asset_state").values if value.code not in reached]
    return {
        "key": key,
        "state": state,
        "words": _words(state),
        "steps": steps,
        "unreached": [_unreached(str(state), other, today) for other in others] if state else [],
        "requests": [{name: one[name] for name in ("id", "kind", "state", "applicant", "unit")} for one in asked],
    }


def _step(step: Step, state: str, today: date, reader: Reader, *, may_write: bool, may_file: bool) -> dict[str, Any]:
    """A step with how it is taken by this reader; its facts are asked for when it is taken, so that none is missing here."""
    told = {
        "to": step.target_state,
        "to_words": _words(step.target_state),
        "zh": step.zh,
        "en": step.en,
        "by": step.by,
        "needs": [name for name in step.needs if name != "approval"],
        "request": step.request or None,
    }
    facts = dict.fromkeys(step.needs, True) | {"lent": state == "lent"}
    whole = reader.units is None
    by = "owner" if step.by in OF_THE_BUREAU and not whole and not step.request else ""
    fault = check_step(state, step.target_state, facts, on=today, by=by)
    if fault is not None and fault.code in REFUSED:
        return told | {"how": "refused", "code": fault.code}
    if step.request:
        return told | ({"how": "request", "code": None} if may_file else {"how": "refused", "code": "FORBIDDEN"})
    return told | ({"how": "direct", "code": None} if may_write else {"how": "refused", "code": "FORBIDDEN"})


def _unreached(state: str, other: str, today: date) -> dict[str, Any]:
    """A state that no step leads to from here, with those from which one does."""
    fault = check_step(state, other, {}, on=today)
    sources = [
        value.code
        for value in get_dictionary("asset_state").values
        if any(step.target_state == other for step in next_steps(value.code, on=today)) and value.code != other
    ]
    return {
        "to": other,
        "to_words": _words(other),
        "code": fault.code if fault else None,
        "through": [{"code": code, "words": _words(code)} for code in sources],
    }


def _words(code: str | None) -> dict[str, str] | None:
    found = get_dictionary("asset_state").find(code) if code else None
    return {"zh": found.zh, "en": found.en} if found else None
