"""Positions as the history keeps them: what the device said, beside what was judged of it.

Clocks are kept as differences from `time_us`, the said position as its difference from the judged one: both exact, and small.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensors.observation import FIX, NO_NUMBER, NO_TIME, Fixes
from twin.history.errors import HistoryAsked
from twin.history.layout import DAY_US, Layout
from twin.history.names import Names
from twin.history.runs import GENERATION, column
from twin.history.shelf import Shelf

__all__ = ["DEVICES", "JUDGED", "MARKS", "NO_PLACE", "PLACES", "PLACE_SEPARATOR", "POSITIONS", "Positions", "filed_times", "fixes_of"]

DEVICES, PLACES = "devices.names", "places.names"
"""Files of the history's folder: the addresses of devices and the ids of places, each by its number."""
JUDGED = np.dtype([("lon_e7", "<i4"), ("lat_e7", "<i4"), ("accuracy_dm", "<i4"), ("verdict", "i1"), ("place", "<u4"), ("flags", "u1")])
"""What was judged of a fix: the smoothed position in 1e-7 degrees (`NO_NUMBER`: none), its accuracy in decimetres, the verdict, `place` a
row of the table of places it travels with (the most protected it was in), bits of the caller's."""
NO_PLACE: Final = ""
"""The place of a fix that was in none."""
PLACE_SEPARATOR: Final = "\n"
"""Stands between the ids of a place that is several features at once."""
AHEAD_US, BACK_US = 600 * 1_000_000, 40 * DAY_US
"""A clock that says more than 10 minutes after, or 40 days before, the moment of receipt is not believed."""


class MARKS:
    """Bits of the column `marks`: which clock `time_us` is (0 the fix's, 1 the device's, 2 that of receipt, 3 another), what was not
    given, and that a clock which was given is not believed."""

    WHICH, NO_FIX, NO_DEVICE, DISBELIEVED, NOT_JUDGED = 3, 4, 8, 16, 32


SAID = ("altitude_dm", "speed_dkmh", "heading_cdeg", "status", "alarm")
POSITIONS = Layout(
    schema=pa.schema(
        [
            ("handle", pa.uint32()),
            ("time_us", pa.int64()),
            ("marks", pa.uint8()),
            ("device_after_us", pa.int64()),
            ("fix_after_us", pa.int64()),
            ("received_after_us", pa.int64()),
            ("lon_e7", pa.int32()),
            ("lat_e7", pa.int32()),
            ("said_east_e7", pa.int32()),
            ("said_north_e7", pa.int32()),
            ("altitude_dm", pa.int32()),
            ("speed_dkmh", pa.int32()),
            ("heading_cdeg", pa.int32()),
            ("said_accuracy_dm", pa.int32()),
            ("status", pa.uint32()),
            ("alarm", pa.uint32()),
            ("accuracy_dm", pa.int32()),
            ("verdict", pa.int8()),
            ("place", pa.uint32()),
            ("flags", pa.uint8()),
            (GENERATION, pa.uint16()),
        ]
    ),
    moments=(
        "handle",
        "time_us",
        "marks",
        "lon_e7",
        "lat_e7",
        "speed_dkmh",
        "heading_cdeg",
        "accuracy_dm",
        "verdict",
        "place",
        "flags",
        GENERATION,
    ),
    same=(("lon_e7", "said_east_e7"), ("lat_e7", "said_north_e7"), ("received_after_us",)),
)
"""`lon_e7, lat_e7` are the judged position, or the said one (`marks`); `said_east_e7, said_north_e7` lead from there to the said one,
`…_after_us` from `time_us` to each clock. `generation` counts how often a fix was judged again: of the same fix (device, time, said place,
receipt) the highest alone is read."""


class Positions:
    """The writer of `history/positions`; `shelf` flushes, merges and closes days."""

    def __init__(self, shelf: Shelf, devices: Names, places: Names) -> None:
        self.shelf, self._devices, self._places = shelf, devices, places

    @classmethod
    def open(cls, home: Path, devices: Names, places: Names) -> Self:
        """Over the history folder `home` and the tables of names in it."""
        return cls(Shelf.open(home / "positions", POSITIONS), devices, places)

    def apply(
        self,
        position: int | NDArray[np.uint64],
        devices: Sequence[str],
        fixes: Fixes,
        judged: NDArray[np.void],
        places: Sequence[str],
        *,
        times: NDArray[np.int64] | None = None,
    ) -> None:
        """Take the fixes of the journal record at `position` (or (n,) of each its own) with what was judged of them, (n,) of `JUDGED`.

        `fixes["device"]` counts into `devices`, `judged["place"]` into `places`. `times` (n,) is when each counts, where the caller has
        judged that; else `filed_times` does.
        """
        if len(fixes) != len(judged):
            raise HistoryAsked(f"{len(fixes)} fixes and {len(judged)} judgements")
        handles = self._devices.numbers(devices)[fixes["device"]] if len(fixes) else np.zeros(0, np.uint32)
        known = self._places.numbers(places)[judged["place"]] if len(fixes) else np.zeros(0, np.uint32)
        self.shelf.apply(_table(handles, fixes, judged, known, times), position)

    def amend(self, rows: pa.Table, judged: NDArray[np.void], places: Sequence[str]) -> None:
        """Judge again what was read as `rows` (n,) of all columns: (n,) of `JUDGED`, whose `place` counts into `places`."""
        known = self._places.numbers(places)[judged["place"]] if len(judged) else np.zeros(0, np.uint32)
        self.shelf.amend(_amended(rows, judged, known))

    def flush(self) -> int:
        """Write what is in memory; see Shelf.flush."""
        self._devices.sync()
        self._places.sync()
        return self.shelf.flush()


def filed_times(fixes: Fixes) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """(n,) the moment each fix counts at, and its `MARKS`: the fix's own clock where it can be believed beside that of receipt, else the
    device's, else that of receipt."""
    received = fixes["received_us"]
    marks = np.full(len(fixes), 2, dtype=np.uint8)
    times = received.astype(np.int64)
    for which, name, absent in ((1, "device_us", MARKS.NO_DEVICE), (0, "fix_us", MARKS.NO_FIX)):
        clock = fixes[name]
        given = clock != NO_TIME
        likely = given & (clock <= received + AHEAD_US) & (clock >= received - BACK_US)
        times = np.where(likely, clock, times)
        marks = np.where(likely, marks & ~np.uint8(MARKS.WHICH) | which, marks)
        marks |= np.where(given, np.where(likely, 0, MARKS.DISBELIEVED), absent).astype(np.uint8)
    return times, marks.astype(np.uint8)


def _which(fixes: Fixes, times: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(n,) which clock a time is; 3: none of them as it was said."""
    clocks = [times == fixes[name] for name in ("fix_us", "device_us", "received_us")]
    return np.select(clocks, [0, 1, 2], 3).astype(np.uint8)


def fixes_of(table: pa.Table) -> Fixes:
    """(n,) of `FIX` as the devices said them, `device` being the handle."""
    fixes = np.zeros(len(table), dtype=FIX)
    told: dict[str, NDArray[Any]] = {name: column(table, name) for name in table.column_names}
    fixes["device"] = told["handle"]
    fixes["received_us"] = told["time_us"] + told["received_after_us"]
    for name, absent in (("device_us", MARKS.NO_DEVICE), ("fix_us", MARKS.NO_FIX)):
        clock = told["time_us"] + told[name.replace("_us", "_after_us")]
        fixes[name] = np.where(told["marks"] & absent, NO_TIME, clock)
    fixes["lon_e7"] = told["lon_e7"] + told["said_east_e7"]
    fixes["lat_e7"] = told["lat_e7"] + told["said_north_e7"]
    fixes["accuracy_dm"] = told["said_accuracy_dm"]
    for name in SAID:
        fixes[name] = told[name]
    return fixes


def _table(
    handles: NDArray[np.uint32],
    fixes: Fixes,
    judged: NDArray[np.void],
    places: NDArray[np.uint32],
    given_times: NDArray[np.int64] | None,
) -> pa.Table:
    times, marks = filed_times(fixes)
    if given_times is not None:
        times, marks = given_times, marks & ~np.uint8(MARKS.WHICH) | _which(fixes, given_times)
    given = judged["lon_e7"] != NO_NUMBER
    lon, lat = (np.where(given, judged[name], fixes[name]) for name in ("lon_e7", "lat_e7"))
    columns: dict[str, NDArray[Any]] = {
        "handle": handles,
        "time_us": times,
        "marks": marks | np.where(given, 0, MARKS.NOT_JUDGED).astype(np.uint8),
        "device_after_us": np.where(marks & MARKS.NO_DEVICE, 0, fixes["device_us"] - times),
        "fix_after_us": np.where(marks & MARKS.NO_FIX, 0, fixes["fix_us"] - times),
        "received_after_us": fixes["received_us"] - times,
        "lon_e7": lon,
        "lat_e7": lat,
        "said_east_e7": fixes["lon_e7"] - lon,
        "said_north_e7": fixes["lat_e7"] - lat,
        "said_accuracy_dm": fixes["accuracy_dm"],
        "accuracy_dm": judged["accuracy_dm"],
        "verdict": judged["verdict"],
        "place": places,
        "flags": judged["flags"],
        GENERATION: np.zeros(len(fixes), dtype=np.uint16),
        **{name: fixes[name] for name in SAID},
    }
    return _of_columns(columns)


def _amended(rows: pa.Table, judged: NDArray[np.void], places: NDArray[np.uint32]) -> pa.Table:
    told: dict[str, NDArray[Any]] = {name: column(rows, name) for name in POSITIONS.names}
    said = {name: told[name] + told[beside] for name, beside in (("lon_e7", "said_east_e7"), ("lat_e7", "said_north_e7"))}
    given = judged["lon_e7"] != NO_NUMBER
    lon, lat = (np.where(given, judged[name], said[name]) for name in ("lon_e7", "lat_e7"))
    generation = np.minimum(told[GENERATION].astype(np.int64) + 1, np.iinfo(np.uint16).max)
    return _of_columns(
        told
        | {
            "marks": told["marks"] & ~np.uint8(MARKS.NOT_JUDGED) | np.where(given, 0, MARKS.NOT_JUDGED).astype(np.uint8),
            "lon_e7": lon,
            "lat_e7": lat,
            "said_east_e7": said["lon_e7"] - lon,
            "said_north_e7": said["lat_e7"] - lat,
            "accuracy_dm": judged["accuracy_dm"],
            "verdict": judged["verdict"],
            "place": places,
            "flags": judged["flags"],
            GENERATION: generation.astype(np.uint16),
        }
    )


def _of_columns(columns: dict[str, NDArray[Any]]) -> pa.Table:
    schema = POSITIONS.schema
    return pa.table([pa.array(np.ascontiguousarray(columns[field.name]), type=field.type) for field in schema], schema=schema)
