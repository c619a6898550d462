"""What stock-takes and reconciliation go by, from `rules.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Rules", "shipped_rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """States that change what is expected of an asset, and how far areas (m²) may differ: by the larger of an amount and a share."""

    not_due: frozenset[str]
    unbooked: frozenset[str]
    area_m2: float
    area_share: float
    owned: frozenset[str]
    building_titles: frozenset[str]
    vehicle_titles: frozenset[str]
    vehicle_gone: frozenset[str]


@cache
def shipped_rules() -> Rules:
    """The rules of the package."""
    table = tomllib.loads(files("twin.queries.assetops").joinpath("rules.toml").read_text(encoding="utf-8"))
    said = table["reconciliation"]
    sets = {name: frozenset(said[name]) for name in ("unbooked", "owned", "building_titles", "vehicle_titles", "vehicle_gone")}
    return Rules(not_due=frozenset(table["stocktake"]["not_due"]), area_m2=said["area_m2"], area_share=said["area_share"], **sets)
