"""Import of a building model: IFC in, one revision with its ledger out (contracts: import of a model)."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import bim
from bim.georeference import Anchor, Georeference, Verdict
from spatial.feature import Kind
from spatial.frame import SiteFrame
from spatial.issue import Issue, count_codes
from spatial.mesh import Float64, write_mesh_set
from spatial.placed import boxes_with_ancestors, in_site_frame, without_place
from twin.errors import ModelKeyTaken
from twin.imports.originals import default_key, keep_original
from twin.settings import Settings
from twin.store import LedgerEntry, NewRevision, RevisionRow, Store

__all__ = ["Anchor", "Imported", "import_bim"]

SHARED_IDS_AT_LEAST = 0.2
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did: the document of `--json`, whether a row was added, whether a person must decide (exit code 3)."""

    document: dict[str, Any]
    added: bool
    needs_decision: bool


def import_bim(
    store: Store,
    settings: Settings,
    path: Path,
    *,
    site: str,
    who: str,
    now: datetime,
    key: str | None = None,
    anchor: Anchor | None = None,
    anchor_point: tuple[float, float, float] | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Import an IFC file into a site; the same bytes with the same anchor return the revision that is there.

    `anchor` is the place a person states (degrees, ellipsoidal metres, heading clockwise from true north to the model's +Y)
    for `anchor_point`, metres of the model's frame, by default its origin. Raises bim's errors for files that are refused,
    ModelKeyTaken for a key of another model.
    """
    started = time.perf_counter()
    frame = SiteFrame.of(store.get_site(site))
    model_key = key or default_key(path)
    sha256, _ = keep_original(path, settings.models_dir)
    options = {"anchor": asdict(anchor), "anchor_point": list(anchor_point or (0.0, 0.0, 0.0))} if anchor else {}
    known = store.find_revision(site, model_key, sha256, options=options)
    if known is not None and known.current:
        return _reported(known, added=False)
    settings.meshes_dir.mkdir(parents=True, exist_ok=True)
    model = bim.read_model(path, model_key, cache_dir=settings.meshes_dir, progress=progress)
    _require_same_model(store, site, model_key, [row.local_id for row in model.ledger])
    georeference = bim.judge(model.claims, frame, model.corners(), anchor=anchor, anchor_point=anchor_point)
    placed = georeference.similarity is not None
    boxes: dict[str, Float64] = {}
    if georeference.similarity is not None:
        boxes = model.meshes.moved(georeference.similarity.matrix).feature_bounds()
        features = in_site_frame(model.features, georeference.similarity, boxes)
    else:
        features = without_place(model.features)
    pack = f"{sha256}-{model_key}.npz"
    write_mesh_set(model.meshes, settings.meshes_dir / pack)
    issues = (*model.issues, *georeference.issues)
    counts = _counts(model, georeference, issues)
    row = store.record_revision(
        NewRevision(
            site=site,
            model_key=model_key,
            kind="bim",
            name=path.name,
            file=path.name,
            sha256=sha256,
            options=options,
            who=who,
            tool=model.authoring_tool or "",
            schema=model.schema,
            seconds=round(time.perf_counter() - started, 3),
            georeference=georeference.as_json(),
            similarity=georeference.similarity.matrix.tolist() if georeference.similarity is not None else None,
            mesh_pack=pack,
            counts=counts,
        ),
        features,
        boxes_with_ancestors(features, boxes) if placed else {},
        [
            LedgerEntry(
                local_id=row.local_id, entity=f"#{row.step_id}", class_name=row.class_name, outcome=row.outcome, reason=row.reason or ""
            )
            for row in model.ledger
        ],
        issues,
        now=now,
    )
    return _reported(row, added=True)


def _require_same_model(store: Store, site: str, model_key: str, local_ids: list[str]) -> None:
    current = store.current_revision(site, model_key)
    if current is None:
        return
    share = store.share_of_known_ids(site, model_key, local_ids)
    if share < SHARED_IDS_AT_LEAST:
        raise ModelKeyTaken(
            f"the key {model_key!r} belongs to {current.file}, which shares {share:.0%} of its ids with this file",
            path=model_key,
            hint="give the new model a key of its own with --model KEY",
        )


def _counts(model: bim.BimModel, georeference: Georeference, issues: tuple[Issue, ...]) -> dict[str, Any]:
    outcomes = Counter(row.outcome for row in model.ledger)
    kinds = Counter(feature.kind for feature in model.features)
    boxed = outcomes.get("boxed", 0)
    return {
        "elements": {
            "read": len(model.ledger),
            "placed": outcomes.get("placed", 0) + boxed,
            "boxed": boxed,
            "without_geometry": outcomes.get("without_geometry", 0),
            "failed": outcomes.get("failed", 0),
            "by_class": dict(sorted(Counter(row.class_name for row in model.ledger).items())),
        },
        "rooms": kinds.get(Kind.SPACE, 0),
        "storeys": kinds.get(Kind.STOREY, 0),
        "buildings": kinds.get(Kind.BUILDING, 0),
        "other": model.other,
        "geometry_workers": model.worker_starts,
        "issues": count_codes(issues),
    }


def _reported(row: RevisionRow, *, added: bool) -> Imported:
    document = {
        "revision": row.name,
        "model": row.model_key,
        "sha256": row.sha256,
        "schema": row.schema,
        **row.counts,
        "georeference": row.georeference,
        "seconds": row.seconds,
    }
    undecided = row.georeference["verdict"] == Verdict.NEEDS_ANCHOR or row.counts["elements"]["failed"] > 0
    return Imported(document=document, added=added, needs_decision=undecided)
