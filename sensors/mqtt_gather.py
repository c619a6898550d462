"""Many things said, in the order they came, as one batch."""

from collections.abc import Iterable

import numpy as np

from sensors.batch import Batch
from sensors.mqtt_payload import Said
from sensors.observation import FIX, Fixes, Observation

__all__ = ["gather"]


def gather(source: str, number: int, said: Iterable[Said]) -> Batch:
    """One batch of all that was said: fixes beside their raw frames in order, then what else was said, in order.

    A fix that was packed by its device without a raw frame gets its own 56 bytes as one.
    """
    table: dict[str, int] = {}
    rows: list[Fixes] = []
    loose: list[tuple[int, ...]] = []
    raw: list[bytes] = []
    others: list[Observation] = []
    for one in said:
        if isinstance(one.one, Observation):
            others.append(one.one)
        elif isinstance(one.one, Batch):
            rows.extend((_rows(loose), _renumbered(one.one, table)))
            loose = []
            raw.extend(one.one.raw or (row.tobytes() for row in one.one.fixes))
            others.extend(one.one.others)
        else:
            loose.append((table.setdefault(one.device, len(table)), *one.one[1:]))
            raw.append(one.raw)
    fixes = np.concatenate([*rows, _rows(loose)])
    return Batch(source=source, number=number, devices=tuple(table), fixes=fixes, raw=raw, others=others)


def _rows(loose: list[tuple[int, ...]]) -> Fixes:
    return np.array(loose, dtype=FIX)


def _renumbered(batch: Batch, table: dict[str, int]) -> Fixes:
    fixes = batch.fixes.copy()
    if len(fixes):
        ours = np.fromiter((table.setdefault(name, len(table)) for name in batch.devices), dtype="<u4", count=len(batch.devices))
        fixes["device"] = ours[batch.fixes["device"]]
    return fixes
