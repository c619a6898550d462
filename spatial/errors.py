"""Errors of the floor.

SpatialError
├── CrsError                 a CRS that pyproj does not know, or an operation it would only guess
├── HeightDatumUnknown       a height whose datum nobody stated, or an orthometric one without the site's N
├── OutsideSite              a position beyond the site's radius
├── MeshError                arrays that are no triangle mesh
└── SightLibraryMissing      open3d, which casts rays, is not installed or does not load
"""

__all__ = ["CrsError", "HeightDatumUnknown", "MeshError", "OutsideSite", "SightLibraryMissing", "SpatialError"]


class SpatialError(Exception):
    """Anything the floor refuses; `hint` says what to do about it."""

    code = "SPATIAL_ERROR"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CrsError(SpatialError):
    """A coordinate reference system is missing, unknown, or the operation would be a ballpark."""

    code = "CRS_MISSING"


class HeightDatumUnknown(SpatialError):
    """A height cannot be made ellipsoidal: its datum is unknown or the site has no geoid separation."""

    code = "HEIGHT_DATUM_UNKNOWN"


class OutsideSite(SpatialError):
    """A position lies beyond the radius in which the site's east-north-up frame holds."""

    code = "GEOREF_OUTSIDE_SITE"


class MeshError(SpatialError):
    """Vertices and triangles do not form a mesh (shape, index out of range, not finite)."""

    code = "GEOMETRY_EMPTY"


class SightLibraryMissing(SpatialError):
    """open3d cannot be loaded: the extra `sight` or Debian's libusb-1.0-0 is not installed."""

    code = "SIGHT_LIBRARY_MISSING"
