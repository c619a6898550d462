"""All entities as one reader may know of them: found, followed, listed. Nothing else reads entities, so nothing tells of a hidden one.

What is external is known by its own label and site, and by what it hangs on: a Datastream by its Thing, an Observation by its
Datastream; a Location, a Sensor, an ObservedProperty, a FeatureOfInterest that is used must be used by something known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sensors import Observation
from sensors.observation import Stream
from twin.auth import EVERY, Principal
from twin.live.things import TYPES, Entities, Entity, Id, ObservationRow, ThingStore, id_order
from twin.queries.things import derived
from twin.queries.things.devices import Device, SeenDevices
from twin.queries.things.observed import ObservedHistory, all_observed, time_of
from twin.queries.things.odata.values import TimeSpan, as_span, span_text, time_text
from twin.queries.things.streams import device_streams

__all__ = ["View", "Window"]

USED_BY = {"Location": "Things", "Sensor": "Datastreams", "ObservedProperty": "Datastreams"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which observations are looked at: of a datastream, of a feature, between two starts; in which order, behind which
    place (`View.place_of`)."""

    datastream: Id | None = None
    foi: Id | None = None
    from_us: int | None = None
    to_us: int | None = None
    by_time: bool = False
    descending: bool = False
    after: tuple[int | str, ...] = ()


class View:
    """The entities of one state for one reader; a `Graph` of filters."""

    def __init__(
        self, principal: Principal, devices: SeenDevices, entities: Entities, store: ThingStore, history: ObservedHistory, now_us: int
    ) -> None:
        self.now = TimeSpan(now_us, now_us)
        self.devices = devices
        self._principal = principal
        self._entities = entities
        self._store = store
        self._history = history
        self._seen: dict[tuple[str, Id], bool] = {}

    # Finding

    def find(self, kind: str, name: Id) -> Entity | None:
        """The entity of an id, None where there is none for this reader."""
        if kind == "Observation":
            return self._find_observation(name)
        found = self._entities.find(kind, name)
        if found is not None:
            return found if self.is_seen(found) else None
        return self._derived(kind, name) if isinstance(name, str) else None

    def all(self, kind: str) -> Iterator[Entity]:
        """Every entity of a type in the order of ids; observations too."""
        if kind == "Observation":
            yield from self.observed(Window())
            return
        external = self._entities.all(kind)
        yield from filter(self.is_seen, (one for one in external if isinstance(one.id, int)))
        texts = {str(one.id): one for one in external if isinstance(one.id, str)}
        if kind == "HistoricalLocation":
            yield from filter(self.is_seen, texts.values())
            for name in self.devices.ids:
                yield from self._tracked(self.devices.by_id[name])
            return
        names = self._derived_names(kind)
        for name in sorted([*texts, *names]) if texts else names:
            one = texts.get(name)
            if one is not None and not self.is_seen(one):
                continue
            one = one or self._derived(kind, name)
            if one is not None:
                yield one

    def is_seen(self, one: Entity) -> bool:
        """Whether an external entity exists for this reader."""
        key = (one.type, one.id)
        if key not in self._seen:
            self._seen[key] = self._may(one.site, one.label) and self._is_used_seen(one)
        return self._seen[key]

    def every_linking(self, kind: str, way: str, name: Id) -> Sequence[Id]:
        """The ids of external entities that name this one, hidden ones too: for who is about to end it."""
        return self._entities.linking(kind, way, name)

    def features_of_location(self, name: Id) -> Iterator[Entity]:
        """The features that were made of a Location."""
        found = (self.find("FeatureOfInterest", one) for one in self._entities.linking("FeatureOfInterest", "Location", name))
        return filter(None, found)

    # Following

    def one(self, entity: Entity, way: str) -> Entity | None:
        """What a single navigation property names."""
        name = entity.links.get(way)
        return None if name is None else self.find(TYPES[entity.type].navigations[way].target, name)

    def many(self, entity: Entity, way: str) -> Iterator[Entity]:
        """What a navigation property to many names, in the order of ids."""
        navigation = TYPES[entity.type].navigations[way]
        if navigation.target == "Observation":
            yield from self.observed(Window(datastream=entity.id) if entity.type == "Datastream" else Window(foi=entity.id))
        elif navigation.target == "HistoricalLocation":
            yield from self._past_of(entity, navigation.back)
        elif way in entity.links:
            named = sorted(entity.links[way], key=id_order)
            yield from filter(None, (self.find(navigation.target, name) for name in named))
        else:
            names = self._entities.linking(navigation.target, navigation.back, entity.id)
            yield from filter(None, (self.find(navigation.target, name) for name in names))
            yield from self._derived_many(entity, way)

    def is_linked(self, one: Entity, way: str, other: Entity) -> bool:
        """Whether `one` leads to `other`, both of which are known."""
        if not TYPES[one.type].navigations[way].many:
            return one.links.get(way) == other.id
        if way in one.links:
            return other.id in one.links[way]
        back = TYPES[one.type].navigations[way].back
        return one.id in other.links.get(back, ()) if isinstance(other.links.get(back), tuple) else other.links.get(back) == one.id

    def member(self, entity: Entity, name: str) -> Any:
        """A member, also a derived one."""
        if entity.type == "Datastream" and name in ("phenomenonTime", "resultTime"):
            return self._extent_of(entity, name)
        if entity.type == "Datastream" and name == "observedArea":
            return self._area_of(entity)
        return entity.body.get(name)

    # Observations

    def observed(self, window: Window) -> Iterator[Entity]:
        """Observations of a window that the reader may know of."""
        if window.datastream is None:
            yield from self._observed_anywhere(window)
            return
        split = self.stream_of(window.datastream)
        if split is not None:
            yield from self._said(*split, window)
        elif self.find("Datastream", window.datastream) is not None:
            yield from self._stored(window)

    def place_of(self, one: Entity, window: Window) -> tuple[int | str, ...] | None:
        """Where an observation stands in the order of a window of a datastream; None where only its number from the first tells."""
        if window.datastream is None:
            return None
        if one.own:
            at, number = str(one.id).rsplit(":", 2)[1:]
            return int(at), int(number)
        if not window.by_time:
            return (one.id,)
        span = as_span(str(one.body["phenomenonTime"]))
        return span.start_us, span.end_us, one.id

    def count(self, window: Window) -> int | None:
        """How many, where that is known without looking at each; None where it is not."""
        if window.datastream is None or (window.foi, window.from_us, window.to_us) != (None, None, None):
            return None
        split = self.stream_of(window.datastream)
        if split is not None:
            return self._history.count(split[0].address, split[1])
        if self.find("Datastream", window.datastream) is None:
            return 0
        extent = self._store.extent(window.datastream)
        return 0 if extent is None else extent.number

    def _observed_anywhere(self, window: Window) -> Iterator[Entity]:
        """External ones in their order, then those of devices, each datastream in the order of time."""
        yield from self._stored(window)
        for name in self.devices.ids:
            device = self.devices.by_id[name]
            if window.foi in (None, device.id):
                for stream in sorted(device_streams()[device.kind]):
                    yield from self._said(device, stream, window)

    def _stored(self, window: Window) -> Iterator[Entity]:
        rows = self._store.observations(
            datastream=window.datastream,
            foi=window.foi,
            from_us=window.from_us,
            to_us=window.to_us,
            by_time=window.by_time,
            descending=window.descending,
            after=window.after,
        )
        for row in rows:
            datastream = self.find("Datastream", row.datastream)
            if datastream is not None:
                yield _told(row, datastream)

    def _said(self, device: Device, stream: Stream, window: Window) -> Iterator[Entity]:
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

    def _find_observation(self, name: Id) -> Entity | None:
        row = self._store.find_observation(name)
        if row is not None:
            datastream = self.find("Datastream", row.datastream)
            return None if datastream is None else _told(row, datastream)
        found = self._said_at(name)
        if found is None:
            return None
        device, stream, one, number = found
        return derived.observation_of(device, stream, one, number, placed=self._feature(device) is not None)

    def _said_at(self, name: Id) -> tuple[Device, Stream, Observation, int] | None:
        """The observation of a device that an id names."""
        parts = str(name).rsplit(":", 2)
        split = self.stream_of(parts[0]) if len(parts) == 3 else None
        if split is None or not all(_is_whole(part) for part in parts[1:]):
            return None
        at, number = int(parts[1]), int(parts[2])
        rows = all_observed(self._history, split[0].address, split[1], from_us=at, to_us=at)
        return next(((*split, row, count) for row, count in rows if count == number), None)

    # Derived ones

    def _derived(self, kind: str, name: str) -> Entity | None:
        if kind == "Sensor":
            return derived.sensor_of(name) if name in device_streams() else None
        if kind == "ObservedProperty":
            return derived.property_of(Stream(name)) if name in self._derived_names(kind) else None
        if kind == "Datastream":
            split = self.stream_of(name)
            return None if split is None else derived.datastream_of(*split)
        device = self.devices.by_id.get(name)
        if device is not None:
            return self._of_device(kind, device)
        return self._past(kind, name) if kind in ("HistoricalLocation", "Location") else None

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

    def _derived_names(self, kind: str) -> Iterable[str]:
        if kind in ("Thing", "Location", "FeatureOfInterest"):
            return self.devices.ids
        if kind == "Datastream":
            return self._datastream_names
        if kind == "Sensor":
            return sorted({device.kind for device in self.devices.by_id.values()})
        streams = {stream for device in self.devices.by_id.values() for stream in device_streams()[device.kind]}
        return sorted(stream.value for stream in streams)

    @cached_property
    def _datastream_names(self) -> list[str]:
        return sorted(f"{name}:{stream}" for name, one in self.devices.by_id.items() for stream in device_streams()[one.kind])

    def _derived_many(self, entity: Entity, way: str) -> Iterator[Entity]:
        """What of the derived ones leads to an entity."""
        if way != "Datastreams":
            return
        if entity.type == "Thing" and entity.own:
            device = self.devices.by_id[str(entity.id)]
            for stream in sorted(device_streams()[device.kind]):
                yield derived.datastream_of(device, stream)
        elif entity.type in ("Sensor", "ObservedProperty") and entity.own:
            for name in self._datastream_names:
                found = self._derived("Datastream", name)
                if found is not None and found.links[entity.type] == entity.id:
                    yield found

    def _past_of(self, entity: Entity, back: str) -> Iterator[Entity]:
        names = self._entities.linking("HistoricalLocation", back, entity.id)
        yield from filter(None, (self.find("HistoricalLocation", name) for name in names))
        if entity.own and entity.id in self.devices.by_id and entity.type == "Thing":
            yield from self._tracked(self.devices.by_id[str(entity.id)])
        elif entity.own and entity.type == "Location" and entity.id not in self.devices.by_id:
            found = self._past("HistoricalLocation", str(entity.id))
            if found is not None:
                yield found

    def _tracked(self, device: Device) -> Iterator[Entity]:
        if Stream.POSITION in device_streams()[device.kind]:
            for one, number in all_observed(self._history, device.address, Stream.POSITION):
                yield derived.historical_location(device, one, number)

    @cached_property
    def _places(self) -> Mapping[str, Observation]:
        return self._history.places()

    def _location(self, device: Device) -> Entity | None:
        return derived.location_of(device, self._places.get(device.address))

    def _feature(self, device: Device) -> Entity | None:
        return derived.feature_of(device, self._places.get(device.address))

    def stream_of(self, name: Id) -> tuple[Device, Stream] | None:
        """The device and stream of a datastream's id."""
        base, colon, said = str(name).rpartition(":")
        device = self.devices.by_id.get(base) if colon and isinstance(name, str) else None
        if device is None or said not in device_streams()[device.kind]:
            return None
        return device, Stream(said)

    # Extents

    def _extent_of(self, entity: Entity, name: str) -> str | None:
        if entity.own:
            split = self.stream_of(entity.id)
            ends = [] if split is None else [self._end(*split, descending=last) for last in (False, True)]
            clock = "phenomenonTime" if name == "phenomenonTime" else "resultTime"
            said = [one.body[clock] for one in ends if one is not None]
            return f"{said[0]}/{said[1]}" if len(said) == 2 else None
        extent = self._store.extent(entity.id)
        if extent is None:
            return None
        if name == "phenomenonTime":
            return f"{time_text(extent.start_us)}/{time_text(extent.end_us)}"
        if extent.result_start_us is None or extent.result_end_us is None:
            return None
        return f"{time_text(extent.result_start_us)}/{time_text(extent.result_end_us)}"

    def _end(self, device: Device, stream: Stream, *, descending: bool) -> Entity | None:
        rows = self._history.observations(device.address, stream, limit=1, descending=descending)
        return derived.observation_of(device, stream, rows[0], 0, placed=False) if rows else None

    def _area_of(self, entity: Entity) -> Any:
        """Where its device stands; of external ones what they were given."""
        if not entity.own:
            return entity.body.get("observedArea")
        split = self.stream_of(entity.id)
        feature = None if split is None else self._feature(split[0])
        return None if feature is None else feature.body["feature"]

    # Who may know

    def _may(self, site: str | None, label: str | None) -> bool:
        principal = self._principal
        at_site = site is None or bool(principal.scopes & {EVERY, site})
        return at_site and (label is None or bool(principal.labels & {EVERY, label}))

    def _is_used_seen(self, one: Entity) -> bool:
        """Whether what it hangs on is known too."""
        if one.type == "Datastream":
            return all(self.find(way, one.links[way]) is not None for way in ("Thing", "Sensor", "ObservedProperty"))
        if one.type == "HistoricalLocation":
            return self.find("Thing", one.links["Thing"]) is not None
        if one.type == "FeatureOfInterest":
            users = self._store.users_of(one.id)
            return not users or any(self.find("Datastream", name) is not None for name in users)
        way = USED_BY.get(one.type)
        if way is None:
            return True
        navigation = TYPES[one.type].navigations[way]
        names = self._entities.linking(navigation.target, navigation.back, one.id)
        return not names or any(self._is_user_seen(navigation.target, name) for name in names)

    def _is_user_seen(self, kind: str, name: Id) -> bool:
        """By its own label and, of a Datastream, that of its Thing: what it hangs on besides is what is being asked for."""
        user = self._entities.find(kind, name)
        if user is None or not self._may(user.site, user.label):
            return False
        return kind != "Datastream" or self.find("Thing", user.links["Thing"]) is not None


def _least(one: int | None, other: Any) -> int:
    return int(other) if one is None else min(one, int(other))


def _most(one: int | None, other: Any) -> int:
    return int(other) if one is None else max(one, int(other))


def _told(row: ObservationRow, datastream: Entity) -> Entity:
    body = {"phenomenonTime": span_text(row.start_us, row.end_us), "resultTime": None}
    if row.result_us is not None:
        body["resultTime"] = time_text(row.result_us)
    links = {"Datastream": row.datastream} | ({} if row.foi is None else {"FeatureOfInterest": row.foi})
    return Entity(type="Observation", id=row.id, body=body | dict(row.body), site=datastream.site, label=datastream.label, links=links)


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 18
