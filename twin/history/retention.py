"""How long what devices said is kept, by kind: rows of `retention.toml`, or of `history.toml` among the codes of a home."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["OTHER", "Retention", "RetentionRow", "kind_of", "read_retention"]

OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRow:
    """Raw frames so many hours, points and readings so many days (0: for ever), silent after so many seconds."""

    keep_raw_h: float
    keep_days: float
    silence_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """The table: a row a kind, that of `other` for any kind without one."""

    rows: Mapping[str, RetentionRow]

    def of(self, device: str) -> RetentionRow:
        """The row of a device's kind."""
        return self.rows.get(kind_of(device), self.rows[OTHER])

    def silence_us(self, devices: Sequence[str]) -> NDArray[np.int64]:
        """(n,) after how many microseconds without a word each is silent."""
        return np.array([self.of(device).silence_s * 1e6 for device in devices], dtype=np.int64)


def kind_of(device: str) -> str:
    """The kind in a device's address.

    >>> kind_of("vehicle/闽A12345")
    'vehicle'
    """
    return device.split("/", 1)[0]


def read_retention(path: Path | None = None) -> Retention:
    """The shipped rows, those of `path` in their place where it is there."""
    told = tomllib.loads(files("twin.history").joinpath("retention.toml").read_text(encoding="utf-8"))["kind"]
    if path is not None and path.is_file():
        told |= tomllib.loads(path.read_text(encoding="utf-8"))["kind"]
    return Retention(rows={kind: RetentionRow(**row) for kind, row in told.items()})
