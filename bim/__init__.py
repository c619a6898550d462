"""IFC in: one file becomes features and meshes in its own frame, a ledger of every element, and its claims of position.

`read_model` reads a file; `georeference.judge` decides where it stands on a site. Errors are `BimError`s, whatever
concerns single entities is an `Issue` or a row of the ledger. Nothing of ifcopenshell leaves this package.
"""

from bim.claims import Claim, ClaimKind
from bim.elements import Boundary
from bim.errors import (
    BimError,
    GeometryWorkerBroken,
    IfcEntitiesLost,
    IfcHeaderInvalid,
    IfcSchemaUnsupported,
    IfcTruncated,
    IfcUnitUnknown,
    IfcValueInvalid,
)
from bim.georeference import Anchor, Georeference, JudgedClaim, Verdict, judge
from bim.model import BimModel, LedgerRow, read_model

__all__ = [
    "Anchor",
    "BimError",
    "BimModel",
    "Boundary",
    "Claim",
    "ClaimKind",
    "GeometryWorkerBroken",
    "Georeference",
    "IfcEntitiesLost",
    "IfcHeaderInvalid",
    "IfcSchemaUnsupported",
    "IfcTruncated",
    "IfcUnitUnknown",
    "IfcValueInvalid",
    "JudgedClaim",
    "LedgerRow",
    "Verdict",
    "judge",
    "read_model",
]
