"""Rows that are kept no longer: left out of closed days, once a kind and day."""

import numpy as np
import pyarrow as pa

from twin.history.layout import DAY_US, day_start_us
from twin.history.names import NamesReader
from twin.history.retention import OTHER, Retention, kind_of
from twin.history.runs import column, filter_rows
from twin.history.shelf import Shelf

__all__ = ["sweep"]


def sweep(shelf: Shelf, names: NamesReader, retention: Retention, now_us: int) -> int:
    """Leave out of each closed day the kinds whose `keep_days` are over since it ended; the answer is how many days were written anew.

    `names` are those that the shelf's handles count into: addresses of devices, or of devices with a stream.
    """
    swept = 0
    for day in shelf.days():
        age_days = (now_us - day_start_us(day + 1)) / DAY_US
        over = {kind for kind, row in retention.rows.items() if row.keep_days and age_days >= row.keep_days}
        if over:
            swept += shelf.sweep(day, over, lambda table, over=over: _kept(table, names, retention, over))  # type: ignore[misc]
    return swept


def _kept(table: pa.Table, names: NamesReader, retention: Retention, over: set[str]) -> pa.Table:
    handles, at = np.unique(column(table, "handle"), return_inverse=True)
    kinds = [kind_of(name) for name in names.names(handles.tolist())]
    stays = np.array([(kind if kind in retention.rows else OTHER) not in over for kind in kinds], dtype=bool)
    return filter_rows(table, stays[at])
