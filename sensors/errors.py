"""Errors of devices.

SensorError
├── BatchInvalid             bytes that are no packed batch, or a batch that contradicts itself
├── CameraInvalid            a pose, lens or limit that no camera has
├── FrameInvalid             bytes that are no JT/T 808 frame, or a body that is not what its message says
├── InletGone                whoever keeps observations does not answer; try again
├── InletRefused             it answers that it cannot keep them now (a full disk), and why
└── TerminalGone             a vehicle terminal is not connected, or does not answer
"""

__all__ = ["BatchInvalid", "CameraInvalid", "FrameInvalid", "InletGone", "InletRefused", "SensorError", "TerminalGone"]


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


class FrameInvalid(SensorError):
    """A frame that cannot be read; `reason` is a word: `short`, `checksum`, `length`, `body`, `items`, `encrypted`, `package`, `hex`."""

    def __init__(self, message: str, *, reason: str, path: str = "", hint: str = "") -> None:
        super().__init__(message, path=path, hint=hint)
        self.reason = reason

    code = "JT808_FRAME_INVALID"


class InletGone(SensorError):
    """Whoever keeps observations does not answer now."""

    code = "INLET_GONE"


class InletRefused(SensorError):
    """Observations cannot be kept now, and why: nothing of the batch was."""

    code = "INLET_REFUSED"


class TerminalGone(SensorError):
    """A terminal that was to be told something is not connected, or did not answer in time: `path` is its number."""

    code = "TERMINAL_GONE"
