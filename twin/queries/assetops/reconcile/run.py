"""All differences at once: found, kept as work to do, closed by themselves when they are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, select

from twin.imports.tie.items import Item, sync_items
from twin.queries.assetops.reconcile.compare import LEDGER_AND_CARD, LEDGERS, Totals, compare_sheets, sum_sheets
from twin.queries.assetops.reconcile.difference import Difference, difference_kinds
from twin.queries.assetops.reconcile.jumps import state_jumps
from twin.queries.assetops.reconcile.sheet import Classes, Sheet, load_cards, load_entries
from twin.queries.assetops.reconcile.standing import place_differences
from twin.queries.assetops.reconcile.titles import title_differences
from twin.queries.assetops.reconcile.told import Teller
from twin.queries.records.context import Registers
from twin.records.counters import clock_of
from twin.store import record_schema as schema
from twin.store.values import to_microseconds

__all__ = ["Reconciled", "find_differences", "reconcile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """All differences, and the sums by unit and class that differ between each two sides."""

    differences: Sequence[Difference]
    totals: Sequence[dict[str, Any]]
    sides: dict[str, int]


def find_differences(registers: Registers) -> Reconciled:
    """Each ledger against each other and against the cards, the cards against the steps of their life and against
    places, buildings and vehicles against titles."""
    with registers.store.database.reading() as connection:
        units, classes = registers.shelf.units(connection), Classes()
        sheets = [load_entries(connection, term, name, units, classes) for term, name in _ledgers(connection)]
        cards = load_cards(connection, units, classes) if sheets else None
        teller = Teller.of(connection, units, classes)
        pairs = [(left, right, LEDGERS) for left, right in combinations(sheets, 2)]
        pairs += [(sheet, cards, LEDGER_AND_CARD) for sheet in sheets if cards is not None]
        differences: list[Difference] = []
        totals: list[dict[str, Any]] = []
        for left, right, codes in pairs:
            differences += teller.tell(compare_sheets(left, right, codes))
            totals += [_total(teller, left, right, one) for one in sum_sheets(left, right)]
        differences += state_jumps(connection, teller)
        differences += place_differences(registers, connection, teller)
        differences += title_differences(connection, teller)
        sides = {sheet.name: len(sheet) for sheet in (*sheets, *((cards,) if cards is not None else ()))}
    return Reconciled(differences=differences, totals=totals, sides=sides)


def reconcile(registers: Registers) -> tuple[Reconciled, dict[str, Any]]:
    """Find all differences and bring the work list to them: new ones opened, those that are gone closed; what a person decided stays
    decided while it says the same. The second is a document of counts."""
    found = find_differences(registers)
    items = [_item(one) for one in found.differences]
    opened, closed = sync_items(registers.store.database, list(difference_kinds()), items, now_us=to_microseconds(registers.now()))
    counts = Counter(one.code for one in found.differences)
    return found, {
        "differences": len(found.differences),
        "by_code": dict(sorted(counts.items())),
        "totals": len(found.totals),
        "sides": found.sides,
        "opened": opened,
        "closed": closed,
    }


def _ledgers(connection: Connection) -> Iterator[tuple[int, str]]:
    table, term, now = schema.kind_table("ledger_entry").c, schema.term.c, clock_of(connection, "ledger_entry")
    used = select(table.ledger_id).where(table.since <= now, table.until > now, table.ended.is_(None)).distinct()
    rows = connection.execute(select(term.id, term.text).where(term.id.in_(used)).order_by(term.text)).all()
    yield from ((int(row.id), row.text) for row in rows)


def _item(one: Difference) -> Item:
    kind = difference_kinds()[one.code]
    return Item(
        code=one.code, subject=one.subject, message=f"{one.key}: {kind.zh} · {kind.en}", detail=one.to_json(), record_id=one.record_id
    )


def _total(teller: Teller, left: Sheet, right: Sheet, one: Totals) -> dict[str, Any]:
    return {
        "left": left.name,
        "right": right.name,
        "unit": teller.unit_key(one.unit),
        "unit_name": teller.unit_words(one.unit) or None,
        "class": teller.classes.words(one.klass) or None,
        "left_count": one.left_count,
        "right_count": one.right_count,
        "left_value": one.left_value,
        "right_value": one.right_value,
        "value_gap": one.left_value - one.right_value,
    }
