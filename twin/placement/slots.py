"""Slot numbers of the assets of a room: kept while they may be, else the lowest free one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_SLOT", "Taken", "assign_slots"]

NO_SLOT = -1
HIGHEST_SLOT = 1_000_000
ROOM_STRIDE = np.int64(1) << np.int64(32)

Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taken:
    """Slots of assets that are not asked about: `room` (t,) as the rooms asked about are numbered, `slot` (t,)."""

    room: Int64
    slot: Int64


def assign_slots(room: Int64, held: Int64, taken: Taken | None = None) -> Int64:
    """One slot for each asset, (n,), no slot of a room twice: the one it holds, else the room's lowest free ones in order.

    `room` (n,) ≥ 0, `held` (n,) its slot in that very room or -1. Of several that hold the same slot the first keeps it; a slot
    of `taken` is not given; one above 1,000,000 is not believed.

    >>> assign_slots(np.array([7, 7, 7, 8]), np.array([-1, 1, -1, -1])).tolist()
    [0, 1, 2, 0]
    """
    reserved = np.empty(0, dtype=np.int64) if taken is None else np.unique(_keys(taken.room, taken.slot)[taken.slot >= 0])
    slot = np.where((held >= 0) & (held <= HIGHEST_SLOT), held, NO_SLOT).astype(np.int64)
    slot[np.isin(_keys(room, slot), reserved)] = NO_SLOT
    holders = np.flatnonzero(slot != NO_SLOT)
    _, first = np.unique(_keys(room[holders], slot[holders]), return_index=True)
    slot[np.delete(holders, first)] = NO_SLOT
    kept = holders[first]
    used = np.union1d(reserved, _keys(room[kept], slot[kept]))
    waiting = np.flatnonzero(slot == NO_SLOT)
    waiting = waiting[np.argsort(room[waiting], kind="stable")]
    order = np.arange(len(waiting)) - np.searchsorted(room[waiting], room[waiting])
    slot[waiting] = _nth_free(used, room[waiting], order)
    return slot


def _keys(room: Int64, slot: Int64) -> Int64:
    return room * ROOM_STRIDE + slot


def _nth_free(used: Int64, room: Int64, nth: Int64) -> Int64:
    """The nth number (from 0) of each room that is not among its used keys: nth + how many used ones lie below it."""
    used_room = used // ROOM_STRIDE
    starts = np.searchsorted(used_room, used_room)
    free_before = used - (np.arange(len(used)) - starts)
    below = np.searchsorted(free_before, _keys(room, nth), side="right") - np.searchsorted(used_room, room)
    return nth + below
