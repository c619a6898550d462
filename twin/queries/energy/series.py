"""Reports laid out by unit and month."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from twin.queries.energy.figures import CARRIERS, reports_seen
from twin.queries.energy.period import month_number
from twin.store import record_schema as schema

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Series", "read_series"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """`values[carrier]` (units, months) float64, NaN where nothing was reported; `key` (units, months) says which report it is.

    `owner` is the record of the unit of a row, or minus the id of a text that names none; `first` the month of the first column;
    `reported` (units, months) where there is a report at all.
    """

    first: int
    owner: list[int]
    key: NDArray[np.object_]
    reported: NDArray[np.bool_]
    values: dict[str, NDArray[np.float64]]


def read_series(connection: Connection, records: Mapping[int, int], terms: Collection[int] | None = None) -> Series | None:
    """All reports of these units (ids of terms; None: of all), None where there are none; of two for one month the later key counts.

    `records` is id of a term → record of the unit it names.
    """
    import numpy as np

    table = schema.kind_table("energy").c
    query = select(table.unit_id, table.month, table.key, *(table[name] for name in CARRIERS)).where(reports_seen(connection, None, terms))
    rows: list[Any] = [row for row in connection.execute(query.order_by(table.key)) if row.unit_id is not None and row.month]
    if not rows:
        return None
    months = np.array([month_number(row.month) for row in rows])
    owner, at = np.unique([records.get(row.unit_id, -row.unit_id) for row in rows], return_inverse=True)
    first, last = int(months.min()), int(months.max())
    shape = (len(owner), last - first + 1)
    place = (at, months - first)
    reported = np.zeros(shape, dtype=np.bool_)
    reported[place] = True
    keys = np.full(shape, None, dtype=object)
    keys[place] = [row.key for row in rows]
    values = {name: _laid_out(shape, place, [row[3 + number] for row in rows]) for number, name in enumerate(CARRIERS)}
    return Series(first=first, owner=[int(one) for one in owner], key=keys, reported=reported, values=values)


def _laid_out(shape: tuple[int, int], place: tuple[Any, Any], values: list[Any]) -> NDArray[np.float64]:
    import numpy as np

    found = np.full(shape, np.nan)
    found[place] = [np.nan if value is None else value for value in values]
    return found
