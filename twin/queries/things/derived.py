"""Devices as entities of SensorThings: each worked out when it is asked for, named so that it is found again.

| entity | id |
|---|---|
| Thing, Location, FeatureOfInterest | `camera:C-017` |
| Datastream | `camera:C-017:state` |
| Sensor, ObservedProperty | `camera`, `state` |
| Observation | `camera:C-017:state:1764205200000000:0`, the time in microseconds and the number among those of that time |
| HistoricalLocation and its Location | as the Observation of the stream `position` |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sensors import Observation
from sensors.observation import Stream
from twin.codes import get_kind
from twin.live.things import Entity
from twin.queries.things.devices import Device
from twin.queries.things.observed import time_of
from twin.queries.things.odata.values import time_text
from twin.queries.things.streams import device_streams, reading_unit, stream_row

__all__ = [
    "GEOJSON", "datastream_of", "feature_of", "historical_location", "is_reserved", "location_of", "observation_of", "observed_name",
    "past_location", "property_of", "result_of", "sensor_of", "thing_of",
]  # fmt: skip

GEOJSON = "application/geo+json"
METADATA = "text/html"


def thing_of(device: Device, *, placed: bool) -> Entity:
    """The Thing of a device; `placed` where it has a Location."""
    kind = get_kind(device.kind)
    properties: dict[str, Any] = {"kind": device.kind, "key": device.key, "record": f"/{kind.plural}/{device.key}"}
    properties |= {name: value for name, value in (("site", device.site), ("label", device.label)) if value is not None}
    return Entity(
        type="Thing",
        id=device.id,
        body={"name": device.name, "description": f"{kind.zh} · {kind.en} {device.key}", "properties": properties | dict(device.shown)},
        site=device.site,
        label=device.label,
        links={"Locations": (device.id,) if placed else ()},
        own=True,
    )


def location_of(device: Device, last: Observation | None) -> Entity | None:
    """Where a device stands by its register, or last said it was; None where nobody knows."""
    return _place(device, "Location", "location", device.id, "位置 · location", _point(device, last))


def feature_of(device: Device, last: Observation | None) -> Entity | None:
    """The same place as what its observations are about."""
    return _place(device, "FeatureOfInterest", "feature", device.id, "观测对象 · feature of interest", _point(device, last))


def past_location(device: Device, one: Observation, number: int) -> Entity | None:
    """Where a device was when it told this position."""
    name = observed_name(f"{device.id}:{Stream.POSITION}", one, number)
    point = None if one.lon_lat is None else {"type": "Point", "coordinates": list(one.lon_lat)}
    return _place(device, "Location", "location", name, "位置 · location", point)


def historical_location(device: Device, one: Observation, number: int) -> Entity:
    """The HistoricalLocation of a told position."""
    name = observed_name(f"{device.id}:{Stream.POSITION}", one, number)
    links = {"Thing": device.id, "Locations": (name,)}
    body = {"time": time_text(time_of(one))}
    return Entity(type="HistoricalLocation", id=name, body=body, site=device.site, label=device.label, links=links, own=True)


def datastream_of(device: Device, stream: Stream) -> Entity:
    """The Datastream of a device's stream; how far it reaches is worked out when asked."""
    row = stream_row(stream)
    unit = reading_unit(device.carrier) if stream is Stream.READING else row.unit
    return Entity(
        type="Datastream",
        id=f"{device.id}:{stream}",
        body={
            "name": f"{device.name} {row.words}",
            "description": f"{row.words}: {device.kind} {device.key}",
            "unitOfMeasurement": dict(unit),
            "observationType": row.observation_type,
            "properties": {"stream": stream.value},
        },
        site=device.site,
        label=device.label,
        links={"Thing": device.id, "Sensor": device.kind, "ObservedProperty": stream.value},
        own=True,
    )


def sensor_of(kind: str) -> Entity:
    """The Sensor that all devices of a kind are."""
    row = get_kind(kind)
    body = {"name": f"{row.zh} · {row.en}", "description": f"{row.zh} · {row.en}", "encodingType": METADATA, "metadata": f"/{row.plural}"}
    return Entity(type="Sensor", id=kind, body=body, own=True)


def property_of(stream: Stream) -> Entity:
    """The ObservedProperty of a stream."""
    row = stream_row(stream)
    body = {"name": row.words, "definition": row.definition, "description": row.words}
    return Entity(type="ObservedProperty", id=stream.value, body=body, own=True)


def observation_of(device: Device, stream: Stream, one: Observation, number: int, *, placed: bool) -> Entity:
    """An Observation; `number` is that among those of the same time."""
    datastream = f"{device.id}:{stream}"
    result, parameters = result_of(one)
    body: dict[str, Any] = {"phenomenonTime": time_text(time_of(one)), "resultTime": time_text(one.received_us), "result": result}
    if parameters:
        body["parameters"] = parameters
    links = {"Datastream": datastream} | ({"FeatureOfInterest": device.id} if placed else {})
    name = observed_name(datastream, one, number)
    return Entity(type="Observation", id=name, body=body, site=device.site, label=device.label, links=links, own=True)


def observed_name(datastream: str, one: Observation, number: int) -> str:
    """The id of an observation of a device's datastream."""
    return f"{datastream}:{time_of(one)}:{number}"


def result_of(one: Observation) -> tuple[Any, dict[str, Any]]:
    """The result and the parameters: of a position the point and what came with it, of a reading its number, else all that was said."""
    more: dict[str, Any] = {"alarms": list(one.alarms)} if one.alarms else {}
    value = dict(one.value)
    if one.stream is Stream.POSITION and one.lon_lat is not None:
        return {"type": "Point", "coordinates": list(one.lon_lat)}, value | more
    if "result" in value:
        return value.pop("result"), value | more
    if one.stream is Stream.READING and isinstance(value.get("value"), int | float):
        return value.pop("value"), value | more
    return value, more


def _point(device: Device, last: Observation | None) -> Mapping[str, Any] | None:
    if last is not None and last.lon_lat is not None:
        return {"type": "Point", "coordinates": list(last.lon_lat)}
    if device.lon_lat_height is None:
        return None
    return {"type": "Point", "coordinates": [one for one in device.lon_lat_height if one is not None]}


def _place(device: Device, kind: str, member: str, name: str, words: str, point: Mapping[str, Any] | None) -> Entity | None:
    if point is None:
        return None
    body = {"name": device.name, "description": f"{words}: {device.kind} {device.key}", "encodingType": GEOJSON, member: point}
    links = {"Things": (device.id,)} if kind == "Location" else {}
    return Entity(type=kind, id=name, body=body, site=device.site, label=device.label, links=links, own=True)


def is_reserved(name: str) -> bool:
    """Whether an id is, or could be, that of something derived: none that a client may choose."""
    first = name.partition(":")[0]
    return first in device_streams() or first in set(Stream)
