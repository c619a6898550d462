"""What is known of a device that stands still, after one more thing it said: its state and since when, readings, passages of the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sensors import Observation, Stream

__all__ = ["ALARM", "MOVING", "NORMAL", "after", "count_of"]

DAY_US = 86_400_000_000
CHINA_US = 8 * 3_600_000_000
"""Days are those of the compound: GMT+8."""
MOVING = frozenset({"vehicle", "guard", "unknown_terminal", "unknown_device"})
"""Kinds that do not stand still: what they say beside positions is in the history and among the events."""
MOST_AT_ONCE = 1_000
NORMAL, ALARM = "normal", "alarm"
"""States that follow from alarms, where a device tells no other."""


def after(known: Mapping[str, Any] | None, said: Observation, at_us: int) -> dict[str, Any]:
    """The document of a device: `{kind, key, state, since_us, received_us, silent, time_us, value, alarms, in, out, day, lon_lat}`; `at_us`
    is the time that stands for what was said. What came late is counted, and changes no state that is newer.

    >>> after(None, Observation(device="door/D-1", stream=Stream.STATE, received_us=5, value={"state": "open"}), 5)["state"]
    'open'
    """
    kind, _, key = said.device.partition("/")
    found: dict[str, Any] = dict(known) if known is not None else _new(kind, key)
    newer = at_us >= found["time_us"]
    found["received_us"], found["silent"] = max(found["received_us"], said.received_us), False
    if said.stream is Stream.PASSAGE:
        _passed(found, said.value, at_us)
    if not newer:
        return found
    found["time_us"] = at_us
    if said.lon_lat is not None:
        found["lon_lat"] = list(said.lon_lat)
    if said.stream is Stream.READING:
        found["value"] = {**found["value"], **said.value}
    state = _state_of(said)
    if state is not None and state != found["state"]:
        found["state"], found["since_us"] = state, at_us
    if said.stream in (Stream.ALARM, Stream.STATE):
        found["alarms"] = list(said.alarms)
        found["value"] = {**found["value"], **{name: value for name, value in said.value.items() if name != "state"}}
    return found


def count_of(value: Mapping[str, Any]) -> int:
    """How many passed at once: one where the gate says no number that could be one.

    >>> count_of({"count": 3}), count_of({"count": "x"}), count_of({})
    (3, 1, 1)
    """
    count = value.get("count", 1)
    return count if isinstance(count, int) and 0 < count <= MOST_AT_ONCE else 1


def _new(kind: str, key: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "key": key,
        "state": None,
        "since_us": None,
        "received_us": 0,
        "silent": False,
        "time_us": 0,
        "value": {},
        "alarms": [],
        "in": 0,
        "out": 0,
        "day": None,
    }


def _state_of(said: Observation) -> str | None:
    if said.stream is Stream.STATE:
        state = said.value.get("state")
        return str(state) if state is not None else None
    if said.stream is Stream.ALARM:
        return ALARM if said.alarms else NORMAL
    return None


def _passed(found: dict[str, Any], value: Mapping[str, Any], at_us: int) -> None:
    """Count a passage on its day; one of an earlier day changes none of today's numbers."""
    day = (at_us + CHINA_US) // DAY_US
    if found["day"] is None or day > found["day"]:
        found["day"], found["in"], found["out"] = day, 0, 0
    if day == found["day"] and value.get("direction") in ("in", "out"):
        found[value["direction"]] += count_of(value)
