"""Errors of the pydeck pages.

ViewerError
├── ClassUnknown             a thing is of a class that has no colour
├── OutlineInvalid           an outline that cannot be drawn where it says
└── BundleMissing            pydeck came without the program that draws
"""

from viewer.errors import ViewerError

__all__ = ["BundleMissing", "ClassUnknown", "OutlineInvalid"]


class ClassUnknown(ViewerError):
    """A thing is of a class that `classes.toml` does not name; `owner` is the thing, `class_code` what it said."""

    code = "DECK_CLASS_UNKNOWN"

    def __init__(self, owner: str, class_code: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"{owner}: no colour for the class {class_code!r}", hint=f"use one of {', '.join(known)}, or add it to classes.toml"
        )
        self.owner = owner
        self.class_code = class_code


class OutlineInvalid(ViewerError):
    """An outline with fewer than three corners, or with a corner that is no longitude and latitude in degrees."""

    code = "DECK_OUTLINE_INVALID"

    def __init__(self, owner: str, why: str) -> None:
        super().__init__(f"{owner}: {why}", hint="outlines are rings of (longitude, latitude) in degrees; pass None where there is none")
        self.owner = owner


class BundleMissing(ViewerError):
    """The installed pydeck has no `nbextension/static/index.js`."""

    code = "DECK_BUNDLE_MISSING"

    def __init__(self, path: str) -> None:
        super().__init__(f"pydeck's deck.gl bundle is not at {path}", hint="install the pydeck that requirements.lock names: make setup")
        self.path = path
