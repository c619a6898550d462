"""Features: what has an identity and a place, whatever file format it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

from shapely.geometry.base import BaseGeometry

from spatial.source import Source

__all__ = ["DEVICES", "PUBLIC", "Feature", "FeatureId", "Kind", "feature_id"]

FeatureId = NewType("FeatureId", str)
PUBLIC = "public"


class Kind(StrEnum):
    """The nouns of the scene (docs/glossary.md)."""

    SITE = "site"
    BUILDING = "building"
    STOREY = "storey"
    SPACE = "space"
    ELEMENT = "element"
    CITY_OBJECT = "city_object"
    TERRAIN = "terrain"
    CAMERA = "camera"
    GATE = "gate"
    ZONE = "zone"
    GUARD_POST = "guard_post"
    PERIMETER_SEGMENT = "perimeter_segment"
    DOOR = "door"
    FIRE_POINT = "fire_point"
    PANIC_BUTTON = "panic_button"
    LIFT = "lift"


DEVICES = (
    Kind.CAMERA,
    Kind.GATE,
    Kind.ZONE,
    Kind.GUARD_POST,
    Kind.PERIMETER_SEGMENT,
    Kind.DOOR,
    Kind.FIRE_POINT,
    Kind.PANIC_BUTTON,
    Kind.LIFT,
)
"""Kinds that come from registers: each is the model of its own name in every site, `camera:C-017` (docs/decisions/023)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing of the scene.

    `footprint` is a shapely geometry in metres of the frame the feature is in (a model's own frame as it leaves `bim`,
    the site's east-north-up frame from `spatial.scene` on), `z_range` its lowest and highest z in that frame.
    `geographic` is the plan in lon, lat degrees (CRS84) of what a source states in degrees or far from the site: there the footprint
    may be missing. `parent` is the next thing up the tree; `building`, `storey`, `space` name the ancestors an element is asked for by.
    `properties` is JSON: `property_sets`, `quantities`, `classifications`, `systems`, `type`, `attributes`,
    `declared`, `measured`, `boundaries` where the source has them.
    """

    id: FeatureId
    kind: Kind
    class_name: str
    source: Source
    name: str | None = None
    long_name: str | None = None
    parent: FeatureId | None = None
    building: FeatureId | None = None
    storey: FeatureId | None = None
    space: FeatureId | None = None
    footprint: BaseGeometry | None = None
    z_range: tuple[float, float] | None = None
    geographic: BaseGeometry | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    label: str = PUBLIC


def feature_id(model: str, local_id: str) -> FeatureId:
    """`{model}:{local_id}`, e.g. `tower:2O2Fr$t4X7Zf8NOew3FNr2`; stable across re-exports that keep GlobalIds."""
    return FeatureId(f"{model}:{local_id}")
