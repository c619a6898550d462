"""The map of a storey: its rooms coloured by verdict, with who sits there and the numbers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from spatial.feature import Kind
from twin.codes import Tables
from twin.errors import Invalid
from twin.queries.maps.outlines import Outlines, open_outlines
from twin.queries.planner.columns import columns_of, totals_of
from twin.queries.planner.day import Day, open_day
from twin.queries.planner.judged import JudgedRoom, judged_scope, name_of
from twin.queries.planner.report import ledger_sources
from twin.queries.planner.rooms import open_scope
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader

if TYPE_CHECKING:
    from viewer.deck import DeckPage, OccupiedRoom

__all__ = ["map_of_occupancy"]


def map_of_occupancy(
    registers: Registers, reader: Reader, *, place: int | None, as_of: date | None, tables: Tables | None = None
) -> DeckPage:
    """The page of a storey on a day. Raises NotFound, Invalid (`MAP_NEEDS_STOREY`) where the place is no storey."""
    from viewer.deck import StoreyOccupancy, Words, occupancy_page

    outlines = open_outlines(registers.store, reader, {Kind.SPACE, Kind.STOREY, Kind.BUILDING})
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        scope = open_scope(day, place=place, unit=None)
        row = None if scope.position in (None, NOWHERE) else day.places.rows[scope.position or 0]
        if row is None or row.kind != "storey":
            raise Invalid("a map of occupancy is one of a storey", path="place", code="MAP_NEEDS_STOREY", hint="--place ID of a storey")
        rooms = judged_scope(day, scope)
        above = " · ".join(str(day.places.rows[position].name) for position in day.places.path(scope.position or 0)[1:])
        storey = outlines.of(row.site_id, row.feature_id)
        facts = StoreyOccupancy(
            title=Words(f"办公用房使用 · {above}", f"Occupancy · {above}"),
            as_of=day.as_of.isoformat(),
            sources=ledger_sources(connection, ("room", "person", "unit")),
            rooms=tuple(_room(day, room, outlines) for room in rooms),
            people=totals_of(columns_of(rooms), np.arange(len(rooms)))["people"],
            surroundings=(("storey", storey),) if storey else (),
        )
    return occupancy_page(facts)


def _room(day: Day, room: JudgedRoom, outlines: Outlines) -> OccupiedRoom:
    from viewer.deck import OccupiedRoom, Words

    row = day.places.rows[room.room.position] if room.room.position != NOWHERE else None
    unit = day.unit_words(room.room.used_by, room.room.values["used_by"])
    verdict = room.verdict
    return OccupiedRoom(
        number=room.room.values["number"] or room.room.record.key,
        name=room.room.values["name"] or "",
        verdict=str(verdict.verdict),
        unit=unit["name"] if unit else "",
        people=tuple(name_of(day, sitter) for sitter in room.sitters),
        usable_m2=verdict.area_m2,
        allowed_m2=verdict.allowed_m2,
        over_m2=verdict.excess_m2,
        reason=Words(verdict.zh, verdict.en),
        outline=outlines.of(row.site_id, row.feature_id) if row is not None and room.room.spaces else None,
    )
