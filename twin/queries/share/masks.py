"""What becomes of a value before it leaves. Pure: the key of the receiver comes in as an argument."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from twin.store.values import to_json

__all__ = ["MASKS", "Mask", "MaskKind", "masked", "pseudonym", "rounded"]

STARS = "****"
DIVISION_DIGITS = MappingProxyType({"province": 2, "city": 4, "county": 6})


class MaskKind(NamedTuple):
    """A way to mask: its words, the types of field it takes, the argument it needs (empty: none)."""

    zh: str
    en: str
    types: frozenset[str]
    argument: str


ANY = frozenset({"string", "number", "integer", "boolean"})
TEXT = frozenset({"string"})
MASKS: Mapping[str, MaskKind] = MappingProxyType(
    {
        "drop": MaskKind("不提供", "does not leave", ANY | {"geometry"}, ""),
        "hash": MaskKind("化名(HMAC-SHA-256,密钥按接收方)", "a pseudonym: HMAC-SHA-256 under a key of the receiver", ANY, ""),
        "division": MaskKind("只保留到某级行政区划", "the division code up to a level", TEXT, "level"),
        "first": MaskKind("只保留前几位", "the first characters only", TEXT, "keep"),
        "last": MaskKind("只保留后几位", "the last characters only", TEXT, "keep"),
        "month": MaskKind("日期只到月", "a date by its month", TEXT, ""),
        "year": MaskKind("日期只到年", "a date by its year", TEXT, ""),
        "round": MaskKind("取整到若干位小数", "rounded to decimals", frozenset({"number", "integer", "geometry"}), "digits"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A mask of a field: `argument` is a number of characters or decimals (negative: tens, hundreds), or a level of divisions."""

    kind: str
    argument: int | str | None = None

    def type_of(self, type_: str) -> str:
        """The type of what is left of a value of this type."""
        return type_ if self.kind == "round" else "string"


def masked(value: Any, mask: Mask, field: str, key: bytes) -> Any:
    """What leaves of a value; nothing stays nothing.

    >>> masked("13905911234", Mask(kind="last", argument=4), "phone", b"")
    '****1234'
    >>> masked("350102", Mask(kind="division", argument="city"), "division", b"")
    '350100'
    """
    if value is None:
        return None
    match mask.kind:
        case "hash":
            return pseudonym(field, value, key)
        case "round":
            return _rounded_number(value, _number(mask))
        case "division":
            return _division(str(value), DIVISION_DIGITS[str(mask.argument)])
        case "month":
            return _part_of_date(str(value), 7)
        case "year":
            return _part_of_date(str(value), 4)
        case "first":
            return _kept(str(value), _number(mask), last=False)
        case "last":
            return _kept(str(value), _number(mask), last=True)
    raise ValueError(mask.kind)


def pseudonym(field: str, value: Any, key: bytes) -> str:
    """HMAC-SHA-256 of a value under the key of the receiver and the name of its field, the first 128 bits: 32 hexadecimal characters."""
    said = value if isinstance(value, str) else to_json(value, canonical=True)
    return hmac.digest(key, f"{field}\0{said}".encode(), "sha256").hex()[:32]


def rounded(shape: BaseGeometry | None, digits: int) -> BaseGeometry | None:
    """A plan on a grid of degrees, still valid; one that is smaller than a cell is the point of its cell. Heights do not leave."""
    if shape is None:
        return None
    snapped = shapely.set_precision(shapely.force_2d(shape), 10.0**-digits)
    if snapped.is_empty:
        snapped = shapely.force_2d(shape).centroid
    return shapely.transform(shapely.set_precision(snapped, 0), lambda degrees: np.round(degrees, digits))


def _number(mask: Mask) -> int:
    assert isinstance(mask.argument, int)
    return mask.argument


def _rounded_number(value: float, digits: int) -> float | int:
    return round(value, digits)


def _kept(text: str, keep: int, *, last: bool) -> str:
    """A text of no more than what is kept would leave whole: nothing of it does."""
    if len(text) <= keep:
        return STARS
    return STARS + text[-keep:] if last else text[:keep] + STARS


def _division(code: str, digits: int) -> str:
    """GB/T 2260: two digits a level, zeros below; what is no such code does not leave."""
    head = code[:6]
    return head[:digits].ljust(6, "0") if len(head) == 6 and head.isascii() and head.isdigit() else STARS


def _part_of_date(text: str, length: int) -> str:
    part = text[:length]
    return part if len(part) == length and part.replace("-", "").isdigit() else STARS
