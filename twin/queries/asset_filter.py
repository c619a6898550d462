"""Which assets are asked for, in the order of their codes: filters in any combination over the columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, select

from spatial.feature import PUBLIC
from twin.errors import NotFound
from twin.records.columns import NO_DAY, NO_VALUE, NOTHING, AssetColumns, asset_states, days_since_1970
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader
from twin.records.search import ARTICLE_NAMES, TextSearch, search_words
from twin.records.shelf import AssetView
from twin.store import record_schema as schema

__all__ = ["AssetFilter", "find_assets", "require_place", "require_unit", "visible_mask"]

Bool: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Positions: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
Array: TypeAlias = np.ndarray[Any, Any]
Condition: TypeAlias = Callable[[Any], Bool]
"""Of some positions, or of `EVERY` one, whether the assets there are meant."""
EVERY = slice(None)
WORDED = {"article": ARTICLE_NAMES, "specification": "asset.specification", "brand": "asset.brand"}
"""Column of ids → the domain of its texts."""
AT_ONCE = 500
FEW = 16
"""Of so many assets one: then the next condition is asked of those alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFilter:
    """What an asset must be; None asks nothing. `place` is the id of a place and `unit` the key of a unit, each with all below.

    `class_code` is the beginning of a code, of one edition where `class_edition` says so. Values are whole fen; both ends of ranges
    belong to them. `q` are words: each in the name, specification or brand, or the beginning of the code, or the serial number or tag.
    """

    place: int | None = None
    unit: str | None = None
    class_code: str | None = None
    class_edition: str | None = None
    state: tuple[str, ...] = ()
    value_from: int | None = None
    value_to: int | None = None
    acquired_from: date | None = None
    acquired_to: date | None = None
    q: str | None = None


def find_assets(connection: Connection, view: AssetView, wanted: AssetFilter, reader: Reader, texts: TextSearch) -> Positions | None:
    """The positions of the assets that are asked for and that the reader may know of; None is every asset.

    Raises NotFound for a place or unit that is not there for this reader.
    """
    _require(view, wanted, reader)
    return view.once((wanted, reader.labels, reader.units), lambda: _find(connection, view, wanted, reader, texts))


def visible_mask(view: AssetView, reader: Reader) -> Bool | None:
    """Which assets the reader may know of; None: all. What has no place is public, what has no unit belongs to none."""
    if reader.sees_all:
        return None
    return view.once(("visible", reader.labels, reader.units), lambda: _visible(view, reader))


def require_place(view: AssetView, place_id: int, reader: Reader) -> int:
    """The position of a place; raises NotFound where it is none for this reader."""
    position = view.places.position(place_id)
    if position == NOWHERE or not view.places.is_visible(position, reader.labels):
        raise NotFound(f"there is no place {place_id}", path=str(place_id))
    return position


def require_unit(view: AssetView, key: str, reader: Reader) -> int:
    """The record of a unit; raises NotFound where it is none for this reader."""
    record = view.units.by_key.get(key)
    if record is None or (reader.units is not None and record not in view.units.permitted(reader.units)):
        raise NotFound(f"there is no unit {key}", path=key)
    return record


def _require(view: AssetView, wanted: AssetFilter, reader: Reader) -> None:
    if wanted.place is not None:
        require_place(view, wanted.place, reader)
    if wanted.unit is not None:
        require_unit(view, wanted.unit, reader)


def _find(connection: Connection, view: AssetView, wanted: AssetFilter, reader: Reader, texts: TextSearch) -> Positions | None:
    words = search_words(wanted.q or "")
    if wanted.q is not None and not words:
        return np.empty(0, dtype=np.int32)
    conditions = [*_conditions(view, wanted), *(_with_word(connection, view, word, texts) for word in words)]
    visible = visible_mask(view, reader)
    if visible is not None:
        conditions.append(lambda at: visible[at])
    return _all_of(conditions, len(view.columns)) if conditions else None


def _all_of(conditions: Sequence[Condition], count: int) -> Positions:
    """The positions, of `count`, for which each condition holds: asked of all in a row, which costs least, until few are left."""
    left = np.ones(count, dtype=np.bool_)
    for done, condition in enumerate(conditions, start=1):
        left &= condition(EVERY)
        if np.count_nonzero(left) * FEW <= count:
            found = np.flatnonzero(left).astype(np.int32)
            for other in conditions[done:]:
                found = found[other(found)]
            return found
    return np.flatnonzero(left).astype(np.int32)


def _conditions(view: AssetView, wanted: AssetFilter) -> list[Condition]:
    arrays = view.columns.arrays
    found: list[Condition] = []
    if wanted.place is not None:
        start = view.places.position(wanted.place)
        end = view.places.end[start]
        found.append(lambda at: (view.position[at] >= start) & (view.position[at] < end))
    if wanted.unit is not None:
        ours = _flags_of_units(view, view.units.below([view.units.by_key[wanted.unit]]))
        found.append(lambda at: ours[arrays["unit"][at]])
    if wanted.class_code is not None or wanted.class_edition is not None:
        classes = np.append(view.classes.matching(wanted.class_code or "", wanted.class_edition), False)
        found.append(lambda at: classes[arrays["article"][at]])
    if wanted.state:
        states = np.zeros(len(asset_states()) + 1, dtype=np.bool_)
        states[[asset_states().index(state) for state in wanted.state]] = True
        found.append(lambda at: states[arrays["state"][at]])
    found += _range(arrays["value"], wanted.value_from, wanted.value_to, NO_VALUE)
    days = [None if day is None else days_since_1970(day.isoformat()) for day in (wanted.acquired_from, wanted.acquired_to)]
    return found + _range(arrays["acquired"], days[0], days[1], NO_DAY)


def _range(cells: Array, low: int | None, high: int | None, nothing: int) -> list[Condition]:
    found: list[Condition] = []
    if low is not None:
        found.append(lambda at: cells[at] >= max(low, nothing + 1))
    if high is not None:
        found.append(lambda at: (cells[at] <= high) & (cells[at] != nothing))
    return found


def _visible(view: AssetView, reader: Reader) -> Bool:
    mask = np.ones(len(view.columns), dtype=np.bool_)
    if reader.labels is not None:
        nodes = np.append(view.places.visible(reader.labels), PUBLIC in reader.labels)  # position -1, nowhere, is the last
        mask &= nodes[view.position]
    if reader.units is not None:
        mask &= _flags_of_units(view, view.units.permitted(reader.units))[view.columns.arrays["unit"]]
    return mask


def _flags_of_units(view: AssetView, units: set[int]) -> Bool:
    """By id of a text whether it names one of these units; the last, which an empty cell asks for, is False."""
    terms = view.units.terms_of(units)
    flags = np.zeros(max(int(view.columns.arrays["unit"].max(initial=0)), *terms, 0) + 2, dtype=np.bool_)
    flags[terms] = True
    return flags


def _with_word(connection: Connection, view: AssetView, word: str, texts: TextSearch) -> Condition:
    columns = view.columns
    flags = {name: _flags_of_texts(connection, view, name, domain, word, texts) for name, domain in WORDED.items()}
    written = list(dict.fromkeys((word, word.upper())))
    ranges = [columns.prefixed(text) for text in written]
    records = {record for text in written for mark in ("serial", "tag") for record in _marked(connection, columns, mark, text)}
    marked = np.array(sorted(columns.position_of(record) for record in records), dtype=np.int32)

    def condition(at: Any) -> Bool:
        found: Bool = flags["article"][columns.arrays["article"][at]]
        for name in ("specification", "brand"):
            if flags[name].any():
                found |= flags[name][columns.arrays[name][at]]
        if isinstance(at, slice):
            for low, high in ranges:
                found[low:high] = True
            found[marked] = True
            return found
        for low, high in ranges:
            if low < high:
                found |= (at >= low) & (at < high)
        if len(marked):
            found |= np.isin(at, marked)
        return found

    return condition


def _flags_of_texts(connection: Connection, view: AssetView, column: str, domain: str, word: str, texts: TextSearch) -> Bool:
    """By the id in a column whether its text has the word; the last, which an empty cell asks for, is False."""
    newest = view.once(("newest", column), lambda: int(view.columns.arrays[column].max(initial=0)))
    flags = np.zeros(newest + 2, dtype=np.bool_)
    flags[texts.with_word(connection, domain, word, newest)] = True
    return flags


def _marked(connection: Connection, columns: AssetColumns, column: str, text: str) -> list[int]:
    """The records whose serial or tag is this text: those of its hash, compared with the text itself."""
    table = schema.kind_table("asset")
    hashed = columns.find_hashed(column, text)
    found: set[int] = set()
    for start in range(0, len(hashed), AT_ONCE):
        some = table.c.record_id.in_(hashed[start : start + AT_ONCE])
        found |= set(connection.execute(select(table.c.record_id).where(some, table.c[column] == text)).scalars())
    return [record for record in found if columns.position_of(record) != NOTHING]
