"""What a picture of so many pixels a metre is good for, by edition of IEC 62676-4 (`iec_62676_4.toml`)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sensors.errors import SensorError

__all__ = ["EDITIONS", "PixelClass", "class_at", "classes_of"]

FILE = Path(__file__).with_name("iec_62676_4.toml")
EDITIONS = ("2014", "2025")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelClass:
    """One task of an edition: its name there, in Chinese, the least pixels a metre, and whether a source quotes the number."""

    name: str
    zh: str
    pixels_per_metre: float
    verified: bool


def classes_of(edition: str) -> tuple[PixelClass, ...]:
    """The classes of an edition, lowest first; SensorError for one that the file does not hold."""
    found = _editions().get(edition)
    if found is None:
        raise SensorError(f"no edition {edition!r} of IEC 62676-4", path=edition, hint=f"one of {', '.join(_editions())}")
    return found


def class_at(edition: str, pixels_per_metre: float) -> PixelClass | None:
    """The highest class that a density reaches (its bound belongs to it), None below the lowest: 160 px/m, 2014 → recognise."""
    return next((one for one in reversed(classes_of(edition)) if pixels_per_metre >= one.pixels_per_metre), None)


@cache
def _editions() -> dict[str, tuple[PixelClass, ...]]:
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["edition"]
    return {
        row["key"]: tuple(
            PixelClass(name=one["name"], zh=one["zh"], pixels_per_metre=one["pixels_per_metre"], verified=one["verified"])
            for one in row["classes"]
        )
        for row in rows
    }
