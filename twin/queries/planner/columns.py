"""Judged rooms as columns: what totals are summed from, kept by the process for questions that concern very many rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from twin.entitlement import OfficeRule, Verdict
from twin.queries.planner.day import Day
from twin.queries.planner.judged import JudgedRoom, judged_scope
from twin.queries.planner.rooms import Scope
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader
from twin.records.state import TIES
from twin.store import record_schema as schema
from twin.store import schema as scene

__all__ = ["NONE", "OccupancyColumns", "columns_of", "is_wide", "kept_columns", "matching", "totals_of"]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
NONE = -1
WIDE_PLACES, WIDE_UNITS = 5_000, 100
"""From so many nodes of the tree, or units, on a question is answered from the columns of all rooms."""
DAYS_KEPT = 4
SHARED = (OfficeRule.SHARED_SUM, OfficeRule.SHARED_SEATS)
KINDS = ("building", "person", "room", "unit")
VERDICTS = tuple(Verdict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OccupancyColumns:
    """n rooms in the order of their keys. `position` in the tree (`NOWHERE` none), `allocated_to` and `used_by` records of units (−1
    none), `use` codes; areas in m², NaN where there is none; `people` in post whose first office it is, `not_in_post`, `second`
    offices; `verdict` places in the enumeration, `over_m2` NaN where nothing is over; flags as `totals_of` counts them."""

    key: Sequence[str]
    record: Ints
    position: Ints
    allocated_to: Ints
    used_by: Ints
    use: Sequence[str | None]
    verdict: Ints
    area_m2: Floats
    measured_m2: Floats
    declared_m2: Floats
    allowed_m2: Floats
    over_m2: Floats
    people: Ints
    not_in_post: Ints
    second: Ints
    placed: Flags
    shared: Flags
    used_otherwise: Flags

    def __len__(self) -> int:
        return len(self.key)


def columns_of(rooms: Sequence[JudgedRoom]) -> OccupancyColumns:
    """The columns of judged rooms, in their order."""

    def numbers(values: Any) -> Ints:
        return np.array([NONE if one is None else one for one in values], dtype=np.int64)

    def areas(values: Any) -> Floats:
        return np.array([np.nan if one is None else one for one in values], dtype=np.float64)

    over = (Verdict.OVER, Verdict.SECOND_OFFICE_UNGROUNDED)
    place = {verdict: at for at, verdict in enumerate(VERDICTS)}
    return OccupancyColumns(
        key=[room.room.record.key for room in rooms],
        record=numbers(room.room.record.id for room in rooms),
        position=numbers(room.room.position for room in rooms),
        allocated_to=numbers(room.room.allocated_to for room in rooms),
        used_by=numbers(room.room.used_by for room in rooms),
        use=[room.room.values["use"] for room in rooms],
        verdict=numbers(place[room.verdict.verdict] for room in rooms),
        area_m2=areas(room.verdict.area_m2 for room in rooms),
        measured_m2=areas(room.room.measured_m2 for room in rooms),
        declared_m2=areas(room.room.values["usable_area"] for room in rooms),
        allowed_m2=areas(room.verdict.allowed_m2 for room in rooms),
        over_m2=areas(room.verdict.excess_m2 if room.verdict.verdict in over else None for room in rooms),
        people=numbers(sum(one.in_post and one.position == room.room.position for one in room.sitters) for room in rooms),
        not_in_post=numbers(sum(not one.in_post for one in room.sitters) for room in rooms),
        second=numbers(sum(one.second == room.room.position != one.position for one in room.sitters) for room in rooms),
        placed=np.array([bool(room.room.spaces) for room in rooms], dtype=np.bool_),
        shared=np.array([room.verdict.rule in SHARED for room in rooms], dtype=np.bool_),
        used_otherwise=np.array([room.used_otherwise for room in rooms], dtype=np.bool_),
    )


def is_wide(day: Day, scope: Scope) -> bool:
    """Whether a scope concerns so many rooms that it is answered from the columns of all."""
    if scope.units is not None and len(scope.units) < WIDE_UNITS:
        return False
    return scope.position is None or int(day.places.end[scope.position]) - scope.position >= WIDE_PLACES


def kept_columns(registers: Registers, day: Day, prefer: str) -> OccupancyColumns:
    """The columns of all rooms on the day, whoever asks; made once for each state of the store, of the last few days asked for."""
    state = _state_of(day.connection)
    wanted = (day.as_of, day.standard, prefer)
    with registers.lock:
        known: dict[Any, OccupancyColumns] = registers.kept.get(state, {})
        if wanted not in known:
            everyone = Day(
                connection=day.connection,
                reader=Reader(name=""),
                as_of=day.as_of,
                places=day.places,
                units=day.units,
                standard=day.standard,
                permitted=None,
            )
            known = {**dict(list(known.items())[1 - DAYS_KEPT :]), wanted: columns_of(judged_scope(everyone, Scope(), prefer=prefer))}
            registers.kept.clear()
            registers.kept[state] = known
        return known[wanted]


def matching(day: Day, scope: Scope, columns: OccupancyColumns) -> Ints:
    """The rows of all rooms that are in a scope and that the reader may know of."""
    chosen = np.ones(len(columns), dtype=np.bool_)
    if day.reader.labels is not None:
        positions, inverse = np.unique(columns.position, return_inverse=True)
        chosen &= np.array([day.may_see_place(one) for one in positions.tolist()], dtype=np.bool_)[inverse]
    for units in (day.permitted, scope.units):
        if units is not None:
            known = np.array(sorted(units), dtype=np.int64)
            chosen &= np.isin(columns.allocated_to, known) | np.isin(columns.used_by, known)
    if scope.position is not None:
        within = (columns.position >= scope.position) & (columns.position < int(day.places.end[scope.position]))
        alone = day.places.parent[scope.position] == NOWHERE and len(day.places.roots()) == 1
        chosen &= within | ((columns.position == NOWHERE) & alone)
    rows: Ints = np.flatnonzero(chosen)
    return rows


def totals_of(columns: OccupancyColumns, rows: Ints) -> Mapping[str, Any]:
    """What rooms add up to: their number, areas in m² (`area_m2` the judged one), people, rooms by verdict, m² over the limits.

    `placed` rooms are tied to a space of the scene, `unplaced` ones the register alone knows; both are rooms in every other number.
    """
    placed = int(columns.placed[rows].sum())
    verdicts = np.bincount(columns.verdict[rows], minlength=len(VERDICTS)).tolist()
    return {
        "rooms": len(rows),
        "placed": placed,
        "unplaced": len(rows) - placed,
        "area_m2": _sum(columns.area_m2[rows]),
        "measured_m2": _sum(columns.measured_m2[rows]),
        "declared_m2": _sum(columns.declared_m2[rows]),
        "without_area": int(np.isnan(columns.area_m2[rows]).sum()),
        "people": int(columns.people[rows].sum()),
        "not_in_post": int(columns.not_in_post[rows].sum()),
        "second_offices": int(columns.second[rows].sum()),
        "shared": int(columns.shared[rows].sum()),
        "allowed_m2": _sum(columns.allowed_m2[rows]),
        "over_m2": _sum(columns.over_m2[rows]),
        "used_otherwise": int(columns.used_otherwise[rows].sum()),
        "by_verdict": {str(verdict): number for verdict, number in zip(VERDICTS, verdicts, strict=True) if number},
    }


def _sum(areas: Floats) -> float:
    return round(float(np.nansum(areas)), 2)


def _state_of(connection: Connection) -> tuple[Any, ...]:
    """What changes with every import and change of what the columns are made of, every tie and every revision of the scene."""
    clock, touched, site = schema.clock.c, schema.touched.c, scene.site.c
    clocks = select(clock.kind, clock.now).where(clock.kind.in_(KINDS)).order_by(clock.kind)
    last = [connection.execute(select(func.max(touched.seq)).where(touched.kind == kind)).scalar_one() for kind in (*KINDS, TIES)]
    scenes = connection.execute(select(func.coalesce(func.sum(site.scene_revision), 0))).scalar_one()
    return (*map(tuple, connection.execute(clocks).all()), *last, int(scenes))
