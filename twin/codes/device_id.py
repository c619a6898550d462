"""Device ids of video surveillance networks (GB/T 28181-2022, annex E)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from twin.codes.fault import Fault
from twin.codes.row import Row

__all__ = ["DeviceId", "DeviceType", "check_device_id", "parse_device_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceType(Row):
    """What a type number of a device id stands for; `of` groups the types that one register may name (`camera`, `alarm_input`)."""

    TABLE: ClassVar[str] = "device_types"
    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceId:
    """The parts of a device id as written; the first six digits of the `centre` are a division code."""

    centre: str
    industry: str
    type: str
    network: str
    serial: str


def parse_device_id(code: str) -> DeviceId | None:
    """The parts of twenty digits, None for any other text.

    >>> parse_device_id("35010200001320000001").type
    '132'
    """
    if len(code) != 20 or not (code.isascii() and code.isdecimal()):
        return None
    return DeviceId(centre=code[:8], industry=code[8:10], type=code[10:13], network=code[13], serial=code[14:])


def check_device_id(code: str, types: Iterable[DeviceType], *, of: str = "") -> Fault | None:
    """The fault of a device id, or None: `DEVICE_ID_FORM`, `DEVICE_TYPE_UNKNOWN` (the table has the types the compound uses).

    With `of` it must be a device of that group, else `DEVICE_TYPE_CONTRADICTS`: a recorder's id on a camera.
    """
    device = parse_device_id(code)
    if device is None:
        return Fault(code="DEVICE_ID_FORM", message=f"{code}: a GB/T 28181 id has 20 digits")
    known = [one for one in types if one.code == device.type]
    if not known:
        return Fault(code="DEVICE_TYPE_UNKNOWN", message=f"{code}: {device.type} (digits 11 to 13) is no type of device in the table")
    if of and all(one.of != of for one in known):
        return Fault(code="DEVICE_TYPE_CONTRADICTS", message=f"{code}: {device.type} (digits 11 to 13) is {known[0].en}, not {of}")
    return None
