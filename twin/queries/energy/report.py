"""The report of energy by unit and month from the registers: what `twin.reports` writes as XLSX, HTML or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.codes import Tables
from twin.queries.energy.answers import UnitEnergy, energy_of_units, energy_rows, terms_asked
from twin.queries.energy.figures import CARRIERS, monthly_sums
from twin.queries.energy.period import Period, month_text
from twin.queries.planner.report import ledger_sources
from twin.queries.planner.room_document import code_words
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.records.unit_tree import UnitTree

if TYPE_CHECKING:
    from twin.reports import Report

__all__ = ["energy_columns", "report_of_energy"]

COLUMNS = ("electricity", "water", "gas", "petrol", "diesel", "heat")
"""Carriers with a column of their own in the layout; the others are in the kgce."""


def report_of_energy(registers: Registers, reader: Reader, period: Period, *, unit: str | None, tables: Tables | None = None) -> Report:
    """公共机构能耗统计表 of a unit and those below, or of all, in a period. Raises NotFound."""
    from twin.reports import Heading, energy_report
    from viewer.document import Words

    with registers.store.database.reading() as connection:
        units = registers.shelf.units(connection)
        energy = energy_of_units(connection, period, tables)
        terms = terms_asked(units, reader.units, unit)
        rows = energy_rows(connection, units, energy, terms)
        sums = monthly_sums(connection, period, terms)
        heading = Heading(
            as_of=period.months[-1],
            scope=units.nodes[units.by_key[unit]].name if unit is not None else Words("全部", "everything"),
            sources=ledger_sources(connection, ("energy",)),
            made_at=registers.now().isoformat(timespec="seconds"),
            notes=(f"{month_text(period.first)} – {month_text(period.last)}",),
        )
        return energy_report(heading, energy_columns(units, energy, rows), months=_months(energy, sums, period))


def energy_columns(units: UnitTree, energy: UnitEnergy, rows: list[tuple[str, int]]) -> dict[str, list[Any]]:
    """The columns of `twin.reports.energy_report`, one value a unit; carriers that nobody reported are left out."""
    figures = energy.figures
    at = [row for _, row in rows]
    columns: dict[str, list[Any]] = {
        "unit": [_name(units, int(figures.owner[row]), key) for key, row in rows],
        "kind": [_kind(figures.kind[row]) for row in at],
        "used": _values(energy.kgce, at),
        "area": _values(figures.area_m2, at),
        "people": [None if value is None else round(value) for value in _values(figures.people, at)],
        "median": [energy.median.get(figures.kind[row]) for row in at],
    }
    for name in COLUMNS:
        values = _values(figures.carriers[name], at)
        if name in ("electricity", "water") or any(value is not None for value in values):
            columns[name] = values
    return columns


def _months(energy: UnitEnergy, sums: dict[str, dict[str, float | None]], period: Period) -> dict[str, list[Any]]:
    used = []
    for month in period.months:
        parts = [
            value * energy.factors[name].factor
            for name in CARRIERS
            if (value := sums.get(month, {}).get(name)) is not None and name in energy.factors
        ]
        used.append(sum(parts) if parts else None)
    return {"month": period.months, "used": used}


def _name(units: UnitTree, owner: int, key: str) -> str:
    return units.nodes[owner].name if owner in units.nodes else key


def _kind(code: str) -> Any:
    from viewer.document import Words

    said = code_words("institution_kind", code or None)
    return None if said is None else Words(said["zh"], said["en"])


def _values(column: Any, rows: list[int]) -> list[float | None]:
    return [value if (value := float(column[row])) == value else None for row in rows]
