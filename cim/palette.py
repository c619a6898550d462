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
    "KERB",
    "MARKING",
    "MASONRY",
    "ROOFS_FLAT",
    "ROOFS_PITCHED",
    "SURFACE_MATERIALS",
    "SURFACE_RGBA",
    "TERRAIN",
    "LIGHTEST_TERRAIN",
    "WALLS",
    "Rgba",
    "material_rgba",
    "tint",
]

Rgba = tuple[int, int, int, int]

GENERIC: Final[Rgba] = (168, 160, 176, 255)
MARKING: Final[Rgba] = (236, 234, 226, 255)
KERB: Final[Rgba] = (198, 194, 186, 255)
BARK: Final[Rgba] = (112, 92, 74, 255)
FENCE_POST: Final[Rgba] = (52, 56, 60, 255)
FENCE_PANEL: Final[Rgba] = (84, 92, 96, 56)
MASONRY: Final[Rgba] = (196, 186, 172, 255)
GATE_PILLAR: Final[Rgba] = (150, 142, 134, 255)
BOOM: Final[Rgba] = (204, 64, 48, 255)

WALLS: Final[tuple[Rgba, ...]] = (
    (222, 214, 200, 255),
    (206, 196, 180, 255),
    (232, 226, 214, 255),
    (198, 186, 172, 255),
    (214, 192, 166, 255),
    (188, 176, 168, 255),
    (226, 208, 186, 255),
    (192, 196, 198, 255),
    (178, 138, 116, 255),
    (236, 232, 226, 255),
)
ROOFS_FLAT: Final[tuple[Rgba, ...]] = (
    (158, 156, 152, 255),
    (172, 166, 158, 255),
    (144, 146, 148, 255),
    (150, 158, 150, 255),
    (178, 170, 160, 255),
)
ROOFS_PITCHED: Final[tuple[Rgba, ...]] = (
    (164, 88, 64, 255),
    (142, 76, 60, 255),
    (118, 92, 84, 255),
    (96, 106, 120, 255),
    (176, 104, 76, 255),
)

CROWNS: Final[dict[str, tuple[Rgba, ...]]] = {
    "broadleaf": ((146, 178, 98, 255), (160, 184, 104, 255), (130, 168, 96, 255), (170, 180, 96, 255)),
    "banyan": ((118, 158, 88, 255), (128, 162, 94, 255), (108, 150, 90, 255)),
    "conifer": ((76, 128, 88, 255), (86, 136, 90, 255)),
    "palm": ((138, 178, 88, 255), (150, 182, 92, 255)),
}

TERRAIN: Final[dict[str, Rgba]] = {
    "grass": (146, 166, 104, 255),
    "meadow": (172, 174, 118, 255),
    "shrub": (118, 140, 86, 255),
    "earth": (176, 156, 124, 255),
}
LIGHTEST_TERRAIN: Final[Rgba] = (176, 174, 124, 255)

CLASS_RGBA: Final[dict[str, Rgba]] = {
    "Road": (106, 107, 109, 255),
    "Path": (186, 177, 164, 255),
    "Marking": MARKING,
    "Kerb": KERB,
    "Railway": (112, 104, 98, 255),
    "Square": (204, 196, 183, 255),
    "PlantCover": (138, 168, 96, 255),
    "Shrub": (100, 138, 76, 255),
    "WaterBody": (66, 122, 142, 215),
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
    "OuterFloorSurface": (176, 171, 164, 255),
    "OuterCeilingSurface": (236, 233, 226, 255),
    "Window": (78, 98, 112, 255),
    "Door": (110, 84, 62, 255),
    "WaterSurface": CLASS_RGBA["WaterBody"],
    "TrafficArea": CLASS_RGBA["Road"],
    "AuxiliaryTrafficArea": CLASS_RGBA["Path"],
}


SURFACE_MATERIALS: Final[tuple[tuple[tuple[str, ...], Rgba], ...]] = (
    (("dark granite", "深灰花岗岩", "芝麻黑"), (150, 145, 138, 255)),
    (("granite", "花岗岩", "sett"), (214, 207, 194, 255)),
    (("brick", "paving_stones", "砖"), (184, 142, 120, 255)),
    (("tactile", "盲道"), (206, 178, 98, 255)),
    (("wood", "木"), (160, 124, 92, 255)),
    (("rubber", "塑胶"), (176, 92, 78, 255)),
    (("gravel", "砾石", "compacted"), (182, 170, 150, 255)),
    (("grass_paver", "植草砖"), (150, 162, 120, 255)),
    (("concrete", "混凝土", "水泥"), (182, 179, 173, 255)),
    (("asphalt", "沥青"), (118, 118, 119, 255)),
)


def material_rgba(name: str | None) -> Rgba | None:
    """The colour of a ground surface by its material, in the words of OpenStreetMap's `surface` or Chinese; None where unknown."""
    label = (name or "").lower()
    return next((rgba for words, rgba in SURFACE_MATERIALS if any(word in label for word in words)), None)


def tint(choices: tuple[Rgba, ...], identity: str) -> Rgba:
    """One of the colours, always the same for the same id (CRC-32, not Python's salted hash)."""
    return choices[zlib.crc32(identity.encode()) % len(choices)]
