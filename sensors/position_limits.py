"""Beyond which a position or its clock is not believed (`position_limits.toml`)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["PositionLimits", "position_limits"]

FILE = Path(__file__).with_name("position_limits.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionLimits:
    """The rows of the file, named with their units; what each is for stands there."""

    future_s: float
    past_s: float
    stale_s: float
    steady_s: float
    steady_fixes: int
    live_s: float
    max_speed_m_s: float
    slack_m: float
    relocate_fixes: int
    relocate_s: float


@cache
def position_limits() -> PositionLimits:
    """The limits that the file states."""
    return PositionLimits(**tomllib.loads(FILE.read_text(encoding="utf-8"))["limits"])
