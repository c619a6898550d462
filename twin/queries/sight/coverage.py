"""Coverage: which sample points each camera sees, kept per camera, so that a what-if costs that camera alone."""

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sensors import Camera, Rig
from spatial.visibility import SightScene
from twin.errors import Invalid, NotFound
from twin.queries.sight.samples import Area, Samples
from twin.queries.sight.visible import CHEST_M, HEAD_M

__all__ = ["AreaCover", "CameraCover", "Coverage"]

MOST_CAMERAS = np.iinfo(np.uint16).max
POINTS_AT_ONCE = 16_384
"""Looked at together: open3d lets no other thread run while it casts, and these take it some milliseconds."""


def _never() -> None:
    """The pause of who waits for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaCover:
    """What is seen of one area, or of all areas within one thing: `unit` m² or m; `seen` at every height asked about, `seen_at` by
    height in metres, `seen_twice` by two cameras or more at every height, `only_through_glass` seen, but by every camera through glass at
    some height; `cameras` that see any of it; `without_ground` m² or m that nothing is known of."""

    id: str
    kind: str
    unit: str
    size: float
    seen: float
    seen_at: Mapping[float, float]
    seen_twice: float
    only_through_glass: float
    without_ground: float
    cameras: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON, heights as text."""
        document = {name: getattr(self, name) for name in self.__slots__}
        return document | {"seen_at": {f"{height:g}": seen for height, seen in self.seen_at.items()}, "cameras": list(self.cameras)}


@dataclass(frozen=True, slots=True, eq=False)
class CameraCover:
    """What one camera sees: slots (height number × points + point), ascending, and for each whether through glass."""

    slot: NDArray[np.int64]
    glass: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """Immutable: `with_camera`, `without` give another one that shares what did not change.

    A point is seen at a height where it lies in the camera's picture and range and nothing opaque is between (`turned`: in the
    picture if the camera is turned to it). Open doors and what is left out are those of the whole coverage.
    """

    scene: SightScene
    samples: Samples
    heights_m: tuple[float, ...]
    cameras: Mapping[str, Camera]
    covers: Mapping[str, CameraCover]
    count: NDArray[np.uint16]
    """(heights × points,): cameras that see it."""
    unglazed: NDArray[np.uint16]
    """The same, without glass between."""
    turned: bool = False
    open_doors: frozenset[str] = field(default_factory=frozenset)
    left_out: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(
        cls,
        scene: SightScene,
        cameras: Sequence[Camera],
        areas: Sequence[Area] | Samples,
        *,
        step_m: float = 0.5,
        heights_m: Sequence[float] = (CHEST_M, HEAD_M),
        turned: bool = False,
        open_doors: Collection[str] = (),
        left_out: Collection[str] = (),
        known: MutableMapping[Camera, CameraCover] | None = None,
        pause: Callable[[], None] = _never,
    ) -> Self:
        """All cameras over all areas; Invalid for a height below 0 or none at all.

        `known` holds what cameras see of the very same samples, heights, doors and so on, and comes to hold the rest; `pause` is called
        every some milliseconds: it may wait, or raise to end the work.
        """
        if not heights_m or min(heights_m) < 0 or len(set(heights_m)) < len(heights_m):
            raise Invalid(f"heights {list(heights_m)}", hint="one or more different heights above the floor, in metres")
        samples = areas if isinstance(areas, Samples) else Samples.of(scene, areas, step_m)
        rig = Rig.of(cameras)
        slots = len(heights_m) * len(samples)
        empty = cls(
            scene=scene,
            samples=samples,
            heights_m=tuple(heights_m),
            cameras={},
            covers={},
            count=np.zeros(slots, np.uint16),
            unglazed=np.zeros(slots, np.uint16),
            turned=turned,
            open_doors=frozenset(open_doors),
            left_out=frozenset(left_out),
        )
        kept: MutableMapping[Camera, CameraCover] = {} if known is None else known
        for number, camera in enumerate(cameras):
            if camera not in kept:
                kept[camera] = empty._cover(rig, number, pause)
        covers = {camera.id: kept[camera] for camera in cameras}
        for cover in covers.values():
            empty._add(cover, 1)
        return replace(empty, cameras={camera.id: camera for camera in cameras}, covers=covers)

    def with_camera(self, camera: Camera) -> Self:
        """With a camera more, or, where its id is there, with that camera moved."""
        cover = self._cover(Rig.of([camera]), 0)
        other = (
            self.without(camera.id) if camera.id in self.covers else replace(self, count=self.count.copy(), unglazed=self.unglazed.copy())
        )
        other._add(cover, 1)
        return replace(other, cameras={**other.cameras, camera.id: camera}, covers={**other.covers, camera.id: cover})

    def without(self, camera: str) -> Self:
        """With a camera failed or taken away; NotFound where there is none of that id."""
        if camera not in self.covers:
            raise NotFound(f"no camera {camera} in this coverage", path=camera)
        other = replace(
            self,
            count=self.count.copy(),
            unglazed=self.unglazed.copy(),
            cameras={name: one for name, one in self.cameras.items() if name != camera},
            covers={name: one for name, one in self.covers.items() if name != camera},
        )
        other._add(self.covers[camera], -1)
        return other

    def seen(self, height_m: float) -> NDArray[np.uint16]:
        """How many cameras see each sample point at one of the heights; Invalid for another height."""
        if height_m not in self.heights_m:
            raise Invalid(f"no height {height_m} m", hint=f"one of {list(self.heights_m)}")
        rows = len(self.samples)
        start = self.heights_m.index(height_m) * rows
        return self.count[start : start + rows]

    def by_area(self, known: Callable[[str], bool] = lambda _: True) -> list[AreaCover]:
        """What is seen of each area, in their order; of those alone that are `known` to the asker."""
        areas = [area for area in self.samples.areas if known(area.id)]
        number = {area.id: i for i, area in enumerate(areas)}
        group = np.array([number.get(area.id, -1) for area in self.samples.areas], dtype=np.int64)
        return self._summed(group, [(area.id, area.kind) for area in areas])

    def by_group(self, kind: str = "storey", known: Callable[[str], bool] = lambda _: True) -> list[AreaCover]:
        """What is seen of the areas within one thing (`Area.within`), summed; lines and polygons within one thing are refused, Invalid.

        What is not `known` to the asker, area or thing, is in no sum.
        """
        within = [area.within if area.within and known(area.within) and known(area.id) else None for area in self.samples.areas]
        names = list(dict.fromkeys(name for name in within if name is not None))
        number = {name: i for i, name in enumerate(names)}
        group = np.array([-1 if name is None else number[name] for name in within], dtype=np.int64)
        return self._summed(group, [(name, kind) for name in names])

    def best_pixels_per_metre(self) -> NDArray[np.float32]:
        """(heights × points,): the most pixels on a metre that any camera has there, 0 where none sees it."""
        best = np.zeros(len(self.heights_m) * len(self.samples), dtype=np.float32)
        for name, cover in self.covers.items():
            rig = Rig.of([self.cameras[name]])
            for start in range(0, len(cover.slot), POINTS_AT_ONCE):
                slot = cover.slot[start : start + POINTS_AT_ONCE]
                point = self.samples.floor[slot % len(self.samples)]
                point[:, 2] += np.array(self.heights_m)[slot // len(self.samples)]
                look = rig.turned(0, point) if self.turned else rig.look(0, point)
                best[slot] = np.maximum(best[slot], look.pixels_per_metre)
        return best

    def _cover(self, rig: Rig, camera: int, pause: Callable[[], None] = _never) -> CameraCover:
        near = self.samples.candidates(rig, camera, max(self.heights_m), turned=self.turned)
        slots, panes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.bool_)]
        for number, height in enumerate(self.heights_m):
            for start in range(0, len(near), POINTS_AT_ONCE):
                pause()
                slot, glass = self._seen_of(rig, camera, near[start : start + POINTS_AT_ONCE], height)
                slots.append(slot + number * len(self.samples))
                panes.append(glass)
        slot = np.concatenate(slots)
        order = np.argsort(slot)
        return CameraCover(slot[order], np.concatenate(panes)[order])

    def _seen_of(self, rig: Rig, camera: int, near: NDArray[np.int64], height: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Of some points at a height those that a camera sees, and for each whether through glass."""
        raised = self.samples.floor[near] + [0.0, 0.0, height]
        look = rig.turned(camera, raised) if self.turned else rig.look(camera, raised)
        near, raised, lens = near[look.in_view], raised[look.in_view], rig.position[camera][None]
        clear = self.scene.clear(lens, raised, open_doors=self.open_doors, left_out=self.left_out)
        glass = self.scene.through_glass(lens, raised[clear], open_doors=self.open_doors, left_out=self.left_out)
        return near[clear], glass

    def _add(self, cover: CameraCover, sign: int) -> None:
        if sign > 0 and len(self.covers) >= MOST_CAMERAS:
            raise Invalid(f"more than {MOST_CAMERAS} cameras in one coverage", hint="cover a part of the site")
        step = np.uint16(1)
        clear = cover.slot[~cover.glass]
        if sign > 0:
            self.count[cover.slot] += step
            self.unglazed[clear] += step
        else:
            self.count[cover.slot] -= step
            self.unglazed[clear] -= step

    def _summed(self, group: NDArray[np.int64], names: Sequence[tuple[str, str]]) -> list[AreaCover]:
        samples, heights = self.samples, len(self.heights_m)
        sizes = np.array([area.size for area in samples.areas])
        points = samples.counts + samples.without_ground
        weight = (sizes / np.maximum(points, 1))[samples.area]
        owner = group[samples.area]
        mine = owner >= 0
        count, unglazed = self.count.reshape(heights, -1), self.unglazed.reshape(heights, -1)

        def total(flags: Any) -> NDArray[np.float64]:
            return np.bincount(owner[mine], weights=(weight * flags)[mine], minlength=len(names)).astype(np.float64)

        every = (count > 0).all(axis=0)
        seen, twice, glazed = total(every), total((count > 1).all(axis=0)), total(every & (unglazed == 0).any(axis=0))
        at = [total(one > 0) for one in count]
        unknown = np.bincount(
            group[group >= 0], weights=(sizes * samples.without_ground / np.maximum(points, 1))[group >= 0], minlength=len(names)
        )
        size = np.bincount(group[group >= 0], weights=sizes[group >= 0], minlength=len(names))
        units = self._units(group, len(names))
        seers = self._seers(owner, len(names))
        return [
            AreaCover(
                id=name,
                kind=kind,
                unit=units[i],
                size=float(size[i]),
                seen=float(seen[i]),
                seen_at={height: float(at[h][i]) for h, height in enumerate(self.heights_m)},
                seen_twice=float(twice[i]),
                only_through_glass=float(glazed[i]),
                without_ground=float(unknown[i]),
                cameras=tuple(seers[i]),
            )
            for i, (name, kind) in enumerate(names)
        ]

    def _units(self, group: NDArray[np.int64], groups: int) -> list[str]:
        units: list[str | None] = [None] * groups
        for area, number in zip(self.samples.areas, group, strict=True):
            unit = "m" if area.is_line else "m2"
            if number >= 0 and units[number] not in (None, unit):
                raise Invalid(f"{area.within} holds lines and polygons", path=str(area.within), hint="group them apart")
            if number >= 0:
                units[number] = unit
        return [unit or "m2" for unit in units]

    def _seers(self, owner: NDArray[np.int64], groups: int) -> list[list[str]]:
        seers: list[list[str]] = [[] for _ in range(groups)]
        for name, cover in self.covers.items():
            for i in np.unique(owner[cover.slot % len(self.samples)]) if len(cover.slot) else ():
                if i >= 0:
                    seers[int(i)].append(name)
        return seers
