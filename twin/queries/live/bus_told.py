"""What the bus is told of the state and of events, each under the one label that stands for who may know of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sensors import NO_NUMBER
from twin.errors import StoreUnavailable
from twin.gateway.bus_told import DeviceSaid, DeviceState
from twin.hub.happening import untold
from twin.incidents.event import GAP, Event
from twin.live.changes import Changes
from twin.live.inside import unnamed
from twin.live.state import Flag, LiveState
from twin.queries.live.replica import Replica

__all__ = ["FindsLabels", "ToldOnBus"]

GATHER_S = 0.2


class FindsLabels(Protocol):
    """See `twin.queries.live.bus_labels.BusLabels`."""

    def of(self, address: str, features: Collection[str]) -> str | None:
        """The label that a device is told under that is in some features."""

    def of_event(self, event: Event) -> str | None:
        """The label that an event is told under; it may ask the store."""


@dataclass(slots=True, eq=False)
class ToldOnBus:
    """See `BusTold`: over a replica, in the loop that it is fed in. Persons are named to no machine."""

    replica: Replica
    labels: FindsLabels
    _moved: set[int] = field(default_factory=set)
    _stood: set[str] = field(default_factory=set)
    _said: list[dict[str, Any]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, changes: Changes) -> None:
        """What the hub told, after the replica took it."""
        self._moved.update(changes.handles.tolist())
        self._stood.update(changes.still)
        self._news.set()

    def hear(self, events: list[dict[str, Any]] | None) -> None:
        """Events that the hub told; those that were missed meanwhile are not told late: `/events` has them."""
        self._said += events or []
        self._news.set()

    def relabel(self) -> None:
        """Labels are others now: all that there is, is looked at again."""
        self._moved.update(range(len(self.replica.state)))
        self._stood.update(self.replica.state.still)
        self._news.set()

    def snapshot(self) -> Iterable[DeviceState]:
        """See `BusTold`."""
        state = self.replica.state
        return [*self._states(state, range(len(state))), *self._still(state, state.still)]

    async def follow(self) -> AsyncIterator[Sequence[DeviceState | DeviceSaid]]:
        """See `BusTold`."""
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_S)
            self._news.clear()
            state = self.replica.state
            moved, self._moved = self._moved, set()
            stood, self._stood = self._stood, set()
            said, self._said = self._said, []
            rows: list[DeviceState | DeviceSaid] = [*self._states(state, sorted(moved)), *self._still(state, sorted(stood))]
            yield [*rows, *await asyncio.to_thread(self._events, said)]

    def _states(self, state: LiveState, handles: Iterable[int]) -> Iterable[DeviceState]:
        for handle in handles:
            row = state.current[handle]
            if not row["placed"]:
                continue
            address = state.addresses[handle]
            kind, _, key = address.partition("/")
            label = self.labels.of(address, state.places[int(row["place"])])
            facts = {
                "lon": int(row["lon_e7"]) / 1e7,
                "lat": int(row["lat_e7"]) / 1e7,
                "speed_kmh": None if int(row["speed_dkmh"]) == NO_NUMBER else int(row["speed_dkmh"]) / 10,
                "heading_deg": None if int(row["heading_cdeg"]) == NO_NUMBER else int(row["heading_cdeg"]) / 100,
                "accuracy_m": None if int(row["accuracy_dm"]) == NO_NUMBER else int(row["accuracy_dm"]) / 10,
                "flags": [flag.name.lower() for flag in Flag if int(row["flags"]) & flag and flag.name is not None],
            }
            yield DeviceState(kind=kind, key=key, label=label, state=facts, time_us=int(row["fix_us"]))

    def _still(self, state: LiveState, addresses: Iterable[str]) -> Iterable[DeviceState]:
        for address in addresses:
            document = state.still[address]
            kind, _, key = address.partition("/")
            facts = {name: document[name] for name in ("state", "alarms", "in", "out")} | {"value": unnamed(document["value"])}
            label = self.labels.of(address, ())
            yield DeviceState(kind=kind, key=key, label=label, state=facts, time_us=document["time_us"])

    def _events(self, said: Sequence[dict[str, Any]]) -> list[DeviceSaid]:
        """Those that somebody may hear; while the store is away nobody knows who may, and `/events` has them."""
        try:
            return [self._event(one) for one in said if one["type"] != GAP]
        except StoreUnavailable:
            return []

    def _event(self, said: dict[str, Any]) -> DeviceSaid:
        kind, _, key = str(said["subject"]).partition("/")
        stream, label = str(said["type"]).rpartition(".")[2], self.labels.of_event(untold(said))
        return DeviceSaid(
            kind=kind, key=key, label=label, stream=stream, id=str(said["id"]), data=unnamed(said["data"]), time_us=said["time_us"]
        )
