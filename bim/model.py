"""An IFC file as features and meshes: read once, checked, nothing of the standard left but its names."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bim.assemble import Assembly, assemble
from bim.claims import Claim, read_claims
from bim.elements import Boundary, is_element, read_boundaries
from bim.geometry import ELEMENT_BUDGET_S, GeometryResult, Product, mesh_products
from bim.identity import local_ids
from bim.placement import Placements
from bim.properties import read_properties
from bim.read import OpenedIfc, open_ifc
from bim.structure import Structure, read_structure
from bim.units import read_units
from bim.validity import find_invalid_values
from spatial.feature import Feature, feature_id
from spatial.issue import Issue, Severity
from spatial.mesh import Float64, MeshSet

__all__ = ["BimModel", "LedgerRow", "read_model"]

LARGE_M = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What became of one element: `placed`, `boxed`, `without_geometry` or `failed`, and why."""

    local_id: str
    step_id: int
    class_name: str
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BimModel:
    """One IFC file in its own frame (metres, z up: the file's world after its unit).

    `features` are project, sites, buildings, storeys, spaces, elements in that order, ids `{model_key}:{local_id}`; `meshes` of
    elements and spaces name the same ids; `ledger` has one row for every IfcElement but IfcFeatureElements; `other` counts the
    products that are none (`IfcSpace`, `IfcOpeningElement`, …) by class; `claims` is what the file says of its place, judged by
    `bim.georeference.judge`; `boundaries` name local ids; `worker_starts` is 0 where all geometry came from the cache.
    """

    key: str
    file: str
    sha256: str
    schema: str
    length_unit_m: float
    authoring_tool: str | None
    features: tuple[Feature, ...]
    meshes: MeshSet
    ledger: tuple[LedgerRow, ...]
    other: dict[str, int]
    claims: tuple[Claim, ...]
    boundaries: tuple[Boundary, ...]
    issues: tuple[Issue, ...]
    worker_starts: int

    def corners(self) -> Float64:
        """Lowest and highest corner of every mesh part's box, (n, 3) model-frame metres: what `judge` wants; (0, 3) without meshes."""
        return self.meshes.part_bounds().reshape(-1, 3)


def read_model(
    path: Path,
    model_key: str,
    *,
    cache_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    engine: str = "fast",
    element_budget_s: float = ELEMENT_BUDGET_S,
) -> BimModel:
    """The model in the IFC file at `path` (IFC2X3, IFC4, IFC4X3_ADD2; `.ifc` or `.ifczip`).

    `engine`, `cache_dir` and `element_budget_s` (seconds a product may take in one engine) go to `bim.geometry.mesh_products`;
    `progress(done, total)` counts its products. Raises BimError for a file that cannot be trusted as a whole; whatever
    concerns single entities is in `issues` or the ledger.
    """
    mesh = partial(mesh_products, cache_dir=cache_dir, progress=progress, engine=engine, budget_s=element_budget_s)
    with open_ifc(path) as opened:
        try:
            return _read(opened, model_key, mesh)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            refusal = find_invalid_values(opened.ifc, opened.name)
            if refusal is None:
                raise
            raise refusal from error


def _read(opened: OpenedIfc, model_key: str, mesh: Callable[[Path, Sequence[Product]], GeometryResult]) -> BimModel:
    units = read_units(opened.ifc, opened.name)
    unit = units.length_unit_m
    placements = Placements(unit)
    structure = read_structure(opened.ifc, unit, placements)
    elements = [entity for entity in opened.ifc.by_type("IfcElement") if is_element(entity)]
    ids, id_issues = local_ids([*(node.entity for node in structure.nodes.values()), *elements], opened.step_order)
    for element in elements:
        placements.find_matrix(element)
    geometry = mesh(opened.path, _products(structure, elements, ids))
    boundaries, boundary_issues = read_boundaries(opened.ifc, ids)
    assembly = assemble(
        Assembly(
            key=model_key,
            opened=opened,
            units=units,
            structure=structure,
            elements=elements,
            ids=ids,
            meshes=geometry.meshes,
            properties=read_properties(opened.ifc, units),
            boundaries=boundaries,
        )
    )
    found = (
        *opened.issues,
        *id_issues,
        *structure.issues,
        *placements.issues,
        *geometry.issues,
        *boundary_issues,
        *assembly.issues,
        *_model_issues(opened, geometry.meshes),
    )
    return BimModel(
        key=model_key,
        file=opened.name,
        sha256=opened.sha256,
        schema=opened.schema,
        length_unit_m=unit,
        authoring_tool=_authoring_tool(opened.ifc),
        features=assembly.features,
        meshes=geometry.meshes.renamed([feature_id(model_key, name) for name in geometry.meshes.features]),
        ledger=_ledger(elements, ids, geometry),
        other=_other(opened.ifc),
        claims=read_claims(opened.ifc, unit),
        boundaries=boundaries,
        issues=tuple(_sourced(issue, opened.name) for issue in found),
        worker_starts=geometry.worker_starts,
    )


def _products(structure: Structure, elements: list[Any], ids: Any) -> list[Product]:
    spaces = [node.entity for node in structure.nodes.values() if node.entity.is_a("IfcSpace")]
    return [
        Product(
            step_id=entity.id(),
            local_id=ids[entity.id()],
            class_name=entity.is_a(),
            wants_mesh=entity.Representation is not None,
        )
        for entity in (*elements, *spaces)
    ]


def _ledger(elements: list[Any], ids: Any, geometry: GeometryResult) -> tuple[LedgerRow, ...]:
    rows = []
    for element in elements:
        result = geometry.results[ids[element.id()]]
        rows.append(
            LedgerRow(
                local_id=result.local_id,
                step_id=element.id(),
                class_name=element.is_a(),
                outcome=str(result.outcome),
                reason=result.reason,
            )
        )
    return tuple(rows)


def _other(ifc: Any) -> dict[str, int]:
    return dict(sorted(Counter(entity.is_a() for entity in ifc.by_type("IfcProduct") if not is_element(entity)).items()))


def _model_issues(opened: OpenedIfc, meshes: MeshSet) -> list[Issue]:
    issues = []
    if not opened.ifc.by_type("IfcProduct"):
        issues.append(Issue(code="IFC_NO_PRODUCTS", path="", message="the file holds no product", severity=Severity.WARNING))
    if meshes.parts:
        far = float(np.abs(meshes.part_matrix[:, :3, 3]).max())
        if far > LARGE_M:
            message = f"coordinates up to {far:,.0f} m from the model's origin: national coordinates, or a wrong unit"
            issues.append(Issue(code="COORDINATES_LARGE", path="", message=message, severity=Severity.WARNING))
    return issues


def _authoring_tool(ifc: Any) -> str | None:
    for application in ifc.by_type("IfcApplication"):
        name, version = application.ApplicationFullName, application.Version
        if name:
            return f"{name} {version}" if version and version not in name else str(name)
    return None


def _sourced(issue: Issue, name: str) -> Issue:
    return Issue(code=issue.code, path=issue.path, message=issue.message, severity=issue.severity, source=issue.source or name)
