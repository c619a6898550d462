"""The list of differences as work: a page of it, and what a person decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from twin.errors import Invalid, NotFound, Refused
from twin.queries.asset_filter import visible_mask
from twin.queries.assetops.reconcile.difference import difference_kinds
from twin.queries.assetops.worklist import WORKED
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.store import record_schema as schema
from twin.store.values import from_json, from_microseconds, to_microseconds

__all__ = ["STATES", "decide_difference", "difference_page"]

ITEM = schema.work_item.c
STATES = ("open", "decided", "gone")
AT_ONCE = 1_000
NOTE_CHARACTERS = 2_000


def difference_page(
    registers: Registers,
    reader: Reader,
    *,
    code: str | None = None,
    unit: str | None = None,
    state: str = "open",
    after: int = 0,
    limit: int,
) -> dict[str, Any]:
    """At most `limit` differences, the oldest first, with since when they stand; those of stock-takes are among them.

    Only what the reader may know of: things of their units, assets whose place they may see. Raises Invalid (`FILTER_INVALID`).
    """
    codes = _codes()
    for name, said, known in (("code", code, codes), ("state", state, STATES)):
        if said is not None and said not in known:
            raise Invalid(f"{name}: {said!r} is none", path=name, code="FILTER_INVALID", hint=f"one of: {', '.join(known)}")
    conditions = [ITEM.code.in_([code] if code else codes), ITEM.state == state]
    with registers.store.database.reading() as connection:
        seen = _visible(registers, connection, reader)
        rows = []
        for row in _items(connection, conditions, after):
            document = _document(row, reader)
            if seen(row, document) and (unit is None or (document["unit"] or {}).get("key") == unit):
                rows.append(document)
            if len(rows) > limit:
                break
    return {"differences": rows[:limit], "next": rows[limit - 1]["item"] if len(rows) > limit else None}


def decide_difference(registers: Registers, reader: Reader, item: int, note: str) -> dict[str, Any]:
    """Close a difference by decision: it stays closed while it says the same. Raises NotFound, Invalid, Refused (`ITEM_CLOSED`)."""
    if not note.strip() or len(note) > NOTE_CHARACTERS:
        raise Invalid(f"say why in at most {NOTE_CHARACTERS} characters", path="note", code="STEP_FACT_MISSING")
    with registers.store.database.writing() as connection:
        found = connection.execute(select(schema.work_item).where(ITEM.id == item, ITEM.code.in_(_codes()))).mappings().one_or_none()
        row = dict(found) if found is not None else {}
        if not row or not _visible(registers, connection, reader)(row, _document(row, reader)):
            raise NotFound(f"there is no difference {item}", path=str(item))
        if row["state"] != "open":
            raise Refused(
                f"difference {item} is {row['state']}", code="ITEM_CLOSED", path=str(item), hint="reconcile again to see what stands"
            )
        now = to_microseconds(registers.now())
        values = {"state": "decided", "closed_us": now, "closed_by": f"{reader.name}: {note.strip()}"}
        connection.execute(update(schema.work_item).where(ITEM.id == item).values(**values))
        return _document({**row, **values}, reader)


def _codes() -> tuple[str, ...]:
    return (*difference_kinds(), *dict.fromkeys(WORKED.values()))


def _items(connection: Connection, conditions: list[ColumnElement[bool]], after: int) -> Iterator[Mapping[str, Any]]:
    """Item by item, a thousand at a time."""
    while True:
        query = select(schema.work_item).where(*conditions, ITEM.id > after).order_by(ITEM.id).limit(AT_ONCE)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        yield from rows
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["id"]


def _visible(registers: Registers, connection: Connection, reader: Reader) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
    """Whether the reader may know of an item: of its asset, or of the unit that must act; of neither only who sees everything."""
    if reader.sees_all:
        return lambda row, document: True
    view = registers.shelf.assets(connection)
    mask = visible_mask(view, reader)
    units = view.units
    permitted = None if reader.units is None else units.permitted(reader.units)

    def seen(row: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
        position = view.columns.position_of(row["record_id"]) if row["record_id"] is not None else -1
        if position >= 0:
            return mask is None or bool(mask[position])
        unit = (document["unit"] or {}).get("key")
        return permitted is None or (unit is not None and units.by_key.get(unit) in permitted)

    return seen


def _document(row: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    detail = from_json(row["detail"])
    document = {
        "item": row["id"],
        "code": row["code"],
        "state": row["state"],
        "message": row["message"],
        "since": from_microseconds(row["opened_us"]).isoformat(),
        "closed_at": None if row["closed_us"] is None else from_microseconds(row["closed_us"]).isoformat(),
        "closed_by": row["closed_by"],
        "family": detail.get("family", "账实"),
        "key": detail.get("key") or detail.get("code"),
        **{name: detail.get(name) for name in ("id", "left", "right", "amount", "unit", "acts", "remedy", "stocktake")},
    }
    if not reader.values and document["amount"] is not None:
        document |= {"amount": None, "left": None, "right": None}
    return document
