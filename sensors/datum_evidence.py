"""Whether the positions of a device are GCJ-02: evidence over many fixes, against roads and against places where it is known to stand."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.columns import beside
from sensors.local_metres import metres_per_degree
from sensors.observation import NO_NUMBER
from sensors.plausible import distance_m
from sensors.roads import Roads
from sensors.row_bytes import put_rows, take_rows
from spatial.datum_shift import gcj02_to_wgs84

__all__ = ["DATUM_FIELDS", "DatumModel", "corrected", "datum_model", "weigh"]

DATUM_FIELDS: list[tuple[str, str]] = [
    ("gcj02", "?"),
    ("evidence", "<f4"),
    ("weighed", "<i2"),
    ("weighed_lon_e7", "<i4"),
    ("weighed_lat_e7", "<i4"),
    ("home_lon_e7", "<i4"),
    ("home_lat_e7", "<i4"),
]
"""Whether a device says GCJ-02; the log of the odds of that, how many fixes were weighed, where the last was; where it is known to stand
(surveyed, WGS84), `NO_NUMBER` where nobody knows."""
FILE = Path(__file__).with_name("datum_model.toml")
E7 = 1e7
Places = tuple[NDArray[np.int32], NDArray[np.int32]]
WEST, SOUTH, EAST, NORTH = 73.0, 2.0, 136.0, 55.0
"""Where the offset is defined, a degree inside its edge (`spatial.datum_shift`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatumModel:
    """The rows of the file, named with their units; what each is for stands there."""

    apart_m: float
    settled_m: float
    road_m: float
    astray: float
    home_m: float
    home_odds: float
    sure: float
    most: float
    fixes: int


@cache
def datum_model() -> DatumModel:
    """The model that the file states."""
    return DatumModel(**tomllib.loads(FILE.read_text(encoding="utf-8"))["model"])


def corrected(lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The places (n,) read as GCJ-02, in WGS84; as they are outside China."""
    degrees = beside(lon_e7, lat_e7) / E7
    inside = ((degrees > (WEST, SOUTH)) & (degrees < (EAST, NORTH))).all(axis=1)
    degrees[inside] = gcj02_to_wgs84(degrees[inside])
    lon, lat = np.round(degrees * E7).astype(np.int32).T
    return lon, lat


def weigh(
    rows: NDArray[Any],
    lon_e7: NDArray[np.int32],
    lat_e7: NDArray[np.int32],
    moves: NDArray[np.bool_],
    parked: NDArray[np.bool_],
    follows: NDArray[np.bool_],
    roads: Roads | None,
    model: DatumModel,
) -> NDArray[np.bool_]:
    """Which devices (n,) are now read otherwise than before. Rows are written; a fix counts where it is `apart_m` from the last that did.

    A moving device is on a road, of those given in degrees, read one way or the other; a parked one that is at home read one way only.
    One that is sure and `follows` a road as it is read needs no weighing.
    """
    settled = (np.abs(rows["evidence"]) >= model.sure) & (rows["weighed"] >= model.fixes)
    least = np.where(settled, model.settled_m, model.apart_m)
    apart = distance_m(lon_e7, lat_e7, rows["weighed_lon_e7"], rows["weighed_lat_e7"]) > least
    homed = (
        parked & (rows["home_lon_e7"] != NO_NUMBER) & (apart | (rows["weighed"] < model.fixes) | (np.abs(rows["evidence"]) < model.sure))
    )
    asked = np.flatnonzero((apart & moves & ~(settled & follows) & (roads is not None)) | homed)
    if not len(asked):
        return np.zeros(len(rows), dtype=bool)
    held = take_rows(rows, asked)
    said = lon_e7[asked], lat_e7[asked]
    read = corrected(*said)
    odds = np.where(homed[asked], _home_odds(held, said, read, model), 0.0)
    if roads is not None:
        odds += np.where(moves[asked], _on_road(read, roads, model) - _on_road(said, roads, model), 0.0)
    counts = odds != 0
    held["evidence"] = np.clip(held["evidence"] + odds, -model.most, model.most)
    held["weighed"] = np.minimum(held["weighed"] + counts, 30_000)
    held["weighed_lon_e7"], held["weighed_lat_e7"] = np.where(counts, said, (held["weighed_lon_e7"], held["weighed_lat_e7"]))
    enough = held["weighed"] >= model.fixes
    now = np.where(held["gcj02"], held["evidence"] > -model.sure, enough & (held["evidence"] >= model.sure))
    turned = np.zeros(len(rows), dtype=bool)
    turned[asked] = now != held["gcj02"]
    held["gcj02"] = now
    put_rows(rows, asked, held)
    return turned


def _home_odds(rows: NDArray[Any], said: Places, read: Places, model: DatumModel) -> NDArray[np.float64]:
    as_said = distance_m(*said, rows["home_lon_e7"], rows["home_lat_e7"]) < model.home_m
    as_read = distance_m(*read, rows["home_lon_e7"], rows["home_lat_e7"]) < model.home_m
    return model.home_odds * (as_read.astype(np.float64) - as_said)


def _on_road(places: Places, roads: Roads, model: DatumModel) -> NDArray[np.float64]:
    """The log of how likely a driving device is so far (n,) from the nearest road; the same for all that have none within reach."""
    degrees = beside(*places) / E7
    near = roads.near(degrees, metres_per_degree(degrees[:, 1]))
    distance = np.full(len(degrees), np.inf)
    np.minimum.at(distance, near.point, near.distance_m)
    bell = np.exp(-0.5 * (distance / model.road_m) ** 2) / (model.road_m * np.sqrt(np.pi / 2))
    log: NDArray[np.float64] = np.log((1 - model.astray) * bell + model.astray / roads.reach_m)
    return log
