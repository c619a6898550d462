"""Rays through the scene: what a line of sight hits first, through which glass, past which open doors.

The triangles that are tiled, in float32 around a local origin, in bounding volume hierarchies (Embree, through open3d): what
stands fixed, doors, and glass each in their own, terrain once more by itself. Decisions (docs/decisions/021):

- both ends of a line of sight are drawn in by `END_M`: a target on a wall's face, or a camera mounted on one, is not hidden by it;
- a point deeper inside a solid is hidden by it from everywhere outside; `containing` names the solid;
- touching blocks: a ray along a wall's face that meets the wall's end face at its edge is blocked by the wall; a ray is never
  blocked by a triangle whose plane it runs in. Within float32 (0.1 mm at 1 km) either answer may come.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.errors import SightLibraryMissing, SpatialError
from spatial.mesh import Float32, Float64
from spatial.surfaces import Collected, Collector, Group, Surfaces

__all__ = ["END_M", "NOTHING", "FirstHit", "Panes", "SightScene", "Sightlines", "require_sight_library"]

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

END_M = 0.005
"""How far both ends of a line of sight are drawn in: more than float32 and a meshed curve lose, less than any pane is thick."""
NOTHING = -1
RAYS_AT_ONCE = 65_536
FEW_RAYS = 4_096
"""So many are cast sooner by one thread than by several that wait for each other, the more so on a busy machine."""
UP = ((0.013, 0.007, 1.0), (1.0, 0.017, 0.011), (-0.019, 1.0, 0.023))
"""Three directions along no axis, so that no ray runs in a wall's plane."""


@dataclass(frozen=True, slots=True, eq=False)
class FirstHit:
    """Per ray (n,): metres to the first opaque surface (inf: none) and the index of its feature in `SightScene.ids` (NOTHING)."""

    distance_m: Float64
    feature: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Sightlines:
    """Per line (n,): whether something opaque lies on it, the index of the first such feature, metres to it from the near end (inf)."""

    blocked: Bools
    feature: Ints
    distance_m: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Panes:
    """The glass on lines of sight: line number and feature index, one pair a feature, in order of line and feature."""

    line: NDArray[np.int64]
    feature: Ints


@dataclass(frozen=True, slots=True, eq=False)
class SightScene:
    """Built once for a state of the scene, never updated; everything in and out is site_xyz metres.

    `ids` are all features with a triangle here, in the order met; answers give indices into it. `left_out` and `open_doors` are
    ids; those that the scene does not know are refused, because a what-if about nothing would answer as if it were one.
    """

    revision: str
    ids: tuple[str, ...]
    triangles: int
    _number: dict[str, int]
    _is_door: Bools
    _origin: Float64
    _fixed: "_Triangles"
    _doors: "_Triangles"
    _glass: "_Triangles"
    _ground: "_Triangles"

    @classmethod
    def build(cls, surfaces: Iterable[Surfaces], *, revision: str) -> Self:
        """From surfaces in the site frame, taken one after the other; raises SightLibraryMissing without open3d."""
        require_sight_library()
        collector = Collector()
        for one in surfaces:
            collector.take(one)
        return cls.of(collector.collected(), revision=revision)

    @classmethod
    def of(cls, found: Collected, *, revision: str) -> Self:
        """From triangles that were collected before; raises SightLibraryMissing without open3d."""
        fixed, door, glass, floor = (_Triangles(group) for group in found.groups)
        number = {name: i for i, name in enumerate(found.ids)}
        return cls(revision, found.ids, found.triangles, number, found.is_door, found.origin, fixed, door, glass, floor)

    def named(self, revision: str) -> Self:
        """The same scene under another revision, for a state known only when all its surfaces were taken."""
        return replace(self, revision=revision)

    def first_hit(
        self, origins: ArrayLike, directions: ArrayLike, *, open_doors: Collection[str] = (), left_out: Collection[str] = ()
    ) -> FirstHit:
        """What rays from `origins` (n, 3) along `directions` (n, 3) of any length but zero meet first, glass apart."""
        start, along = _points(origins), _points(directions)
        length = np.linalg.norm(along, axis=1)
        if len(start) != len(along) or not (length > 0).all():
            raise SpatialError("a ray needs an origin and a direction that is not zero")
        rays = np.hstack([start - self._origin, along / length[:, None]]).astype(np.float32)
        distance, feature = self._first(rays, self._skipped(open_doors, left_out))
        return FirstHit(distance, feature)

    def sightlines(
        self, from_xyz: ArrayLike, to_xyz: ArrayLike, *, open_doors: Collection[str] = (), left_out: Collection[str] = ()
    ) -> Sightlines:
        """Whether and by what the straight lines between points (n, 3) and (n, 3) are blocked; shorter than 2·END_M never."""
        rays, length = self._lines(from_xyz, to_xyz)
        share, feature = self._first(rays, self._skipped(open_doors, left_out))
        blocked = (share <= 1.0) & (length > 2 * END_M)
        distance = np.where(blocked, END_M + share * (length - 2 * END_M), np.inf)
        return Sightlines(blocked, np.where(blocked, feature, NOTHING).astype(np.int32), distance)

    def clear(self, from_xyz: ArrayLike, to_xyz: ArrayLike, *, open_doors: Collection[str] = (), left_out: Collection[str] = ()) -> Bools:
        """Only whether nothing opaque lies between the points (n, 3) and (n, 3): `~sightlines(…).blocked`, several times as fast."""
        rays, length = self._lines(from_xyz, to_xyz)
        skip = self._skipped(open_doors, left_out)
        blocked = self._fixed.occluded(rays, skip)
        rest = np.flatnonzero(~blocked)
        blocked[rest] = self._doors.occluded(rays[rest], skip)
        return np.asarray(~(blocked & (length > 2 * END_M)))

    def glass_between(
        self, from_xyz: ArrayLike, to_xyz: ArrayLike, *, left_out: Collection[str] = (), open_doors: Collection[str] = ()
    ) -> Panes:
        """Which features have glass on the lines between points (n, 3) and (n, 3); a window of two panes counts once."""
        rays, _ = self._lines(from_xyz, to_xyz)
        line, feature, share = self._glass.every(rays)
        skip = self._skipped(open_doors, left_out)
        keep = (share <= 1.0) if skip is None else (share <= 1.0) & ~skip[feature]
        pairs = np.unique(np.column_stack([line[keep], feature[keep]]), axis=0).reshape(-1, 2)
        return Panes(pairs[:, 0], pairs[:, 1].astype(np.int32))

    def through_glass(
        self, from_xyz: ArrayLike, to_xyz: ArrayLike, *, open_doors: Collection[str] = (), left_out: Collection[str] = ()
    ) -> Bools:
        """Only whether there is glass between the points (n, 3) and (n, 3)."""
        return self._glass.occluded(self._lines(from_xyz, to_xyz)[0], self._skipped(open_doors, left_out))

    def ground_z(self, site_xy: ArrayLike) -> Float64:
        """z (n,) of the highest ground at points (n, 2), nan where there is none."""
        plan = np.asarray(site_xy, dtype=np.float64).reshape(-1, 2)
        top = self._ground.top + 1.0
        rays = np.zeros((len(plan), 6), dtype=np.float32)
        rays[:, :2], rays[:, 2], rays[:, 5] = plan - self._origin[:2], top, -1.0
        distance = np.concatenate(
            [np.zeros(0), *(self._ground.first(part, None)[0] for part in np.array_split(rays, -(-len(rays) // RAYS_AT_ONCE) or 1))]
        )
        return np.where(np.isfinite(distance), self._origin[2] + top - distance, np.nan)

    def containing(self, site_xyz: ArrayLike) -> list[str]:
        """Ids of the closed opaque solids around one point (3,): those that rays in three directions leave once more than they enter."""
        point = np.broadcast_to(np.asarray(site_xyz, dtype=np.float64) - self._origin, (len(UP), 3))
        rays = np.hstack([point, UP]).astype(np.float32)
        odd = np.zeros((len(UP), len(self.ids)), dtype=np.bool_)
        for group in (self._fixed, self._doors):
            line, feature, _ = group.every(rays)
            counts = np.zeros((len(UP), len(self.ids)), dtype=np.int64)
            np.add.at(counts, (line, feature), 1)
            odd ^= counts % 2 == 1
        return [self.ids[i] for i in np.flatnonzero(odd.all(axis=0))]

    def _lines(self, from_xyz: ArrayLike, to_xyz: ArrayLike) -> tuple[Float32, Float64]:
        start, end = np.broadcast_arrays(_points(from_xyz), _points(to_xyz))
        between = end - start
        length = np.linalg.norm(between, axis=1)
        unit = between / np.maximum(length, 1e-12)[:, None]
        rays = np.empty((len(start), 6), dtype=np.float32)
        rays[:, :3] = start - self._origin + END_M * unit
        rays[:, 3:] = between - 2 * END_M * unit
        return rays, length

    def _skipped(self, open_doors: Collection[str], left_out: Collection[str]) -> Bools | None:
        if not open_doors and not left_out:
            return None
        unknown = sorted(name for name in {*open_doors, *left_out} if name not in self._number)
        if unknown:
            raise SpatialError(f"the scene has no {', '.join(unknown[:5])}", hint="a drawn feature of this site")
        numbers = [self._number[name] for name in open_doors]
        if not self._is_door[numbers].all():
            raise SpatialError(f"not a door: {', '.join(self.ids[n] for n in numbers if not self._is_door[n])}", hint="use left_out")
        skip = np.zeros(len(self.ids), dtype=np.bool_)
        skip[numbers + [self._number[name] for name in left_out]] = True
        return skip

    def _first(self, rays: Float32, skip: Bools | None) -> tuple[Float64, Ints]:
        distance, feature = self._fixed.first(rays, skip)
        near, door = self._doors.first(rays, skip)
        closer = near < distance
        return np.where(closer, near, distance), np.where(closer, door, feature).astype(np.int32)


def require_sight_library() -> Any:
    """open3d, loaded at the first call (3 s); SightLibraryMissing says how to install what is missing."""
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise SightLibraryMissing(
            f"lines of sight need open3d: {error}",
            hint="pip install 'pingshan-twin[sight]'; on Debian also apt-get install libusb-1.0-0",
        ) from error
    return open3d


class _Triangles:
    """One hierarchy of triangles, each of a feature; empty ones answer too."""

    def __init__(self, group: Group) -> None:
        open3d = require_sight_library()
        self._tensor = open3d.core.Tensor
        self._scene = open3d.t.geometry.RaycastingScene()
        self.feature = group.feature
        self.top = 0.0
        if len(group.triangles):
            self._scene.add_triangles(self._tensor.from_numpy(group.vertices), self._tensor.from_numpy(group.triangles))
            self._scene.test_occlusions(self._tensor.from_numpy(np.ones((1, 6), np.float32)))
            self.top = float(group.vertices[:, 2].max())

    def first(self, rays: Float32, skip: Bools | None) -> tuple[Float64, Ints]:
        """Ray lengths to the first triangle (inf) and its feature (NOTHING), as if the skipped features were not there."""
        distance = np.full(len(rays), np.inf)
        feature = np.full(len(rays), NOTHING, dtype=np.int32)
        if not len(self.feature) or not len(rays):
            return distance, feature
        answer = self._scene.cast_rays(self._tensor.from_numpy(rays), nthreads=_threads(rays))
        met = answer["t_hit"].numpy()
        hit = np.isfinite(met)
        distance[hit] = met[hit]
        feature[hit] = self.feature[answer["primitive_ids"].numpy()[hit]]
        if skip is not None:
            again = np.flatnonzero(hit & skip[feature])
            distance[again], feature[again] = self._first_not_skipped(rays[again], skip)
        return distance, feature

    def occluded(self, rays: Float32, skip: Bools | None) -> Bools:
        """Whether a triangle lies within the first length of each ray."""
        if not len(self.feature) or not len(rays):
            return np.zeros(len(rays), dtype=np.bool_)
        answer = self._scene.test_occlusions(self._tensor.from_numpy(np.ascontiguousarray(rays)), 0.0, 1.0, nthreads=_threads(rays))
        blocked: Bools = np.array(answer.numpy(), dtype=np.bool_)
        if skip is not None and skip[self.feature].any():
            maybe = np.flatnonzero(blocked)
            blocked[maybe] = self.first(rays[maybe], skip)[0] <= 1.0
        return blocked

    def every(self, rays: Float32) -> tuple[NDArray[np.int64], Ints, Float64]:
        """All crossings of the rays, however far: ray number, feature, ray lengths to it."""
        if not len(self.feature) or not len(rays):
            return np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0)
        found = self._scene.list_intersections(self._tensor.from_numpy(np.ascontiguousarray(rays)), nthreads=_threads(rays))
        return (
            found["ray_ids"].numpy().astype(np.int64),
            self.feature[found["primitive_ids"].numpy()],
            found["t_hit"].numpy().astype(np.float64),
        )

    def _first_not_skipped(self, rays: Float32, skip: Bools) -> tuple[Float64, Ints]:
        distance = np.full(len(rays), np.inf)
        feature = np.full(len(rays), NOTHING, dtype=np.int32)
        for start in range(0, len(rays), RAYS_AT_ONCE):
            line, owner, share = self.every(rays[start : start + RAYS_AT_ONCE])
            keep = ~skip[owner]
            line, owner, share = line[keep] + start, owner[keep], share[keep]
            order = np.lexsort((share, line))
            first = order[np.unique(line[order], return_index=True)[1]]
            distance[line[first]], feature[line[first]] = share[first], owner[first]
        return distance, feature


def _threads(rays: Float32) -> int:
    """One for few rays, all (0) for many."""
    return 1 if len(rays) <= FEW_RAYS else 0


def _points(values: ArrayLike) -> Float64:
    points = np.asarray(values, dtype=np.float64).reshape(-1, 3)
    if not np.isfinite(points).all():
        raise SpatialError("a coordinate of a ray is not finite")
    return points
