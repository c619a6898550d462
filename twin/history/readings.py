"""Observations that are no positions: gate passages, states, readings of meters, by device, stream and time, as they were said."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensors.observation import FIX, NO_TIME, Observation, Stream
from twin.history.errors import HistoryAsked
from twin.history.layout import HOUR_US, Layout, day_start_us
from twin.history.names import Names, NamesReader
from twin.history.positions import PLACES, filed_times
from twin.history.reading import Recent, ShelfReader
from twin.history.runs import column, filter_rows
from twin.history.shelf import Shelf
from twin.history.tracks import Allowed, everything

__all__ = ["READINGS", "STREAMS", "HourReading", "Kept", "Order", "Readings", "ReadingsReader"]

STREAMS: Final = "streams.names"
"""File of the history's folder: `kind/key` and stream, a space between, by number."""
MOST_AT_ONCE: Final = 10_000
READINGS = Layout(
    schema=pa.schema(
        [
            ("handle", pa.uint32()),
            ("time_us", pa.int64()),
            ("marks", pa.uint8()),
            ("device_us", pa.int64()),
            ("fix_us", pa.int64()),
            ("received_us", pa.int64()),
            ("journal", pa.uint64()),
            ("row", pa.uint32()),
            ("place", pa.uint32()),
            ("value", pa.string()),
            ("more", pa.string()),
        ]
    )
)
"""`value` is what was said, as JSON; `more` lon_lat, alarms and protocol where there are any. (`journal`, `row`) names it for ever."""
Order = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An observation as kept: its number `(journal position, row)`, the moment it counts at, and the place it was in."""

    number: tuple[int, int]
    time_us: int
    place: str
    observation: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class HourReading:
    """An hour of a field of a stream: how many numbers, the least, the greatest, their mean, and the last."""

    start_us: int
    count: int
    least: float
    greatest: float
    mean: float
    last: float


class Readings:
    """The writer of `history/readings`; `shelf` flushes, merges and closes days."""

    def __init__(self, shelf: Shelf, streams: Names, places: Names) -> None:
        self.shelf, self._streams, self._places = shelf, streams, places

    @classmethod
    def open(cls, home: Path, streams: Names, places: Names) -> Self:
        """Over the history folder `home` and the tables of names in it."""
        return cls(Shelf.open(home / "readings", READINGS), streams, places)

    def apply(self, position: int, observations: Sequence[Observation], places: Sequence[str]) -> None:
        """Take the observations of the journal record at `position`, each with the id of the most protected place it was in ('': none)."""
        if len(observations) != len(places):
            raise HistoryAsked(f"{len(observations)} observations and {len(places)} places")
        handles = self._streams.numbers([_stream(one.device, one.stream) for one in observations])
        self.shelf.apply(_table(position, handles, observations, self._places.numbers(places)), position)

    def flush(self) -> int:
        """Write what is in memory; see Shelf.flush."""
        self._streams.sync()
        self._places.sync()
        return self.shelf.flush()


class ReadingsReader:
    """Reads `history/readings` of the history folder `home`, from any process; `recent` asks the writer for what is in its memory."""

    def __init__(self, home: Path, *, recent: Recent | None = None) -> None:
        self._shelf = ShelfReader(home / "readings", READINGS, recent)
        self._streams, self._places = NamesReader(home / STREAMS), NamesReader(home / PLACES)

    def observations(
        self,
        device: str,
        stream: Stream,
        from_us: int = -(2**62),
        to_us: int = 2**62,
        *,
        limit: int = MOST_AT_ONCE,
        order: Order = "asc",
        after: tuple[int, tuple[int, int]] | None = None,
        places: Allowed = everything,
    ) -> list[Kept]:
        """At most `limit` observations of a stream in a period, closed and open, by the moment they count at; `after`, the (time_us,
        number) of the last of a page, goes on behind it. Raises HistoryAsked for a limit below 1 or above 10,000."""
        if not 1 <= limit <= MOST_AT_ONCE:
            raise HistoryAsked(f"a limit of {limit}; 1 to {MOST_AT_ONCE:,} are told at once")
        found: list[Kept] = []
        if after is not None:
            from_us, to_us = (max(from_us, after[0]), to_us) if order == "asc" else (from_us, min(to_us, after[0] + 1))
        for begin, end in self._days(device, stream, from_us, to_us, order):
            table = self._rows(device, stream, begin, end, READINGS.names, places)
            keys = [column(table, name) for name in ("time_us", "journal", "row")]
            sorted_by = np.lexsort(keys[::-1])[:: 1 if order == "asc" else -1]
            start = 0 if after is None else _behind([key[sorted_by] for key in keys], (after[0], *after[1]), order)
            found += self._kept(device, stream, table.take(pa.array(sorted_by[start : start + limit - len(found)])))
            if len(found) == limit:
                break
        return found

    def count(self, device: str, stream: Stream, from_us: int = -(2**62), to_us: int = 2**62, *, places: Allowed = everything) -> int:
        """How many observations a stream has in a period, of those that the reader may know of."""
        return len(self._rows(device, stream, from_us, to_us, ("place",), places))

    def last(self, device: str, stream: Stream, moment_us: int, *, within_us: int, places: Allowed = everything) -> Kept | None:
        """The state at a moment: the last observation up to it and not older than `within_us`; None too where that one is hidden."""
        table = self._rows(device, stream, moment_us - within_us, moment_us + 1, READINGS.names, everything)
        if not len(table):
            return None
        keys = (column(table, "row"), column(table, "journal"), column(table, "time_us"))
        last = table.take(pa.array(np.lexsort(keys)[-1:]))
        found = self._kept(device, stream, filter_rows(last, self._mask(last, places)))
        return found[0] if found else None

    def hours(
        self, device: str, stream: Stream, field: str, from_us: int, to_us: int, *, places: Allowed = everything
    ) -> list[HourReading]:
        """The numbers of a field of a stream, by hours from `from_us` on; hours without any are left out."""
        table = self._rows(device, stream, from_us, to_us, ("value", "place"), places)
        values = [json.loads(text).get(field) for text in table.column("value").to_pylist()]
        known = np.array([isinstance(one, int | float) and not isinstance(one, bool) for one in values], dtype=bool)
        numbers = np.array([one for one, good in zip(values, known, strict=True) if good], dtype=np.float64)
        hours = (column(table, "time_us")[known] - from_us) // HOUR_US
        return [_hour(from_us + int(hour) * HOUR_US, numbers[hours == hour]) for hour in np.unique(hours)]

    def _days(self, device: str, stream: Stream, from_us: int, to_us: int, order: Order) -> list[tuple[int, int]]:
        """The period in days, as far as there may be any of the stream."""
        handle = self._streams.number(_stream(device, stream))
        days = [] if handle is None else self._shelf.days(handle, from_us, to_us)
        parts = [(max(from_us, day_start_us(day)), min(to_us, day_start_us(day + 1))) for day in days]
        return parts if order == "asc" else parts[::-1]

    def _rows(self, device: str, stream: Stream, from_us: int, to_us: int, columns: Sequence[str], places: Allowed) -> pa.Table:
        handle = self._streams.number(_stream(device, stream))
        table = self._shelf.of_handle(2**32 - 1 if handle is None else handle, from_us, to_us, columns)
        return filter_rows(table, self._mask(table, places))

    def _mask(self, table: pa.Table, places: Allowed) -> NDArray[np.bool_]:
        if places is everything or not len(table):
            return np.ones(len(table), dtype=bool)
        numbers, at = np.unique(column(table, "place"), return_inverse=True)
        mask: NDArray[np.bool_] = np.asarray(places(self._places.names(numbers.tolist())), dtype=bool)[at]
        return mask

    def _kept(self, device: str, stream: Stream, table: pa.Table) -> list[Kept]:
        names = self._places.names(table.column("place").to_pylist())
        return [_kept_of(device, stream, row, name) for row, name in zip(table.to_pylist(), names, strict=True)]


def _stream(device: str, stream: Stream) -> str:
    return f"{device} {stream.value}"


def _behind(keys: Sequence[NDArray[Any]], key: tuple[int, int, int], order: Order) -> int:
    """How many sorted keys stand before the first behind `key`."""
    told = list(zip(*(one.tolist() for one in keys), strict=True))
    return sum(one <= key if order == "asc" else one >= key for one in told)


def _hour(start_us: int, numbers: NDArray[np.float64]) -> HourReading:
    return HourReading(
        start_us=start_us,
        count=len(numbers),
        least=float(numbers.min()),
        greatest=float(numbers.max()),
        mean=float(numbers.mean()),
        last=float(numbers[-1]),
    )


def _kept_of(device: str, stream: Stream, row: Mapping[str, Any], place: str) -> Kept:
    more = json.loads(row["more"]) if row["more"] else {}
    lon_lat = more.get("lon_lat")
    observation = Observation(
        device=device,
        stream=stream,
        received_us=row["received_us"],
        value=json.loads(row["value"]),
        device_us=None if row["device_us"] == NO_TIME else row["device_us"],
        fix_us=None if row["fix_us"] == NO_TIME else row["fix_us"],
        lon_lat=None if lon_lat is None else (lon_lat[0], lon_lat[1]),
        alarms=tuple(more.get("alarms", ())),
        protocol=more.get("protocol", ""),
    )
    return Kept(number=(row["journal"], row["row"]), time_us=row["time_us"], place=place, observation=observation)


def _table(position: int, handles: NDArray[np.uint32], said: Sequence[Observation], places: NDArray[np.uint32]) -> pa.Table:
    clocks = np.zeros(len(said), dtype=FIX)
    clocks["received_us"] = [one.received_us for one in said]
    for name in ("device_us", "fix_us"):
        clocks[name] = [NO_TIME if getattr(one, name) is None else getattr(one, name) for one in said]
    times, marks = filed_times(clocks)
    columns: dict[str, Any] = {
        "handle": handles,
        "time_us": times,
        "marks": marks,
        **{name: np.ascontiguousarray(clocks[name]) for name in ("device_us", "fix_us", "received_us")},
        "journal": np.full(len(said), position, dtype=np.uint64),
        "row": np.arange(len(said), dtype=np.uint32),
        "place": places,
        "value": [_json(one.value) for one in said],
        "more": [_more(one) for one in said],
    }
    schema = READINGS.schema
    return pa.table([pa.array(columns[field.name], type=field.type) for field in schema], schema=schema)


def _more(one: Observation) -> str:
    told = {"lon_lat": one.lon_lat, "alarms": one.alarms, "protocol": one.protocol}
    known = {name: value for name, value in told.items() if value}
    return _json(known) if known else ""


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
