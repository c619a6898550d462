"""What to do at an incident: the bureau's procedure for its kind, as it holds on a day."""

from datetime import date
from typing import Any

from twin.codes import Tables
from twin.codes.alarm import ProcedureStep
from twin.incidents import AlarmKinds

__all__ = ["procedure_of"]


def procedure_of(kind: str, kinds: AlarmKinds, tables: Tables, day: date) -> dict[str, Any] | None:
    """`{name, title: {zh, en}, edition, valid_from, verified, steps: [{step, zh, en}]}` of a kind of alarms; None where it has none.

    Steps are of the latest edition of the procedure that holds on the day: a longer one before it leaves none behind.
    """
    name = kinds.get(kind).procedure
    rows = sorted((row for row in tables.rows(ProcedureStep) if row.procedure == name and row.holds_on(day)), key=lambda row: row.step)
    if not name or not rows:
        return None
    newest = max(rows, key=lambda row: (row.valid_from, row.local))
    steps = [row for row in rows if row.edition == newest.edition]
    titled = next((row for row in steps if row.title_zh), steps[0])
    return {
        "name": name,
        "title": {"zh": titled.title_zh or titled.zh, "en": titled.title_en or titled.en},
        "edition": newest.edition,
        "valid_from": newest.valid_from.isoformat(),
        "verified": all(row.verified for row in steps),
        "steps": [{"step": row.step, "zh": row.zh, "en": row.en} for row in steps],
    }
