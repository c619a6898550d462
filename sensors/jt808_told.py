"""Frames as lines of hexadecimal digits, told as JSON documents: what `twin jt808 decode` says."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sensors.errors import FrameInvalid
from sensors.jt808_frame import FLAG, Frame, unescape
from sensors.jt808_location import alarms_of, position_of
from sensors.jt808_message import Message
from sensors.jt808_packages import Packages

__all__ = ["frame_of_hex", "tell_lines", "tell_message"]

NOTHING: dict[str, Any] = {
    "message_id": None,
    "name": None,
    "version": None,
    "terminal": None,
    "serial": None,
    "subpackage": None,
    "fields": {},
    "position": None,
    "alarms": [],
    "items": [],
}
SEPARATORS = str.maketrans("", "", " \t,;:-")


def tell_lines(lines: Iterable[str]) -> list[dict[str, Any]]:
    """One entry a line that is not blank. Of a message in packages the entry that completes it has its fields; where it never is
    complete each of its entries says so."""
    told: list[dict[str, Any]] = []
    packages = Packages(most_bytes=64 << 20, most_messages=4096)
    waiting: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for line in lines:
        if not line.strip():
            continue
        try:
            frame = frame_of_hex(line)
            told.append(tell_message(Message.of(frame)))
        except FrameInvalid as error:
            told.append({**NOTHING, "error": _error(error)})
            continue
        if frame.packaged and frame.total > 1:
            _put_together(frame, told[-1], packages, waiting)
    at_hand = {(terminal, kind): (here, total) for terminal, kind, here, total in packages.waiting()}
    for key, entries in waiting.items():
        here, total = at_hand.get(key, (len(entries), entries[0]["subpackage"]["total"]))
        for entry in entries:
            entry["error"] = _error(FrameInvalid(f"{here} of {total} packages are here: the message is not whole", reason="package"))
    return told


def frame_of_hex(line: str) -> Frame:
    """The frame of a line of hexadecimal digits, with or without flags, escaped or not. Raises FrameInvalid."""
    try:
        raw = bytes.fromhex(line.strip().removeprefix("0x").translate(SEPARATORS))
    except ValueError as error:
        raise FrameInvalid(f"no line of hexadecimal digits: {error}", reason="hex") from error
    content = raw[1:-1] if len(raw) > 1 and raw[:1] == raw[-1:] == FLAG else raw
    try:
        return Frame.parse(unescape(content))
    except FrameInvalid:
        try:
            return Frame.parse(content)
        except FrameInvalid:
            pass
        raise


def tell_message(message: Message) -> dict[str, Any]:
    """`{message_id, name, version, terminal, serial, subpackage, fields, position, alarms, items, error}`."""
    frame, error, position = message.frame, message.refused, None
    if "latitude" in message.fields and "status" in message.fields:
        try:
            where = position_of(message.fields)
            time = None if where.device_us is None else _utc(where.device_us)
            position = {
                "lon": where.lon,
                "lat": where.lat,
                "altitude_m": where.altitude_m,
                "speed_kmh": where.speed_kmh,
                "heading_deg": where.heading_deg,
                "fixed": where.fixed,
                "device_time": time,
            }
        except FrameInvalid as refused:
            error = error or refused
    part = error is not None and error.reason == "package"
    return {
        "message_id": f"0x{frame.message_id:04X}",
        "name": message.name,
        "version": message.edition,
        "terminal": frame.terminal,
        "serial": frame.serial,
        "subpackage": {"total": frame.total, "index": frame.index} if frame.packaged else None,
        "fields": dict(message.fields),
        "position": position,
        "alarms": list(alarms_of(message)),
        "items": [dict(item) for item in message.items],
        "error": None if error is None or part else _error(error),
    }


def _put_together(frame: Frame, entry: dict[str, Any], packages: Packages, waiting: dict[tuple[str, int], list[dict[str, Any]]]) -> None:
    key = (frame.terminal, frame.message_id)
    try:
        whole = packages.add(frame, 0)
    except FrameInvalid as error:
        entry["error"] = _error(error)
        return
    waiting.setdefault(key, []).append(entry)
    if whole is not None:
        del waiting[key]
        entry.update({**tell_message(Message.of(whole)), "serial": frame.serial, "subpackage": entry["subpackage"]})


def _error(error: FrameInvalid) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "reason": error.reason}


def _utc(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
