"""Errors of the IFC reader.

SpatialError
└── BimError                    anything an IFC file is refused for
    ├── IfcHeaderInvalid        no STEP file, no header, or an archive without one .ifc
    ├── IfcTruncated            the closing END-ISO-10303-21; is missing
    ├── IfcEntitiesLost         the text defines entities that did not load
    ├── IfcSchemaUnsupported    a schema other than IFC2X3, IFC4, IFC4X3_ADD2
    ├── IfcUnitUnknown          no length unit, or one that has no factor to metres
    ├── IfcValueInvalid         values of another type than the schema wants, so that nothing can be made of the rest
    └── GeometryWorkerBroken    no geometry worker can be started on the file
"""

from spatial.errors import SpatialError

__all__ = [
    "BimError",
    "GeometryWorkerBroken",
    "IfcEntitiesLost",
    "IfcHeaderInvalid",
    "IfcSchemaUnsupported",
    "IfcTruncated",
    "IfcUnitUnknown",
    "IfcValueInvalid",
]


class BimError(SpatialError):
    """A file that is refused as a whole; `hint` says what to do about it."""

    code = "BIM_ERROR"

    @property
    def message(self) -> str:
        """What is wrong and where."""
        return str(self.args[0])


class IfcHeaderInvalid(BimError):
    """The bytes are no ISO 10303-21 file, or the archive holds no single .ifc."""

    code = "IFC_HEADER_INVALID"


class IfcTruncated(BimError):
    """The file ends before its end: half of it would open silently."""

    code = "IFC_TRUNCATED"


class IfcEntitiesLost(BimError):
    """Fewer entities loaded than the text defines (`defined`, `loaded`)."""

    code = "IFC_ENTITIES_LOST"

    def __init__(self, message: str, *, defined: int, loaded: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.defined = defined
        self.loaded = loaded


class IfcSchemaUnsupported(BimError):
    """The schema named by FILE_SCHEMA is not one we read (`schema`)."""

    code = "IFC_SCHEMA_UNSUPPORTED"

    def __init__(self, message: str, *, schema: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.schema = schema


class IfcUnitUnknown(BimError):
    """The project states no length unit that can be turned into metres; 1 is never assumed."""

    code = "IFC_UNIT_UNKNOWN"


class IfcValueInvalid(BimError):
    """Values that are not of the type their attributes have in the schema (`values`, one line each)."""

    code = "IFC_VALUE_INVALID"

    def __init__(self, message: str, *, values: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.values = values


class GeometryWorkerBroken(BimError):
    """No worker can be started on this file at all, so nothing can be said about its products."""

    code = "GEOMETRY_WORKER_BROKEN"
