"""What people told vehicles, as events: who told what to which, and what came of it. An order is written before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from twin.errors import NotReady
from twin.hub.client import HubClient
from twin.hub.happening import Happening, told
from twin.incidents.event import COMMAND, Event, iso_of
from twin.live.state import LiveState
from twin.queries.live.commanding import OTHER, RESULTS

__all__ = ["CommandLog", "HubCommandLog", "NoCommandLog", "commands_told", "note_command"]


class CommandLog(Protocol):
    """Writes what a person told a vehicle."""

    async def note(self, vehicle: str, data: Mapping[str, Any]) -> int:
        """The id of the event, when it is on the disk. Raises NotReady where no hub answers, StoreUnavailable where it cannot be kept."""


class NoCommandLog:
    """Where no hub runs nothing is kept, and so nothing may be told."""

    async def note(self, vehicle: str, data: Mapping[str, Any]) -> int:
        """See `CommandLog`."""
        raise NotReady("no hub runs here: nothing keeps what vehicles are told", code="HUB_ABSENT", hint="twin serve starts one")


class HubCommandLog:
    """Kept by the hub, the one writer of events."""

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    async def note(self, vehicle: str, data: Mapping[str, Any]) -> int:
        """See `CommandLog`."""
        return int((await self._hub.command("vehicle_told", vehicle=vehicle, data=dict(data)))["event"])


def note_command(
    happening: Happening, state: LiveState, arguments: Mapping[str, Any], now_us: int
) -> tuple[dict[str, Any], Sequence[dict[str, Any]]]:
    """The hub's side of `CommandLog`: an event of where the vehicle is now, without labels, so that only who may know of all of them hears
    it by a stream, and no machine on the bus."""
    vehicle = str(arguments["vehicle"])
    handle = state.find(vehicle)
    spot = happening.spot(() if handle is None else state.places[int(state.current[handle]["place"])])
    event = Event(type=COMMAND, subject=vehicle, time_us=now_us, site=spot.site, place=spot.protected, data=dict(arguments["data"]))
    (kept,) = happening.store.note([event], now_us)
    return {"event": kept.id}, [told(kept)]


def commands_told(events: Sequence[Event], limit: int) -> list[dict[str, Any]]:
    """Commands of one vehicle, the newest first, each with what came of it: an order whose end nobody wrote is `sent`."""
    ends = {int(event.data["of"]): event for event in events if "of" in event.data}
    orders = [event for event in events if "of" not in event.data]
    return [_told(event, ends.get(event.id)) for event in reversed(orders[-limit:])]


def _told(order: Event, end: Event | None) -> dict[str, Any]:
    data, after = order.data, {} if end is None else end.data
    result = after.get("result")
    zh, en = (None, None) if result is None else RESULTS.get(int(result), OTHER)
    return {
        "event": order.id,
        "at": iso_of(order.time_us),
        "who": data.get("who"),
        "message": data.get("message"),
        "said": data.get("said"),
        "outcome": after.get("outcome", "sent"),
        "answered": None if end is None else iso_of(end.time_us),
        "gateway": after.get("gateway"),
        "result": result,
        "code": after.get("code"),
        "zh": zh,
        "en": en,
    }
