"""The map of energy: each building's use per square metre against the median of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.feature import Kind
from twin.codes import Tables
from twin.queries.energy.period import Period, month_text
from twin.queries.energy.places import building_energy
from twin.queries.maps.assets import buildings_below
from twin.queries.maps.outlines import Outlines, open_outlines
from twin.queries.planner.report import ledger_sources
from twin.queries.records.context import Registers
from twin.records.scope import Reader

if TYPE_CHECKING:
    from viewer.deck import BuildingEnergy, DeckPage

__all__ = ["map_of_energy"]


def map_of_energy(registers: Registers, reader: Reader, period: Period, *, place: int | None, tables: Tables | None = None) -> DeckPage:
    """The page of the buildings at and below a place, None for all, in a period. Raises NotFound."""
    from viewer.deck import EnergyByBuilding, Words, energy_page

    outlines = open_outlines(registers.store, reader, {Kind.BUILDING, Kind.CITY_OBJECT})
    rows = buildings_below(registers, reader, place)
    with registers.store.database.reading() as connection:
        sources = ledger_sources(connection, ("energy", "room", "building"))
    span = f"{month_text(period.first)} – {month_text(period.last)}"
    facts = EnergyByBuilding(
        title=Words(f"各楼栋能耗 · {span}", f"Energy by building · {span}"),
        as_of=period.last_day.isoformat(),
        sources=(
            *sources,
            Words("按各单位在此使用的面积分摊其上报能耗", "what units report, apportioned by the usable area they use here"),
        ),
        surroundings=outlines.surroundings(),
        buildings=tuple(
            _building(building_energy(registers, reader, period, building=int(row.id), tables=tables), row, outlines) for row in rows
        ),
    )
    return energy_page(facts)


def _building(found: dict[str, Any], row: Any, outlines: Outlines) -> BuildingEnergy:
    from viewer.deck import BuildingEnergy, Words

    kind = found["kind"]
    return BuildingEnergy(
        name=str(row.name),
        kind=Words(kind["zh"], kind["en"]) if kind else "",
        used_kgce=found["kgce"],
        area_m2=found["gross_area_m2"],
        people=found["people"] or None,
        median_kgce_m2=found["median_kgce_m2"],
        height_m=outlines.height_m(row.site_id, row.feature_id),
        outline=outlines.of(row.site_id, row.feature_id),
    )
