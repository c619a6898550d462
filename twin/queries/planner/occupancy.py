"""Occupancy: a page of judged rooms, and what they add up to by storey, building, unit and verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from twin.codes import Tables
from twin.entitlement import Verdict
from twin.errors import Invalid
from twin.queries.planner.columns import NONE, OccupancyColumns, columns_of, is_wide, kept_columns, matching, totals_of
from twin.queries.planner.day import Day, open_day
from twin.queries.planner.judged import JudgedRoom, judged_scope
from twin.queries.planner.room_document import open_items, room_document
from twin.queries.planner.rooms import Scope, open_scope
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader

__all__ = ["GROUPS", "OccupancyFilter", "occupancy_page", "occupancy_totals"]

GROUPS: Final = ("storey", "building", "site", "unit", "use", "verdict")
AREAS: Final = ("measured", "declared")


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyFilter:
    """Which rooms: at and below a place (id), of a unit (key) and those below; of these verdicts; `area` says which one is judged."""

    place: int | None = None
    unit: str | None = None
    verdicts: tuple[str, ...] = ()
    area: str = "measured"


def occupancy_page(
    registers: Registers,
    wanted: OccupancyFilter,
    reader: Reader,
    *,
    as_of: date | None,
    tables: Tables | None = None,
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """At most `limit` rooms in the order of their keys, those after the key `after`, with the totals of all that match.

    Raises NotFound for a place or unit the reader may not know of, Invalid (`FILTER_INVALID`).
    """
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        found = _matching(registers, day, wanted)
        keys = found.columns.key
        here = [row for row in found.rows.tolist() if after is None or keys[row].encode() > after.encode()]
        rooms = found.judge(here[:limit])
        items = open_items(connection, [room.room.record.id for room in rooms])
        return {
            **_head(day),
            "totals": totals_of(found.columns, found.rows),
            "numberMatched": len(found.rows),
            "numberReturned": len(rooms),
            "rooms": [room_document(day, room, items.get(room.room.record.id, ())) for room in rooms],
            "next": keys[here[limit - 1]] if len(here) > limit else None,
        }


def occupancy_totals(
    registers: Registers, wanted: OccupancyFilter, reader: Reader, *, as_of: date | None, tables: Tables | None = None, by: str
) -> dict[str, Any]:
    """The totals of all rooms that match, and of each storey, building, site, unit (that uses them), use or verdict.

    Every room is in exactly one group: those in no storey (unit, …) are in the group whose node is None. Raises as `occupancy_page`.
    """
    if by not in GROUPS:
        raise Invalid(f"by: {by!r} is none", path="by", code="FILTER_INVALID", hint=f"one of: {', '.join(GROUPS)}")
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        found = _matching(registers, day, wanted)
        groups: dict[Any, list[int]] = {}
        for row, group in zip(found.rows.tolist(), _groups_of(day, by, found), strict=True):
            groups.setdefault(group, []).append(row)
        return {
            **_head(day),
            "by": by,
            "totals": totals_of(found.columns, found.rows),
            "groups": [
                {"group": _group_words(day, by, group), "totals": totals_of(found.columns, np.array(members, dtype=np.int64))}
                for group, members in sorted(groups.items(), key=lambda item: (item[0] is None, item[0]))
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """The rows of the columns that match, and how the rooms of a page come to their documents."""

    columns: OccupancyColumns
    rows: NDArray[np.int64]
    judge: Callable[[Sequence[int]], Sequence[JudgedRoom]]


def _matching(registers: Registers, day: Day, wanted: OccupancyFilter) -> _Found:
    _check("area", wanted.area, AREAS)
    for verdict in wanted.verdicts:
        _check("verdict", verdict, tuple(map(str, Verdict)))
    scope = open_scope(day, place=wanted.place, unit=wanted.unit)
    if is_wide(day, scope):
        columns = kept_columns(registers, day, wanted.area)
        rows = matching(day, scope, columns)

        def judge(chosen: Sequence[int]) -> Sequence[JudgedRoom]:
            return judged_scope(day, Scope(records=frozenset(columns.record[chosen].tolist())), prefer=wanted.area) if chosen else []
    else:
        rooms = judged_scope(day, scope, prefer=wanted.area)
        columns = columns_of(rooms)
        rows = np.arange(len(rooms))

        def judge(chosen: Sequence[int]) -> Sequence[JudgedRoom]:
            return [rooms[row] for row in chosen]

    if wanted.verdicts:
        rows = rows[np.isin(columns.verdict[rows], [at for at, one in enumerate(Verdict) if str(one) in wanted.verdicts])]
    return _Found(columns=columns, rows=rows, judge=judge)


def _check(name: str, said: str, known: Collection[str]) -> None:
    if said not in known:
        raise Invalid(f"{name}: {said!r} is none", path=name, code="FILTER_INVALID", hint=f"one of: {', '.join(known)}")


def _head(day: Day) -> dict[str, Any]:
    documents = dict.fromkeys(limit.rule for limit in day.standard.limits.values())
    return {"as_of": day.as_of.isoformat(), "standards": list(documents)}


def _groups_of(day: Day, by: str, found: _Found) -> list[Any]:
    """The group of each row that matches, None for one in none."""
    columns, rows = found.columns, found.rows
    if by == "unit":
        return [None if unit == NONE else unit for unit in columns.used_by[rows].tolist()]
    if by == "use":
        return [columns.use[row] for row in rows.tolist()]
    if by == "verdict":
        words = [str(verdict) for verdict in Verdict]
        return [words[verdict] for verdict in columns.verdict[rows].tolist()]
    positions = columns.position[rows].tolist()
    nodes = {position: day.above(position, by) for position in set(positions)}
    return [None if nodes[position] == NOWHERE else nodes[position] for position in positions]


def _group_words(day: Day, by: str, group: Any) -> dict[str, Any]:
    if group is None:
        return {"id": None, "name": None}
    if by == "unit":
        node = day.units.nodes[group]
        return {"id": node.key, "name": node.name}
    if by in ("use", "verdict"):
        return {"id": group, "name": group}
    row = day.places.rows[group]
    above = [day.places.rows[position].name for position in day.places.path(group)[1:-1]]
    return {"id": row.id, "name": row.name, "above": above}
