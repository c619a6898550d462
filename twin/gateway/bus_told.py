"""What the hub tells the bus: last states to be kept, and what devices said, each with the label of that moment.

The label is decided by who gives these rows, at the moment of giving (decision 039, 5): None is nobody's to know.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sensors.mqtt_event import write_event
from sensors.mqtt_topic import out_topic, state_topic

__all__ = ["BusTold", "DeviceSaid", "DeviceState", "event_message", "state_message"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SOURCE = "/twin"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """The last of a device, `state` as JSON knows it; `label` None where it ended, or nobody on the bus may know of it now."""

    kind: str
    key: str
    label: str | None
    state: Mapping[str, Any]
    time_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSaid:
    """One thing that happened to a device: `id` names it for good (the number of its event)."""

    kind: str
    key: str
    label: str | None
    stream: str
    id: str
    data: Mapping[str, Any]
    time_us: int | None = None


class BusTold(Protocol):
    """What the hub gives the bus."""

    def snapshot(self) -> Iterable[DeviceState]:
        """The state of every device now."""

    def follow(self) -> AsyncIterator[Sequence[DeviceState | DeviceSaid]]:
        """What changes after every commit from now on: a state as often as it changes, and once with label None when a device ends."""


def state_message(row: DeviceState, label: str) -> tuple[str, bytes]:
    """Topic and payload of a state to be kept."""
    return state_topic(label, row.kind, row.key), _event(row, f"{row.kind}/{row.key}/{row.time_us}", "state", row.state)


def event_message(row: DeviceSaid, label: str) -> tuple[str, bytes]:
    """Topic and payload of what happened."""
    return out_topic(label, row.kind, row.key, row.stream), _event(row, row.id, row.stream, row.data)


def _event(row: DeviceState | DeviceSaid, id: str, stream: str, data: Mapping[str, Any]) -> bytes:
    time = None if row.time_us is None else _written(row.time_us)
    return write_event(id=id, source=SOURCE, type=f"pingshan.v1.{stream}", time=time, subject=f"{row.kind}/{row.key}", data=data)


def _written(time_us: int) -> str | None:
    """RFC 3339; None for a clock outside of the calendar."""
    try:
        return (EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return None
