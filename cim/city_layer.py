"""What a city file becomes: features, meshes, and a ledger in which every row read is accounted for."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from cim.errors import CrsDisagrees
from spatial.crs import HeightDatum, find_height_datum, horizontal
from spatial.errors import CrsError
from spatial.feature import Feature
from spatial.issue import Issue
from spatial.mesh import MeshSet
from spatial.scene import LayerKind

__all__ = [
    "FAILED",
    "PLACED",
    "WITHOUT_GEOMETRY",
    "CityLayer",
    "LedgerRow",
    "Outcome",
    "Progress",
    "Tally",
    "agreed_crs",
    "height_datum",
    "tally",
]

Progress = Callable[[int, int], None]
Outcome = Literal["placed", "without_geometry", "failed"]
PLACED: Final = "placed"
WITHOUT_GEOMETRY: Final = "without_geometry"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What became of one row of the file; `entity` is where it stands in it, `reason` says why nothing could be drawn."""

    local_id: str
    entity: str
    class_name: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Rows of one class: `read = placed + without_geometry + failed`."""

    read: int = 0
    placed: int = 0
    without_geometry: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CityLayer:
    """One city file in the site frame.

    `features` holds every row read, drawn or not, and `ledger` what became of each; `meshes` names the placed ones by id.
    `schema` is the format with its version (`CityJSON 2.0`, `GPKG`, `GeoTIFF`). `ground_dependent` is true where
    the heights come from the terrain, so that the file is to be read again when the terrain changes.
    """

    key: str
    kind: LayerKind
    features: tuple[Feature, ...]
    meshes: MeshSet
    ledger: tuple[LedgerRow, ...]
    schema: str
    crs: str
    issues: tuple[Issue, ...]
    sha256: str
    ground_dependent: bool


def tally(ledger: Iterable[LedgerRow]) -> dict[str, Tally]:
    """Counts by class, classes sorted."""
    counts: dict[str, Counter[str]] = {}
    for row in ledger:
        counts.setdefault(row.class_name, Counter())[row.outcome] += 1
    return {
        name: Tally(read=count.total(), placed=count[PLACED], without_geometry=count[WITHOUT_GEOMETRY], failed=count[FAILED])
        for name, count in sorted(counts.items())
    }


def agreed_crs(declared: str | None, given: str | None, *, force: bool, what: str) -> str:
    """The CRS to read a file with: the one it declares, else the one given.

    Where both name the same horizontal CRS, the one with a vertical part wins. Raises CrsError (CRS_MISSING) where there is
    neither, CrsDisagrees where they differ and `force` is not set; with it the given one is used.
    """
    declared, given = (name if name is not None and name.strip() else None for name in (declared, given))
    if declared is None and given is None:
        raise CrsError(f"{what} names no coordinate reference system", hint="name it with --crs EPSG:n")
    if declared is None or given is None:
        return str(declared or given)
    if force:
        return given
    if horizontal(declared).authority != horizontal(given).authority:
        raise CrsDisagrees(
            f"{what} is in {horizontal(declared).authority}, --crs says {horizontal(given).authority}",
            hint="leave --crs out, or --force-crs where the file is wrong",
        )
    return given if find_height_datum(declared) is HeightDatum.UNKNOWN else declared


def height_datum(crs: str) -> HeightDatum:
    """The datum of a city file's heights: 1985 (orthometric) unless its CRS says else (contracts, heights and frames)."""
    datum = find_height_datum(crs)
    return HeightDatum.ORTHOMETRIC if datum is HeightDatum.UNKNOWN else datum
