"""Devices that observe: what each kind is and what it can perceive, without knowing the scene, the store or a protocol's server.

`camera` is the pose and lens of a camera and what falls into its picture; `rig` many of them as columns; `pixel_class` says
what a picture of so many pixels a metre is good for, by edition of IEC 62676-4.
"""

from sensors.camera import Camera, PtzLimits
from sensors.errors import CameraInvalid, SensorError
from sensors.pixel_class import EDITIONS, PixelClass, class_at, classes_of
from sensors.rig import Rig, View

__all__ = ["EDITIONS", "Camera", "CameraInvalid", "PixelClass", "PtzLimits", "Rig", "SensorError", "View", "class_at", "classes_of"]
