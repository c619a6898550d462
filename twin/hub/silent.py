"""Devices that fell silent, or are heard again, as alarms and events of their places; what the state says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors import NO_NUMBER, NO_TIME, Fixes, Observation
from twin.incidents import Event, Spot
from twin.incidents.event import iso_of
from twin.incidents.silent import SILENCE
from twin.live.fences import Fact
from twin.live.hearing import Fallen, Heard, Hearing
from twin.live.silence import alarming_kinds
from twin.live.state import LiveState

__all__ = ["SILENT", "alarm_of", "heard_event", "said_of", "silent_event", "silent_states", "standing_of"]

SILENT = "pingshan.silence"


def said_of(
    fixes: Fixes, positions: NDArray[np.uint64], others: Iterable[tuple[int, Observation]], state: LiveState, now_us: int
) -> Iterator[tuple[int, str, int]]:
    """Who spoke whose silence is an alarm: position of the batch, device, when it was received. `fixes` are by handle."""
    if len(fixes):
        for at in np.flatnonzero(state.of_kinds(alarming_kinds())[fixes["device"]]).tolist():
            received_us = int(fixes["received_us"][at])
            yield int(positions[at]), state.addresses[int(fixes["device"][at])], now_us if received_us == NO_TIME else received_us
    for position, one in others:
        if Hearing.minds(one.device):
            yield position, one.device, one.received_us


def standing_of(device: str, fact: Fact | None, state: LiveState) -> tuple[tuple[str, ...], tuple[float, float] | None]:
    """The features that a device is in as far as it moves, and where it is: what moves where it was last, else where it was surveyed, else
    where it said that it is."""
    handle = state.find(device)
    if handle is not None and state.rows["placed"][handle]:
        row = state.rows[handle]
        known = int(row["lon_e7"]) != NO_NUMBER
        return state.places[int(row["place"])], (int(row["lon_e7"]) / 1e7, int(row["lat_e7"]) / 1e7) if known else None
    said = state.still.get(device, {}).get("lon_lat")
    return (), (fact.lon_lat if fact is not None else None) or (tuple(said) if said else None)


def alarm_of(one: Fallen, spot: Spot, lon_lat: tuple[float, float] | None, height_m: float | None, now_us: int) -> dict[str, Any]:
    """The alarm that a device fell silent, as `Alarms.of` takes it."""
    return {
        "device": one.device,
        "kind": SILENCE,
        "spot": spot,
        "time_us": one.at_us,
        "received_us": now_us,
        "lon_lat": lon_lat,
        "height_m": height_m,
    }


def silent_event(one: Fallen, spot: Spot) -> Event:
    """That it fell silent, at the moment at which its limit had run out."""
    data = {"device": one.device, "change": "silent", "heard": iso_of(one.heard_us), "limit_s": one.limit_us // 1_000_000}
    return _event(one.device, one.at_us, spot, data)


def heard_event(one: Heard, spot: Spot) -> Event:
    """That it is heard again."""
    return _event(one.device, one.at_us, spot, {"device": one.device, "change": "heard", "since": iso_of(one.since_us)})


def silent_states(devices: Sequence[str], state: LiveState) -> dict[str, dict[str, Any]]:
    """What the state says of them as far as they stand still: that they are silent."""
    return {device: {**state.still[device], "silent": True} for device in devices if device in state.still}


def _event(device: str, time_us: int, spot: Spot, data: dict[str, Any]) -> Event:
    return Event(type=SILENT, subject=device, time_us=time_us, site=spot.site, place=spot.protected, labels=spot.labels, data=data)
