"""The cameras of a question: those of the register that a reader may know of, less what fails, some moved, some added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sensors import Camera, CameraInvalid, PtzLimits
from twin.auth import Labels
from twin.errors import Invalid, NotFound
from twin.queries.sight.site import SiteSight
from twin.queries.sight.standing import lon_lat_height, site_xyz_of

__all__ = ["cameras_asked"]

CAMERA_INVALID = "CAMERA_INVALID"
PLACE = ("lon", "lat", "height_m", "datum")
POSE = ("heading_deg", "tilt_deg", "focal_length_mm", "range_m")
PAIRS = ("sensor_mm", "resolution_px")
MOST_ADDED = 1_000
Given = Mapping[str, Any]


def cameras_asked(sight: SiteSight, labels: Labels, question: Given) -> tuple[list[Camera], dict[str, str]]:
    """The cameras, and of those in `what_if` what becomes of them: id → `failed`, `moved`, `added`.

    `what_if: {failed: [id], moved: [{camera, …what is other}], added: [{camera, …all of it}]}`. Raises NotFound, Invalid
    (`CAMERA_INVALID`).
    """
    known = {camera.id: camera for camera in sight.live.rig(labels).cameras}
    chosen = _chosen(sight, labels, known, question.get("cameras"))
    what_if = question.get("what_if") or {}
    changed: dict[str, str] = {}
    for name in what_if.get("failed") or ():
        chosen.pop(_require(known, name), None)
        changed[name] = "failed"
    for given in what_if.get("moved") or ():
        name = _require(known, given["camera"])
        if name in changed:
            raise _invalid(name, "it is moved and failed, or moved twice")
        chosen[name] = _moved(sight, known[name], given)
        changed[name] = "moved"
    added: Sequence[Given] = what_if.get("added") or ()
    if len(added) > MOST_ADDED:
        raise _invalid("", f"{len(added):,} cameras are added, at most {MOST_ADDED:,}")
    for given in added:
        name = given["camera"]
        if ":" in name or name in changed:
            raise _invalid(name, "the name of an added camera is new and has no colon")
        chosen[name] = _added(sight, name, given)
        changed[name] = "added"
    return list(chosen.values()), changed


def _chosen(sight: SiteSight, labels: Labels, known: Mapping[str, Camera], names: Sequence[str] | None) -> dict[str, Camera]:
    if names is None:
        return dict(known)
    unusable = {one.camera: one for one in sight.live.fleet.unusable if sight.live.knows(labels, one.camera)}
    for name in names:
        if name in unusable:
            raise Invalid(f"{name}: {unusable[name].message}", code=unusable[name].code, path=name, hint="complete its row in the register")
    return {name: known[_require(known, name)] for name in names}


def _require(known: Mapping[str, Camera], name: str) -> str:
    if name not in known:
        raise NotFound(f"no camera {name}", path=name)
    return name


def _moved(sight: SiteSight, camera: Camera, given: Given) -> Camera:
    """The camera with what is stated; a place is stated whole. What it could be turned to stays."""
    placed = any(given.get(name) is not None for name in PLACE)
    spot = site_xyz_of(sight, given) if placed else camera.site_xyz
    heading, tilt, roll = camera.heading_deg, camera.tilt_deg, camera.roll_deg
    if given.get("heading_deg") is not None or given.get("tilt_deg") is not None:
        heading, tilt, roll = _turned(sight, spot, _or(given, "heading_deg", heading), _or(given, "tilt_deg", tilt))
    sensor, pixels = given.get("sensor_mm"), given.get("resolution_px")
    try:
        return replace(
            camera,
            site_xyz=spot,
            heading_deg=heading,
            tilt_deg=tilt,
            roll_deg=roll,
            focal_length_mm=_or(given, "focal_length_mm", camera.focal_length_mm),
            range_m=_or(given, "range_m", camera.range_m),
            sensor_mm=camera.sensor_mm if sensor is None else (float(sensor[0]), float(sensor[1])),
            resolution_px=camera.resolution_px if pixels is None else (int(pixels[0]), int(pixels[1])),
        )
    except CameraInvalid as error:
        raise _invalid(camera.id, error.message) from None


def _or(given: Given, name: str, otherwise: float) -> float:
    return otherwise if given.get(name) is None else float(given[name])


def _added(sight: SiteSight, name: str, given: Given) -> Camera:
    """A camera that the register does not have; everything of it is stated."""
    lacks = [key for key in (*PLACE, *POSE, *PAIRS) if given.get(key) is None]
    if lacks:
        raise _invalid(name, f"it lacks {', '.join(lacks)}")
    spot = site_xyz_of(sight, given)
    limits = given.get("ptz")
    heading, tilt, roll = _turned(sight, spot, float(given["heading_deg"]), float(given["tilt_deg"]))
    try:
        return Camera(
            id=name,
            site_xyz=spot,
            heading_deg=heading,
            tilt_deg=tilt,
            roll_deg=roll,
            focal_length_mm=float(given["focal_length_mm"]),
            sensor_mm=(float(given["sensor_mm"][0]), float(given["sensor_mm"][1])),
            resolution_px=(int(given["resolution_px"][0]), int(given["resolution_px"][1])),
            range_m=float(given["range_m"]),
            ptz=None if limits is None else PtzLimits(**{key: (float(value[0]), float(value[1])) for key, value in limits.items()}),
        )
    except CameraInvalid as error:
        raise _invalid(name, error.message) from None


def _turned(sight: SiteSight, spot: tuple[float, float, float], heading_deg: float, tilt_deg: float) -> tuple[float, float, float]:
    """Heading from true north and tilt from the horizon there as heading, tilt and roll in the site frame."""
    there = Camera.from_lon_lat(
        sight.drawn.frame,
        lon_lat_height(sight.drawn.frame, spot),
        id="",
        heading_deg=heading_deg,
        tilt_deg=tilt_deg,
        focal_length_mm=1.0,
        sensor_mm=(1.0, 1.0),
        resolution_px=(1, 1),
        range_m=1.0,
    )
    return there.heading_deg, there.tilt_deg, there.roll_deg


def _invalid(name: str, why: str) -> Invalid:
    return Invalid(f"camera {name}: {why}", code=CAMERA_INVALID, path=name, hint="see docs/sight.md")
