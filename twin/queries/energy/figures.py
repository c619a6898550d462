"""Monthly reports added up: by unit and by month, in the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, func, select

from twin.queries.energy.period import Period
from twin.records.counters import clock_of
from twin.records.scope import one_of
from twin.store import record_schema as schema

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Column: TypeAlias = NDArray[np.float64]

__all__ = ["CARRIERS", "UnitFigures", "monthly_sums", "reports_seen", "sums_by_unit"]

CARRIERS: Final = ("electricity", "water", "gas", "petrol", "diesel", "lpg", "coal", "heat")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitFigures:
    """Columns of length n, one a unit: `owner` its record, or minus the id of a text that names none; sums by carrier, NaN: none reported.

    `area_m2` and `people` are the means of the reports; `months` how many months were reported; `kind` the kind of institution.
    """

    owner: NDArray[np.int64]
    kind: list[str]
    months: NDArray[np.int64]
    carriers: Mapping[str, Column]
    area_m2: Column
    people: Column

    def __len__(self) -> int:
        return len(self.kind)


def reports_seen(connection: Connection, period: Period | None, terms: Collection[int] | None = None) -> ColumnElement[bool]:
    """The condition on reports that readers see, of a period and of these units (ids of terms)."""
    table, now = schema.kind_table("energy").c, clock_of(connection, "energy")
    found = [table.since <= now, table.until > now, table.ended.is_(None)]
    if period is not None:
        months = period.months
        found += [table.month >= months[0], table.month <= months[-1]]
    if terms is not None:
        found.append(one_of(table.unit_id, terms))
    return and_(*found)


def sums_by_unit(connection: Connection, period: Period) -> UnitFigures:
    """What each unit reported in a period, all units: the median of a kind is of all of it."""
    import numpy as np

    table, term = schema.kind_table("energy").c, schema.term.c
    owner = func.coalesce(term.record_id, -term.id)
    columns = [func.sum(table[name]) for name in CARRIERS]
    query = select(owner, func.count(table.month.distinct()), func.max(table.kind), func.avg(table.area), func.avg(table.people), *columns)
    rows = connection.execute(
        query.join(schema.term, term.id == table.unit_id).where(reports_seen(connection, period)).group_by(owner).order_by(owner)
    ).all()
    by_column: list[Any] = list(zip(*rows, strict=True)) if rows else [() for _ in range(5 + len(CARRIERS))]
    owners, months, kind, area, people, *carriers = by_column
    return UnitFigures(
        owner=np.array(owners, dtype=np.int64),
        kind=[one or "" for one in kind],
        months=np.array(months, dtype=np.int64),
        carriers={name: _floats(values) for name, values in zip(CARRIERS, carriers, strict=True)},
        area_m2=_floats(area),
        people=_floats(people),
    )


def monthly_sums(connection: Connection, period: Period, terms: Collection[int] | None) -> dict[str, dict[str, float | None]]:
    """Month → carrier → sum over units (ids of terms; None: all); months that nobody reported are left out."""
    table = schema.kind_table("energy").c
    query = select(table.month, *(func.sum(table[name]) for name in CARRIERS)).where(reports_seen(connection, period, terms))
    rows = connection.execute(query.group_by(table.month).order_by(table.month))
    return {row[0]: {name: _float(value) for name, value in zip(CARRIERS, row[1:], strict=True)} for row in rows}


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _floats(values: Any) -> Column:
    import numpy as np

    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
