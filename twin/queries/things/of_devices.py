"""Entities that come of devices: found by their ids, listed, followed, and what the devices said. Those of devices that the reader may
know of: of what is external (`twin.queries.things.view`) nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from sensors import Observation
from sensors.observation import Stream
from twin.live.things import Entity, Id
from twin.queries.things import derived
from twin.queries.things.devices import Device, SeenDevices
from twin.queries.things.observed import ObservedHistory, Window, all_observed, time_of
from twin.queries.things.streams import device_streams

__all__ = ["OfDevices"]


class OfDevices:
    """The devices of one reader as entities, each worked out when it is asked for."""

    def __init__(self, devices: SeenDevices, history: ObservedHistory) -> None:
        self.devices = devices
        self._history = history

    # Finding

    def find(self, kind: str, name: str) -> Entity | None:
        """The entity of an id; observations are found by `find_observation`."""
        if kind == "Sensor":
            return derived.sensor_of(name) if name in device_streams() else None
        if kind == "ObservedProperty":
            return derived.property_of(Stream(name)) if name in self.names(kind) else None
        if kind == "Datastream":
            split = self.stream_of(name)
            return None if split is None else derived.datastream_of(*split)
        device = self.devices.by_id.get(name)
        if device is not None:
            return self._of_device(kind, device)
        return self._past(kind, name) if kind in ("HistoricalLocation", "Location") else None

    def names(self, kind: str) -> Iterable[str]:
        """The ids of a type in their order; of historical locations and observations see `past` and `observed`."""
        if kind in ("Thing", "Location", "FeatureOfInterest"):
            return self.devices.ids
        if kind == "Datastream":
            return self._datastream_names
        if kind == "Sensor":
            return sorted({device.kind for device in self.devices.by_id.values()})
        streams = {stream for device in self.devices.by_id.values() for stream in device_streams()[device.kind]}
        return sorted(stream.value for stream in streams)

    def stream_of(self, name: Id) -> tuple[Device, Stream] | None:
        """The device and stream of a datastream's id."""
        base, colon, said = str(name).rpartition(":")
        device = self.devices.by_id.get(base) if colon and isinstance(name, str) else None
        if device is None or said not in device_streams()[device.kind]:
            return None
        return device, Stream(said)

    def find_observation(self, name: Id) -> Entity | None:
        """What a device said, by its id."""
        found = self._said_at(name)
        if found is None:
            return None
        device, stream, one, number = found
        return derived.observation_of(device, stream, one, number, placed=self._feature(device) is not None)

    # Following

    def many(self, entity: Entity, way: str) -> Iterator[Entity]:
        """What of the entities of devices leads to an entity by a navigation property to many."""
        if way != "Datastreams":
            return
        if entity.type == "Thing" and entity.own:
            device = self.devices.by_id[str(entity.id)]
            for stream in sorted(device_streams()[device.kind]):
                yield derived.datastream_of(device, stream)
        elif entity.type in ("Sensor", "ObservedProperty") and entity.own:
            for name in self._datastream_names:
                found = self.find("Datastream", name)
                if found is not None and found.links[entity.type] == entity.id:
                    yield found

    def past(self) -> Iterator[Entity]:
        """Every historical location."""
        for name in self.devices.ids:
            yield from self._tracked(self.devices.by_id[name])

    def past_of(self, entity: Entity) -> Iterator[Entity]:
        """The historical locations of a Thing, or that of a Location."""
        if entity.own and entity.id in self.devices.by_id and entity.type == "Thing":
            yield from self._tracked(self.devices.by_id[str(entity.id)])
        elif entity.own and entity.type == "Location" and entity.id not in self.devices.by_id:
            found = self._past("HistoricalLocation", str(entity.id))
            if found is not None:
                yield found

    # Observations

    def observed(self, window: Window) -> Iterator[Entity]:
        """What all of them said, each datastream in the order of time."""
        for name in self.devices.ids:
            device = self.devices.by_id[name]
            if window.foi in (None, device.id):
                for stream in sorted(device_streams()[device.kind]):
                    yield from self.said(device, stream, window)

    def said(self, device: Device, stream: Stream, window: Window) -> Iterator[Entity]:
        """What one said of one stream."""
        placed = self._feature(device) is not None
        if window.foi is not None and (window.foi != device.id or not placed):
            return
        start, end, place = window.from_us, window.to_us, window.after
        if place:
            start, end = (start, _least(end, place[0])) if window.descending else (_most(start, place[0]), end)
        if start is not None and end is not None and end < start:
            return
        rows = all_observed(self._history, device.address, stream, from_us=start, to_us=end, descending=window.descending)
        for row, number in rows:
            here = (time_of(row), number)
            if place and (here >= place if window.descending else here <= place):
                continue
            yield derived.observation_of(device, stream, row, number, placed=placed)

    def count(self, device: Device, stream: Stream) -> int | None:
        """How many observations, where that is known without looking at each."""
        return self._history.count(device.address, stream)

    # Members

    def extent_of(self, name: Id, member: str) -> str | None:
        """`phenomenonTime` or `resultTime` of a datastream, from its first observation to its last."""
        split = self.stream_of(name)
        ends = [] if split is None else [self._end(*split, descending=last) for last in (False, True)]
        said = [one.body[member] for one in ends if one is not None]
        return f"{said[0]}/{said[1]}" if len(said) == 2 else None

    def area_of(self, name: Id) -> Any:
        """Where the device of a datastream stands."""
        split = self.stream_of(name)
        feature = None if split is None else self._feature(split[0])
        return None if feature is None else feature.body["feature"]

    def _of_device(self, kind: str, device: Device) -> Entity | None:
        if kind == "Thing":
            return derived.thing_of(device, placed=self._location(device) is not None)
        if kind == "Location":
            return self._location(device)
        return self._feature(device) if kind == "FeatureOfInterest" else None

    def _past(self, kind: str, name: str) -> Entity | None:
        found = self._said_at(name)
        if found is None or found[1] is not Stream.POSITION:
            return None
        device, _, one, number = found
        if kind == "Location":
            return derived.past_location(device, one, number)
        return derived.historical_location(device, one, number)

    def _said_at(self, name: Id) -> tuple[Device, Stream, Observation, int] | None:
        """The observation of a device that an id names."""
        parts = str(name).rsplit(":", 2)
        split = self.stream_of(parts[0]) if len(parts) == 3 else None
        if split is None or not all(_is_whole(part) for part in parts[1:]):
            return None
        at, number = int(parts[1]), int(parts[2])
        rows = all_observed(self._history, split[0].address, split[1], from_us=at, to_us=at)
        return next(((*split, row, count) for row, count in rows if count == number), None)

    def _tracked(self, device: Device) -> Iterator[Entity]:
        if Stream.POSITION in device_streams()[device.kind]:
            for one, number in all_observed(self._history, device.address, Stream.POSITION):
                yield derived.historical_location(device, one, number)

    def _end(self, device: Device, stream: Stream, *, descending: bool) -> Entity | None:
        rows = self._history.observations(device.address, stream, limit=1, descending=descending)
        return derived.observation_of(device, stream, rows[0], 0, placed=False) if rows else None

    def _location(self, device: Device) -> Entity | None:
        return derived.location_of(device, self._places.get(device.address))

    def _feature(self, device: Device) -> Entity | None:
        return derived.feature_of(device, self._places.get(device.address))

    @cached_property
    def _places(self) -> Mapping[str, Observation]:
        return self._history.places()

    @cached_property
    def _datastream_names(self) -> list[str]:
        return sorted(f"{name}:{stream}" for name, one in self.devices.by_id.items() for stream in device_streams()[one.kind])


def _least(one: int | None, other: Any) -> int:
    return int(other) if one is None else min(one, int(other))


def _most(one: int | None, other: Any) -> int:
    return int(other) if one is None else max(one, int(other))


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 18
