"""Stored assets into arrays: all of them, or those that are new since some state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, and_, func, select

from twin.ledgers.hashing import hash_texts
from twin.records.columns import NO_DAY, NO_VALUE, NOTHING, ROW_COLUMNS, Array, AssetColumns, asset_states, days_since_1970
from twin.records.counters import clock_of
from twin.records.state import read_state
from twin.store import record_schema as schema

__all__ = ["AssetRows", "build_columns", "origin_of", "positions_of", "read_imported", "read_records"]

IDS = ("article", "specification", "brand", "unit", "location", "place")
AXES = ("x_m", "y_m", "z_m")
STORED = ("record_id", *(f"{name}_id" for name in IDS), "state", "value", "acquired", *AXES, "key", "serial", "tag")
FETCH = 50_000
AT_ONCE = 500


class AssetRows:
    """Some assets as arrays: `arrays` by row, with their codes, serials and tags; in no order."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(STORED)
        record, *ids = columns[: 1 + len(IDS)]
        state, value, acquired, *xyz, key, serial, tag = columns[1 + len(IDS) :]
        self.arrays: dict[str, Array] = {
            "record": np.array(record, dtype="i4"),
            **{name: _numbers(cells, "i4", NOTHING) for name, cells in zip(IDS, ids, strict=True)},
            "state": _coded(state, "i1", {code: number for number, code in enumerate(asset_states())}.get, NOTHING),
            "value": _numbers(value, "i8", NO_VALUE),
            "acquired": _coded(acquired, "i4", days_since_1970, int(NO_DAY)),
            **{name: _numbers(cells, "f8", np.nan) for name, cells in zip(AXES, xyz, strict=True)},
        }
        self.keys = key
        self.marks = {"serial": _hashed(serial, self.arrays["record"]), "tag": _hashed(tag, self.arrays["record"])}

    def __len__(self) -> int:
        return len(self.keys)


def build_columns(connection: Connection) -> AssetColumns:
    """The columns of the state this connection sees, from the tables: seconds a million."""
    state = read_state(connection)
    now = state.clock
    table = schema.kind_table("asset")
    parts = [AssetRows(rows) for rows in _fetched(connection, _visible(now))] or [AssetRows([])]
    version = select(func.max(table.c.id)).where(table.c.since <= now, table.c.revision_id.is_not(None))
    return AssetColumns(
        clock=now,
        touched=state.touched,
        ties=state.ties,
        version=int(connection.execute(version).scalar_one() or 0),
        origin=origin_of(connection),
        arrays=_joined(parts),
    )


def read_imported(connection: Connection, after: int, *, most: int) -> tuple[AssetRows, int] | None:
    """What imports have brought since a row (`AssetColumns.version`) and the last row of it; None where it is more than `most`."""
    table, now = schema.kind_table("asset"), clock_of(connection, "asset")
    new = and_(table.c.id > after, table.c.revision_id.is_not(None))
    ids = list(connection.execute(select(table.c.id).where(new, table.c.since <= now).order_by(table.c.id).limit(most + 1)).scalars())
    if len(ids) > most:
        return None
    rows = list(connection.execute(_visible(now).where(new)))
    return AssetRows(rows), int(ids[-1]) if ids else after


def read_records(connection: Connection, record_ids: Sequence[int]) -> AssetRows:
    """These records as they are seen now, without those that are not."""
    table, now = schema.kind_table("asset"), clock_of(connection, "asset")
    rows: list[Any] = []
    for start in range(0, len(record_ids), AT_ONCE):
        rows += connection.execute(_visible(now).where(table.c.record_id.in_(record_ids[start : start + AT_ONCE])))
    return AssetRows(rows)


def _fetched(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a query in parts; of SQLite as the driver gives them, which is five times as fast."""
    if connection.dialect.name != "sqlite":
        yield from connection.execute(query.execution_options(yield_per=FETCH)).partitions()
        return
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(str(query.compile(connection.engine, compile_kwargs={"literal_binds": True})))
        while rows := cursor.fetchmany(FETCH):
            yield rows
    finally:
        cursor.close()


def origin_of(connection: Connection) -> str:
    """What tells this store's assets from those of any other: their newest import, empty before the first."""
    revision = schema.register_revision.c
    query = select(revision.id, revision.sha256, revision.recorded_us).where(
        revision.kind == "asset", revision.clock <= clock_of(connection, "asset"), revision.status != "abandoned"
    )
    row = connection.execute(query.order_by(revision.id.desc()).limit(1)).one_or_none()
    return json.dumps(list(row)) if row else ""


def _visible(now: int) -> Select[Any]:
    table = schema.kind_table("asset")
    columns = (table.c[name] for name in STORED)
    return select(*columns).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None))


def _numbers(cells: Sequence[float | None], dtype: str, empty: float) -> Array:
    import pyarrow as pa

    return np.asarray(pa.array(cells, type=pa.from_numpy_dtype(dtype)).fill_null(empty).to_numpy(zero_copy_only=False)).astype(dtype)


def _coded(texts: Sequence[str | None], dtype: str, code: Callable[[str], int | None], empty: int) -> Array:
    """The number of each text; what has none, and an empty cell, is `empty`."""
    import pyarrow as pa

    encoded = pa.array(texts, type=pa.string()).dictionary_encode()
    numbers = [found if (found := code(text)) is not None else empty for text in encoded.dictionary.to_pylist()]
    table: Array = np.array([*numbers, empty], dtype=dtype)
    taken: Array = table[np.asarray(encoded.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False))]
    return taken


def _hashed(texts: Sequence[str | None], records: Array) -> tuple[Array, Array]:
    import pyarrow as pa

    stated = np.array(texts, dtype=object).astype(np.bool_)
    return hash_texts(pa.array([text for text in texts if text], pa.string())), records[stated]


def _joined(parts: Sequence[AssetRows]) -> dict[str, Array]:
    import pyarrow as pa
    import pyarrow.compute as compute

    keys = pa.chunked_array([pa.array(part.keys, type=pa.large_string()).cast(pa.large_binary()) for part in parts])
    order = np.asarray(compute.sort_indices(keys).to_numpy())
    found: dict[str, Array] = {name: np.concatenate([part.arrays[name] for part in parts])[order] for name in ROW_COLUMNS}
    ordered = keys.take(pa.array(order)).combine_chunks() if len(keys) else keys.combine_chunks()
    ordered = ordered.chunk(0) if isinstance(ordered, pa.ChunkedArray) else ordered
    offsets = (
        np.frombuffer(ordered.buffers()[1], dtype="i8")[ordered.offset : ordered.offset + len(ordered) + 1]
        if len(ordered)
        else np.zeros(1, "i8")
    )
    data = np.frombuffer(ordered.buffers()[2] or b"", dtype="u1") if len(ordered) else np.empty(0, "u1")
    found["key_bytes"] = data[int(offsets[0]) : int(offsets[-1])].copy()
    found["key_ends"] = (offsets[1:] - offsets[0]).astype("i8")
    for mark in ("serial", "tag"):
        hashes = np.concatenate([part.marks[mark][0] for part in parts]).astype("u8")
        records = np.concatenate([part.marks[mark][1] for part in parts]).astype("i4")
        by_hash = np.argsort(hashes, kind="stable")
        found[f"{mark}_hash"], found[f"{mark}_record"] = hashes[by_hash], records[by_hash]
    found["position"] = positions_of(found["record"])
    return found


def positions_of(records: Array) -> Array:
    """By record id its position, `NOTHING` for what is none of these."""
    places = np.full(int(records.max(initial=-1)) + 1, NOTHING, dtype="i4")
    places[records] = np.arange(len(records), dtype="i4")
    return places
