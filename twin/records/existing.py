"""What the store holds of a kind, as columns: version, record, key and row hash, found by the hash of the key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, select

from twin.codes import RecordKind
from twin.records.counters import clock_of
from twin.store.record_schema import kind_table, register_revision

__all__ = ["Existing", "hashes_of", "load_existing"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
UInt64: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]
Bool: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
FETCH = 50_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Existing:
    """The visible versions of a kind in the order of their key hashes; `of_source` marks those that this ledger brought."""

    clock: int
    key_hashes: UInt64
    version_ids: Int64
    record_ids: Int64
    row_hashes: Int64
    of_source: Bool

    def __len__(self) -> int:
        return len(self.key_hashes)

    def find(self, key_hashes: UInt64) -> Int64:
        """Position of each key, -1 for those that are not there. Equal hashes of different keys are for the caller to tell apart."""
        if not len(self.key_hashes):
            return np.full(len(key_hashes), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.key_hashes, key_hashes), len(self.key_hashes) - 1)
        return np.where(self.key_hashes[places] == key_hashes, places, -1).astype(np.int64)


def load_existing(connection: Connection, kind: RecordKind, source: str) -> Existing:
    """The visible versions of a kind; about 40 bytes a record."""
    now = clock_of(connection, kind.name)
    table = kind_table(kind.name)
    revisions = _revisions_of(connection, kind.name, source)
    query = select(table.c.id, table.c.record_id, table.c.row_hash, table.c.revision_id, table.c.key)
    rows = connection.execution_options(yield_per=FETCH).execute(query.where(table.c.since <= now, table.c.until > now))
    parts: list[tuple[Any, ...]] = []
    for rows_part in rows.partitions():
        columns: list[Any] = list(zip(*rows_part, strict=True))
        ids, records, hashes, origin, keys = columns
        ours = np.isin(np.array([-1 if one is None else one for one in origin]), revisions)
        parts.append((hashes_of(keys), np.array(ids), np.array(records), np.array(hashes), ours))
    if not parts:
        parts.append((np.empty(0, dtype=np.uint64), *[np.empty(0, dtype=np.int64)] * 3, np.empty(0, dtype=np.bool_)))
    key_hashes, ids, records, hashes, of_source = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(key_hashes, kind="stable")
    return Existing(
        clock=now,
        key_hashes=key_hashes[order],
        version_ids=ids[order],
        record_ids=records[order],
        row_hashes=hashes[order],
        of_source=of_source[order],
    )


def hashes_of(texts: Collection[str]) -> UInt64:
    """A 64-bit hash of each text, the same in every process and version."""
    import pandas as pd

    return np.asarray(pd.util.hash_array(np.array(list(texts), dtype=object), categorize=False), dtype=np.uint64)


def _revisions_of(connection: Connection, kind: str, source: str) -> list[int]:
    columns = register_revision.c
    query = select(columns.id).where(columns.kind == kind, columns.source == source)
    return list(connection.execute(query).scalars())
