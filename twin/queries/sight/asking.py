"""Who sees a target, and why a camera does not: questions in JSON about a site, answered for one reader.

The scene knows no labels: what blocks a line blocks it for everybody, and only its name is kept from who may not know it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import shapely

from sensors import EDITIONS, Camera, Rig, class_at, classes_of
from twin.auth import Labels
from twin.errors import Invalid, NotFound, TooLarge
from twin.queries.sight.cameras import Unusable
from twin.queries.sight.site import NO_SENSOR, SiteSight
from twin.queries.sight.standing import find_targets, lon_lat_height
from twin.queries.sight.visible import SEEN, Explanation, Sighting, Target, explain, visible_from
from twin.store import Store

__all__ = ["MOST_TARGETS", "PERIMETER_M", "WORDS", "doors_of", "explain_camera", "seen_from", "unusable_of"]

MOST_TARGETS = 1_000
PERIMETER_M = 3.0
"""How near in plan a target is to a segment of the perimeter that is told: no register states how wide a sensor feels. Ours."""
TOO_FEW_PIXELS = "too_few_pixels"
WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "seen": ("看得见", "it is seen"),
        "blocked": ("被遮挡", "something stands between"),
        "out_of_range": ("超出监视距离", "it is out of range"),
        "behind": ("在摄像机背后", "it is behind the camera"),
        "left_or_right": ("在画面左右之外", "it is left or right of the picture"),
        "above_or_below": ("在画面上下之外", "it is above or below the picture"),
        "too_few_pixels": ("像素不足", "it is in sight with too few pixels"),
    }
)
Question = Mapping[str, Any]
Answer = dict[str, Any]


def seen_from(store: Store, sight: SiteSight, labels: Labels, question: Question) -> Answer:
    """The cameras that have each target in picture and range, those that see it first, and the perimeter segments beside it.

    `{targets, heights_m, turned, open_doors, left_out, cameras, perimeter_m}`. Raises NotFound, Invalid, TooLarge (`TARGETS_MANY`).
    """
    given = question["targets"]
    if not 1 <= len(given) <= MOST_TARGETS:
        raise TooLarge(f"{len(given):,} targets", code="TARGETS_MANY", hint=f"1 to {MOST_TARGETS:,} at once")
    doors, left_out = doors_of(sight, labels, question)
    rig = _rig(sight, labels, question.get("cameras"))
    targets = find_targets(store, sight, labels, given, question.get("heights_m"))
    named: set[str] = set()
    told = []
    for one, target in zip(given, targets, strict=True):
        found = visible_from(sight.drawn.scene, rig, target, turned=bool(question.get("turned")), open_doors=doors, left_out=left_out)
        seen = [_masked(sight, labels, sighting) for sighting in found]
        for sighting in seen:
            named |= {sighting.camera, *sighting.through_glass, *(name for name in sighting.blocked_by.values() if name)}
        beside = _perimeter(sight, labels, target, question.get("perimeter_m", PERIMETER_M))
        told.append(
            {
                "target": {"feature": one.get("feature"), "lon_lat_height": lon_lat_height(sight.drawn.frame, target.floor_xyz)},
                "cameras": [sighting.to_json() for sighting in seen],
                "perimeter": beside,
            }
        )
    return {
        **sight.heading(),
        "asked": len(rig),
        "turned": bool(question.get("turned")),
        "heights_m": dict(targets[0].heights_m),
        "targets": told,
        "unusable": unusable_of(sight, labels),
        "features": {name: sight.called(name) for name in sorted(named)},
    }


def explain_camera(store: Store, sight: SiteSight, labels: Labels, question: Question) -> Answer:
    """Why a camera does or does not see a target, height by height: `{camera, target, heights_m, turned, open_doors, left_out, task}`.

    `task` is `EDITION/CLASS` (`2014/identify`): what is seen with fewer pixels a metre than it wants is `too_few_pixels`.
    """
    name = question["camera"]
    if not sight.live.knows(labels, name):
        raise NotFound(f"no camera {name}", path=name)
    unusable = next((one for one in sight.live.fleet.unusable if one.camera == name), None)
    camera = sight.live.fleet.cameras.get(name)
    if camera is None and unusable is None:
        raise NotFound(f"no camera {name}", path=name)
    wanted = _wanted(question.get("task"))
    doors, left_out = doors_of(sight, labels, question)
    target = find_targets(store, sight, labels, [question["target"]], question.get("heights_m"))[0]
    answer = {
        **sight.heading(),
        "camera": {"id": name, **sight.called(name)},
        "target": {"feature": question["target"].get("feature"), "lon_lat_height": lon_lat_height(sight.drawn.frame, target.floor_xyz)},
        "unusable": None if unusable is None else unusable.to_json(),
    }
    if camera is None:
        return {**answer, "points": [], "lens_inside": [], "features": {}}
    return {**answer, **_explained(sight, labels, camera, target, question, (doors, left_out), wanted)}


def unusable_of(sight: SiteSight, labels: Labels) -> list[dict[str, Any]]:
    """The cameras that no question asks, with the reason, of those that a reader may know of."""
    return [one.to_json() for one in sight.live.fleet.unusable if _known(sight, labels, one)]


def doors_of(sight: SiteSight, labels: Labels, question: Question) -> tuple[frozenset[str], frozenset[str]]:
    """The open doors and what is left out of a question; NotFound for one that is not drawn, or hidden from the reader."""
    doors, left_out = frozenset(question.get("open_doors") or ()), frozenset(question.get("left_out") or ())
    sight.require_known(labels, tuple(sorted(doors)), "door")
    sight.require_known(labels, tuple(sorted(left_out)), "feature")
    return doors, left_out


def _known(sight: SiteSight, labels: Labels, one: Unusable) -> bool:
    return sight.live.knows(labels, one.camera)


def _rig(sight: SiteSight, labels: Labels, names: list[str] | None) -> Rig:
    rig = sight.live.rig(labels)
    if names is None:
        return rig
    known = {camera.id: camera for camera in rig.cameras}
    unusable = {one["camera"] for one in unusable_of(sight, labels)}
    missing = [name for name in names if name not in known and name not in unusable]
    if missing:
        raise NotFound(f"no camera {missing[0]}", path=missing[0])
    return Rig.of([known[name] for name in dict.fromkeys(names) if name in known])


def _masked(sight: SiteSight, labels: Labels, one: Sighting) -> Sighting:
    if labels is None:
        return one
    return replace(
        one,
        blocked_by={point: _shown(sight, labels, name) for point, name in one.blocked_by.items()},
        through_glass=tuple(name for name in one.through_glass if sight.live.knows(labels, name)),
    )


def _shown(sight: SiteSight, labels: Labels, name: str | None) -> str | None:
    return name if name is not None and sight.live.knows(labels, name) else None


def _perimeter(sight: SiteSight, labels: Labels, target: Target, within_m: float) -> list[dict[str, Any]]:
    """Segments whose line is no farther in plan, nearest first; a segment without a sensor feels nothing and is not told."""
    point = shapely.Point(target.floor_xyz[:2])
    near = []
    for one in sight.live.perimeter:
        distance = float(one.line.distance(point))
        if distance <= within_m and one.sensor_type not in (None, NO_SENSOR) and sight.live.knows(labels, one.id):
            row = {"segment": one.id, "name": one.name, "sensor_type": one.sensor_type, "sensor_id": one.sensor_id}
            near.append({**row, "distance_m": round(distance, 2)})
    return sorted(near, key=lambda row: (row["distance_m"], row["segment"]))


def _wanted(task: str | None) -> tuple[str, float] | None:
    """The task and the pixels a metre that it wants."""
    if task is None:
        return None
    edition, _, name = task.partition("/")
    known = {f"{key}/{one.name}": one.pixels_per_metre for key in EDITIONS for one in classes_of(key)}
    if task not in known:
        raise Invalid(f"no task {task}", path="task", code="TASK_UNKNOWN", hint=f"EDITION/CLASS: {', '.join(sorted(known))}")
    return task, known[f"{edition}/{name}"]


def _explained(
    sight: SiteSight,
    labels: Labels,
    camera: Camera,
    target: Target,
    question: Question,
    doors: tuple[frozenset[str], frozenset[str]],
    wanted: tuple[str, float] | None,
) -> Answer:
    found = explain(sight.drawn.scene, camera, target, turned=bool(question.get("turned")), open_doors=doors[0], left_out=doors[1])
    points = [_point(sight, labels, one, wanted) for one in found]
    inside = [name for name in (found[0].lens_inside if found else ()) if sight.live.knows(labels, name)]
    named = {*inside, *(one["blocked_by"] for one in points if one["blocked_by"])}
    return {"points": points, "lens_inside": inside, "features": {name: sight.called(name) for name in sorted(named)}}


def _point(sight: SiteSight, labels: Labels, one: Explanation, wanted: tuple[str, float] | None) -> dict[str, Any]:
    density = one.pixels_per_metre
    few = wanted is not None and one.verdict == SEEN and density < wanted[1]
    verdict = TOO_FEW_PIXELS if few else one.verdict
    zh, en = WORDS[verdict]
    reached = {edition: class_at(edition, density) if math.isfinite(density) else None for edition in EDITIONS}
    return {
        "point": one.point,
        "verdict": verdict,
        "words": {"zh": zh, "en": en},
        "distance_m": round(one.distance_m, 2),
        "range_m": one.range_m,
        "right_deg": _number(one.right_deg),
        "up_deg": _number(one.up_deg),
        "pixels_per_metre": _number(density),
        "wanted_pixels_per_metre": None if wanted is None else wanted[1],
        "classes": {edition: None if reach is None else reach.name for edition, reach in reached.items()},
        "blocked_by": _shown(sight, labels, one.blocked_by),
        "blocked_at": None if one.blocked_at is None else lon_lat_height(sight.drawn.frame, one.blocked_at),
        "blocked_after_m": None if one.blocked_after_m is None else round(one.blocked_after_m, 2),
    }


def _number(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None
