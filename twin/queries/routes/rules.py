"""What routes go by, from `rules.toml`: speeds, distances, words."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["DoorRules", "OpeningRules", "OutsideRules", "Rules", "Speeds", "StairRules", "WheelchairRules", "shipped_rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """Metres a second by mode; `lift_boarding_s` is spent at getting in and again at getting out."""

    walk_m_per_s: float
    stairs_m_per_s: float
    car_m_per_s: float
    lift_m_per_s: float
    lift_boarding_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRules:
    """How far rooms, floors and ground may lie from a door that leads to them, metres."""

    reach_m: float
    sill_m: float
    outside_m: float
    ground_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRules:
    """What counts as an opening without a door, metres; `section_m` are heights over the floor."""

    wall_m: float
    inside_m: float
    step_m: float
    width_m: float
    every_m: float
    section_m: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StairRules:
    """How treads meet each other and floors, metres."""

    level_m: float
    floor_m: float
    aside_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideRules:
    """Distances out of doors, metres."""

    off_edge_m: float
    car_off_edge_m: float
    gap_m: float
    car_gap_m: float
    bridge_m: float
    attach_m: float
    gate_side_m: float
    fence_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelchairRules:
    """What a wheelchair passes: the steepest ramp (height by level length) and the narrowest door, metres over all."""

    ramp_slope: float
    door_m: float
    step_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The whole table; `gates` maps a gate's kind to what passes, `words` a kind of room to parts of names."""

    speed: Speeds
    door: DoorRules
    opening: OpeningRules
    stair: StairRules
    outside: OutsideRules
    wheelchair: WheelchairRules
    words: Mapping[str, tuple[str, ...]]
    gates: Mapping[str, frozenset[str]]


@cache
def shipped_rules() -> Rules:
    """The rules of the package."""
    table: dict[str, Any] = tomllib.loads(files("twin.queries.routes").joinpath("rules.toml").read_text(encoding="utf-8"))
    opening = {**table["opening"], "section_m": tuple(table["opening"]["section_m"])}
    return Rules(
        speed=Speeds(**table["speed"]),
        door=DoorRules(**table["door"]),
        opening=OpeningRules(**opening),
        stair=StairRules(**table["stair"]),
        outside=OutsideRules(**table["outside"]),
        wheelchair=WheelchairRules(**table["wheelchair"]),
        words={kind: tuple(words) for kind, words in table["words"].items()},
        gates={kind: frozenset(modes) for kind, modes in table["gates"].items()},
    )
