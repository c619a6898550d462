"""All entities as one reader may know of them: found, followed, listed. Nothing else reads entities, so nothing tells of a hidden one.

What is external is known by its own label and site, and by what it hangs on: a Datastream by its Thing, an Observation by its
Datastream; a Location, a Sensor, an ObservedProperty, a FeatureOfInterest that is used must be used by something known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sensors.observation import Stream
from twin.auth import EVERY, Principal
from twin.live.things import TYPES, Entities, Entity, Id, ObservationRow, ThingStore, id_order
from twin.queries.things.devices import Device, SeenDevices
from twin.queries.things.observed import ObservedHistory, Window
from twin.queries.things.odata.values import TimeSpan, as_span, span_text, time_text
from twin.queries.things.of_devices import OfDevices

__all__ = ["View"]

USED_BY = {"Location": "Things", "Sensor": "Datastreams", "ObservedProperty": "Datastreams"}


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
        self._own = OfDevices(devices, history)
        self._seen: dict[tuple[str, Id], bool] = {}

    # Finding

    def find(self, kind: str, name: Id) -> Entity | None:
        """The entity of an id, None where there is none for this reader."""
        if kind == "Observation":
            return self._find_observation(name)
        found = self._entities.find(kind, name)
        if found is not None:
            return found if self.is_seen(found) else None
        return self._own.find(kind, name) if isinstance(name, str) else None

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
            yield from self._own.past()
            return
        names = self._own.names(kind)
        for name in sorted([*texts, *names]) if texts else names:
            one = texts.get(name)
            if one is not None and not self.is_seen(one):
                continue
            one = one or self._own.find(kind, name)
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
            yield from self._own.many(entity, way)

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
            yield from self._own.said(*split, window)
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
            return self._own.count(*split)
        if self.find("Datastream", window.datastream) is None:
            return 0
        extent = self._store.extent(window.datastream)
        return 0 if extent is None else extent.number

    def _observed_anywhere(self, window: Window) -> Iterator[Entity]:
        """External ones in their order, then those of devices."""
        yield from self._stored(window)
        yield from self._own.observed(window)

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

    def _find_observation(self, name: Id) -> Entity | None:
        row = self._store.find_observation(name)
        if row is not None:
            datastream = self.find("Datastream", row.datastream)
            return None if datastream is None else _told(row, datastream)
        return self._own.find_observation(name)

    def _past_of(self, entity: Entity, back: str) -> Iterator[Entity]:
        names = self._entities.linking("HistoricalLocation", back, entity.id)
        yield from filter(None, (self.find("HistoricalLocation", name) for name in names))
        yield from self._own.past_of(entity)

    def stream_of(self, name: Id) -> tuple[Device, Stream] | None:
        """The device and stream of a datastream's id."""
        return self._own.stream_of(name)

    # Extents

    def _extent_of(self, entity: Entity, name: str) -> str | None:
        if entity.own:
            return self._own.extent_of(entity.id, name)
        extent = self._store.extent(entity.id)
        if extent is None:
            return None
        if name == "phenomenonTime":
            return f"{time_text(extent.start_us)}/{time_text(extent.end_us)}"
        if extent.result_start_us is None or extent.result_end_us is None:
            return None
        return f"{time_text(extent.result_start_us)}/{time_text(extent.result_end_us)}"

    def _area_of(self, entity: Entity) -> Any:
        """Where its device stands; of external ones what they were given."""
        return self._own.area_of(entity.id) if entity.own else entity.body.get("observedArea")

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


def _told(row: ObservationRow, datastream: Entity) -> Entity:
    body = {"phenomenonTime": span_text(row.start_us, row.end_us), "resultTime": None}
    if row.result_us is not None:
        body["resultTime"] = time_text(row.result_us)
    links = {"Datastream": row.datastream} | ({} if row.foi is None else {"FeatureOfInterest": row.foi})
    return Entity(type="Observation", id=row.id, body=body | dict(row.body), site=datastream.site, label=datastream.label, links=links)
