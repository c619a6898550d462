"""Pages of the work list, how many items of each kind there are, and what a person settles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from twin.codes import find_issue_code
from twin.errors import Invalid, NotFound, Refused
from twin.queries.records.context import Registers
from twin.queries.worklist.families import families, family_of
from twin.queries.worklist.sides import Sides, SidesOf, read_sides
from twin.records.scope import Reader
from twin.store import record_schema as schema
from twin.store.values import from_json, from_microseconds, to_microseconds

__all__ = ["STATES", "settle_work", "work_counts", "work_page"]

ITEM = schema.work_item.c
STATES = ("open", "decided", "gone")
AT_ONCE = 1_000
NOTE_CHARACTERS = 2_000
SIDES = ("records", "features")


def work_page(
    registers: Registers,
    reader: Reader,
    *,
    code: str | None = None,
    family: str | None = None,
    state: str = "open",
    after: int = 0,
    limit: int,
) -> dict[str, Any]:
    """At most `limit` items, the oldest first, each with its sides, the links between them and what is asked already.

    Only items of which the reader may know every side. Raises Invalid (`FILTER_INVALID`).
    """
    conditions = _conditions(code, family, state)
    with registers.store.database.reading() as connection:
        rows: list[Mapping[str, Any]] = []
        for row in _seen(registers, connection, reader, conditions, after):
            rows.append(row)
            if len(rows) > limit:
                break
        here = rows[:limit]
        named = [SidesOf.read(from_json(row["detail"])) for row in here]
        sides = read_sides(registers, connection, reader, named)
    items = [_document(row, sides, one) for row, one in zip(here, named, strict=True)]
    return {"items": items, "next": here[-1]["id"] if len(rows) > limit else None}


def work_counts(registers: Registers, reader: Reader, *, state: str = "open") -> dict[str, Any]:
    """Every kind of item with its words, its family and how many of it this reader may know of. Raises Invalid."""
    conditions = _conditions(None, None, state)
    with registers.store.database.reading() as connection:
        if reader.sees_all:
            query = select(ITEM.code, func.count()).where(*conditions).group_by(ITEM.code)
            counts = Counter({code: int(number) for code, number in connection.execute(query)})
        else:
            counts = Counter(row["code"] for row in _seen(registers, connection, reader, conditions, 0))
    kinds = [
        {"code": code, "family": family.words(), "zh": words.zh, "en": words.en, "count": counts[code]}
        for family in families()
        for code in family.codes
        if (words := find_issue_code(code)) is not None
    ]
    return {"numberMatched": counts.total(), "kinds": kinds}


def settle_work(registers: Registers, reader: Reader, item: int, note: str) -> dict[str, Any]:
    """Close an item by decision: it stays closed while it says the same. Raises NotFound, Invalid, Refused (`ITEM_CLOSED`)."""
    if not note.strip() or len(note) > NOTE_CHARACTERS:
        raise Invalid(f"say why in at most {NOTE_CHARACTERS} characters", path="note", code="STEP_FACT_MISSING")
    with registers.store.database.writing() as connection:
        row = next(_seen(registers, connection, reader, [ITEM.id == item, ITEM.code.in_(list(family_of()))], 0), None)
        if row is None:
            raise NotFound(f"there is no item {item}", path=str(item))
        if row["state"] != "open":
            raise Refused(f"item {item} is {row['state']}", code="ITEM_CLOSED", path=str(item), hint="read the list to see what stands")
        closed = to_microseconds(registers.now())
        values = {"state": "decided", "closed_us": closed, "closed_by": f"{reader.name}: {note.strip()}"}
        connection.execute(update(schema.work_item).where(ITEM.id == item).values(**values))
        named = SidesOf.read(from_json(row["detail"]))
        return _document({**row, **values}, read_sides(registers, connection, reader, [named]), named)


def _conditions(code: str | None, family: str | None, state: str) -> list[ColumnElement[bool]]:
    known = {"code": tuple(family_of()), "family": tuple(one.name for one in families()), "state": STATES}
    for name, said in (("code", code), ("family", family), ("state", state)):
        if said is not None and said not in known[name]:
            raise Invalid(f"{name}: {said!r} is none", path=name, code="FILTER_INVALID", hint=f"one of: {', '.join(known[name])}")
    codes = [one for one, of in family_of().items() if family in (None, of.name) and code in (None, one)]
    return [ITEM.code.in_(codes), ITEM.state == state]


def _seen(
    registers: Registers, connection: Connection, reader: Reader, conditions: Sequence[ColumnElement[bool]], after: int
) -> Iterator[Mapping[str, Any]]:
    """Item by item as the reader may know of them, a thousand read at a time. One that names nothing is for who sees everything."""
    while True:
        query = select(schema.work_item).where(*conditions, ITEM.id > after).order_by(ITEM.id).limit(AT_ONCE)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if reader.sees_all:
            yield from rows
        elif rows:
            named = [SidesOf.read(from_json(row["detail"])) for row in rows]
            sides = read_sides(registers, connection, reader, named, whole=False)
            yield from (row for row, one in zip(rows, named, strict=True) if sides.seen(one))
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["id"]


def _document(row: Mapping[str, Any], sides: Sides, named: SidesOf) -> dict[str, Any]:
    detail = from_json(row["detail"])
    return {
        "item": row["id"],
        "code": row["code"],
        "family": family_of()[row["code"]].name,
        "state": row["state"],
        "message": row["message"],
        "since": from_microseconds(row["opened_us"]).isoformat(),
        "closed_at": None if row["closed_us"] is None else from_microseconds(row["closed_us"]).isoformat(),
        "closed_by": row["closed_by"],
        "facts": {name: value for name, value in detail.items() if name not in SIDES},
        **sides.document(named),
    }
