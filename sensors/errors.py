"""Errors of devices.

SensorError
├── BatchInvalid             bytes that are no packed batch, or a batch that contradicts itself
├── CameraInvalid            a pose, lens or limit that no camera has
├── Gb28181Invalid          a body that is no message of GB/T 28181, or one that is not taken
├── InletGone                whoever keeps observations does not answer; try again
└── InletRefused             it answers that it cannot keep them now (a full disk), and why
"""

__all__ = ["BatchInvalid", "CameraInvalid", "Gb28181Invalid", "InletGone", "InletRefused", "SensorError"]


class SensorError(Exception):
    """Anything the devices refuse; `hint` says what to do about it."""

    code = "SENSOR_ERROR"

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint


class BatchInvalid(SensorError):
    """A batch that cannot be read, or contradicts itself: `path` names its source where it is known."""

    code = "BATCH_INVALID"


class CameraInvalid(SensorError):
    """A camera with a number that cannot be: `path` names the camera."""

    code = "CAMERA_INVALID"


class Gb28181Invalid(SensorError):
    """A body that cannot be read as a message of GB/T 28181, or is one that is not taken."""

    code = "GB28181_INVALID"


class InletGone(SensorError):
    """Whoever keeps observations does not answer now."""

    code = "INLET_GONE"


class InletRefused(SensorError):
    """Observations cannot be kept now, and why: nothing of the batch was."""

    code = "INLET_REFUSED"
