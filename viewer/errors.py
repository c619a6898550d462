"""Errors of the viewer.

ViewerError
├── NotBuilt                 the page has not been built in this checkout
└── FrameInvalid             bytes that are no frame of `/live`
"""

from pathlib import Path

__all__ = ["FrameInvalid", "NotBuilt", "ViewerError"]


class ViewerError(Exception):
    """Anything the viewer refuses; `hint` says what to do about it."""

    code = "VIEWER_ERROR"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NotBuilt(ViewerError):
    """`viewer/static` holds no page."""

    code = "VIEWER_NOT_BUILT"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"the viewer is not built: {folder / 'index.html'} does not exist", hint="run `make setup` (Node 20 or later)")
        self.folder = folder


class FrameInvalid(ViewerError):
    """Bytes that are no frame of `/live`, or columns that make none."""

    code = "LIVE_FRAME_INVALID"
