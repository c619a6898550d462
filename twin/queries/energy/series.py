"""Reports laid out by unit and month."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from twin.queries.energy.figures import CARRIERS, reports_seen
from twin.queries.energy.period import FIRST_YEAR, LAST_YEAR, month_number
from twin.store import record_schema as schema

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Series", "read_series"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """`values[carrier]` (units, months) float64, NaN where nothing was reported; `key` (units, months) says which report it is.

    A column is a month of which there is a report, `months` (m,) its number, ascending: years of which nobody reports take no room.
    `owner` is the record of the unit of a row, or minus the id of a text that names none; `reported` (units, months) where there is a
    report at all.
    """

    months: NDArray[np.int64]
    owner: list[int]
    key: NDArray[np.object_]
    reported: NDArray[np.bool_]
    values: dict[str, NDArray[np.float64]]


def read_series(connection: Connection, records: Mapping[int, int], terms: Collection[int] | None = None) -> Series | None:
    """The reports of these units (ids of terms; None: of all), None where there are none; of two for one month the later key counts.

    `records` is id of a term → record of the unit it names. Months that no period can hold (`read_period`) are left out.
    """
    import numpy as np

    table = schema.kind_table("energy").c
    known = (table.month >= f"{FIRST_YEAR:04d}-01") & (table.month <= f"{LAST_YEAR:04d}-12")
    query = select(table.unit_id, table.month, table.key, *(table[name] for name in CARRIERS))
    asked = query.where(reports_seen(connection, None, terms), known).order_by(table.key)
    rows: list[Any] = [row for row in connection.execute(asked) if row.unit_id is not None]
    if not rows:
        return None
    months, column = np.unique([month_number(row.month) for row in rows], return_inverse=True)
    owner, at = np.unique([records.get(row.unit_id, -row.unit_id) for row in rows], return_inverse=True)
    shape = (len(owner), len(months))
    place = (at, column)
    reported = np.zeros(shape, dtype=np.bool_)
    reported[place] = True
    keys = np.full(shape, None, dtype=object)
    keys[place] = [row.key for row in rows]
    values = {name: _laid_out(shape, place, [row[3 + number] for row in rows]) for number, name in enumerate(CARRIERS)}
    return Series(months=months, owner=[int(one) for one in owner], key=keys, reported=reported, values=values)


def _laid_out(shape: tuple[int, int], place: tuple[Any, Any], values: list[Any]) -> NDArray[np.float64]:
    import numpy as np

    found = np.full(shape, np.nan)
    found[place] = [np.nan if value is None else value for value in values]
    return found
