"""What is said of a position and of its clock: numbers kept in history, their words in Chinese and English (`verdicts.toml`)."""

import tomllib
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClockVerdict", "Verdict", "VerdictWords", "clock_words", "doubted_of", "used_of", "verdict_words"]

FILE = Path(__file__).with_name("verdicts.toml")


class Verdict(IntEnum):
    """What is said of one position."""

    GOOD = 0
    NO_FIX = 1
    ZERO = 2
    OUT_OF_RANGE = 3
    ENCRYPTED = 4
    CLOCK_FUTURE = 5
    CLOCK_PAST = 6
    JUMP = 7
    RELOCATED = 8
    PARKED_DRIFT = 9
    GCJ02 = 10
    SWAPPED = 11
    LATE = 12
    DUPLICATE = 13
    SAME_MOMENT = 14


class ClockVerdict(IntEnum):
    """Whose time stands for a position: its own, or for the reason named that of the receipt."""

    OWN = 0
    NONE = 1
    FUTURE = 2
    PAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictWords:
    """One row: its number, key and words; whether such a position moves the smoothed one, and whether it is to be doubted."""

    number: int
    key: str
    zh: str
    en: str
    used: bool = True
    doubted: bool = False


@cache
def verdict_words() -> tuple[VerdictWords, ...]:
    """The rows of verdicts, by number."""
    return tuple(VerdictWords(**row) for row in _file()["verdict"])


@cache
def clock_words() -> tuple[VerdictWords, ...]:
    """The rows of clocks, by number."""
    return tuple(VerdictWords(**row) for row in _file()["clock"])


def used_of(verdicts: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which of the verdicts (n,) let a position move the smoothed one."""
    return _flags("used")[verdicts]


def doubted_of(verdicts: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which of the verdicts (n,) say that what is shown is to be doubted."""
    return _flags("doubted")[verdicts]


@cache
def _flags(name: str) -> NDArray[np.bool_]:
    return np.array([getattr(row, name) for row in verdict_words()])


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
