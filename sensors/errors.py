"""Errors of devices.

SensorError
├── BatchInvalid             bytes that are no packed batch, or a batch that contradicts itself
├── CameraInvalid            a pose, lens or limit that no camera has
├── FrameInvalid             bytes that are no JT/T 808 frame, or a body that is not what its message says
├── Gb28181Invalid          a body that is no message of GB/T 28181, or one that is not taken
├── InletGone                whoever keeps observations does not answer; try again
├── InletRefused             it answers that it cannot keep them now (a full disk), and why
├── PayloadInvalid           a message of the bus that says nothing one can take
├── RoadsInvalid             lines of roads that cannot be searched
├── TerminalGone             a vehicle terminal is not connected, or does not answer
└── TopicInvalid             a topic that is none, or a key that makes none
"""

__all__ = [
    "BatchInvalid",
    "CameraInvalid",
    "FrameInvalid",
    "Gb28181Invalid",
    "InletGone",
    "InletRefused",
    "PayloadInvalid",
    "RoadsInvalid",
    "SensorError",
    "TerminalGone",
    "TopicInvalid",
]


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


class Gb28181Invalid(SensorError):
    """A body that cannot be read as a message of GB/T 28181, or is one that is not taken."""

    code = "GB28181_INVALID"


class InletGone(SensorError):
    """Whoever keeps observations does not answer now."""

    code = "INLET_GONE"


class InletRefused(SensorError):
    """Observations cannot be kept now, and why: nothing of the batch was."""

    code = "INLET_REFUSED"


class PayloadInvalid(SensorError):
    """A message that is no CloudEvent or batch, or whose data a stream does not take: `path` names the member, `raw` holds its bytes."""

    code = "PAYLOAD_INVALID"

    def __init__(self, message: str, *, path: str = "", hint: str = "", raw: bytes = b"") -> None:
        super().__init__(message, path=path, hint=hint)
        self.raw = raw


class RoadsInvalid(SensorError):
    """Lines of roads that cannot be searched: no numbers, or too long."""

    code = "ROADS_INVALID"


class TerminalGone(SensorError):
    """A terminal that was to be told something is not connected, or did not answer in time: `path` is its number."""

    code = "TERMINAL_GONE"


class TopicInvalid(SensorError):
    """A topic that is no topic of a device, or a key that cannot stand in one."""

    code = "TOPIC_INVALID"
