"""The state of an asset, changed by hand: only by a step of the table, with what it needs, and never past a decision it demands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from twin.codes import Fault, RecordKind, get_dictionary
from twin.entitlement import check_step, next_states, next_steps, undecided_states
from twin.errors import Refused
from twin.records.history import changes_of
from twin.records.read import Record
from twin.records.scope import Reader
from twin.records.timeline import held_at, standing
from twin.store.values import to_microseconds

__all__ = ["OF_THE_BUREAU", "refuse", "require_beginning", "require_life_cycle", "require_no_transfer"]

OF_THE_BUREAU = ("bureau", "finance")
"""Whose steps only those take who have every unit."""


def require_life_cycle(
    connection: Connection,
    kind: RecordKind,
    record: Record,
    values: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    now: datetime,
    reader: Reader | None,
    valid_from: date | None = None,
) -> None:
    """Raise Refused where `values` give an asset a state that it may not have from `valid_from` (default today) on.

    `STEP_NOT_ALLOWED`: no step leads there from what it was on that day, or from there to what it was next; `STEP_NEEDS_REQUEST`: only
    a decided request does; `STEP_BY_ANOTHER`: the step is the bureau's and the reader (None: the owning unit) has not every unit;
    `STEP_FACT_MISSING`: `facts`, or the columns of the record as they will be, lack what the step needs. Other kinds pass.
    """
    after = _state(values)
    if kind.name != "asset" or "state" not in values or after is _UNKNOWN:
        return  # what is no state at all is refused where values are checked
    day = valid_from or now.date()
    changes, known_us = changes_of(connection, record.id, "state"), to_microseconds(now)
    before = held_at(record.values["state"], changes, as_of=day, known_at_us=known_us).value
    if after == before:
        return
    if before is None:
        require_beginning(kind, values, on=now.date())
    else:
        _require_step(str(before), after, {**record.values, **values, **facts}, on=now.date(), reader=reader)
    later = [change for change in standing(changes, known_at_us=known_us) if change.valid_from > day]
    following = min(later, key=lambda change: (change.valid_from, -change.id), default=None)
    if after is not None and following is not None and following.new not in (after, *next_states(after, on=now.date())):
        since = f"from {following.valid_from} on it is {following.new}"
        refuse(Fault(code="STEP_NOT_ALLOWED", message=f"asset: {since}, and no step leads there from {after}"))


def require_beginning(kind: RecordKind, values: Mapping[str, Any], *, on: date) -> None:
    """Raise Refused (`STEP_NEEDS_REQUEST`) where a card without a state until now begins with one that only a decision leads to."""
    state = _state(values)
    if kind.name == "asset" and state is not None and state is not _UNKNOWN and state not in (known := undecided_states(on=on)):
        begins = "、".join(sorted(known))
        refuse(Fault(code="STEP_NEEDS_REQUEST", message=f"asset: {state} comes of a decision; a card begins as one of {begins}"))


def require_no_transfer(kind: RecordKind, record: Record, values: Mapping[str, Any]) -> None:
    """Raise Refused (`STEP_NEEDS_REQUEST`) where `values` hand an asset to another unit: that is a transfer, or a correction."""
    held = record.values.get("unit")
    if kind.name == "asset" and "unit" in values and held is not None and (values["unit"] or "") != held:
        fault = Fault(code="STEP_NEEDS_REQUEST", message=f"asset: from {held} to {values['unit'] or 'no unit'} is a decision")
        refuse(fault, path="unit", hint='POST /requests {"kind": "transfer", …}; "correction" where the card is wrong')


def refuse(fault: Fault, *, path: str = "state", hint: str = "") -> None:
    """Raise Refused for a fault."""
    raise Refused(fault.message, code=fault.code, path=path, hint=hint or "GET the record's dossier for where it stands")


def _require_step(before: str, after: str | None, known: Mapping[str, Any], *, on: date, reader: Reader | None) -> None:
    step = next((step for step in next_steps(before, on=on) if step.target_state == after), None)
    if step is not None and step.request:
        message = f"asset: {step.zh} ({step.en}) is a decision: it takes a request"
        hint = f'POST /requests {{"kind": "{step.request}", …}}'
        refuse(Fault(code="STEP_NEEDS_REQUEST", message=message), hint=hint)
    whole = reader is not None and reader.units is None
    by = "owner" if step is not None and step.by in OF_THE_BUREAU and not whole else ""
    fault = check_step(before, str(after), {**known, "lent": before == "lent"}, on=on, by=by)
    if fault is not None:
        refuse(fault, hint="POST /assets/{key}/steps takes a step with the facts it needs" if fault.code == "STEP_FACT_MISSING" else "")


_UNKNOWN = "\x00"


def _state(values: Mapping[str, Any]) -> str | None:
    """The code of the state that is given, None for none, `_UNKNOWN` for a word that is no state."""
    said = values.get("state")
    if said is None or said == "":
        return None
    found = get_dictionary("asset_state").find(said) if isinstance(said, str) else None
    return found.code if found else _UNKNOWN
