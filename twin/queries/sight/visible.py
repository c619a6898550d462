"""Which cameras see a target: feet, chest and head, in the picture, in range, and not behind a wall; and why not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors import EDITIONS, Camera, Rig, View, class_at
from sensors.rig import Seen
from spatial.visibility import NOTHING, Sightlines, SightScene

__all__ = ["CHEST_M", "FEET_M", "HEAD_M", "Explanation", "Sighting", "Target", "explain", "visible_from"]

FEET_M, CHEST_M, HEAD_M = 0.1, 1.3, 1.7
"""Above the floor one stands on. Our statement, no standard's: a grown-up of 1.75 m; feet above carpets, kerbs and thresholds."""
BODY: Mapping[str, float] = MappingProxyType({"feet": FEET_M, "chest": CHEST_M, "head": HEAD_M})
SPOKEN_FOR = ("chest", "head", "feet")
"""The first of these that is seen gives distance and pixels a metre; the chest where none is."""
SEEN, BLOCKED = "seen", "blocked"
VERDICTS = tuple(SEEN if view is View.IN_VIEW else view.name.lower() for view in View)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A person or thing standing at `floor_xyz` (site metres, on the floor); `heights_m` names the points of it that are looked for."""

    floor_xyz: tuple[float, float, float]
    heights_m: Mapping[str, float] = field(default_factory=lambda: BODY)

    @property
    def points(self) -> NDArray[np.float64]:
        """(k, 3) site metres, in the order of the heights."""
        points = np.tile(np.array(self.floor_xyz, dtype=np.float64), (len(self.heights_m), 1))
        points[:, 2] += list(self.heights_m.values())
        return points


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one camera has of a target. `verdict` by point: `seen`, `blocked`, or why it is not in the picture (`out_of_range`,
    `behind`, `left_or_right`, `above_or_below`); `blocked_by` the feature hit first where blocked; `through_glass` what the seen points
    are seen through; distance, pixels a metre and classes by edition are those of the chest, or of what is seen instead."""

    camera: str
    verdict: Mapping[str, str]
    distance_m: float
    pixels_per_metre: float | None
    classes: Mapping[str, str | None]
    blocked_by: Mapping[str, str | None]
    through_glass: tuple[str, ...]
    heading_deg: float
    tilt_deg: float
    focal_length_mm: float

    @property
    def sees(self) -> dict[str, bool]:
        """Point → whether it is seen."""
        return {name: verdict == SEEN for name, verdict in self.verdict.items()}

    def to_json(self) -> dict[str, Any]:
        """As JSON, rounded to what a camera can be known to: cm, 0.1 px/m, 0.01°."""
        density = None if self.pixels_per_metre is None else round(self.pixels_per_metre, 1)
        return {
            "camera": self.camera,
            "sees": self.sees,
            "verdict": dict(self.verdict),
            "distance_m": round(self.distance_m, 2),
            "pixels_per_metre": density,
            "classes": dict(self.classes),
            "blocked_by": dict(self.blocked_by),
            "through_glass": list(self.through_glass),
            "pose": {
                "heading_deg": round(self.heading_deg, 2),
                "tilt_deg": round(self.tilt_deg, 2),
                "focal_length_mm": round(self.focal_length_mm, 2),
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a camera does or does not see one point of a target: the verdict; metres to it and the camera's range; degrees it lies to the
    right of and above the axis, and pixels a metre there (nan behind the camera); what blocks it, where (site metres) and how far from
    the lens; the solids that the lens itself is in."""

    point: str
    verdict: str
    distance_m: float
    range_m: float
    right_deg: float
    up_deg: float
    pixels_per_metre: float
    blocked_by: str | None
    blocked_at: tuple[float, float, float] | None
    blocked_after_m: float | None
    lens_inside: tuple[str, ...]


def visible_from(
    scene: SightScene,
    cameras: Rig | Sequence[Camera],
    target: Target,
    *,
    turned: bool = False,
    open_doors: Collection[str] = (),
    left_out: Collection[str] = (),
) -> list[Sighting]:
    """The cameras with a point of the target in picture and range, seen or blocked; those that see it first, then by distance.

    `turned`: each is turned and zoomed to each point as far as it can be, and the pose is that for the point spoken for. A `Rig`
    made once saves making it at each call.
    """
    rig = cameras if isinstance(cameras, Rig) else Rig.of(cameras)
    points = target.points
    which = np.arange(len(rig)) if len(points) == 0 else np.unique(np.concatenate([rig.near(point) for point in points]))
    pairs, look, lines = _looked(scene, rig, which, points, turned, open_doors, left_out)
    shape = (len(which), len(points))
    shown = look.in_view.reshape(shape).any(axis=1)
    clear = np.flatnonzero(look.in_view & ~lines.blocked)
    panes = scene.glass_between(rig.position[pairs[clear, 0]], points[pairs[clear, 1]], open_doors=open_doors, left_out=left_out)
    glass: dict[int, set[str]] = {}
    for line, feature in zip(panes.line, panes.feature, strict=True):
        glass.setdefault(int(pairs[clear[line], 0]), set()).add(scene.ids[feature])
    names = list(target.heights_m)
    found = [
        _sighting(scene, rig, int(which[i]), names, look, lines, int(i) * len(points), glass.get(int(which[i]), set()))
        for i in np.flatnonzero(shown)
    ]
    return sorted(found, key=lambda one: (SEEN not in one.verdict.values(), one.distance_m, one.camera))


def explain(
    scene: SightScene,
    camera: Camera,
    target: Target,
    *,
    turned: bool = False,
    open_doors: Collection[str] = (),
    left_out: Collection[str] = (),
) -> list[Explanation]:
    """For each point of the target why the camera sees it or not, also far out of its picture."""
    rig, points = Rig.of([camera]), target.points
    _, look, lines = _looked(scene, rig, np.zeros(1, dtype=np.int64), points, turned, open_doors, left_out)
    inside = tuple(name for name in scene.containing(camera.site_xyz) if name not in {*open_doors, *left_out})
    found = []
    for i, name in enumerate(target.heights_m):
        axes = camera.posed(look.heading_deg[i], look.tilt_deg[i], look.focal_length_mm[i]).axes if turned and camera.ptz else camera.axes
        right, up, forward = axes @ (points[i] - rig.position[0])
        blocked = bool(look.in_view[i] and lines.blocked[i])
        after = float(lines.distance_m[i])
        at = rig.position[0] + (points[i] - rig.position[0]) * (after / look.distance_m[i]) if blocked else None
        found.append(
            Explanation(
                point=name,
                verdict=_verdict(look, lines, i),
                distance_m=float(look.distance_m[i]),
                range_m=camera.range_m,
                right_deg=float(np.degrees(np.arctan(right / forward))) if forward > 0 else float("nan"),
                up_deg=float(np.degrees(np.arctan(up / forward))) if forward > 0 else float("nan"),
                pixels_per_metre=float(look.pixels_per_metre[i]),
                blocked_by=scene.ids[lines.feature[i]] if blocked else None,
                blocked_at=None if at is None else (float(at[0]), float(at[1]), float(at[2])),
                blocked_after_m=after if blocked else None,
                lens_inside=inside,
            )
        )
    return found


def _looked(
    scene: SightScene,
    rig: Rig,
    which: NDArray[np.int64],
    points: NDArray[np.float64],
    turned: bool,
    open_doors: Collection[str],
    left_out: Collection[str],
) -> tuple[NDArray[np.int64], Seen, Sightlines]:
    """All pairs (camera, point), what the camera makes of each, and what lies between; only what is in view is asked of the scene."""
    pairs = np.column_stack([np.repeat(which, len(points)), np.tile(np.arange(len(points)), len(which))])
    at = points[pairs[:, 1]]
    look = rig.turned(pairs[:, 0], at) if turned else rig.look(pairs[:, 0], at)
    ask = np.flatnonzero(look.in_view)
    part = scene.sightlines(rig.position[pairs[ask, 0]], at[ask], open_doors=open_doors, left_out=left_out)
    lines = Sightlines(np.zeros(len(pairs), np.bool_), np.full(len(pairs), NOTHING, np.int32), np.full(len(pairs), np.inf))
    lines.blocked[ask], lines.feature[ask], lines.distance_m[ask] = part.blocked, part.feature, part.distance_m
    return pairs, look, lines


def _sighting(
    scene: SightScene, rig: Rig, camera: int, names: list[str], look: Seen, lines: Sightlines, start: int, glass: set[str]
) -> Sighting:
    rows = {name: start + k for k, name in enumerate(names)}
    verdict = {name: _verdict(look, lines, row) for name, row in rows.items()}
    seen = [name for name in (*SPOKEN_FOR, *names) if verdict.get(name) == SEEN]
    row = rows[next(iter([*seen, *(name for name in SPOKEN_FOR if name in rows), *names]))]
    density = float(look.pixels_per_metre[row])
    known = np.isfinite(density)
    classes = {edition: class_at(edition, density) if known else None for edition in EDITIONS}
    return Sighting(
        camera=rig.cameras[camera].id,
        verdict=verdict,
        distance_m=float(look.distance_m[row]),
        pixels_per_metre=density if known else None,
        classes={edition: one.name if one else None for edition, one in classes.items()},
        blocked_by={name: scene.ids[lines.feature[row]] if lines.blocked[row] else None for name, row in rows.items()},
        through_glass=tuple(sorted(glass)),
        heading_deg=float(look.heading_deg[row]),
        tilt_deg=float(look.tilt_deg[row]),
        focal_length_mm=float(look.focal_length_mm[row]),
    )


def _verdict(look: Seen, lines: Sightlines, row: int) -> str:
    return BLOCKED if lines.blocked[row] else VERDICTS[look.view[row]]
