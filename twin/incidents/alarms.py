"""Alarms as columns, each with its place, who may know of it, and where its raw observation stands in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Alarms", "Spot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where an alarm is: `place` the feature id of its room, segment or zone (None: open ground) of `place_kind`; `protected` the most
    protected place it is in, and `labels` all that a reader needs to know of it. `site` is the site it belongs to."""

    site: str
    place: str | None = None
    place_kind: str = ""
    protected: str | None = None
    labels: tuple[str, ...] = ()

    def protection(self) -> tuple[str, str | None, tuple[str, ...]]:
        """What decides who may know of it."""
        return self.site, self.protected, tuple(sorted(set(self.labels)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alarms:
    """n alarms of one committed batch. `device`, `kind`, `spot` count into `devices` (addresses), `kinds` (codes), `spots`.

    `time_us` when it happened as far as is believed, `received_us` when it came in, both UTC since 1970; `lon_lat` (n, 2) degrees WGS84
    and `height_m` ellipsoidal, NaN where unknown; `item` counts within the batch of the journal. `edge` is False where the device only
    goes on saying what it said before.
    """

    devices: Sequence[str]
    kinds: Sequence[str]
    spots: Sequence[Spot]
    device: NDArray[np.int64]
    kind: NDArray[np.int64]
    spot: NDArray[np.int64]
    time_us: NDArray[np.int64]
    received_us: NDArray[np.int64]
    lon_lat: NDArray[np.float64]
    height_m: NDArray[np.float64]
    item: NDArray[np.int64]
    edge: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time_us)

    @classmethod
    def of(cls, rows: Sequence[dict[str, Any]]) -> "Alarms":
        """From a few alarms said one by one: `{device, kind, spot, time_us, received_us?, lon_lat?, height_m?, item?, edge?}`.

        >>> len(Alarms.of([{"device": "door/D1", "kind": "door_forced", "spot": Spot(site="s"), "time_us": 5}]))
        1
        """
        devices, device = _coded([row["device"] for row in rows])
        kinds, kind = _coded([row["kind"] for row in rows])
        spots, spot = _coded([row["spot"] for row in rows])
        places = [row.get("lon_lat") or (np.nan, np.nan) for row in rows]
        heights = [row.get("height_m") for row in rows]
        return cls(
            devices=devices,
            kinds=kinds,
            spots=spots,
            device=device,
            kind=kind,
            spot=spot,
            time_us=np.array([row["time_us"] for row in rows], dtype=np.int64),
            received_us=np.array([row.get("received_us", row["time_us"]) for row in rows], dtype=np.int64),
            lon_lat=np.array(places, dtype=np.float64).reshape(-1, 2),
            height_m=np.array([np.nan if height is None else height for height in heights], dtype=np.float64),
            item=np.array([row.get("item", number) for number, row in enumerate(rows)], dtype=np.int64),
            edge=np.array([row.get("edge", True) for row in rows], dtype=np.bool_),
        )


def _coded(values: Sequence[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    known: dict[Any, int] = {}
    codes = [known.setdefault(value, len(known)) for value in values]
    return list(known), np.array(codes, dtype=np.int64)
