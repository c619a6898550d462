"""What routes are made of, whatever it was read from: rooms, doors, stairs, lifts, walls, slabs, ground, ways, gates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature
from spatial.mesh import Float64

__all__ = ["BARRED", "GATE", "ROAD", "SURFACES", "BuildingScene", "Door", "Lift", "Room", "SiteScene", "Slab", "Stair", "Way"]

ROAD = "Road"
SURFACES = (ROAD, "Path", "Square")
BARRED = ("Fence", "Building", "WaterBody")
GATE = "Gate"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Room:
    """A room: outline in site xy metres, floor and ceiling z; `use` is `lift`, `stair`, `floor` (no room, but a floor to
    walk on) or empty; `doors` are those its boundaries name."""

    id: str
    name: str
    storey: str | None
    building: str | None
    outline: BaseGeometry
    floor_z: float
    top_z: float
    use: str = ""
    doors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Door:
    """A door: middle and normal (unit, xy), width along the wall, thickness, sill z; `external` where the file says so."""

    id: str
    name: str
    building: str | None
    storey: str | None
    middle: Float64
    normal: Float64
    width_m: float
    thickness_m: float
    sill_z: float
    external: bool | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stair:
    """A stair or ramp: triangles (n, 3, 3) of what is walked on, site metres."""

    id: str
    name: str
    storey: str | None
    building: str | None
    triangles: Float64
    ramp: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slab:
    """A slab that is no roof and no landing: triangles (n, 3, 3) of its upper side, site metres."""

    id: str
    name: str
    storey: str | None
    building: str | None
    triangles: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lift:
    """An IfcTransportElement: outline in plan and z range, site metres."""

    id: str
    name: str
    outline: BaseGeometry
    z_range: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """A surface or barrier of the city layers, or a gate: outline in plan; `modes` are what a gate lets pass (`walk`, `car`).

    `kind_known` is False for a gate of a kind that the rules do not name: it is passed on foot alone, and `summary` lists it.
    Of a road `line` is its middle as drawn, `direction` how it is driven along that (`roads.Direction`), `m_per_s` its limit where stated.
    """

    id: str
    name: str
    class_name: str
    outline: BaseGeometry
    modes: frozenset[str] = frozenset()
    kind_known: bool = True
    line: BaseGeometry | None = None
    direction: str = "unknown"
    m_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuildingScene:
    """One building; `walls` (n, 3, 3) are the triangles that stop one, `shapeless` the rooms without an outline,
    `hidden` the outlines and floors of rooms that the reader may not know of: nobody is led through them."""

    id: str
    rooms: tuple[Room, ...]
    doors: tuple[Door, ...]
    stairs: tuple[Stair, ...]
    lifts: tuple[Lift, ...]
    slabs: tuple[Slab, ...]
    walls: Float64
    shapeless: tuple[Feature, ...]
    hidden: tuple[tuple[BaseGeometry, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteScene:
    """A site at a state of the scene; `ground` (n, 3, 3) are triangles of terrain and surfaces, `names` what places are called, `areas`
    outline and z range of what the registers say of zones and gates: it is closed by the ground it stands on."""

    site: str
    revision: int
    buildings: tuple[BuildingScene, ...]
    ways: tuple[Way, ...]
    ground: Float64
    names: Mapping[str, str] = field(default_factory=dict)
    storey_names: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, tuple[BaseGeometry, tuple[float, float]]] = field(default_factory=dict)
