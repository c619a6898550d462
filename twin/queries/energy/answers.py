"""Energy of units in a period as documents: kgce, per m², per person, against the median of the kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection

from twin.auth import Units
from twin.codes import Tables, shipped_tables
from twin.codes.energy import KgceFactor
from twin.entitlement import choose_factors, compare_with_kind, indicators_of, kgce_of
from twin.errors import NotFound
from twin.queries.energy.figures import UnitFigures, monthly_sums, sums_by_unit
from twin.queries.energy.period import Period, month_text
from twin.queries.planner.room_document import code_words
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.records.unit_tree import UnitTree
from twin.records.values import texts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Column: TypeAlias = NDArray[np.float64]

__all__ = ["UnitEnergy", "energy_of_units", "energy_page", "energy_rows", "terms_asked"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitEnergy:
    """Figures of a period with what follows from them, columns by unit: kgce, indicators, and `ratio` to the median of the kind."""

    figures: UnitFigures
    factors: Mapping[str, KgceFactor]
    kgce: Column
    kgce_m2: Column
    kgce_person: Column
    kwh_m2: Column
    water_m3_person: Column
    ratio: Column
    median: Mapping[str, float]
    number: Mapping[str, int]


def energy_page(
    registers: Registers,
    reader: Reader,
    period: Period,
    *,
    unit: str | None,
    tables: Tables | None = None,
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """At most `limit` units in the order of their keys, those after the key `after`, with the totals and months of all that match.

    Medians are of all institutions of a kind that reported every month of the period, five at least, whoever asks: they name nobody.
    Raises NotFound for a unit the reader may not know of.
    """
    with registers.store.database.reading() as connection:
        units = registers.shelf.units(connection)
        energy = energy_of_units(connection, period, tables)
        terms = terms_asked(units, reader.units, unit)
        rows = energy_rows(connection, units, energy, terms)
        here = [(key, at) for key, at in rows if after is None or key.encode() > after.encode()]
        return {
            **_head(period, energy),
            "totals": _totals(energy, [at for _, at in rows], len(period)),
            "by_month": _months(connection, period, terms, energy.factors),
            "numberMatched": len(rows),
            "numberReturned": len(here[:limit]),
            "units": [_document(units, energy, key, at, len(period)) for key, at in here[:limit]],
            "next": here[limit - 1][0] if len(here) > limit else None,
        }


def energy_of_units(connection: Connection, period: Period, tables: Tables | None = None) -> UnitEnergy:
    """Every unit's energy of a period."""
    import numpy as np

    figures = sums_by_unit(connection, period)
    factors = choose_factors(period.last_month_day, tables=tables or shipped_tables())
    kgce = kgce_of(figures.carriers, factors)
    known = indicators_of(
        kgce, area_m2=figures.area_m2, people=figures.people, kwh=figures.carriers["electricity"], water_m3=figures.carriers["water"]
    )
    whole = np.where(figures.months == len(period), known.kgce_m2, np.nan)
    compared = compare_with_kind(whole, np.array(figures.kind, dtype=str))
    return UnitEnergy(
        figures=figures,
        factors=factors,
        kgce=kgce,
        kgce_m2=known.kgce_m2,
        kgce_person=known.kgce_person,
        kwh_m2=known.kwh_m2,
        water_m3_person=known.water_m3_person,
        ratio=compared.ratio,
        median=compared.median,
        number=compared.number,
    )


def terms_asked(units: UnitTree, permitted: Units, key: str | None) -> list[int] | None:
    """The ids of the texts that name the units asked for, None for all; raises NotFound for what the reader may not know of."""
    allowed = None if permitted is None else units.permitted(permitted)
    if key is None:
        return None if allowed is None else units.terms_of(allowed)
    unit = units.by_key.get(key)
    if unit is None or (allowed is not None and unit not in allowed):
        raise NotFound(f"there is no unit {key}", path=key)
    return units.terms_of(units.below([unit]))


def energy_rows(connection: Connection, units: UnitTree, energy: UnitEnergy, terms: Sequence[int] | None) -> list[tuple[str, int]]:
    """Key of a unit (of one nobody knows, the text) and its row, in the order of keys; `terms` as `terms_asked` gives them."""
    wanted = None if terms is None else {units.records[term] for term in terms}
    rows = {int(owner): row for row, owner in enumerate(energy.figures.owner) if wanted is None or int(owner) in wanted}
    unknown = texts_of(connection, [-owner for owner in rows if owner < 0])
    named = (
        (units.nodes[owner].key if owner in units.nodes else unknown.get(-owner, f"record {owner}"), row) for owner, row in rows.items()
    )
    return sorted(named, key=lambda pair: (pair[0].encode(), pair[1]))


def _head(period: Period, energy: UnitEnergy) -> dict[str, Any]:
    return {
        "from": month_text(period.first),
        "to": month_text(period.last),
        "months": len(period),
        "factors": [
            {"carrier": row.carrier, "factor": row.factor, "unit": row.unit, "basis": row.basis, "source": row.source}
            for row in energy.factors.values()
        ],
        "medians": [
            {"kind": code_words("institution_kind", kind), "kgce_m2": round(median, 3), "institutions": energy.number[kind]}
            for kind, median in sorted(energy.median.items())
        ],
    }


def _document(units: UnitTree, energy: UnitEnergy, key: str, row: int, months: int) -> dict[str, Any]:
    figures = energy.figures
    owner, kind = int(figures.owner[row]), figures.kind[row]
    known = owner in units.nodes
    reported = int(figures.months[row])
    return {
        "unit": {"key": key if known else None, "name": units.nodes[owner].name if known else key, "known": known},
        "kind": code_words("institution_kind", kind or None),
        "months_reported": reported,
        "complete": reported == months,
        "carriers": {name: _rounded(column[row]) for name, column in figures.carriers.items()},
        "area_m2": _rounded(figures.area_m2[row]),
        "people": _rounded(figures.people[row]),
        "kgce": _rounded(energy.kgce[row]),
        "kgce_m2": _rounded(energy.kgce_m2[row], 3),
        "kgce_person": _rounded(energy.kgce_person[row]),
        "kwh_m2": _rounded(energy.kwh_m2[row]),
        "water_m3_person": _rounded(energy.water_m3_person[row]),
        "median_kgce_m2": _rounded(energy.median[kind], 3) if kind in energy.median else None,
        "ratio": _rounded(energy.ratio[row], 3),
    }


def _totals(energy: UnitEnergy, rows: Sequence[int], months: int) -> dict[str, Any]:
    import numpy as np

    figures = energy.figures

    def total(column: Column) -> float | None:
        values = column[list(rows)]
        return _rounded(np.nansum(values)) if np.isfinite(values).any() else None

    return {
        "units": len(rows),
        "complete": sum(int(figures.months[row]) == months for row in rows),
        "kgce": total(energy.kgce),
        "carriers": {name: total(column) for name, column in figures.carriers.items()},
        "area_m2": total(figures.area_m2),
        "people": total(figures.people),
    }


def _months(
    connection: Connection, period: Period, terms: Collection[int] | None, factors: Mapping[str, KgceFactor]
) -> list[dict[str, Any]]:
    sums = monthly_sums(connection, period, terms)
    found = []
    for month in period.months:
        carriers = sums.get(month, {})
        said = {name: value for name, value in carriers.items() if value is not None}
        kgce = sum(value * factors[name].factor for name, value in said.items() if name in factors)
        found.append({"month": month, "reported": bool(carriers), "kgce": round(kgce, 2) if said else None, "carriers": carriers})
    return found


def _rounded(value: Any, digits: int = 2) -> float | None:
    number = float(value)
    return round(number, digits) if number == number else None
