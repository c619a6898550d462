"""What goes into the store and what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from spatial.feature import Feature
from spatial.mesh import Float64

__all__ = [
    "FeatureRow",
    "LedgerEntry",
    "ModelKind",
    "NewRevision",
    "Outcome",
    "RevisionRow",
    "RevisionStatus",
]

Matrix = Sequence[Sequence[float]]


class ModelKind(StrEnum):
    """What a model was read from."""

    BIM = "bim"
    CITY = "city"
    TERRAIN = "terrain"
    DEVICE = "device"


class Outcome(StrEnum):
    """What became of an element; `boxed` is counted among the placed: read = placed + boxed + without_geometry + failed rows."""

    PLACED = "placed"
    BOXED = "boxed"
    WITHOUT_GEOMETRY = "without_geometry"
    FAILED = "failed"


class RevisionStatus(StrEnum):
    """Whether a revision is what readers see now."""

    CURRENT = "current"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One element that was read: the file's own id, the entity (`#214`), an `Outcome`, and the reason where it failed."""

    local_id: str
    entity: str
    class_name: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRevision:
    """One import about to be recorded.

    `kind` is a `ModelKind`, `name` what people call the model. `options` are the caller's arguments that change the result
    (anchor, CRS): bytes and options together are what makes an import the same again. `similarity` is the 4×4 matrix from
    the frame of the mesh pack to the site frame, None where they are the same or the model has no place in the site.
    `mesh_pack` is a file name in `meshes_dir`. `options`, `georeference` and `counts` are JSON, given back as they are.
    """

    site: str
    model_key: str
    kind: str
    name: str
    file: str
    sha256: str
    who: str
    tool: str
    schema: str
    seconds: float
    similarity: Matrix | None
    mesh_pack: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    georeference: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRow:
    """One recorded import; `number` counts from 1 within the model, `imported_at` is UTC."""

    id: int
    site: str
    model_key: str
    kind: ModelKind
    model_name: str
    number: int
    status: RevisionStatus
    file: str
    sha256: str
    options: Mapping[str, Any]
    who: str
    imported_at: datetime
    tool: str
    schema: str
    seconds: float
    georeference: Mapping[str, Any]
    similarity: Matrix | None
    mesh_pack: str | None
    counts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What people and documents call it: `tower@3`, the third revision of the model `tower`."""
        return f"{self.model_key}@{self.number}"

    @property
    def current(self) -> bool:
        """Whether readers see this revision of the model."""
        return self.status is RevisionStatus.CURRENT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureRow:
    """A stored feature: `box` is (2, 3) metres in the site frame, lowest and highest corner, or None.

    `revision` is the id of the revision that brought this state (`Store.get_revision`); a later one that changed nothing leaves it.
    `area_m2` is `properties["measured"]["area_m2"]` where there is one, else the area of the footprint, else None. `identity` is
    the number of the feature's id in the store, in the order in which ids first came; `heights_m` are its lowest and highest metres
    above the ellipsoid; `ended` is the revision that ended this state.
    """

    feature: Feature
    site: str
    model_key: str
    revision: int
    box: Float64 | None
    area_m2: float | None
    identity: int
    heights_m: tuple[float, float] | None
    ended: int | None
