"""Import of city layers and terrain: one file, one revision, every object in the ledger."""

import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import cim
from spatial.frame import SiteFrame
from spatial.issue import count_codes
from spatial.mesh import write_mesh_set
from twin.imports.ground import find_ground
from twin.imports.model import Imported, Progress
from twin.imports.originals import default_key, keep_original
from twin.settings import Settings
from twin.store import LedgerEntry, NewRevision, RevisionRow, Store

__all__ = ["import_city"]


def import_city(
    store: Store,
    settings: Settings,
    path: Path,
    *,
    site: str,
    who: str,
    now: datetime,
    key: str | None = None,
    crs: str | None = None,
    force_crs: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Import a city file (CityJSON, GeoPackage, GeoJSON, GeoTIFF) into a site.

    The same bytes on the same terrain with the same options return the revision that is there. Raises cim's errors.
    """
    started = time.perf_counter()
    frame = SiteFrame.of(store.get_site(site))
    layer_key = key or default_key(path)
    sha256, kept = keep_original(path, settings.models_dir)
    ground = None if cim.is_terrain(kept) else find_ground(store, settings, site)
    options: dict[str, Any] = {"crs": crs, "force_crs": force_crs, "terrain": ground.sha256 if ground else None}
    known = store.find_revision(site, layer_key, sha256, options=options)
    if known is not None and known.current:
        return _reported(known, added=False)
    layer = cim.read_city(
        kept,
        layer_key,
        frame,
        source_name=path.name,
        crs=crs,
        force_crs=force_crs,
        ground=ground.surface if ground else None,
        progress=progress,
    )
    pack = f"{sha256}-{layer_key}-{(options['terrain'] or 'flat')[:12]}.npz"
    settings.meshes_dir.mkdir(parents=True, exist_ok=True)
    write_mesh_set(layer.meshes, settings.meshes_dir / pack)
    outcomes = Counter(row.outcome for row in layer.ledger)
    counts = {
        "features": {
            "read": len(layer.ledger),
            "placed": outcomes.get("placed", 0),
            "without_geometry": outcomes.get("without_geometry", 0),
            "failed": outcomes.get("failed", 0),
            "by_class": dict(sorted(Counter(row.class_name for row in layer.ledger).items())),
        },
        "issues": count_codes(layer.issues),
    }
    row = store.record_revision(
        NewRevision(
            site=site,
            model_key=layer_key,
            kind=layer.kind.value,
            name=path.name,
            file=path.name,
            sha256=sha256,
            options=options,
            who=who,
            tool="",
            schema=layer.schema,
            seconds=round(time.perf_counter() - started, 3),
            georeference={"verdict": "placed", "crs": layer.crs, "ground_dependent": layer.ground_dependent},
            similarity=None,
            mesh_pack=pack,
            counts=counts,
        ),
        layer.features,
        layer.meshes.feature_bounds(),
        [
            LedgerEntry(local_id=row.local_id, entity=row.entity, class_name=row.class_name, outcome=row.outcome, reason=row.reason or "")
            for row in layer.ledger
        ],
        layer.issues,
        now=now,
    )
    return _reported(row, added=True)


def _reported(row: RevisionRow, *, added: bool) -> Imported:
    document = {
        "revision": row.name,
        "model": row.model_key,
        "sha256": row.sha256,
        "schema": row.schema,
        **row.counts,
        "crs": row.georeference["crs"],
        "seconds": row.seconds,
    }
    return Imported(document=document, added=added, needs_decision=row.counts["features"]["failed"] > 0)
