"""The life of an asset, a vehicle, a dispatch order and a request, step by step: what the table `steps` does not allow is not allowed."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from twin.codes import Fault, Tables, shipped_tables
from twin.codes.step import Step

__all__ = ["ASSET", "OFFERED_STATES", "check_step", "next_states", "next_steps", "request_kinds", "undecided_states"]

ASSET: Final = "asset"
DRAFT: Final = "draft"
OFFERED_STATES: Final = frozenset({"idle", "pooled"})
"""States in which an asset is offered to others before anything is bought."""


def next_states(state: str, *, on: date, kind: str = ASSET, tables: Tables | None = None) -> tuple[str, ...]:
    """The states an asset (or a request of that kind) may take next, as the table orders them; empty at the end of its life.

    >>> "disposed" in next_states("in_use", on=date(2026, 1, 1))
    False
    """
    return tuple(step.target_state for step in next_steps(state, on=on, kind=kind, tables=tables))


def next_steps(state: str, *, on: date, kind: str = ASSET, tables: Tables | None = None) -> tuple[Step, ...]:
    """The steps from a state: who takes them, what facts they need and forbid."""
    return _steps(on, tables or shipped_tables()).get((kind, state), ())


def request_kinds(tables: Tables | None = None) -> tuple[str, ...]:
    """The kinds of requests: those whose steps begin with a draft (an asset, a vehicle, a dispatch order has steps and is no request)."""
    rows = (tables or shipped_tables()).rows(Step)
    return tuple(dict.fromkeys(step.kind for step in rows if step.source_state == DRAFT))


def undecided_states(*, on: date, kind: str = ASSET, tables: Tables | None = None) -> frozenset[str]:
    """The states that a thing comes to without any decision: from where lives begin, by steps that are no request's.

    >>> {"in_use", "pooled", "disposed"} & undecided_states(on=date(2026, 1, 1))
    {'in_use'}
    """
    rows = [step for (of, _), steps in _steps(on, tables or shipped_tables()).items() if of == kind for step in steps]
    reached = {step.source_state for step in rows} - {step.target_state for step in rows}
    while more := {step.target_state for step in rows if step.source_state in reached and not step.request} - reached:
        reached |= more
    return frozenset(reached)


def check_step(
    source_state: str,
    target_state: str,
    facts: Mapping[str, object],
    *,
    on: date,
    by: str = "",
    kind: str = ASSET,
    tables: Tables | None = None,
) -> Fault | None:
    """Why a step may not be taken, or None.

    `facts` are what is known of the thing and given with the step; empty, False and None count as absent. `STEP_NOT_ALLOWED` names the
    steps that are; `STEP_BY_ANOTHER` where `by` is given and the step is another's; `STEP_BLOCKED` where a fact forbids it (an asset
    `lent` is not disposed of); `STEP_FACT_MISSING` where it needs more (an approval, a receipt).
    """
    steps = next_steps(source_state, on=on, kind=kind, tables=tables)
    step = next((step for step in steps if step.target_state == target_state), None)
    if step is None:
        allowed = "、".join(step.target_state for step in steps) or "none"
        return Fault(code="STEP_NOT_ALLOWED", message=f"{kind}: no step from {source_state} to {target_state}; allowed: {allowed}")
    if by and step.by and by != step.by:
        return Fault(code="STEP_BY_ANOTHER", message=f"{kind}: {step.zh} ({step.en}) is for {step.by}, not for {by}")
    held = [name for name in step.forbids if facts.get(name)]
    if held:
        return Fault(code="STEP_BLOCKED", message=f"{kind}: {step.zh} ({step.en}) is blocked while it is {'、'.join(held)}")
    missing = [name for name in step.needs if not facts.get(name)]
    if missing:
        return Fault(code="STEP_FACT_MISSING", message=f"{kind}: {step.zh} ({step.en}) needs {'、'.join(missing)}")
    return None


@lru_cache(maxsize=64)
def _steps(on: date, tables: Tables) -> Mapping[tuple[str, str], tuple[Step, ...]]:
    found: dict[tuple[str, str], tuple[Step, ...]] = {}
    for step in tables.rows_on(Step, on):
        key = (step.kind, step.source_state)
        found[key] = (*found.get(key, ()), step)
    return MappingProxyType(found)
