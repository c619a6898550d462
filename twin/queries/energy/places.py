"""Energy of a building: that of the units in it, apportioned by the usable area they use there; meters have no readings yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.codes import Tables, get_kind
from twin.errors import Invalid
from twin.queries.energy.answers import UnitEnergy, energy_of_units
from twin.queries.energy.period import Period, month_text
from twin.queries.planner.day import Day, open_day
from twin.queries.planner.room_document import code_words
from twin.queries.planner.rooms import PlannedRoom, Scope, open_scope, read_rooms
from twin.queries.planner.sitters import read_sitters
from twin.queries.records.context import Registers
from twin.records.held import held_records
from twin.records.scope import Reader, one_of
from twin.store import record_schema as schema

__all__ = ["BuildingShare", "building_energy", "building_shares"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingShare:
    """The part of a unit's (record) usable area that lies in a building: m² there and m² in all, both of rooms it uses."""

    unit: int
    there_m2: float
    all_m2: float

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.there_m2 / self.all_m2 if self.all_m2 else 0.0


def building_energy(registers: Registers, reader: Reader, period: Period, *, building: int, tables: Tables | None = None) -> dict[str, Any]:
    """The energy of a building (id of a place) in a period, unit by unit, per m² of its gross floor area and per person in it.

    `apportioned` is always true: units report, buildings do not. Rooms whose unit reported nothing are counted apart. Raises NotFound,
    Invalid (`FILTER_INVALID`) for a place that is no building.
    """
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, None, tables)
        scope = open_scope(day, place=building, unit=None)
        row = day.places.rows[scope.position or 0]
        if row.kind != "building":
            raise Invalid(f"place {building} is a {row.kind}", path="building", code="FILTER_INVALID", hint="the id of a building")
        rooms = read_rooms(day, scope)
        energy = energy_of_units(connection, period, tables)
        shares = building_shares(day, rooms)
        people = {one.record.id for one in read_sitters(day, positions={room.position for room in rooms}) if one.in_post}
        head = {"from": month_text(period.first), "to": month_text(period.last), "building": {"id": row.id, "name": row.name}}
        return head | _document(day, energy, shares, _gross_m2(day, row.record_id), len(people), _unreported(energy, rooms))


def building_shares(day: Day, rooms: Sequence[PlannedRoom]) -> list[BuildingShare]:
    """For each unit that uses rooms among these, what part of all its rooms they are; by area, in the order of units."""
    there: dict[int, float] = {}
    for room in rooms:
        if room.used_by is not None:
            there[room.used_by] = there.get(room.used_by, 0.0) + _area(room)
    everywhere: dict[int, float] = dict.fromkeys(there, 0.0)
    for room in read_rooms(day, Scope(units=frozenset(there))) if there else ():
        if room.used_by in everywhere:
            everywhere[room.used_by] += _area(room)
    return [BuildingShare(unit=unit, there_m2=round(area, 2), all_m2=round(everywhere[unit], 2)) for unit, area in sorted(there.items())]


def _area(room: PlannedRoom) -> float:
    return float(room.measured_m2 or room.values["usable_area"] or 0.0)


def _gross_m2(day: Day, record_id: int | None) -> float | None:
    if record_id is None:
        return None
    table = schema.kind_table("building").c
    found = held_records(day.connection, get_kind("building"), day.as_of, one_of(table.record_id, [record_id]))
    return found[0].values["gross_area"] if found else None


def _unreported(energy: UnitEnergy, rooms: Sequence[PlannedRoom]) -> dict[str, Any]:
    """Rooms of this building that carry no energy: used by nobody known, or by a unit that reported none."""
    reporting = {int(owner) for owner in energy.figures.owner}
    without = [room for room in rooms if room.used_by is None or room.used_by not in reporting]
    return {"rooms": len(without), "area_m2": round(sum(map(_area, without)), 2)}


def _document(
    day: Day, energy: UnitEnergy, shares: Sequence[BuildingShare], gross_m2: float | None, people: int, unreported: Mapping[str, Any]
) -> dict[str, Any]:
    rows = {int(owner): row for row, owner in enumerate(energy.figures.owner)}
    units: list[dict[str, Any]] = []
    kgce = 0.0
    of_kind: dict[str, float] = {}
    for share in shares:
        row = rows.get(share.unit)
        used = float(energy.kgce[row]) if row is not None else float("nan")
        if row is not None and used == used:
            part = used * share.share
            kgce += part
            of_kind[energy.figures.kind[row]] = of_kind.get(energy.figures.kind[row], 0.0) + part
            units.append(_unit(day, share, round(part, 2), energy.figures.kind[row], int(energy.figures.months[row])))
        else:
            units.append(_unit(day, share, None, "", 0))
    kind = max(of_kind, key=lambda one: of_kind[one], default="")
    per_m2 = kgce / gross_m2 if gross_m2 and of_kind else None
    median = energy.median.get(kind)
    return {
        "apportioned": True,
        "zh": "按各单位在此使用的面积分摊其上报能耗",
        "en": "what units report, apportioned by the usable area they use here",
        "kgce": round(kgce, 2) if of_kind else None,
        "gross_area_m2": gross_m2,
        "people": people,
        "kgce_m2": None if per_m2 is None else round(per_m2, 3),
        "kgce_person": round(kgce / people, 2) if people and of_kind else None,
        "kind": code_words("institution_kind", kind or None),
        "median_kgce_m2": None if median is None else round(median, 3),
        "ratio": None if per_m2 is None or not median else round(per_m2 / median, 3),
        "units": units,
        "without_energy": dict(unreported),
    }


def _unit(day: Day, share: BuildingShare, kgce: float | None, kind: str, months: int) -> dict[str, Any]:
    return {
        "unit": day.unit_words(share.unit),
        "kind": code_words("institution_kind", kind or None),
        "area_m2": share.there_m2,
        "share": round(share.share, 4),
        "kgce": kgce,
        "months_reported": months,
    }
