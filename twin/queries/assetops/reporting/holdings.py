"""Assets as they were on a day, as columns: there or not, state, value, net value and unit by their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, select

from twin.queries.asset_filter import AssetFilter, find_assets
from twin.queries.assetops.reconcile.fetched import fetch_columns
from twin.queries.assetops.reporting.wanted import Wanted
from twin.queries.records.context import Registers
from twin.records.columns import NO_DAY, days_since_1970
from twin.records.counters import clock_of
from twin.records.scope import Reader
from twin.records.shelf import AssetView
from twin.records.timeline import Change, held_at
from twin.store import record_schema as schema
from twin.store.values import from_json, to_microseconds

__all__ = ["Holdings", "OnDay", "load_holdings"]

Array: TypeAlias = np.ndarray[Any, Any]
GONE = ("disposed", "written_off")
NOTHING = -1
INTEGERS = ("record_id", "unit_id", "article_id", "value", "net_value")
COLUMNS = {**dict.fromkeys(INTEGERS, "integer"), "state": "text", "acquired": "text", "ended": "text"}
DATED = ("state", "value", "net_value", "unit")
CLASS = ("class_edition", "class_code")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnDay:
    """What n assets were on a day: `there` whether they stood in the books, `value` and `net_value` in fen (0 where not stated),
    `unit` the record of the unit, −1 for none that is known; `klass` places in `Holdings.classes`."""

    there: Array
    value: Array
    net_value: Array
    unit: Array
    klass: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdings:
    """n assets as they are now, and their history; `acquired` in days since 1970, `klass` (n,) places in `classes`, which has every
    (edition, code) that any of them ever had."""

    record: Array
    acquired: Array
    ended: Array
    klass: Array
    classes: Sequence[tuple[str, str]]
    now: Mapping[str, list[Any]]
    units: Mapping[str, int]
    changes: Mapping[tuple[int, str], Sequence[Change]]
    rows: Mapping[int, int]
    known_at_us: int

    def __len__(self) -> int:
        return len(self.record)

    def on(self, day: date) -> OnDay:
        """What they were at the end of a day. One without a day of acquisition was always there; a disposed or ended one is not."""
        said = {name: list(self.now[name]) for name in DATED}
        for (record, name), changes in self.changes.items():
            at = self.rows[record]
            if name in CLASS:
                continue
            said[name][at] = held_at(self.now[name][at], changes, as_of=day, known_at_us=self.known_at_us).value
        number = days_since_1970(day.isoformat())
        gone = np.isin(np.array([state or "" for state in said["state"]], dtype=object), GONE)
        there = (self.acquired <= number) & ~gone & ((self.ended == NO_DAY) | (self.ended > number))
        return OnDay(
            there=there,
            value=np.array([value or 0 for value in said["value"]], dtype=np.int64),
            net_value=np.array([value or 0 for value in said["net_value"]], dtype=np.int64),
            unit=np.array([self.units.get(unit or "", NOTHING) for unit in said["unit"]], dtype=np.int64),
            klass=self._classes_on(day),
        )

    def _classes_on(self, day: date) -> Array:
        """The class of each asset at the end of a day, by its history: one code of two editions is two classes."""
        klass = self.klass.copy()
        number = {pair: at for at, pair in enumerate(self.classes)}
        for record in dict.fromkeys(record for record, name in self.changes if name in CLASS):
            at = self.rows[record]
            now = self.classes[int(self.klass[at])]
            said = [
                held_at(value or None, self.changes.get((record, name), ()), as_of=day, known_at_us=self.known_at_us).value or ""
                for name, value in zip(CLASS, now, strict=True)
            ]
            klass[at] = number[said[0], said[1]]
        return klass


def load_holdings(registers: Registers, connection: Connection, wanted: Wanted, reader: Reader) -> Holdings:
    """The assets that are at the place and of the unit now (everything: ended ones too); raises NotFound for what is none."""
    view = registers.shelf.assets(connection)
    found = find_assets(connection, view, AssetFilter(place=wanted.place, unit=wanted.unit), reader, registers.texts)
    table, now = schema.kind_table("asset"), clock_of(connection, "asset")
    query = select(*(table.c[name] for name in COLUMNS)).where(table.c.since <= now, table.c.until > now)
    rows = fetch_columns(connection, query, COLUMNS)
    if found is not None:
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = rows.filter(pc.is_in(rows["record_id"], pa.array(view.columns.record[found], pa.int64())))
    texts = _unit_texts(connection)
    named = view.units.records
    record = np.asarray(rows["record_id"].to_numpy(), dtype=np.int64)
    row_of = {int(one): at for at, one in enumerate(record.tolist())}
    klass, changes = _classes(view, rows["article_id"].to_pylist()), _changes(connection, row_of)
    return Holdings(
        record=record,
        acquired=_days(rows["acquired"].to_pylist()),
        ended=_days(rows["ended"].to_pylist()),
        klass=klass,
        classes=_all_classes(view.classes.classes, changes),
        now={
            **{name: rows[name].to_pylist() for name in ("state", "value", "net_value")},
            "unit": [texts.get(term) for term in rows["unit_id"].to_pylist()],
        },
        units={text: named[term] for term, text in texts.items() if term in named},
        changes=changes,
        rows=row_of,
        known_at_us=to_microseconds(registers.now()),
    )


def _days(texts: Sequence[str | None]) -> Array:
    known: dict[str | None, int] = {text: days_since_1970(text) for text in set(texts)}
    return np.array([known[text] for text in texts], dtype=np.int64)


def _classes(view: AssetView, articles: Sequence[int | None]) -> Array:
    numbers = np.append(view.classes.number, 0)
    return numbers[np.array([-1 if article is None else article for article in articles], dtype=np.int64)].astype(np.int64)


def _all_classes(now: Sequence[tuple[str, str]], changes: Mapping[tuple[int, str], Sequence[Change]]) -> list[tuple[str, str]]:
    """The classes there are now, and every other pair of an edition and a code that the history of one asset can make."""
    found = dict.fromkeys(now)
    editions, codes = {edition for edition, _ in now}, {code for _, code in now}
    for record in dict.fromkeys(record for record, name in changes if name in CLASS):
        said = [{str(value or "") for change in changes.get((record, name), ()) for value in (change.old, change.new)} for name in CLASS]
        found |= dict.fromkeys((edition, code) for edition in said[0] or editions for code in said[1] or codes)
    return list(found)


def _unit_texts(connection: Connection) -> dict[int, str]:
    term = schema.term.c
    return {row.id: row.text for row in connection.execute(select(term.id, term.text).where(term.domain == "unit"))}


def _changes(connection: Connection, rows: Mapping[int, int]) -> dict[tuple[int, str], list[Change]]:
    """(record, field) → the changes that readers see, of the fields that reports sum."""
    change, now = schema.change.c, clock_of(connection, "asset")
    query = select(schema.change).where(change.kind == "asset", change.field.in_((*DATED, *CLASS)), change.since <= now).order_by(change.id)
    found: dict[tuple[int, str], list[Change]] = defaultdict(list)
    for row in connection.execute(query):
        if row.record_id in rows:
            found[row.record_id, row.field].append(
                Change(
                    id=row.id,
                    field=row.field,
                    old=None if row.old is None else from_json(row.old),
                    new=None if row.new is None else from_json(row.new),
                    valid_from=date.fromisoformat(row.valid_from),
                    recorded_us=row.recorded_us,
                    source=row.source,
                    who=row.who,
                    method=row.method,
                    request_id=row.request_id,
                    reverts=row.reverts,
                )
            )
    return dict(found)
