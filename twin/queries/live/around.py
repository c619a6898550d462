"""What is live around a place, for the context of an incident: rows with all that a reader's rights are decided by."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from sensors import NO_NUMBER
from twin.live.state import LiveState
from twin.queries.incidents.live_state import LiveRow
from twin.queries.live.replica import Replica
from twin.queries.place.scene import Scenes

__all__ = ["Around"]

METRES_A_DEGREE = 111_320.0


class Around:
    """See `twin.queries.incidents.live_state.LiveState`: over a worker's replica."""

    def __init__(self, replica: Replica, scenes: Scenes) -> None:
        self._replica = replica
        self._scenes = scenes

    def near(self, site: str, lon: float, lat: float, radius_m: float, kinds: Collection[str]) -> Sequence[LiveRow]:
        """See `LiveState`."""
        state = self._replica.state
        current = state.current.copy()
        east = (current["lon_e7"] / 1e7 - lon) * METRES_A_DEGREE * math.cos(math.radians(lat))
        north = (current["lat_e7"] / 1e7 - lat) * METRES_A_DEGREE
        apart = np.hypot(east, north)
        near = np.flatnonzero((current["placed"] > 0) & (apart <= radius_m))
        handles = near[np.argsort(apart[near], kind="stable")].tolist()
        return list(self._rows(state, site, [handle for handle in handles if state.addresses[handle].partition("/")[0] in kinds]))

    def inside(self, site: str, place: str) -> Sequence[LiveRow]:
        """See `LiveState`."""
        state = self._replica.state
        rows = [row for row, features in enumerate(state.places) if place in features]
        current = state.current
        handles = np.flatnonzero(np.isin(current["place"], rows) & (current["placed"] > 0)) if rows else np.zeros(0, dtype=np.int64)
        return list(self._rows(state, site, handles.tolist()))

    def _rows(self, state: LiveState, site: str, handles: Sequence[int]) -> Iterator[LiveRow]:
        for handle in handles:
            row = state.current[handle]
            features = state.places[int(row["place"])]
            labels = self._scenes.labels_of(site, features)
            yield LiveRow(
                device=state.addresses[handle],
                lon=int(row["lon_e7"]) / 1e7,
                lat=int(row["lat_e7"]) / 1e7,
                height_m=None if int(row["height_cm"]) == NO_NUMBER else int(row["height_cm"]) / 100,
                time_us=int(row["fix_us"]),
                site=site,
                place=features[0] if features else None,
                protected=next((feature for feature, label in labels.items() if label != "public"), features[0] if features else None),
                labels=tuple(sorted(set(labels.values()))) or ("public",),
                more={"speed_kmh": None if int(row["speed_dkmh"]) == NO_NUMBER else int(row["speed_dkmh"]) / 10},
            )
