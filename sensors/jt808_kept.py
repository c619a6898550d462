"""What a session keeps beside messages: frames that are refused, of strangers, or packages, as observations."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sensors.jt808_frame import Frame
from sensors.jt808_known import KnownTerminal, unknown_address
from sensors.jt808_message import Message, find_kind
from sensors.jt808_observation import PROTOCOL, observation_of
from sensors.observation import Observation, Stream

__all__ = [
    "flagged",
    "is_its_plate",
    "is_of_alarm",
    "package_observation",
    "quarantined_observation",
    "refused_observation",
    "without_bytes",
]


def flagged(piece: bytes) -> bytes:
    """The frame as it is kept: between its flags; nothing of an authentication (0x0102), read or not: it holds the token."""
    return b"" if not piece or piece.startswith(b"\x01\x02") else b"\x7e" + piece + b"\x7e"


def refused_observation(device: str, remote: str, reason: str, raw: bytes, received_us: int) -> Observation:
    """A frame that nobody could read."""
    value = {"message": "refused", "refused": reason, "remote": remote}
    return Observation(device=device, stream=Stream.STATE, received_us=received_us, value=value, raw=raw, protocol=PROTOCOL)


def quarantined_observation(message: Message, remote: str, reason: str, raw: bytes, received_us: int) -> Observation:
    """What a terminal says that is not known or not authenticated: under its own address, in no stream of positions."""
    said = observation_of(message, unknown_address(message.frame.terminal), received_us, raw)
    value = {**said.value, "quarantined": reason, "remote": remote}
    return replace(said, stream=Stream.STATE, value=value, device_us=None, fix_us=None, lon_lat=None)


def package_observation(frame: Frame, device: str, raw: bytes, received_us: int, *, of_alarm: bool = False) -> Observation:
    """One package of a message, with its bytes; `of_alarm` where the message is known to tell an alarm: they are kept for ever then."""
    kind = find_kind(frame.message_id)
    value = {
        "message": f"package_of_{kind.name if kind else 'unknown'}",
        "message_id": frame.message_id,
        "serial": frame.serial,
        "package": {"total": frame.total, "index": frame.index},
        **({"of_alarm": True} if of_alarm else {}),
    }
    return Observation(device=device, stream=Stream.STATE, received_us=received_us, value=value, raw=raw, protocol=PROTOCOL)


def is_of_alarm(media: Frame | None) -> bool:
    """Whether the location in (the first package of) a 0x0801 of 2013 or later tells an alarm."""
    return media is not None and len(media.body) >= 12 and any(media.body[8:12])


def is_its_plate(known: KnownTerminal, message: Message) -> bool:
    """Whether a terminal registers with the plate it is known by; a vehicle without one (colour 0) registers with its VIN."""
    if known.plate is None or message.fields.get("plate_colour") == 0:
        return True
    return _plain(str(message.fields.get("plate"))) == _plain(known.plate)


def _plain(plate: str) -> str:
    return plate.replace("·", "").replace(" ", "").upper()


def without_bytes(value: Mapping[str, Any]) -> dict[str, Any]:
    """A value without the bytes that its frame, or its packages, hold."""
    kept = dict(value)
    for name in ("data", "raw"):
        if isinstance(said := kept.get(name), str):
            kept[f"{name}_bytes"] = len(said) // 2
            del kept[name]
    return kept
