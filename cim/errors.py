"""Errors of the city readers.

SpatialError
└── CimError                        anything a city file is refused for
    ├── CityFileInvalid             not the format it says it is, or not readable at all
    ├── CityJsonVersionUnsupported  CityJSON before 1.0
    ├── CrsDisagrees                the file names one CRS, the caller another
    └── PlanInvalid                 a drawing that is no plan of rooms one can place
"""

from spatial.errors import SpatialError

__all__ = ["CimError", "CityFileInvalid", "CityJsonVersionUnsupported", "CrsDisagrees", "PlanInvalid"]


class CimError(SpatialError):
    """Anything a city file is refused for."""

    code = "CITY_FILE_INVALID"


class CityFileInvalid(CimError):
    """The file cannot be read as what its name or content says it is."""

    code = "CITY_FILE_INVALID"


class CityJsonVersionUnsupported(CimError):
    """CityJSON before 1.0: another structure, refused rather than half read."""

    code = "CITYJSON_VERSION_UNSUPPORTED"


class CrsDisagrees(CimError):
    """The file names one CRS and the caller another, without `force_crs`."""

    code = "CRS_DISAGREES"


class PlanInvalid(CimError):
    """A drawing that is no plan of rooms one can place; `code` says why: PLAN_INVALID, PLAN_UNIT_UNKNOWN, PLAN_WITHOUT_ROOMS."""

    code = "PLAN_INVALID"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        if code is not None:
            self.code = code
