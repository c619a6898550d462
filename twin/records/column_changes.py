"""Columns with some assets changed, added or gone: only the arrays that differ are made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twin.records.column_rows import AssetRows, positions_of
from twin.records.columns import NOTHING, ROW_COLUMNS, Array, AssetColumns

__all__ = ["with_changes"]


def with_changes(columns: AssetColumns, rows: AssetRows, gone: Sequence[int]) -> AssetColumns:
    """The columns where these rows are as they are now and the records `gone` are no more; `columns` stays as it was."""
    arrays = dict(columns.arrays)
    places = np.array([columns.position_of(int(record)) for record in rows.arrays["record"]], dtype="i8")
    kept = np.array(
        [place != NOTHING and columns.key(int(place)) == key.encode() for place, key in zip(places, rows.keys, strict=True)], dtype=bool
    )
    _overwrite(arrays, places[kept], {name: array[kept] for name, array in rows.arrays.items()})
    leaving = [columns.position_of(record) for record in gone]
    moved = places[~kept & (places != NOTHING)].tolist()
    removed = sorted({place for place in [*leaving, *moved] if place != NOTHING})
    if removed or not kept.all():
        _reshape(arrays, columns, removed, rows, np.flatnonzero(~kept))
    _mark(arrays, rows, [*gone, *rows.arrays["record"].tolist()])
    return replace(columns, arrays=arrays)


def _overwrite(arrays: dict[str, Array], places: Array, new: dict[str, Array]) -> None:
    for name in ROW_COLUMNS:
        if len(places) and not np.array_equal(arrays[name][places], new[name], equal_nan=ROW_COLUMNS[name] == "f8"):
            arrays[name] = np.array(arrays[name])
            arrays[name][places] = new[name]


def _reshape(arrays: dict[str, Array], columns: AssetColumns, removed: Sequence[int], rows: AssetRows, added: Array) -> None:
    """Take rows out and put others in where their codes belong; positions are those of `columns`."""
    order = sorted(added.tolist(), key=lambda row: rows.keys[row].encode())
    keys = [rows.keys[row].encode() for row in order]
    at = np.array([columns.position_at(key) for key in keys], dtype="i8")
    at -= np.searchsorted(np.array(removed, dtype="i8"), at)
    for name in ROW_COLUMNS:
        left = np.delete(arrays[name], removed) if removed else arrays[name]
        arrays[name] = np.insert(left, at, rows.arrays[name][order]) if order else left
    ends = arrays["key_ends"]
    starts = np.concatenate([np.zeros(1, "i8"), ends])
    lengths = np.delete(np.diff(starts), removed)
    data = arrays["key_bytes"]
    if removed:
        data = np.delete(data, np.concatenate([np.arange(starts[place], starts[place + 1]) for place in removed]))
    if order:
        bounds = np.concatenate([np.zeros(1, "i8"), np.cumsum(lengths)])
        joined = np.frombuffer(b"".join(keys), dtype="u1")
        data = np.insert(data, np.repeat(bounds[at], [len(key) for key in keys]), joined)
        lengths = np.insert(lengths, at, [len(key) for key in keys])
    arrays["key_bytes"], arrays["key_ends"] = data, np.cumsum(lengths)
    arrays["position"] = positions_of(arrays["record"])


def _mark(arrays: dict[str, Array], rows: AssetRows, records: Sequence[int]) -> None:
    """Take the serials and tags of these records out and put those of the rows in, where they are others."""
    for mark in ("serial", "tag"):
        hashes, owners = arrays[f"{mark}_hash"], arrays[f"{mark}_record"]
        old = np.flatnonzero(np.isin(owners, np.array(records, dtype="i4")))
        new_hashes, new_owners = rows.marks[mark]
        order = np.lexsort((new_owners, new_hashes))
        new_hashes, new_owners = new_hashes[order].astype("u8"), new_owners[order].astype("i4")
        before = sorted(zip(hashes[old].tolist(), owners[old].tolist(), strict=True))
        if before == sorted(zip(new_hashes.tolist(), new_owners.tolist(), strict=True)):
            continue
        hashes, owners = np.delete(hashes, old), np.delete(owners, old)
        at = np.searchsorted(hashes, new_hashes)
        arrays[f"{mark}_hash"], arrays[f"{mark}_record"] = np.insert(hashes, at, new_hashes), np.insert(owners, at, new_owners)
