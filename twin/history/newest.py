"""Later judgements of what was said before: rows written beside the first ones, which stand for them wherever both are read or merged."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from twin.history.runs import GENERATION, column, filter_rows

__all__ = ["newest"]


def newest(table: pa.Table, same: Sequence[Sequence[str]]) -> pa.Table:
    """The rows without those that were judged again later. Where nothing was judged again (generation 0) every row stays.

    Rows are of the same thing said where handle, time and the sums of the columns `same` are alike; of those the last of the highest
    generation counts. Without `same` all rows of a handle and a time are alike, and all of the highest generation count: for questions
    that only ask what was where at a moment.
    """
    if GENERATION not in table.column_names:
        return table
    generation = column(table, GENERATION)
    times = column(table, "time_us")
    again = generation > 0
    if not again.any():
        return table
    at = np.flatnonzero(np.isin(times, times[again]))
    keys = [column(table, "handle")[at].astype(np.int64), times[at]]
    keys += [np.sum([column(table, name)[at].astype(np.int64) for name in names], axis=0) for names in same]
    mine = generation[at]
    order = np.lexsort((np.arange(len(at)), mine, *keys))
    ends = np.append(np.any([np.diff(key[order]) != 0 for key in keys], axis=0), True)
    last = np.flatnonzero(ends)
    group = np.searchsorted(last, np.arange(len(order)))
    highest = mine[order][last][group]
    kept = (mine[order] == highest) & (ends | (highest == 0) | (not same))
    mask = np.ones(len(table), dtype=bool)
    mask[at[order]] = kept
    return filter_rows(table, mask)
