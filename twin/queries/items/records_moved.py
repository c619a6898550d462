"""The records of a kind that have changed since a day: which of them a question means by what they said then, and the items of some.

What a question means is worked out once a state of the assets, from the fields it names; a page reads its own records alone
(docs/decisions/066).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, or_, select

from twin.codes import RecordKind
from twin.errors import Invalid
from twin.queries.cql2 import Filter, Queryables, ValueType
from twin.queries.cql2.among import among
from twin.queries.cql2.nodes import properties_in
from twin.queries.items.asked import Asked
from twin.queries.items.asset_choice import choose_assets, moved_assets
from twin.queries.items.box import Box
from twin.queries.items.catalogue import ItemReader
from twin.queries.items.in_order import InOrder
from twin.queries.items.item import Item
from twin.queries.items.records_then import Replay, Then, holds
from twin.queries.items.sorting import Cursor, SortBy
from twin.queries.records.context import Registers
from twin.records.counters import clock_of
from twin.records.moves import Moves
from twin.records.read import Record, records_where
from twin.records.scope import one_of
from twin.records.values import field_values
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["MOST", "MovedRecords"]

MOST = 75_000
"""So many records that changed since are judged one by one, some seconds; of more a condition, a box or an order is refused, in words."""
AT_ONCE, FIRST_AT_ONCE = 1_000, 125
LEAN_AT_ONCE = 10_000
Made = TypeVar("Made")
Marks: TypeAlias = NDArray[np.bool_]


class MovedRecords:
    """Those to replay of a kind that a reader may know of (`seen`: conditions on its table)."""

    def __init__(
        self,
        connection: Connection,
        registers: Registers,
        moves: Moves,
        replay: Replay,
        reader: ItemReader,
        seen: Sequence[ColumnElement[bool]],
        types: dict[str, ValueType],
    ) -> None:
        self._connection, self._registers, self._moves, self._kind = connection, registers, moves, moves.kind
        self._replay, self._reader, self._seen, self._types = replay, reader, seen, types
        self._table = schema.kind_table(self._kind.name)
        self._view = registers.shelf.assets_of_now(connection) if self._kind.name == "asset" else None

    @cached_property
    def all(self) -> InOrder:
        """All, by key, whether or not they had begun."""
        return self._once(("to replay",), self._ask)

    @cached_property
    def too_many(self) -> bool:
        """Whether those that a question without conditions judges are more than are judged."""
        return len(self._doubtful) > MOST

    def meant(self, asked: Asked) -> InOrder:
        """Those that were there on the day, for which the conditions hold and that lie in the box: in the order asked for, else by key.

        Raises Invalid where they are too many, or where it is not kept where one of them stood that the box may hold.
        """
        self._require_few(asked)
        nodes, box = tuple(one.node for one in asked.filters), asked.box
        marks, elsewhere = self._once(("judged", nodes, box is not None), lambda: self._judged(asked.filters, box))
        if box is not None:
            if elsewhere is not None:
                what = f"where {elsewhere} stood on {self._moves.day} is not kept"
                raise Invalid(what, path="bbox", code="PARAMETER_INVALID", hint="leave out bbox, or datetime")
            everywhere = marks
            marks = self._once(("boxed", nodes, box), lambda: self._in_box(everywhere, box))
        found = self.all.chosen(marks)
        return self._once(("sorted", asked.sort, nodes, box), lambda: self._sorted(found, asked.sort)) if asked.sort else found

    def items(self, order: InOrder, start: int) -> Iterator[tuple[Item, str]]:
        """The items of an order from a number on, each with its place in it, without those that were not there on the day."""
        yield from ((item, place) for item, place, _ in self._told(order, start))

    def _told(self, order: InOrder, start: int) -> Iterator[tuple[Item, str, int]]:
        """The same, each with the id of its record."""
        size = FIRST_AT_ONCE
        while start < len(order):
            places = {order.record(number): order[number] for number in range(start, min(start + size, len(order)))}
            then = self._replay.of(self._read(list(places)))
            items = self._replay.items(then)
            yield from ((item, places[one.record.id], one.record.id) for one, item in zip(then, items, strict=True))
            start, size = start + size, min(2 * size, AT_ONCE)

    def _once(self, question: tuple[Hashable, ...], make: Callable[[], Made]) -> Made:
        """What was worked out of a state of the assets; of other kinds, or where that state is not at hand, it is worked out anew."""
        if self._view is None:
            return make()
        assert self._reader.records is not None
        who = (self._reader.records.labels, self._reader.records.units, frozenset(self._reader.site_codes))
        return self._view.once(("moved", self._moves.day, who, *question), make)

    def _ask(self) -> InOrder:
        if self._view is None:
            condition = self._moves.moved()
        else:
            condition = self._among(moved_assets(self._connection, self._view, self._moves)[0].tolist())
        table, now = self._table.c, clock_of(self._connection, self._kind.name)
        query = select(table.key, table.record_id).where(table.since <= now, table.until > now, condition, *self._seen)
        return InOrder.of((key, record) for key, record in self._connection.execute(query.order_by(table.key, table.record_id)))

    def _judged(self, filters: Sequence[Filter], box: Box | None) -> tuple[Marks, str | None]:
        """Marks on those of `all` that were there and for which the conditions hold; the first that may have stood elsewhere, for a box."""
        named = {name for one in filters for name in properties_in(one.node)} | (self._replay.placing if box is not None else set())
        everyone = self.all.records
        judged = everyone if filters or box is not None else self._doubtful
        found: list[int] = []
        elsewhere: str | None = None
        for then in self._lean(judged.tolist(), named):
            if all(holds(one, then, self._types) for one in filters):
                found.append(then.record.id)
                elsewhere = then.record.key if elsewhere is None and then.moved else elsewhere
        return np.isin(everyone, found) | ~np.isin(everyone, judged), elsewhere

    @cached_property
    def _doubtful(self) -> NDArray[np.int64]:
        """Those of `all` that may not have been there on the day: brought later or by a person, or ended some day."""
        return self._once(("doubtful",), self._ask_doubtful)

    def _ask_doubtful(self) -> NDArray[np.int64]:
        table, change, now = self._table.c, schema.change.c, clock_of(self._connection, self._kind.name)
        ended = select(change.record_id).where(change.kind == self._kind.name, change.field == "ended")
        brought = or_(table.revision_id.is_(None), one_of(table.revision_id, self._moves.late), table.record_id.in_(ended))
        query = select(table.record_id).where(table.since <= now, table.until > now, brought, self._among(self.all.records.tolist()))
        return np.fromiter(self._connection.execute(query).scalars(), dtype=np.int64)

    def _in_box(self, marks: Marks, box: Box) -> Marks:
        """Marks on those marked that stand in it: by the columns where they are in them; what ended since and other kinds by items."""
        everyone, choice = self.all.records, None
        if self._view is not None:
            nothing = Queryables(key=self._table.c.id)
            choice = choose_assets(self._connection, self._registers, self._reader, Asked(box=box), nothing)
        known = inside = np.zeros(len(everyone), dtype=np.bool_)
        if choice is not None:
            records = choice.view.columns.arrays["record"]
            known = np.isin(everyone, records)
            inside = np.isin(everyone, records if choice.positions is None else records[choice.positions])
        others = self.all.chosen(marks & ~known)
        meeting = [record for item, _, record in self._told(others, 0) if _meets(item, box)]
        return marks & (inside | np.isin(everyone, meeting))

    def _sorted(self, found: InOrder, sort: Sequence[SortBy]) -> InOrder:
        lookups = {column.name for column in self._kind.columns if column.part or column.interned}
        rows: list[tuple[Any, ...]] = []
        for then in self._lean(sorted(map(found.record, range(len(found)))), {one.name for one in sort}):
            said = [then.record.key if one.name == "id" else _stored(then.record.values[one.name], one.name in lookups) for one in sort]
            rows.append((*said, then.record.id))
        for at, one in reversed(list(enumerate(sort))):
            known = sorted((row for row in rows if row[at] is not None), key=lambda row: row[at], reverse=one.descending)
            rows = known + [row for row in rows if row[at] is None]
        return InOrder.of((Cursor(row).text, row[-1]) for row in rows)

    def _lean(self, records: Sequence[int], named: set[str]) -> Iterator[Then]:
        """What these said on the day, of the named fields alone, in their order."""
        table, now = self._table, clock_of(self._connection, self._kind.name)
        columns = {column_name(column) for column in self._kind.columns if column.name in named}
        told = [table.c[name] for name in ("record_id", "key", "revision_id", *sorted(columns))]
        for start in range(0, len(records), LEAN_AT_ONCE):
            part = records[start : start + LEAN_AT_ONCE]
            query = select(*told).where(table.c.since <= now, table.c.until > now, self._among(part))
            rows = {int(row["record_id"]): dict(row) for row in self._connection.execute(query).mappings()}
            here = [rows[one] for one in part if one in rows]
            values = field_values(self._connection, self._kind, here, only=columns)
            lean = [_lean_record(self._kind, row, said, named) for row, said in zip(here, values, strict=True)]
            yield from self._replay.of(lean, told=named)

    def _read(self, ids: Sequence[int]) -> list[Record]:
        found = {record.id: record for record in records_where(self._connection, self._kind, self._among(ids))}
        return [found[one] for one in ids if one in found]

    def _among(self, ids: Sequence[int]) -> ColumnElement[bool]:
        return among(self._table.c.record_id, ids, ValueType.INTEGER, self._connection.dialect.name)

    def _require_few(self, asked: Asked) -> None:
        judged = len(self.all) if asked.filters or asked.box is not None or asked.sort else len(self._doubtful)
        if judged <= MOST:
            return
        what = "sortby" if asked.sort else "the condition"
        raise Invalid(
            f"{judged:,} {self._kind.plural} have changed since {self._moves.day}, more than {MOST:,}",
            path="datetime",
            code="PARAMETER_INVALID",
            hint=f"leave out {what}, or a later day; /{self._kind.plural}/KEY/dossier?as_of={self._moves.day} tells of one",
        )


def _lean_record(kind: RecordKind, row: dict[str, Any], said: dict[str, Any], named: set[str]) -> Record:
    values = {name: value for name, value in said.items() if name in named}
    return Record(id=row["record_id"], kind=kind.name, key=row["key"], values=values, extra={}, ended=None, row=row)


def _meets(item: Item, box: Box) -> bool:
    low, high = np.array([[item.low_m], [item.high_m]], dtype=np.float64)
    return bool(box.meets(np.array([item.geometry], dtype=object), low, high)[0])


def _stored(value: Any, looked_up: bool) -> Any:
    """As the databases compare it."""
    if isinstance(value, bool):
        return int(value)
    return value or None if looked_up else value
