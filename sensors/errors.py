"""Errors of devices.

SensorError
└── CameraInvalid            a pose, lens or limit that no camera has
"""

__all__ = ["CameraInvalid", "SensorError"]


class SensorError(Exception):
    """Anything the devices refuse; `hint` says what to do about it."""

    code = "SENSOR_ERROR"

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint


class CameraInvalid(SensorError):
    """A camera with a number that cannot be: `path` names the camera."""

    code = "CAMERA_INVALID"
