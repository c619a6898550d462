"""The list of differences as work: a page of it, how many of each kind, and what a person decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from twin.codes import find_issue_code, get_kind
from twin.errors import Invalid, NotFound, Refused
from twin.queries.asset_filter import visible_mask
from twin.queries.assetops.reconcile.difference import difference_kinds, family_words
from twin.queries.assetops.worklist import WORKED
from twin.queries.records.context import Registers
from twin.queries.records.named import named_records
from twin.records.scope import Reader
from twin.store import record_schema as schema
from twin.store.values import from_json, from_microseconds, to_microseconds

__all__ = ["STATES", "decide_difference", "difference_counts", "difference_page"]

ITEM = schema.work_item.c
STATES = ("open", "decided", "gone")
AT_ONCE = 1_000
STOCKTAKE_FAMILY = "账实"
NAMED = ("asset", "ledger_entry", "building", "vehicle", "title")
"""Kinds of records that differences are about."""
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
    named: bool = True,
) -> dict[str, Any]:
    """At most `limit` differences, the oldest first, with since when they stand; those of stock-takes are among them.

    `named`: each with the record it is about, `{kind, key, href, title}` or None where no record stands.
    Only what the reader may know of: things of their units, assets whose place they may see. Raises Invalid (`FILTER_INVALID`).
    """
    conditions = _conditions(code, state)
    with registers.store.database.reading() as connection:
        seen = _visible(registers, connection, reader)
        rows: list[tuple[Mapping[str, Any], dict[str, Any]]] = []
        for row in _items(connection, conditions, after):
            document = _document(row, reader)
            if seen(row, document) and (unit is None or (document["unit"] or {}).get("key") == unit):
                rows.append((row, document))
            if len(rows) > limit:
                break
        ids = {row["record_id"] for row, _ in rows[:limit]} - {None}
        records = named_records(registers, connection, reader, ids, map(get_kind, NAMED)) if named else {}
    shown = [document | {"record": records.get(row["record_id"])} for row, document in rows[:limit]]
    return {"differences": shown, "next": shown[-1]["item"] if len(rows) > limit else None}


def difference_counts(registers: Registers, reader: Reader, *, state: str = "open") -> dict[str, Any]:
    """Every kind of difference with its words, its family and how many of it this reader may know of. Raises Invalid."""
    conditions = _conditions(None, state)
    with registers.store.database.reading() as connection:
        if reader.sees_all:
            query = select(ITEM.code, func.count()).where(*conditions).group_by(ITEM.code)
            counts = Counter({code: int(number) for code, number in connection.execute(query)})
        else:
            seen = _visible(registers, connection, reader)
            counts = Counter(row["code"] for row in _items(connection, conditions, 0) if seen(row, _document(row, reader)))
    kinds = difference_kinds()
    families = {code: kinds[code].family if code in kinds else STOCKTAKE_FAMILY for code in _codes()}
    rows = [
        {"code": code, "family": family_words(families[code]), "zh": words.zh, "en": words.en, "count": counts[code]}
        for code in _codes()
        if (words := find_issue_code(code)) is not None
    ]
    return {"numberMatched": counts.total(), "kinds": rows}


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


def _conditions(code: str | None, state: str) -> list[ColumnElement[bool]]:
    codes = _codes()
    for name, said, known in (("code", code, codes), ("state", state, STATES)):
        if said is not None and said not in known:
            raise Invalid(f"{name}: {said!r} is none", path=name, code="FILTER_INVALID", hint=f"one of: {', '.join(known)}")
    return [ITEM.code.in_([code] if code else codes), ITEM.state == state]


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
        "family": detail.get("family", STOCKTAKE_FAMILY),
        "key": detail.get("key") or detail.get("code"),
        **{name: detail.get(name) for name in ("id", "left", "right", "amount", "unit", "acts", "remedy", "stocktake")},
    }
    if not reader.values and document["amount"] is not None:
        document |= {"amount": None, "left": None, "right": None}
    return document
