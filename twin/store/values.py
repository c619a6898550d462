"""Values that SQLite and PostgreSQL keep alike: text, canonical JSON, microseconds."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

__all__ = ["from_json", "from_microseconds", "to_json", "to_microseconds", "to_text"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def to_text(value: str) -> str:
    """The text with what PostgreSQL or UTF-8 cannot hold (NUL, lone surrogates) replaced by U+FFFD."""
    return UNSTORABLE.sub("\ufffd", value)


def to_json(value: Any, *, canonical: bool = False) -> str:
    """Compact JSON in UTF-8; numbers that are not finite become null, numpy values plain. `canonical` sorts the keys.

    >>> to_json({"b": float("nan"), "a": "办公室"}, canonical=True)
    '{"a":"办公室","b":null}'
    """
    try:
        return to_text(_dumps(value, canonical))
    except ValueError:
        return to_text(_dumps(_finite(value), canonical))


def from_json(text: str) -> Any:
    """What `to_json` was given."""
    return json.loads(text)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware time; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_microseconds(microseconds: int) -> datetime:
    """The UTC time, exactly."""
    return EPOCH + timedelta(microseconds=microseconds)


def _dumps(value: Any, canonical: bool) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=canonical, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _finite(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return _finite(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
