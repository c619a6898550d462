"""What the bus is told of the state and of events, each under the one label that stands for who may know of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sensors import NO_NUMBER
from twin.gateway.bus_told import DeviceSaid, DeviceState
from twin.incidents.event import GAP
from twin.live.changes import Changes
from twin.live.state import Flag, LiveState
from twin.queries.live.replica import Replica

__all__ = ["ToldOnBus", "label_of"]

GATHER_S = 0.2
PUBLIC = "public"
LabelOf = Callable[[str], str | None]
"""The label of a feature by its id; None where there is no such feature."""


def label_of(labels: Iterable[str]) -> str | None:
    """The label that something protected by several is told under: the one that is not public; None where two would be needed, because
    a topic has one, and who has it need not have the other.

    >>> label_of(["public", "restricted"]), label_of(["internal", "restricted"]), label_of([])
    ('restricted', None, 'public')
    """
    needed = {label for label in labels if label != PUBLIC}
    return PUBLIC if not needed else needed.pop() if len(needed) == 1 else None


@dataclass(slots=True, eq=False)
class ToldOnBus:
    """See `BusTold`: over a replica in the loop that it is fed in. `feature_label` may ask the store, once a feature and revision."""

    replica: Replica
    feature_label: LabelOf
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
            yield [*rows, *map(self._event, said)]

    def _states(self, state: LiveState, handles: Iterable[int]) -> Iterable[DeviceState]:
        for handle in handles:
            row = state.current[handle]
            if not row["placed"]:
                continue
            address = state.addresses[handle]
            kind, _, key = address.partition("/")
            labels = self._labels((*state.places[int(row["place"])], f"{kind}:{key}"))
            facts = {
                "lon": int(row["lon_e7"]) / 1e7,
                "lat": int(row["lat_e7"]) / 1e7,
                "speed_kmh": None if int(row["speed_dkmh"]) == NO_NUMBER else int(row["speed_dkmh"]) / 10,
                "heading_deg": None if int(row["heading_cdeg"]) == NO_NUMBER else int(row["heading_cdeg"]) / 100,
                "accuracy_m": None if int(row["accuracy_dm"]) == NO_NUMBER else int(row["accuracy_dm"]) / 10,
                "flags": [flag.name.lower() for flag in Flag if int(row["flags"]) & flag and flag.name is not None],
            }
            yield DeviceState(kind=kind, key=key, label=label_of(labels), state=facts, time_us=int(row["fix_us"]))

    def _still(self, state: LiveState, addresses: Iterable[str]) -> Iterable[DeviceState]:
        for address in addresses:
            document = state.still[address]
            kind, _, key = address.partition("/")
            labels = self._labels((*document.get("place", ()), f"{kind}:{key}"))
            facts = {name: document[name] for name in ("state", "value", "alarms", "in", "out")}
            yield DeviceState(kind=kind, key=key, label=label_of(labels), state=facts, time_us=document["time_us"])

    def _event(self, said: dict[str, Any]) -> DeviceSaid:
        kind, _, key = str(said["subject"]).partition("/")
        stream = str(said["type"]).rpartition(".")[2]
        label = None if said["type"] == GAP or not said["labels"] else label_of(said["labels"])
        return DeviceSaid(kind=kind, key=key, label=label, stream=stream, id=str(said["id"]), data=said["data"], time_us=said["time_us"])

    def _labels(self, features: Iterable[str]) -> list[str]:
        return [label for feature in features if (label := self.feature_label(feature)) is not None]
