"""Materials: what a part's colour and its group look like (glTF metallic-roughness)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tiles.geometry import Geometry, Ints
from tiles.partition import Group, Plan

__all__ = ["Look", "looks_of"]

ROOM_ALPHA = 72
ROUGHNESS_OPAQUE, ROUGHNESS_GLASS, ROUGHNESS_ROOM = 0.85, 0.1, 1.0


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """One material: sRGB colour with straight alpha (0..255), both sides drawn or one, roughness."""

    red: int
    green: int
    blue: int
    alpha: int
    both_sides: bool
    roughness: float

    def material(self) -> dict[str, Any]:
        """As glTF; factors are linear, the colour is sRGB (IEC 61966-2-1)."""
        rgb = [round(_linear(value / 255), 6) for value in (self.red, self.green, self.blue)]
        result: dict[str, Any] = {
            "pbrMetallicRoughness": {
                "baseColorFactor": [*rgb, round(self.alpha / 255, 6)],
                "metallicFactor": 0,
                "roughnessFactor": self.roughness,
            }
        }
        if self.alpha < 255:
            result["alphaMode"] = "BLEND"
        if self.both_sides:
            result["doubleSided"] = True
        return result


def looks_of(geometry: Geometry, plan: Plan) -> tuple[Ints, list[Look]]:
    """For each part of the plan the number of its look, and the looks.

    Rooms are a tint, anything transparent is glass; both show both sides, and so does a mesh that is no closed solid.
    """
    rgba = geometry.part_rgba[plan.parts].astype(np.int64)
    open_mesh = ~geometry.closed[geometry.part_mesh[plan.parts]]
    roughness = np.where(rgba[:, 3] < 255, ROUGHNESS_GLASS, ROUGHNESS_OPAQUE)
    if plan.group is Group.SPACES:
        rgba[:, 3] = np.minimum(rgba[:, 3], ROOM_ALPHA)
        roughness[:] = ROUGHNESS_ROOM
    both = open_mesh | (rgba[:, 3] < 255)
    if plan.group is Group.TERRAIN:
        both[:] = True
    keys = np.column_stack([rgba, both, np.rint(roughness * 100).astype(np.int64)])
    unique, number = np.unique(keys, axis=0, return_inverse=True)
    looks = [Look(int(r), int(g), int(b), int(a), bool(sides), float(rough) / 100) for r, g, b, a, sides, rough in unique]
    return number.reshape(-1).astype(np.int64), looks


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
