"""MANSCDP bodies of GB/T 28181 (2016 annex A, 2022 annex A): catalogue, alarm, mobile position, keepalive.

A SIP server in front of the twin takes the MESSAGE and posts its body. Times without a zone are of GMT+8; degrees are as the device
says them. Entities, document types and references to the outside are refused before anything is made of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sensors.errors import Gb28181Invalid
from sensors.gb28181_text import decode_body

__all__ = [
    "Alarm", "Catalogue", "CatalogueItem", "Keepalive", "Message", "MobilePosition", "Place", "parse_manscdp", "response_to",
]  # fmt: skip

GMT8 = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROOTS = frozenset({"Response", "Notify"})
LONGEST = 1_000
DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueItem:
    """A device, or a node of the tree, as a catalogue tells it: `status` ON or OFF, `event` (of a notice) ADD, DEL, UPDATE, ON, OFF,
    VLOST, DEFECT; `faults` says what of it could not be read."""

    device_id: str
    name: str = ""
    status: str = ""
    event: str = ""
    parent: str = ""
    manufacturer: str = ""
    model: str = ""
    lon_lat: tuple[float, float] | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """A part of a catalogue: `total` items belong to all parts with this `sn`; `is_notice` where it tells changes alone."""

    sn: str
    device_id: str
    total: int
    items: tuple[CatalogueItem, ...]
    is_notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm: priority 1 (highest) to 4, method 1 to 7, type and event by method (annex A.2.5); None where it says nothing or
    something else, which stands in `faults`. `at_us` microseconds of UTC."""

    sn: str
    device_id: str
    priority: int | None
    method: int | None
    type: int | None
    event: int | None
    at_us: int | None
    description: str
    lon_lat: tuple[float, float] | None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a device says it is, and when: degrees, km/h, degrees clockwise from north, metres."""

    device_id: str
    at_us: int | None
    lon_lat: tuple[float, float]
    speed_kmh: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobilePosition:
    """Positions of one device, or (2022) of several; `faults` are those that could not be read, each with its reason."""

    sn: str
    device_id: str
    places: tuple[Place, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepalive:
    """A device is there: `status` OK or ERROR, `faulty` the ids of those below it that are not well."""

    sn: str
    device_id: str
    status: str
    faulty: tuple[str, ...] = ()


Message: TypeAlias = Catalogue | Alarm | MobilePosition | Keepalive


def parse_manscdp(body: bytes) -> Message:
    """The message of a body.

    Raises Gb28181Invalid: no XML, a document type or entity, no `Notify` or `Response`, a command that is not taken, no device id.
    """
    try:
        root = fromstring(decode_body(body).text, forbid_dtd=True)
    except DefusedXmlException:
        raise Gb28181Invalid("a document type or an entity", hint="MANSCDP has neither") from None
    except (ParseError, ValueError) as error:
        raise Gb28181Invalid(f"no XML: {str(error)[:200]}") from None
    command = _text(root, "CmdType")
    read = COMMANDS.get((root.tag, command)) if root.tag in ROOTS else None
    if read is None:
        known = ", ".join(f"{one} {two}" for one, two in COMMANDS)
        raise Gb28181Invalid(f"{root.tag[:40]} {command[:40]} is not taken", path="CmdType", hint=f"one of {known}")
    device_id = _text(root, "DeviceID")
    if not device_id:
        raise Gb28181Invalid("a message without DeviceID", path="DeviceID")
    return read(root, _text(root, "SN"), device_id)


def response_to(message: Message) -> bytes | None:
    """The answer the standard has for a message (to an alarm, A.2.6), None where it has none; GB 18030."""
    if not isinstance(message, Alarm):
        return None
    inner = f"<CmdType>Alarm</CmdType>\r\n<SN>{escape(message.sn)}</SN>\r\n<DeviceID>{escape(message.device_id)}</DeviceID>\r\n"
    text = f'<?xml version="1.0" encoding="GB18030"?>\r\n<Response>\r\n{inner}<Result>OK</Result>\r\n</Response>\r\n'
    return text.encode("gb18030")


def _catalogue(root: Element, sn: str, device_id: str) -> Catalogue:
    items = tuple(_item(one) for one in root.findall("DeviceList/Item"))
    total = _text(root, "SumNum")
    if not DIGITS.fullmatch(total):
        raise Gb28181Invalid(f"SumNum {total[:40]!r} is no number", path="SumNum")
    return Catalogue(sn=sn, device_id=device_id, total=int(total), items=items, is_notice=root.tag == "Notify")


def _item(one: Element) -> CatalogueItem:
    faults: list[str] = []
    device_id = _text(one, "DeviceID")
    if not device_id:
        faults.append("DeviceID")
    return CatalogueItem(
        device_id=device_id,
        name=_text(one, "Name"),
        status=_text(one, "Status").upper(),
        event=_text(one, "Event").upper(),
        parent=_text(one, "ParentID"),
        manufacturer=_text(one, "Manufacturer"),
        model=_text(one, "Model"),
        lon_lat=_lon_lat(one, faults),
        faults=tuple(faults),
    )


def _alarm(root: Element, sn: str, device_id: str) -> Alarm:
    faults: list[str] = []
    return Alarm(
        sn=sn,
        device_id=device_id,
        priority=_whole(root, "AlarmPriority", faults),
        method=_whole(root, "AlarmMethod", faults),
        type=_whole(root, "Info/AlarmType", faults) if root.find("Info/AlarmType") is not None else _whole(root, "AlarmType", faults),
        event=_whole(root, "Info/AlarmTypeParam/EventType", faults),
        at_us=_time(root, "AlarmTime", faults),
        description=_text(root, "AlarmDescription"),
        lon_lat=_lon_lat(root, faults),
        faults=tuple(faults),
    )


def _mobile_position(root: Element, sn: str, device_id: str) -> MobilePosition:
    listed = root.findall("DeviceList/Item")
    faults: list[str] = []
    found = [_place(one, _text(one, "DeviceID") or device_id, faults) for one in listed or [root]]
    return MobilePosition(sn=sn, device_id=device_id, places=tuple(one for one in found if one is not None), faults=tuple(faults))


def _place(one: Element, device_id: str, faults: list[str]) -> Place | None:
    mine: list[str] = []
    at_us = _time(one, "CaptureTime" if one.find("CaptureTime") is not None else "Time", mine)
    place = _lon_lat(one, mine)
    if place is None:
        faults.append(f"{device_id}: {', '.join(mine) or 'no Longitude, Latitude'}")
        return None
    return Place(
        device_id=device_id,
        at_us=at_us,
        lon_lat=place,
        speed_kmh=_number(one, "Speed", mine),
        heading_deg=_number(one, "Direction", mine),
        altitude_m=_number(one, "Altitude", mine),
    )


def _keepalive(root: Element, sn: str, device_id: str) -> Keepalive:
    faulty = tuple(filter(None, ((one.text or "").strip()[:LONGEST] for one in root.findall("Info/DeviceID"))))
    return Keepalive(sn=sn, device_id=device_id, status=_text(root, "Status").upper(), faulty=faulty)


COMMANDS: Mapping[tuple[str, str], Callable[[Element, str, str], Message]] = {
    ("Response", "Catalog"): _catalogue,
    ("Notify", "Catalog"): _catalogue,
    ("Notify", "Alarm"): _alarm,
    ("Notify", "MobilePosition"): _mobile_position,
    ("Notify", "Keepalive"): _keepalive,
}
"""Root element and command → who reads it."""


def _text(one: Element, path: str) -> str:
    return (one.findtext(path) or "").strip()[:LONGEST]


def _whole(one: Element, path: str, faults: list[str]) -> int | None:
    text = _text(one, path)
    if not text:
        return None
    if not DIGITS.fullmatch(text):
        faults.append(f"{path} {text[:40]!r}")
        return None
    return int(text)


def _number(one: Element, path: str, faults: list[str]) -> float | None:
    text = _text(one, path)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        faults.append(f"{path} {text[:40]!r}")
        return None
    return number


def _lon_lat(one: Element, faults: list[str]) -> tuple[float, float] | None:
    lon, lat = _number(one, "Longitude", faults), _number(one, "Latitude", faults)
    if lon is None or lat is None:
        return None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        faults.append(f"Longitude {lon:g}, Latitude {lat:g}")
        return None
    return lon, lat


def _time(one: Element, path: str, faults: list[str]) -> int | None:
    """Microseconds of UTC; a time without a zone is of GMT+8."""
    text = _text(one, path)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=GMT8)
        return (aware - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        faults.append(f"{path} {text[:40]!r}")
        return None
