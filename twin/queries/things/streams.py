"""The rows of `streams.toml`: which streams a kind of devices has, and what each is to SensorThings."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from sensors.observation import Stream
from twin.codes import list_kinds

__all__ = ["NO_UNIT", "StreamRow", "device_streams", "reading_unit", "stream_row"]

NO_UNIT: Mapping[str, Any] = MappingProxyType({"name": None, "symbol": None, "definition": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """A stream: its words, the type of its observations, what is observed, its unit."""

    stream: Stream
    zh: str
    en: str
    observation_type: str
    definition: str
    unit: Mapping[str, Any]

    @property
    def words(self) -> str:
        """Both languages."""
        return f"{self.zh} · {self.en}"


@cache
def device_streams() -> Mapping[str, tuple[Stream, ...]]:
    """Kind of device → its streams, of the kinds that have a register; in the order of names."""
    known = {kind.name for kind in list_kinds()}
    rows = _table()["kinds"].items()
    return MappingProxyType({kind: tuple(map(Stream, streams)) for kind, streams in sorted(rows) if kind in known})


@cache
def stream_row(stream: Stream) -> StreamRow:
    """The row of a stream; KeyError for one that nothing observes."""
    row = _table()["streams"][stream.value]
    return StreamRow(
        stream=stream, zh=row["zh"], en=row["en"], observation_type=row["type"], definition=row["definition"], unit=_unit(row["unit"])
    )


def reading_unit(carrier: str | None) -> Mapping[str, Any]:
    """The unit a meter of this carrier counts in; none is guessed where the register names no carrier.

    >>> reading_unit("electricity")["symbol"]
    'kWh'
    """
    return _unit(_table()["carriers"].get(carrier, ()))


def _unit(said: Any) -> Mapping[str, Any]:
    return dict(zip(("name", "symbol", "definition"), said, strict=True)) if said else NO_UNIT


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("twin.queries.things").joinpath("streams.toml").read_text("utf-8"))
