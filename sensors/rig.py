"""Many cameras as columns, and what falls into their pictures: as they are posed, or turned and zoomed where they can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sensors.camera import Camera
from sensors.errors import CameraInvalid
from spatial.mesh import Float64

__all__ = ["Rig", "Seen", "View"]

ROUNDING = 1e-9


class View(IntEnum):
    """Whether a point falls into a picture, and if not, the first reason in this order."""

    IN_VIEW = 0
    OUT_OF_RANGE = 1
    BEHIND = 2
    LEFT_OR_RIGHT = 3
    ABOVE_OR_BELOW = 4


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Pairs of camera and point (n,): verdict (`View`), distance from the lens, depth along the axis (metres), pixels a metre there
    (nan behind), and the pose it is for: heading, tilt (degrees), focal length (mm)."""

    view: NDArray[np.int8]
    distance_m: Float64
    depth_m: Float64
    pixels_per_metre: Float64
    heading_deg: Float64
    tilt_deg: Float64
    focal_length_mm: Float64

    @property
    def in_view(self) -> NDArray[np.bool_]:
        """Where the verdict is IN_VIEW."""
        return np.asarray(self.view == View.IN_VIEW)


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """Cameras as columns, in the order given; ids are unique, else CameraInvalid."""

    cameras: tuple[Camera, ...]
    position: Float64
    axes: Float64
    focal_mm: Float64
    sensor_mm: Float64
    width_px: Float64
    range_m: Float64
    pose_deg: Float64
    turns: NDArray[np.bool_]
    limits: Float64
    """(n, 6): first heading, width of its arc, lowest and highest tilt, shortest and longest focal length."""

    @classmethod
    def of(cls, cameras: Sequence[Camera]) -> Self:
        """The columns of some cameras."""
        names = [camera.id for camera in cameras]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise CameraInvalid(f"camera {twice[0]} is there twice", path=twice[0], hint="one row a camera")
        return cls(
            tuple(cameras),
            np.array([camera.site_xyz for camera in cameras], dtype=np.float64).reshape(-1, 3),
            np.array([camera.axes for camera in cameras], dtype=np.float64).reshape(-1, 3, 3),
            np.array([camera.focal_length_mm for camera in cameras], dtype=np.float64),
            np.array([camera.sensor_mm for camera in cameras], dtype=np.float64).reshape(-1, 2),
            np.array([camera.resolution_px[0] for camera in cameras], dtype=np.float64),
            np.array([camera.range_m for camera in cameras], dtype=np.float64),
            np.array([(camera.heading_deg, camera.tilt_deg) for camera in cameras], dtype=np.float64).reshape(-1, 2),
            np.array([camera.ptz is not None for camera in cameras], dtype=np.bool_),
            np.array([_limits(camera) for camera in cameras], dtype=np.float64).reshape(-1, 6),
        )

    def __len__(self) -> int:
        return len(self.cameras)

    def near(self, site_xyz: ArrayLike) -> NDArray[np.int64]:
        """Indices of the cameras within range of a point (3,)."""
        apart = self.position - np.asarray(site_xyz, dtype=np.float64)
        return np.flatnonzero((apart**2).sum(axis=1) <= self.range_m**2)

    def look(self, camera: ArrayLike, site_xyz: ArrayLike) -> Seen:
        """What cameras (n,) by index make of points (n, 3) site metres as they are posed now; edges of the picture belong to it."""
        which, points = _pairs(camera, site_xyz)
        local = np.einsum("nij,nj->ni", self.axes[which], points - self.position[which])
        return self._judged(which, local, self.focal_mm[which], self.pose_deg[which])

    def turned(self, camera: ArrayLike, site_xyz: ArrayLike) -> Seen:
        """What they make of the points if each is turned to it as far as its limits go and zoomed in as far as the point stays in
        the picture; a camera that cannot be turned looks as it is posed."""
        which, points = _pairs(camera, site_xyz)
        offset = points - self.position[which]
        plan = np.hypot(offset[:, 0], offset[:, 1])
        limits = self.limits[which]
        heading = _into_arc(np.degrees(np.arctan2(offset[:, 0], offset[:, 1])), limits[:, 0], limits[:, 1])
        tilt = np.clip(np.degrees(np.arctan2(offset[:, 2], plan)), limits[:, 2], limits[:, 3])
        local = _into_axes(offset, heading, tilt)
        half = self.sensor_mm[which] / 2.0
        with np.errstate(divide="ignore", invalid="ignore"):
            most = np.min(half * local[:, 2:] / np.maximum(np.abs(local[:, :2]), ROUNDING), axis=1)
        focal = np.clip(most, limits[:, 4], limits[:, 5])
        seen = self._judged(which, local, focal, np.column_stack([heading, tilt]))
        fixed = ~self.turns[which]
        if not fixed.any():
            return seen
        posed = self.look(which, points)
        return Seen(*(np.where(fixed, getattr(posed, name), getattr(seen, name)) for name in Seen.__slots__))

    def _judged(self, which: NDArray[np.int64], local: Float64, focal: Float64, pose: Float64) -> Seen:
        depth = local[:, 2]
        distance = np.linalg.norm(local, axis=1)
        half = self.sensor_mm[which] / (2.0 * focal[:, None]) * depth[:, None] * (1.0 + ROUNDING)
        reasons = [
            distance > self.range_m[which],
            depth <= 0.0,
            np.abs(local[:, 0]) > half[:, 0],
            np.abs(local[:, 1]) > half[:, 1],
        ]
        view = np.select(reasons, [View.OUT_OF_RANGE, View.BEHIND, View.LEFT_OR_RIGHT, View.ABOVE_OR_BELOW], View.IN_VIEW)
        with np.errstate(divide="ignore", invalid="ignore"):
            density = np.where(depth > 0, self.width_px[which] * focal / (self.sensor_mm[which, 0] * depth), np.nan)
        return Seen(view.astype(np.int8), distance, depth, density, pose[:, 0], pose[:, 1], focal)


def _limits(camera: Camera) -> tuple[float, float, float, float, float, float]:
    if camera.ptz is None:
        heading, tilt, focal = camera.heading_deg, camera.tilt_deg, camera.focal_length_mm
        return heading, 0.0, tilt, tilt, focal, focal
    ptz = camera.ptz
    return ptz.heading_deg[0], ptz.heading_span_deg, *ptz.tilt_deg, *ptz.focal_length_mm


def _into_arc(heading: Float64, first: Float64, span: Float64) -> Float64:
    """Headings moved to the nearer end of an arc where they lie outside it."""
    beyond = (heading - first) % 360.0
    return np.asarray((first + np.where(beyond <= span, beyond, np.where(beyond - span < 360.0 - beyond, span, 0.0))) % 360.0)


def _into_axes(offset: Float64, heading_deg: Float64, tilt_deg: Float64) -> Float64:
    """Offsets (n, 3) in the axes right, up, forward of level cameras with these headings and tilts."""
    h, t = np.radians(heading_deg), np.radians(tilt_deg)
    across = offset[:, 0] * np.cos(h) - offset[:, 1] * np.sin(h)
    along = offset[:, 0] * np.sin(h) + offset[:, 1] * np.cos(h)
    return np.column_stack([across, offset[:, 2] * np.cos(t) - along * np.sin(t), along * np.cos(t) + offset[:, 2] * np.sin(t)])


def _pairs(camera: ArrayLike, site_xyz: ArrayLike) -> tuple[NDArray[np.int64], Float64]:
    points = np.asarray(site_xyz, dtype=np.float64).reshape(-1, 3)
    return np.broadcast_to(np.asarray(camera, dtype=np.int64), len(points)), points
