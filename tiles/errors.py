"""Errors of the tiles package.

TilesError
├── LayerInvalid       a layer that cannot become tiles: a mesh names a feature the layer does not hold, or there is nothing
├── ManifestInvalid    a layer.json that is missing, broken or of another format
└── GlbInvalid         bytes that are no glb, or one whose parts do not fit together
"""

__all__ = ["GlbInvalid", "LayerInvalid", "ManifestInvalid", "TilesError"]


class TilesError(Exception):
    """Anything this package refuses; `hint` says what to do about it."""

    code = "TILES_ERROR"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class LayerInvalid(TilesError):
    """The layer's meshes and features do not fit together."""

    code = "TILES_LAYER_INVALID"


class ManifestInvalid(TilesError):
    """The folder's layer.json cannot be used."""

    code = "TILES_MANIFEST_INVALID"


class GlbInvalid(TilesError):
    """A binary glTF that cannot be read; `rule` is the finding code."""

    code = "TILES_GLB_INVALID"

    def __init__(self, message: str, *, rule: str = "TILES_GLB_INVALID") -> None:
        super().__init__(message)
        self.rule = rule
