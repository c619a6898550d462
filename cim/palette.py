"""Colours of the city: one table, straight-alpha RGBA bytes; few enough that parts batch by material."""

import zlib
from typing import Final

__all__ = [
    "BARK",
    "BOOM",
    "CLASS_RGBA",
    "CROWNS",
    "FENCE_PANEL",
    "FENCE_POST",
    "GATE_PILLAR",
    "GENERIC",
    "MARKING",
    "MASONRY",
    "ROOFS_FLAT",
    "ROOFS_PITCHED",
    "SURFACE_RGBA",
    "TERRAIN",
    "WALLS",
    "Rgba",
    "tint",
]

Rgba = tuple[int, int, int, int]

GENERIC: Final[Rgba] = (168, 160, 176, 255)
MARKING: Final[Rgba] = (232, 230, 220, 255)
BARK: Final[Rgba] = (98, 78, 60, 255)
FENCE_POST: Final[Rgba] = (52, 56, 60, 255)
FENCE_PANEL: Final[Rgba] = (62, 68, 72, 130)
MASONRY: Final[Rgba] = (196, 186, 172, 255)
GATE_PILLAR: Final[Rgba] = (150, 142, 134, 255)
BOOM: Final[Rgba] = (204, 64, 48, 255)

WALLS: Final[tuple[Rgba, ...]] = ((214, 209, 201, 255), (206, 199, 189, 255), (220, 213, 202, 255), (201, 198, 194, 255))
ROOFS_FLAT: Final[tuple[Rgba, ...]] = ((146, 148, 150, 255), (160, 157, 152, 255), (134, 139, 145, 255))
ROOFS_PITCHED: Final[tuple[Rgba, ...]] = ((158, 88, 66, 255), (142, 80, 64, 255))

CROWNS: Final[dict[str, tuple[Rgba, ...]]] = {
    "broadleaf": ((84, 128, 62, 255), (98, 142, 70, 255), (72, 116, 60, 255)),
    "conifer": ((50, 96, 66, 255), (60, 106, 70, 255)),
    "palm": ((96, 146, 74, 255), (108, 154, 80, 255)),
}

TERRAIN: Final[dict[str, Rgba]] = {
    "grass": (134, 158, 98, 255),
    "meadow": (148, 163, 108, 255),
    "shrub": (122, 138, 90, 255),
    "earth": (160, 146, 116, 255),
}

CLASS_RGBA: Final[dict[str, Rgba]] = {
    "Road": (78, 80, 84, 255),
    "Path": (172, 164, 150, 255),
    "Railway": (112, 104, 98, 255),
    "Square": (196, 190, 180, 255),
    "PlantCover": (112, 156, 78, 255),
    "Shrub": (86, 128, 66, 255),
    "WaterBody": (74, 132, 170, 190),
    "LandUse": (176, 182, 140, 255),
    "Bridge": (150, 150, 152, 255),
    "Tunnel": (120, 120, 124, 255),
    "TINRelief": TERRAIN["grass"],
    "SolitaryVegetationObject": CROWNS["broadleaf"][0],
    "CityFurniture": (110, 114, 118, 255),
    "Fence": FENCE_POST,
}

SURFACE_RGBA: Final[dict[str, Rgba]] = {
    "GroundSurface": (120, 116, 110, 255),
    "OuterFloorSurface": (170, 166, 160, 255),
    "OuterCeilingSurface": (186, 182, 176, 255),
    "Window": (128, 168, 190, 120),
    "Door": (110, 84, 62, 255),
    "WaterSurface": CLASS_RGBA["WaterBody"],
    "TrafficArea": CLASS_RGBA["Road"],
    "AuxiliaryTrafficArea": CLASS_RGBA["Path"],
}


def tint(choices: tuple[Rgba, ...], identity: str) -> Rgba:
    """One of the colours, always the same for the same id (CRC-32, not Python's salted hash)."""
    return choices[zlib.crc32(identity.encode()) % len(choices)]
