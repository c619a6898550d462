"""A camera: where it hangs, where it looks, through which lens; its view cone and its pixels a metre.

The lens is a pinhole (rectilinear): a fisheye is not described by a focal length and is refused by its field of view. Camera
axes are right, up, forward (x, y, z); the picture plane is at z = focal length, so that a plane across the axis is one scale.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from sensors.errors import CameraInvalid
from spatial.frame import SiteFrame
from spatial.mesh import Float64

__all__ = ["Camera", "PtzLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PtzLimits:
    """How far a camera can be turned and zoomed; both ends belong to it.

    `heading_deg` (from, to) clockwise from the first to the second, (0, 360) all round, (350, 20) is 30° wide; `tilt_deg` (lowest,
    highest) above the horizon; `focal_length_mm` (shortest, longest).
    """

    heading_deg: tuple[float, float]
    tilt_deg: tuple[float, float]
    focal_length_mm: tuple[float, float]

    @property
    def heading_span_deg(self) -> float:
        """Width of the arc, 0 to 360."""
        low, high = self.heading_deg
        return 360.0 if high - low >= 360.0 else (high - low) % 360.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """One camera as it is posed now.

    `site_xyz` metres of the lens; `heading_deg` clockwise from the site frame's north, which is true north at the site's origin
    (`from_lon_lat` carries a true heading over from anywhere); `tilt_deg` of the axis above the horizon, −90 straight down;
    `roll_deg` clockwise as seen from behind; sensor (width, height) mm; picture (width, height) pixels; `range_m` is how far it is
    good for at night, by its data sheet. Raises CameraInvalid for what cannot be.
    """

    id: str
    site_xyz: tuple[float, float, float]
    heading_deg: float
    tilt_deg: float
    focal_length_mm: float
    sensor_mm: tuple[float, float]
    resolution_px: tuple[int, int]
    range_m: float
    roll_deg: float = 0.0
    ptz: PtzLimits | None = None

    def __post_init__(self) -> None:
        numbers = (*self.site_xyz, self.heading_deg, self.tilt_deg, self.roll_deg)
        self._require(all(map(math.isfinite, numbers)), "a coordinate or angle is not a number")
        self._require(-90.0 <= self.tilt_deg <= 90.0, f"tilt {self.tilt_deg}° is not between −90 and 90")
        positive = (self.focal_length_mm, *self.sensor_mm, *self.resolution_px, self.range_m)
        self._require(all(math.isfinite(n) and n > 0 for n in positive), "focal length, sensor, resolution and range must be above 0")
        if self.ptz is not None:
            self._require_limits(self.ptz)

    def _require_limits(self, ptz: PtzLimits) -> None:
        (low, high), (short, long) = ptz.tilt_deg, ptz.focal_length_mm
        self._require(all(map(math.isfinite, ptz.heading_deg)), "a limit of the heading is not a number")
        self._require(-90.0 <= low <= high <= 90.0, f"tilt limits {low}° to {high}°")
        self._require(0.0 < short <= long < math.inf, f"focal lengths {short} to {long} mm")

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            raise CameraInvalid(f"camera {self.id}: {what}", path=self.id, hint="correct the camera's row in its register")

    @classmethod
    def from_lon_lat(
        cls,
        frame: SiteFrame,
        lon_lat_height: ArrayLike,
        *,
        id: str,
        heading_deg: float,
        tilt_deg: float,
        focal_length_mm: float,
        sensor_mm: tuple[float, float],
        resolution_px: tuple[int, int],
        range_m: float,
        roll_deg: float = 0.0,
        ptz: PtzLimits | None = None,
    ) -> Self:
        """A camera surveyed in degrees and **ellipsoidal** metres (3,), its heading from true north and its tilt from the horizon there.

        Its axes are carried into the site frame, whose north differs by Δlongitude·sin(latitude): 0.013° at 3 km in Fuzhou. The
        limits of a PTZ are taken over as they are, an error of that size.
        """
        lon, lat, height_m = (float(value) for value in np.asarray(lon_lat_height, dtype=np.float64).reshape(3))
        local = frame.local(lon, lat, height_m)
        axes = camera_axes(heading_deg, tilt_deg, roll_deg) @ local.rotation.T
        heading, tilt, roll = heading_tilt_roll(axes)
        x, y, z = (float(value) for value in local.translation)
        return cls(
            id=id,
            site_xyz=(x, y, z),
            heading_deg=heading,
            tilt_deg=tilt,
            roll_deg=roll,
            focal_length_mm=focal_length_mm,
            sensor_mm=sensor_mm,
            resolution_px=resolution_px,
            range_m=range_m,
            ptz=ptz,
        )

    @property
    def horizontal_fov_deg(self) -> float:
        """Width of the view cone: 2·atan(sensor width / 2f), e.g. 4.8 mm at 4 mm → 61.93°."""
        return 2.0 * math.degrees(math.atan(self.sensor_mm[0] / (2.0 * self.focal_length_mm)))

    @property
    def vertical_fov_deg(self) -> float:
        """Height of the view cone: 2·atan(sensor height / 2f)."""
        return 2.0 * math.degrees(math.atan(self.sensor_mm[1] / (2.0 * self.focal_length_mm)))

    @property
    def axes(self) -> Float64:
        """Right, up and forward as rows, (3, 3), site frame."""
        return camera_axes(self.heading_deg, self.tilt_deg, self.roll_deg)

    def pixels_per_metre(self, depth_m: float) -> float:
        """Horizontal pixels on one metre across the axis at a depth along it: 1920 px, 4 mm, 4.8 mm at 10 m → 160."""
        return self.resolution_px[0] * self.focal_length_mm / (self.sensor_mm[0] * depth_m)

    def cone(self) -> Float64:
        """The lens and the four far corners of the view cone at `range_m` along the axis, (5, 3) site metres: lower left, lower
        right, upper right, upper left of the picture; what lies in them beyond `range_m` of the lens is out of range."""
        half = np.array(self.sensor_mm) / (2.0 * self.focal_length_mm) * self.range_m
        corners = np.array([[x * half[0], y * half[1], self.range_m] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
        return np.vstack([np.zeros(3), corners]) @ self.axes + self.site_xyz

    def posed(self, heading_deg: float, tilt_deg: float, focal_length_mm: float) -> Self:
        """The same camera turned and zoomed, its limits not asked."""
        return replace(self, heading_deg=heading_deg, tilt_deg=tilt_deg, focal_length_mm=focal_length_mm)


def camera_axes(heading_deg: float, tilt_deg: float, roll_deg: float) -> Float64:
    """Right, up and forward of a camera as rows, (3, 3), in an east-north-up frame: heading 90, tilt 0, roll 0 → forward is east."""
    h, t, r = np.radians([heading_deg, tilt_deg, roll_deg])
    forward = np.array([np.sin(h) * np.cos(t), np.cos(h) * np.cos(t), np.sin(t)])
    level = np.array([np.cos(h), -np.sin(h), 0.0])
    up = np.cross(level, forward)
    return np.stack([np.cos(r) * level - np.sin(r) * up, np.sin(r) * level + np.cos(r) * up, forward])


def heading_tilt_roll(axes: Float64) -> tuple[float, float, float]:
    """The angles in degrees that `camera_axes` makes these axes from; looking straight up or down, roll is given as 0."""
    right, up, forward = axes
    tilt = math.degrees(math.asin(max(-1.0, min(1.0, float(forward[2])))))
    if math.hypot(forward[0], forward[1]) < 1e-9:
        heading = math.degrees(math.atan2(-right[1], right[0]))
        return heading % 360.0, tilt, 0.0
    heading = math.degrees(math.atan2(forward[0], forward[1]))
    level = camera_axes(heading, tilt, 0.0)
    return heading % 360.0, tilt, math.degrees(math.atan2(float(up @ level[0]), float(up @ level[1])))
