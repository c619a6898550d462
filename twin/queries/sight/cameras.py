"""The cameras of the register as cameras of the scene, and those that lack what a line of sight needs, each with the reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sensors import Camera, CameraInvalid, PtzLimits
from spatial.frame import SiteFrame
from twin.codes import get_kind
from twin.store import FeatureRow

__all__ = ["Fleet", "Unusable", "camera_of", "fleet_of"]

CAMERA_VALUE_MISSING, CAMERA_INVALID, CAMERA_OUT_OF_USE = "CAMERA_VALUE_MISSING", "CAMERA_INVALID", "CAMERA_OUT_OF_USE"
NEEDED = ("heading_deg", "tilt_deg", "focal_length_mm", "sensor_width_mm", "sensor_height_mm")
NEEDED_TOO = ("resolution_width_px", "resolution_height_px", "view_range_m")
TURNS = ("pan_min_deg", "pan_max_deg", "tilt_min_deg", "tilt_max_deg")
OUT_OF_USE = frozenset({"faulty", "stopped", "planned"})
ALL_ROUND = (0.0, 360.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A camera of the register that no question asks: `code` is why (`CAMERA_VALUE_MISSING`, `CAMERA_INVALID`, `CAMERA_OUT_OF_USE`),
    `lacks` the columns without a value."""

    camera: str
    code: str
    message: str
    lacks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {"camera": self.camera, "code": self.code, "message": self.message, "lacks": list(self.lacks)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fleet:
    """The cameras of a site by id, those without what is needed, and the name of each."""

    cameras: Mapping[str, Camera]
    unusable: tuple[Unusable, ...]
    names: Mapping[str, str]


def fleet_of(rows: Iterable[FeatureRow], frame: SiteFrame) -> Fleet:
    """Every camera feature as a camera, or with the reason why it is none; no value is assumed."""
    cameras: dict[str, Camera] = {}
    unusable: list[Unusable] = []
    names: dict[str, str] = {}
    for row in rows:
        feature = row.feature
        names[str(feature.id)] = feature.name or str(feature.id)
        made = camera_of(str(feature.id), feature.properties, frame)
        if isinstance(made, Camera):
            cameras[made.id] = made
        else:
            unusable.append(made)
    return Fleet(cameras=cameras, unusable=tuple(unusable), names=names)


def camera_of(name: str, properties: Mapping[str, Any], frame: SiteFrame) -> Camera | Unusable:
    """One camera from the properties of its feature (`position` in degrees and ellipsoidal metres, `device` the register's columns).

    Its heading is from true north. It can be turned where the register states all four limits, zoomed where it states a longest
    focal length; a pan limit of a whole turn is all round. Some limits without the others make it no camera.
    """
    device: Mapping[str, Any] = properties.get("device", {})
    position: Mapping[str, Any] = properties["position"]
    state = device.get("state")
    if state in OUT_OF_USE:
        return Unusable(camera=name, code=CAMERA_OUT_OF_USE, message=f"the register says {state}")
    stated = [limit for limit in TURNS if limit in device]
    lacks = [column for column in (*NEEDED, *NEEDED_TOO) if column not in device]
    lacks += [limit for limit in TURNS if limit not in device] if stated else []
    if lacks:
        said = ", ".join(f"{_zh(column)} {column}" for column in lacks)
        return Unusable(camera=name, code=CAMERA_VALUE_MISSING, message=f"the register has no {said}", lacks=tuple(lacks))
    try:
        return Camera.from_lon_lat(
            frame,
            [position["lon"], position["lat"], position["ellipsoidal_height_m"]],
            id=name,
            heading_deg=device["heading_deg"],
            tilt_deg=device["tilt_deg"],
            focal_length_mm=device["focal_length_mm"],
            sensor_mm=(device["sensor_width_mm"], device["sensor_height_mm"]),
            resolution_px=(int(device["resolution_width_px"]), int(device["resolution_height_px"])),
            range_m=device["view_range_m"],
            ptz=_limits(device),
        )
    except CameraInvalid as error:
        return Unusable(camera=name, code=CAMERA_INVALID, message=error.message)


def _limits(device: Mapping[str, Any]) -> PtzLimits | None:
    """What can be turned or zoomed; a fixed axis is a limit of its own value."""
    focal, longest = device["focal_length_mm"], device.get("focal_length_max_mm")
    if "pan_min_deg" not in device and longest is None:
        return None
    heading, tilt = (device["heading_deg"],) * 2, (device["tilt_deg"],) * 2
    if "pan_min_deg" in device:
        low, high = device["pan_min_deg"], device["pan_max_deg"]
        heading = ALL_ROUND if high - low >= 360.0 else (low % 360.0, high % 360.0)
        tilt = (device["tilt_min_deg"], device["tilt_max_deg"])
    return PtzLimits(heading_deg=heading, tilt_deg=tilt, focal_length_mm=(focal, longest if longest is not None else focal))


def _zh(column: str) -> str:
    """The Chinese name of a column with its unit."""
    stem = column.rsplit("_", 1)[0]
    return next((one.zh for one in get_kind("camera").columns if one.name == stem), column)
