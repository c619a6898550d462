"""What a snapshot tells: open incidents, positions, states of a site, each of it only what its reader may know of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.frame import Site
from twin.auth import Labels
from twin.incidents import AlarmKinds, Asked, IncidentReader, Knows, View
from twin.live.state import Flag, LiveState
from twin.queries.incidents.documents import incident_documents
from twin.queries.live.feed import Box
from twin.queries.live.standing import Stands
from twin.queries.live.told import position_told, states_told
from twin.queries.live.visible import Permitted
from twin.store import Store

__all__ = ["MOST_INCIDENTS", "MOST_POSITIONS", "Facts", "Held", "Spot", "around", "hold", "told_of"]

MOST_INCIDENTS = 300
MOST_POSITIONS = 2000
EVERY = 10**9
METRES_A_DEGREE = 111_320.0
OPEN = ("open", "acknowledged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One place of an incident: the feature, None for none; degrees, None where nobody knows."""

    place: str | None
    lon_lat: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Documents as `/incidents`, `/live/positions` and `/live/states` tell them. `incidents` the most severe first, `positions` in alarm
    first, then the newest; where there are more than are told, `incidents_total` and `positions_total` say so. `kinds` has
    the words of alarms, `spots` all places of each incident that the reader may know of, the latest first."""

    site: Site
    at_us: int
    incidents: Sequence[Mapping[str, Any]]
    incidents_total: int
    positions: Sequence[Mapping[str, Any]]
    positions_total: int
    states: Sequence[Mapping[str, Any]]
    kinds: AlarmKinds
    spots: Mapping[int, Sequence[Spot]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A state as it was, to be read in any thread; `seen` (n,) are the devices that the reader may know of where they are."""

    state: LiveState
    seen: NDArray[np.bool_]
    permitted: Permitted


def hold(state: LiveState, permitted: Permitted) -> Held:
    """A copy of the state for one reader; to be called where the state is changed."""
    copy = state.copied()
    return Held(state=copy, seen=permitted.mask(state).copy(), permitted=permitted)


def told_of(
    store: Store,
    site: Site,
    reader: IncidentReader,
    knows: Knows,
    labels: Labels,
    held: Held,
    standing: Mapping[str, Stands],
    *,
    now_us: int,
) -> Facts:
    """What one reader may know of a site at this moment."""
    state, permitted = held.state, held.permitted
    views = _open(reader, knows, site.code)
    handles = _near(state, held.seen, around(site))
    states = states_told(state, permitted, None, standing, now_us=now_us, after=None, limit=EVERY)["states"]
    return Facts(
        site=site,
        at_us=now_us,
        incidents=incident_documents(store, reader, views[:MOST_INCIDENTS], labels),
        incidents_total=len(views),
        positions=[position_told(handle, state, permitted, now_us) for handle in handles[:MOST_POSITIONS]],
        positions_total=len(handles),
        states=states,
        kinds=reader.kinds,
        spots={view.id: _spots(view) for view in views[:MOST_INCIDENTS]},
    )


def around(site: Site) -> Box:
    """West, south, east, north of the square around the radius of a site, degrees."""
    north = site.radius_m / METRES_A_DEGREE
    east = north / max(math.cos(math.radians(site.lat)), 0.01)
    return site.lon - east, site.lat - north, site.lon + east, site.lat + north


def _open(reader: IncidentReader, knows: Knows, code: str) -> list[View]:
    """What is not closed, the most severe first, then what said something last."""
    found: list[View] = []
    for state in OPEN:
        after: int | None = None
        while True:
            page = reader.page(Asked(sites=frozenset({code}), state=state), knows, after=after, limit=1000)
            found += page.views
            after = page.next
            if after is None:
                break
    return sorted(found, key=lambda view: (-view.severity(reader.kinds), -view.until_us, view.id))


def _spots(view: View) -> list[Spot]:
    parts = sorted(view.parts, key=lambda part: (part is not view.latest, -part.last_us, part.id))
    return [Spot(place=part.spot.place, lon_lat=(part.lon, part.lat) if part.lat == part.lat else None) for part in parts]


def _near(state: LiveState, permitted: NDArray[np.bool_], box: Box) -> list[int]:
    """The handles of what is in a box and permitted: in alarm first, then by the time of the fix, the newest first."""
    seen = np.flatnonzero(permitted & state.in_box(box))
    rows = state.current[seen]
    order = np.lexsort((seen, -rows["fix_us"], rows["flags"] & Flag.ALARM == 0))
    found: list[int] = seen[order].tolist()
    return found
