"""CloudEvents 1.0 as MQTT carries them: structured JSON, several in an array, and the binary mode of MQTT 5.

The events of a payload keep the bytes each of them stood in. Nothing about devices is known here.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sensors.errors import PayloadInvalid
from sensors.mqtt_data import parse_time

__all__ = ["MOST_BYTES", "MOST_EVENTS", "CloudEvent", "parse_binary", "parse_structured", "write_event"]

MOST_BYTES = 2**20
MOST_EVENTS = 10_000
MOST_LETTERS = 1024
REQUIRED = ("id", "source", "type")
BLANK = " \t\r\n"
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
DECODER = json.JSONDecoder(parse_constant=lambda word: _no_constant(word), parse_float=lambda word: _finite(word))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """One event: (`source`, `id`) names it, sent again too; `time_us` when it happened, by the clock of who says it."""

    id: str
    source: str
    type: str
    data: object
    raw: bytes
    time_us: int | None = None


def parse_structured(payload: bytes) -> list[CloudEvent | PayloadInvalid]:
    """The events of a JSON object, or of an array of such; one that is none stands as what is wrong with it, its bytes in `raw`.

    Raises PayloadInvalid for what is no JSON, or above 1 MiB or 10,000 events.
    """
    if len(payload) > MOST_BYTES:
        raise PayloadInvalid(f"{len(payload)} bytes; a message has at most {MOST_BYTES}")
    try:
        return [_structured(document, raw) for document, raw in _documents(_text(payload))]
    except (ValueError, RecursionError) as error:
        raise PayloadInvalid(f"no JSON: {error}") from error


def parse_binary(payload: bytes, attributes: Sequence[tuple[str, str]], content_type: str) -> CloudEvent:
    """The event whose attributes are user properties of MQTT 5 and whose data is the payload, JSON; PayloadInvalid otherwise."""
    if len(payload) > MOST_BYTES:
        raise PayloadInvalid(f"{len(payload)} bytes; a message has at most {MOST_BYTES}")
    media = content_type.partition(";")[0].strip().lower() or "application/json"
    if media != "application/json" and not media.endswith("+json"):
        raise PayloadInvalid(f"data of the type {media[:80]} is not read", path="datacontenttype")
    try:
        data = DECODER.decode(_text(payload)) if payload else {}
    except (ValueError, RecursionError) as error:
        raise PayloadInvalid(f"no JSON: {error}", path="data") from error
    return _event(dict(attributes), data, payload)


def write_event(*, id: str, source: str, type: str, time: str | None, subject: str, data: Mapping[str, Any]) -> bytes:
    """A structured event as JSON, as the twin publishes it."""
    event: dict[str, Any] = {"specversion": "1.0", "id": id, "source": source, "type": type, "subject": subject}
    if time is not None:
        event["time"] = time
    return json.dumps(event | {"datacontenttype": "application/json", "data": data}, ensure_ascii=False, separators=(",", ":")).encode()


def _documents(text: str) -> list[tuple[object, bytes]]:
    at = _after_blank(text, 0)
    if text[at : at + 1] != "[":
        document, end = DECODER.raw_decode(text, at)
        _end(text, end)
        return [(document, text.encode())]
    found: list[tuple[object, bytes]] = []
    at = _after_blank(text, at + 1)
    closed = text[at : at + 1] == "]"
    while not closed:
        document, end = DECODER.raw_decode(text, at)
        found.append((document, text[at:end].encode()))
        if len(found) > MOST_EVENTS:
            raise ValueError(f"more than {MOST_EVENTS} events in one message")
        at = _after_blank(text, end)
        closed = text[at : at + 1] == "]"
        if not closed:
            if text[at : at + 1] != ",":
                raise ValueError(f"neither , nor ] at {at}")
            at = _after_blank(text, at + 1)
    _end(text, at + 1)
    return found


def _after_blank(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in BLANK:
        at += 1
    return at


def _end(text: str, at: int) -> None:
    if _after_blank(text, at) != len(text):
        raise ValueError(f"something follows at {at}")


def _structured(document: object, raw: bytes) -> CloudEvent | PayloadInvalid:
    try:
        if not isinstance(document, dict):
            raise PayloadInvalid(f"an event is an object, not {type(document).__name__}")
        if "data_base64" in document:
            raise PayloadInvalid("data in base64 is not read; say it as JSON", path="data_base64")
        return _event(document, document.get("data", {}), raw)
    except PayloadInvalid as invalid:
        invalid.raw = raw
        return invalid


def _event(attributes: Mapping[str, Any], data: object, raw: bytes) -> CloudEvent:
    if attributes.get("specversion") != "1.0":
        raise PayloadInvalid(f"specversion is 1.0, not {str(attributes.get('specversion'))[:40]}", path="specversion")
    for name in REQUIRED:
        value = attributes.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= MOST_LETTERS:
            raise PayloadInvalid(f"{name} is a text of 1 to {MOST_LETTERS} letters", path=name)
    time = attributes.get("time")
    return CloudEvent(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        data=data,
        raw=raw,
        time_us=None if time is None else parse_time(time, "time"),
    )


def _text(payload: bytes) -> str:
    """The payload as text; ValueError where a lone surrogate is escaped in it, which no UTF-8 can carry on."""
    text = payload.decode("utf-8")
    if SURROGATE.search(text):
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    return text


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(f"{word[:40]} is too large")
    return number


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is no number of JSON")
