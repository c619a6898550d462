"""Assets as columns: what filters, counts, sums and pages are asked of, in the order of the codes.

A cache of the store at one state: `clock` (imports seen) and `touched` (the last change taken in). One folder of numpy arrays a
state, mapped by every process; what was touched since is read from the tables and written into private pages.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, func, select

from twin.codes import get_dictionary
from twin.records.counters import clock_of
from twin.records.existing import hashes_of
from twin.store import record_schema as schema

__all__ = ["AssetColumns", "NOTHING", "build_columns", "days_since_1970", "load_columns", "open_columns", "refreshed"]

Array: TypeAlias = np.ndarray[Any, Any]
FETCH = 50_000
NOTHING = -1
"""An empty cell in an id column; a value that is not stated is `NO_VALUE`."""
NO_VALUE = np.iinfo(np.int64).min
NO_DAY = np.iinfo(np.int32).min
STORED = (
    "record_id",
    "key",
    "article_id",
    "unit_id",
    "keeper_id",
    "location_id",
    "place_id",
    "state",
    "value",
    "acquired",
    "serial",
    "tag",
)
LIVE = ("record", "key", "article", "unit", "keeper", "location", "place", "state", "value", "acquired", "serial", "tag")
DTYPES: dict[str, str] = {
    "record": "i8",
    "article": "i4",
    "unit": "i4",
    "keeper": "i4",
    "location": "i4",
    "place": "i4",
    "state": "i1",
    "value": "i8",
    "acquired": "i4",
    "serial": "u8",
    "tag": "u8",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetColumns:
    """One array a column, all in the order of the codes (bytes); `states` names the codes of the state column."""

    clock: int
    touched: int
    states: tuple[str, ...]
    arrays: dict[str, Array]

    def __len__(self) -> int:
        return len(self.arrays["record"])

    def __getattr__(self, name: str) -> Array:
        try:
            return self.arrays[name]
        except KeyError:
            raise AttributeError(name) from None

    def position_after(self, key: str) -> int:
        """The position of the first asset whose code is greater."""
        return int(np.searchsorted(self.arrays["key"], key.encode(), side="right"))

    def find_key(self, key: str) -> int:
        """The position of a code, -1 where there is none."""
        keys = self.arrays["key"]
        place = int(np.searchsorted(keys, key.encode()))
        return place if place < len(keys) and keys[place] == key.encode() else NOTHING

    def find_hashed(self, column: str, text: str) -> Array:
        """Positions of assets whose `serial` or `tag` has the hash of this text: compare the text itself."""
        order, wanted = self.arrays[f"{column}_order"], hashes_of([text])[0]
        values = self.arrays[column]
        low = np.searchsorted(values, wanted, side="left", sorter=order)
        high = np.searchsorted(values, wanted, side="right", sorter=order)
        return np.sort(order[low:high])


def open_columns(connection: Connection, folder: Path) -> AssetColumns:
    """The columns of the store's present state: those of the folder brought up to date, or built and kept there."""
    now = clock_of(connection, "asset")
    found = load_columns(folder, now)
    if found is None:
        found = build_columns(connection)
        keep_columns(found, folder)
    return refreshed(connection, found)


def build_columns(connection: Connection) -> AssetColumns:
    """The columns from the tables: some seconds for two million."""
    table = schema.kind_table("asset")
    now, touched = clock_of(connection, "asset"), _last_touched(connection)
    query = select(*(table.c[name] for name in STORED)).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None))
    parts: dict[str, list[Array]] = {name: [] for name in LIVE}
    for rows in connection.execution_options(yield_per=FETCH).execute(query).partitions():
        for name, array in _arrays(list(zip(*rows, strict=True))).items():
            parts[name].append(array)
    arrays = {name: np.concatenate(part) if part else _empty(name) for name, part in parts.items()}
    order = np.argsort(arrays["key"], kind="stable")
    if not np.array_equal(order, np.arange(len(order))):
        arrays = {name: array[order] for name, array in arrays.items()}
    return _with_orders(now, touched, arrays)


def refreshed(connection: Connection, columns: AssetColumns) -> AssetColumns:
    """The columns with what was touched since; the same object where nothing was."""
    log = schema.touched.c
    query = select(log.record_id).where(log.kind == "asset", log.seq > columns.touched).distinct()
    records = [int(record) for record in connection.execute(query).scalars()]
    if not records:
        return columns
    last = _last_touched(connection)
    keep = ~np.isin(columns.record, records)
    rows: list[Any] = []
    table = schema.kind_table("asset")
    for start in range(0, len(records), 500):
        query = select(*(table.c[name] for name in STORED)).where(
            table.c.record_id.in_(records[start : start + 500]),
            table.c.since <= columns.clock,
            table.c.until > columns.clock,
            table.c.ended.is_(None),
        )
        rows += list(connection.execute(query))
    fresh = _arrays(list(zip(*rows, strict=True))) if rows else {name: _empty(name) for name in LIVE}
    merged = {name: np.concatenate([columns.arrays[name][keep], fresh[name]]) for name in LIVE}
    order = np.argsort(merged["key"], kind="stable")
    return _with_orders(columns.clock, last, {name: array[order] for name, array in merged.items()})


def load_columns(folder: Path, clock: int) -> AssetColumns | None:
    """The kept columns of a clock, mapped; None where there are none that can be read."""
    at = folder / f"asset-{clock}"
    try:
        facts = json.loads((at / "state.json").read_text())
        arrays = {name: np.load(at / f"{name}.npy", mmap_mode="r") for name in facts["columns"]}
    except (OSError, ValueError, KeyError):
        return None
    if facts["states"] != list(_states()):
        return None
    return AssetColumns(clock=clock, touched=facts["touched"], states=_states(), arrays=arrays)


def keep_columns(columns: AssetColumns, folder: Path) -> None:
    """Write the columns beside the older ones, whole or not at all; those of other clocks go."""
    folder.mkdir(parents=True, exist_ok=True)
    incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder))
    for name, array in columns.arrays.items():
        np.save(incoming / f"{name}.npy", array)
    facts = {"clock": columns.clock, "touched": columns.touched, "states": list(columns.states), "columns": list(columns.arrays)}
    (incoming / "state.json").write_text(json.dumps(facts))
    target = folder / f"asset-{columns.clock}"
    for older in folder.glob("asset-*"):
        shutil.rmtree(older, ignore_errors=True)
    try:
        incoming.rename(target)
    except OSError:
        shutil.rmtree(incoming, ignore_errors=True)  # another process was first: its columns say the same


def days_since_1970(text: str | None) -> int:
    """An ISO date, or the beginning of one, as days; `NO_DAY` where there is none."""
    if not text:
        return int(NO_DAY)
    return int(np.datetime64(text, "D").astype(np.int64))


def _arrays(columns: list[Any]) -> dict[str, Array]:
    stored = dict(zip(LIVE, columns, strict=True))
    codes = {code: number for number, code in enumerate(_states())}
    found: dict[str, Array] = {
        "record": np.array(stored["record"], dtype="i8"),
        "key": np.array([key.encode() for key in stored["key"]], dtype="S"),
        "state": np.array([codes.get(state, NOTHING) for state in stored["state"]], dtype="i1"),
        "value": np.array([NO_VALUE if value is None else value for value in stored["value"]], dtype="i8"),
        "acquired": _days(stored["acquired"]),
    }
    for name in ("article", "unit", "keeper", "location", "place"):
        found[name] = np.array([NOTHING if value is None else value for value in stored[name]], dtype="i4")
    for name in ("serial", "tag"):
        found[name] = hashes_of([text or "" for text in stored[name]])
    return found


def _days(texts: Any) -> Array:
    known: dict[str | None, int] = {text: days_since_1970(text) for text in set(texts)}
    return np.array([known[text] for text in texts], dtype="i4")


def _empty(name: str) -> Array:
    return np.empty(0, dtype="S1" if name == "key" else DTYPES[name])


def _with_orders(clock: int, touched: int, arrays: dict[str, Array]) -> AssetColumns:
    orders = {f"{name}_order": np.argsort(arrays[name], kind="stable").astype("i4") for name in ("serial", "tag")}
    return AssetColumns(clock=clock, touched=touched, states=_states(), arrays=arrays | orders)


def _states() -> tuple[str, ...]:
    return tuple(value.code for value in get_dictionary("asset_state").values)


def _last_touched(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(schema.touched.c.seq), 0))).scalar_one())
