"""What is live, as documents: positions and states, page by page, in the order of their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from sensors import NO_NUMBER, NO_TIME
from sensors.verdict import Verdict
from twin.live.state import Flag, LiveState
from twin.queries.live.feed import Asked
from twin.queries.live.standing import Stands
from twin.queries.live.visible import Permitted
from twin.queries.place.scene import Scenes

__all__ = ["moment", "name_roads", "position_told", "positions_told", "states_told"]

LAST_US = 253_402_300_799_999_999


def positions_told(state: LiveState, permitted: Permitted, asked: Asked, *, now_us: int, after: str | None, limit: int) -> dict[str, Any]:
    """The positions that are asked for and permitted: `{at, positions, next, numberMatched}`; `after` is the id that the page
    before ended with."""
    current = state.current
    seen = permitted.mask(state) & (current["placed"] > 0)
    if asked.box is not None:
        seen &= state.in_box(asked.box)
    handles = np.flatnonzero(seen)
    addresses = [state.addresses[handle] for handle in handles.tolist()]
    if asked.kinds is not None:
        chosen = [i for i, address in enumerate(addresses) if address.partition("/")[0] in asked.kinds]
        handles, addresses = handles[chosen], [addresses[i] for i in chosen]
    matched = len(addresses)
    order = sorted(i for i in range(matched) if after is None or addresses[i] > after)
    order.sort(key=addresses.__getitem__)
    page = order[:limit]
    told = [position_told(int(handles[i]), state, permitted, now_us) for i in page]
    following = addresses[page[-1]] if len(order) > limit else None
    return {"at": moment(now_us), "numberMatched": matched, "positions": told, "next": following}


def position_told(handle: int, state: LiveState, permitted: Permitted, now_us: int) -> dict[str, Any]:
    """The position of one device, by its handle; its road has no name yet (`name_roads`)."""
    address, row = state.addresses[handle], state.current[handle]
    kind, _, key = address.partition("/")
    flags = Flag(int(row["flags"]))
    return {
        "id": address,
        "kind": kind,
        "key": key,
        "lon": int(row["lon_e7"]) / 1e7,
        "lat": int(row["lat_e7"]) / 1e7,
        "height_m": _number(row["height_cm"], 100),
        "raw": [int(row["raw_lon_e7"]) / 1e7, int(row["raw_lat_e7"]) / 1e7],
        "heading_deg": _number(row["heading_cdeg"], 100),
        "speed_kmh": _number(row["speed_dkmh"], 10),
        "accuracy_m": _number(row["accuracy_dm"], 10),
        "time": moment(int(row["fix_us"])),
        "received": moment(int(row["received_us"])),
        "silent_s": _silence(int(row["received_us"]), now_us),
        "since": moment(int(row["since_us"])),
        "place": list(state.places[int(row["place"])]),
        "road": _road(state.places[int(row["road"])], permitted),
        "verdict": Verdict(int(row["verdict"])).name.lower(),
        "flags": [flag.name.lower() for flag in Flag if flag in flags and flag.name is not None],
        "alarm": int(row["alarm"]),
    }


def states_told(
    state: LiveState,
    permitted: Permitted,
    kinds: frozenset[str] | None,
    standing: Mapping[str, Stands] | None,
    *,
    now_us: int,
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """The states that are asked for and permitted: `{at, states, next, numberMatched}`; with `standing` those of a site, also of devices
    that have said nothing yet."""
    addresses = set(state.still) if standing is None else set(standing)
    seen = sorted(address for address in addresses if _is_shown(address, kinds, permitted, standing))
    page = [address for address in seen if after is None or address > after]
    told = [_state(address, state.still.get(address), (standing or {}).get(address), permitted, now_us) for address in page[:limit]]
    return {"at": moment(now_us), "numberMatched": len(seen), "states": told, "next": page[limit - 1] if len(page) > limit else None}


def _is_shown(address: str, kinds: frozenset[str] | None, permitted: Permitted, standing: Mapping[str, Stands] | None) -> bool:
    kind = address.partition("/")[0]
    return (kinds is None or kind in kinds) and permitted.knows(address, () if standing is None else (standing[address].feature,))


def moment(time_us: int | None) -> str | None:
    """A time of the state as RFC 3339 with milliseconds; None where there is none.

    >>> moment(1_790_000_000_123_456)
    '2026-09-21T14:13:20.123Z'
    """
    if time_us is None or not 0 <= time_us <= LAST_US:
        return None
    return datetime.fromtimestamp(time_us / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _road(features: tuple[str, ...], permitted: Permitted) -> dict[str, str | None] | None:
    return {"id": features[0], "name": None} if features and permitted.knows_places(features) else None


def name_roads(scenes: Scenes, positions: Sequence[dict[str, Any]]) -> None:
    """Give the roads of positions that were told their names, as the scene has them. It may ask the store: call it from a thread."""
    roads = [one["road"] for one in positions if one["road"] is not None]
    for code in scenes.codes(("*",)) if roads else ():
        places = scenes.site(code)
        for road in roads:
            row = places.position.get(road["id"])
            if row is not None:
                road["name"] = places.extents.words["name"][row]


def _state(address: str, document: Mapping[str, Any] | None, stands: Stands | None, permitted: Permitted, now_us: int) -> dict[str, Any]:
    kind, _, key = address.partition("/")
    said = document or {"state": None, "since_us": None, "received_us": NO_TIME, "value": {}, "alarms": [], "in": 0, "out": 0}
    lon, lat = (None, None) if stands is None else (stands.lon, stands.lat)
    if lon is None or lat is None:
        lon, lat = said.get("lon_lat") or (None, None)
    return {
        "id": address,
        "kind": kind,
        "key": key,
        "name": stands.name if stands is not None else None,
        "state": said["state"],
        "since": moment(said["since_us"]),
        "received": moment(said["received_us"]),
        "silent_s": _silence(said["received_us"], now_us),
        "silent_since": moment(said["received_us"]) if said.get("silent") else None,
        "value": said["value"] | ({"in": said["in"], "out": said["out"]} if kind == "gate" else {}),
        "alarms": said["alarms"],
        "lon": lon,
        "lat": lat,
        "height_m": stands.height_m if stands is not None else None,
        "place": dict(stands.place) if stands is not None else {},
        "zones": [zone for zone in (stands.zones if stands is not None else ()) if permitted.knows_places((zone,))],
    }


def _silence(received_us: int, now_us: int) -> float | None:
    return None if received_us == NO_TIME else max(0.0, round((now_us - received_us) / 1e6, 1))


def _number(value: Any, divisor: int) -> float | None:
    return None if int(value) == NO_NUMBER else int(value) / divisor
