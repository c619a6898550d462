"""What the data of a CloudEvent may say, by stream: the rows of `mqtt_data.toml`, and the check against them."""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from sensors.errors import PayloadInvalid
from sensors.observation import Stream

__all__ = ["Member", "check_data", "members_of", "parse_time"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
FRACTION = re.compile(r"\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of the data: `low` and `high` bound a number, or the letters of a text; `choices` are the words it may be."""

    name: str
    type: str
    required: bool = False
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    unit: str = ""
    note: str = ""


@cache
def members_of(stream: Stream) -> Mapping[str, Member]:
    """The members that the data of a stream may have, by name; empty for `unknown`, which has no table."""
    document = tomllib.loads(files("sensors").joinpath("mqtt_data.toml").read_text("utf-8"))
    rows: Mapping[str, Mapping[str, Any]] = document.get(stream, {})
    found = {name: Member(name=name, **{**row, "choices": tuple(row.get("choices", ()))}) for name, row in rows.items()}
    return MappingProxyType(found)


def check_data(stream: Stream, data: object) -> Mapping[str, Any]:
    """The data, where a stream takes it; PayloadInvalid with the member otherwise. Members of no row are left alone."""
    if not isinstance(data, dict):
        raise PayloadInvalid(f"the data of {stream} is an object, not {type(data).__name__}", path="data")
    for member in members_of(stream).values():
        if member.name in data:
            _check(member, data[member.name])
        elif member.required:
            raise PayloadInvalid(f"{stream} says {member.name}", path=f"data.{member.name}")
    if ("lon" in data) != ("lat" in data):
        raise PayloadInvalid("lon and lat go together", path="data.lon")
    if stream == Stream.POSITION and data.get("fixed") is not False and "lon" not in data:
        raise PayloadInvalid("a position says lon and lat, or fixed: false", path="data.lon")
    return data


def parse_time(text: object, path: str) -> int:
    """Microseconds of UTC since 1970 of an RFC 3339 time, which names its zone; what is finer is cut off. PayloadInvalid otherwise.

    >>> parse_time("1970-01-01T08:00:01.5+08:00", "time")
    1500000
    """
    if not isinstance(text, str) or not RFC_3339.fullmatch(text):
        raise PayloadInvalid(f"{str(text)[:40]!r} is no RFC 3339 time with a zone", path=path, hint="2026-11-27T08:00:00+08:00")
    try:
        moment = datetime.fromisoformat(FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", text.upper()))
        return (moment - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise PayloadInvalid(f"{text[:40]!r} is no time of a calendar", path=path) from error


def _check(member: Member, value: object) -> None:
    path = f"data.{member.name}"
    if member.type == "time":
        parse_time(value, path)
    elif member.type == "boolean":
        if not isinstance(value, bool):
            raise PayloadInvalid(f"{member.name} is true or false", path=path)
    elif member.type == "text":
        _check_text(member, value, path)
    else:
        _check_number(member, value, path)


def _check_text(member: Member, value: object, path: str) -> None:
    if not isinstance(value, str):
        raise PayloadInvalid(f"{member.name} is a text", path=path)
    if member.choices and value not in member.choices:
        raise PayloadInvalid(f"{member.name} is {' or '.join(member.choices)}, not {value[:40]!r}", path=path)
    if not member.choices and not member.low <= len(value) <= member.high:
        raise PayloadInvalid(f"{member.name} has {len(value)} letters; {member.low:g} to {member.high:g} are taken", path=path)


def _check_number(member: Member, value: object, path: str) -> None:
    whole = member.type == "integer"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise PayloadInvalid(f"{member.name} is {'a whole number' if whole else 'a number'}", path=path)
    if not member.low <= value <= member.high:
        raise PayloadInvalid(f"{member.name} {str(value)[:40]} is outside {member.low:g} to {member.high:g}", path=path)
