"""Which records may have said something else on a day than they say now: by their changes, and by the imports that brought them.

All others say on that day what their rows say, so only these are replayed (docs/decisions/059).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, true

from twin.codes import RecordKind
from twin.records.scope import one_of
from twin.store import record_schema as schema

__all__ = ["Moves", "read_moves"]

CHANGE, REVISION = schema.change.c, schema.register_revision.c
BEFORE = schema.change.alias("before").c


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The records of a kind since a day, as conditions on its table.

    `late` are the revisions that hold from a later day; `disordered`: a ledger of an earlier day was read after one of a later
    day. What one changed that was known of a later day already is replayed: until decision 066 such rows said what was read last.
    """

    kind: RecordKind
    day: date
    late: tuple[int, ...]
    disordered: bool

    def moved(self) -> ColumnElement[bool]:
        """Records to replay: those that changed since, ended ones too, and of those brought since whatever says an earlier day."""
        table, changed = schema.kind_table(self.kind.name).c, select(CHANGE.record_id).where(CHANGE.kind == self.kind.name)
        earlier = and_(self._brought_late(), table.record_id.in_(changed.where(CHANGE.valid_from <= self.day.isoformat())))
        return or_(table.record_id.in_(changed.where(self._differs())), earlier)

    def unmoved(self) -> ColumnElement[bool]:
        """Records that said on the day what their rows say."""
        table = schema.kind_table(self.kind.name).c
        brought = or_(table.revision_id.is_(None), ~self._brought_late()) if self.late else true()
        moved = select(CHANGE.id).where(CHANGE.record_id == table.record_id, self._differs()).exists()
        return and_(brought, ~moved)

    def ids(self, connection: Connection) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The ids of all that are to be replayed, and of all that were brought by a later import."""
        table = schema.kind_table(self.kind.name).c
        late = _numbers(connection, select(table.record_id).where(self._brought_late())) if self.late else np.zeros(0, dtype=np.int64)
        return _numbers(connection, select(table.record_id).where(self.moved())), late

    def _differs(self) -> ColumnElement[bool]:
        since = CHANGE.valid_from > self.day.isoformat()
        known = (BEFORE.record_id == CHANGE.record_id, BEFORE.field == CHANGE.field, BEFORE.id < CHANGE.id)
        overtaken = and_(CHANGE.method == "import", select(BEFORE.id).where(*known, BEFORE.valid_from > CHANGE.valid_from).exists())
        return or_(since, overtaken) if self.disordered else since

    def _brought_late(self) -> ColumnElement[bool]:
        return one_of(schema.kind_table(self.kind.name).c.revision_id, self.late)


def read_moves(connection: Connection, kind: RecordKind, day: date) -> Moves:
    """What of a kind has moved since a day."""
    rows = connection.execute(select(REVISION.id, REVISION.as_of).where(REVISION.kind == kind.name).order_by(REVISION.id))
    known = [(int(number), str(held)) for number, held in rows]
    late = tuple(number for number, held in known if held > day.isoformat())
    days = [held for _, held in known]
    return Moves(kind=kind, day=day, late=late, disordered=days != sorted(days))


def _numbers(connection: Connection, query: Select[Any]) -> NDArray[np.int64]:
    return np.unique(np.fromiter(connection.execute(query).scalars(), dtype=np.int64))
