"""Houses by hand: rooms, doors, stairs and lifts as a scene, without files and without a store."""

from collections.abc import Sequence

import numpy as np
from shapely.geometry import box

from spatial.feature import Feature
from spatial.mesh import Float64
from twin.queries.routes.build import Network, build_network
from twin.queries.routes.rules import shipped_rules
from twin.queries.routes.scene import BuildingScene, Door, Lift, Room, SiteScene, Stair, Way

__all__ = ["door", "flight", "house", "room", "wall", "way"]

Bounds = tuple[float, float, float, float]


def room(name: str, bounds: Bounds, z: float = 0.0, *, use: str = "") -> Room:
    """A room of 2.7 m height; its storey is named by its floor."""
    return Room(id=name, name=name, storey=f"storey {z:g}", building="house", outline=box(*bounds), floor_z=z, top_z=z + 2.7, use=use)


def door(name: str, x: float, y: float, normal: tuple[float, float], z: float = 0.0, *, external: bool | None = None) -> Door:
    """A door 0.9 m wide, 0.1 m thick."""
    return Door(
        id=name,
        name=name,
        building="house",
        storey=None,
        middle=np.array([x, y]),
        normal=np.array(normal, dtype=np.float64),
        width_m=0.9,
        thickness_m=0.1,
        sill_z=z,
        external=external,
    )


def flight(name: str, x: float, y: float, z: float, steps: int, rise: float = 0.15, tread: float = 0.3) -> Stair:
    """A straight flight 1 m wide from (x, y, z) towards +x; its first tread is one rise above z."""
    treads = [box(x + i * tread, y, x + (i + 1) * tread, y + 1.0) for i in range(steps)]
    corners = []
    for i, step in enumerate(treads):
        a, b, c, d = [(*point, z + (i + 1) * rise) for point in list(step.exterior.coords)[:4]]
        corners += [(a, b, c), (a, c, d)]
    return Stair(id=name, name=name, storey=None, building="house", triangles=np.array(corners, dtype=np.float64), ramp=False)


def wall(x0: float, y0: float, x1: float, y1: float, z: float = 0.0, height: float = 2.7) -> Float64:
    """The two upright triangles (2, 3, 3) of a wall without thickness."""
    a, b, c, d = (x0, y0, z), (x1, y1, z), (x1, y1, z + height), (x0, y0, z + height)
    return np.array([(a, b, c), (a, c, d)], dtype=np.float64)


def way(name: str, class_name: str, bounds: Bounds, modes: str = "") -> Way:
    """A surface, a fence or a gate; `modes` are what passes a gate."""
    return Way(id=name, name=name, class_name=class_name, outline=box(*bounds), modes=frozenset(modes.split()))


def house(
    rooms: Sequence[Room],
    doors: Sequence[Door] = (),
    *,
    stairs: Sequence[Stair] = (),
    walls: Sequence[Float64] = (),
    ways: Sequence[Way] = (),
    ground: Float64 | None = None,
    shapeless: Sequence[Feature] = (),
    lifts: Sequence[Lift] = (),
) -> Network:
    """The network of one house and what lies around it."""
    building = BuildingScene(
        id="house",
        rooms=tuple(rooms),
        doors=tuple(doors),
        stairs=tuple(stairs),
        lifts=tuple(lifts),
        slabs=(),
        walls=np.concatenate([np.empty((0, 3, 3)), *walls]),
        shapeless=tuple(shapeless),
    )
    names = {thing.id: thing.name for thing in (*rooms, *doors, *stairs, *ways)}
    storeys = {one.storey: one.storey for one in rooms if one.storey is not None}
    points = np.empty((0, 3, 3)) if ground is None else ground
    scene = SiteScene(site="s", revision=1, buildings=(building,), ways=tuple(ways), ground=points, names=names, storey_names=storeys)
    return build_network(scene, shipped_rules())
