"""What the filter takes for granted of receivers and vehicles (`filter_model.toml`)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["FilterModel", "filter_model"]

FILE = Path(__file__).with_name("filter_model.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterModel:
    """The rows of the file, named with their units; what each is for stands there."""

    open_m: float
    open_s: float
    canyon_m: float
    canyon_s: float
    street_m: float
    jump_m: float
    jump_each: float
    jump_s: float
    mode_s: float
    exit_m: float
    exit_s: float
    dark_intervals: float
    white_m: float
    open_m_s: float
    canyon_m_s: float
    doppler_s: float
    uneven_m_s2: float
    around: float
    winding_s: float
    manoeuvre_s: float
    unknown_m_s: float
    still_sigmas: float
    still_s: float
    creep_m2_s: float
    held_m2_s: float
    heading_m_s: float

    @property
    def variances(self) -> NDArray[np.float64]:
        """Of the slow error in each mode (open, canyon, jump), one axis, square metres."""
        return np.array([self.open_m, self.canyon_m, self.jump_m]) ** 2


@cache
def filter_model() -> FilterModel:
    """The model that the file states."""
    return FilterModel(**tomllib.loads(FILE.read_text(encoding="utf-8"))["model"])
