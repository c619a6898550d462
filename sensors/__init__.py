"""Devices: what each kind is, what it can perceive and what it says, without knowing the scene or the store.

`camera` is the pose and lens of a camera and what falls into its picture; `rig` many of them as columns; `pixel_class` says
what a picture of so many pixels a metre is good for, by edition of IEC 62676-4. `observation` is what a device said, `batch` many of them,
packed. `gb28181` reads what video surveillance sends.
"""

from sensors.batch import Batch
from sensors.camera import Camera, PtzLimits
from sensors.errors import BatchInvalid, CameraInvalid, Gb28181Invalid, InletGone, InletRefused, SensorError
from sensors.inlet import Inlet
from sensors.observation import FIX, NO_NUMBER, NO_TIME, Fixes, Observation, Stream, device_address
from sensors.pixel_class import EDITIONS, PixelClass, class_at, classes_of
from sensors.rig import Rig, View

__all__ = [
    "EDITIONS",
    "FIX",
    "NO_NUMBER",
    "NO_TIME",
    "Batch",
    "BatchInvalid",
    "Camera",
    "CameraInvalid",
    "Fixes",
    "Gb28181Invalid",
    "Inlet",
    "InletGone",
    "InletRefused",
    "Observation",
    "PixelClass",
    "PtzLimits",
    "Rig",
    "SensorError",
    "Stream",
    "View",
    "class_at",
    "classes_of",
    "device_address",
]
