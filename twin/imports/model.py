"""Import of a building model: IFC in, one revision with its ledger out (contracts: import of a model)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from spatial.issue import Issue, count_codes
from spatial.mesh import Float64
from spatial.placed import boxes_with_ancestors, in_site_frame, without_place
from twin.errors import ModelKeyTaken
from twin.imports.imported import Imported, Progress
from twin.imports.labels import labelled
from twin.imports.originals import default_key, file_sha256, keep_original, staged_copy
from twin.imports.packs import is_complete, keep_pack
from twin.imports.ready import make_ready
from twin.imports.tie import tie_if_records
from twin.settings import Settings
from twin.store import LedgerEntry, NewRevision, RevisionRow, Store

if TYPE_CHECKING:
    import bim

__all__ = ["import_bim"]

SHARED_IDS_AT_LEAST = 0.2
BUDGET = "geometry_budget_s"
"""The option of a revision in which an element ran out of time: with another budget the same bytes are worth another try."""


def import_bim(
    store: Store,
    settings: Settings,
    path: Path,
    *,
    site: str,
    who: str,
    now: datetime,
    key: str | None = None,
    anchor: bim.Anchor | None = None,
    anchor_point: tuple[float, float, float] | None = None,
    own_claims: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Import an IFC file into a site; the same bytes return the revision that is there, unless another anchor is given.

    `anchor` is the place a person states (degrees, ellipsoidal metres, heading clockwise from true north to the model's +Y)
    for `anchor_point`, metres of the model's frame, by default its origin; it holds for these bytes until another one or
    `own_claims` (judge the file's claims again) is given. Raises bim's errors for files that are refused, ModelKeyTaken for a
    key of another model, SiteUnknown, StoreBusy.
    """
    import bim

    started = time.perf_counter()
    frame = SiteFrame.of(store.get_site(site))
    sha256 = file_sha256(path)
    model_key = key or default_key(path)
    current = store.current_revision(site, model_key)
    same = current if current is not None and current.sha256 == sha256 else None
    if same is not None and anchor is None and not own_claims:
        anchor, anchor_point = _anchor_of(same.options)
    options = _options(anchor, anchor_point, settings.geometry_budget_s if same is not None and BUDGET in same.options else None)
    if same is not None and same.options == options and is_complete(settings, same):
        return _reported(store, same, added=False)
    with staged_copy(path, settings.models_dir) as staged:
        settings.meshes_dir.mkdir(parents=True, exist_ok=True)
        model = bim.read_model(
            staged, model_key, cache_dir=settings.meshes_dir, progress=progress, element_budget_s=settings.geometry_budget_s
        )
        _require_same_model(store, site, model_key, [row.local_id for row in model.ledger])
        georeference = bim.judge(model.claims, frame, model.corners(), anchor=anchor, anchor_point=anchor_point)
        features, boxes = _in_site(model, georeference)
        pack = f"{model.sha256}-{model_key}.npz"
        keep_pack(settings, pack, model.meshes)
        keep_original(staged, model.sha256, settings.models_dir)
    issues = (*model.issues, *georeference.issues)
    hurried = any(issue.code == "GEOMETRY_TIMEOUT" for issue in issues)
    options = _options(anchor, anchor_point, settings.geometry_budget_s if hurried else None)
    row = store.record_revision(
        _revision(site, path, model, georeference, issues, options, who=who, pack=pack, seconds=time.perf_counter() - started),
        labelled(features, store.label_policy(site)),
        boxes_with_ancestors(features, boxes) if boxes else {},
        _ledger(model),
        issues,
        now=now,
        shared_ids_at_least=SHARED_IDS_AT_LEAST,
    )
    added = current is None or row.id != current.id
    if added:
        tie_if_records(store, who=who, now=now, settings=settings)
        make_ready(store, settings)
    return _reported(store, row, added=added)


def _revision(
    site: str,
    path: Path,
    model: bim.BimModel,
    georeference: bim.Georeference,
    issues: tuple[Issue, ...],
    options: dict[str, Any],
    *,
    who: str,
    pack: str,
    seconds: float,
) -> NewRevision:
    return NewRevision(
        site=site,
        model_key=model.key,
        kind="bim",
        name=path.name,
        file=path.name,
        sha256=model.sha256,
        options=options,
        who=who,
        tool=model.authoring_tool or "",
        schema=model.schema,
        seconds=round(seconds, 3),
        georeference=georeference.as_json(),
        similarity=georeference.similarity.matrix.tolist() if georeference.similarity is not None else None,
        mesh_pack=pack,
        counts=_counts(model, georeference, issues),
    )


def _options(anchor: bim.Anchor | None, point: tuple[float, float, float] | None, budget_s: float | None) -> dict[str, Any]:
    """What beside the bytes decides on a revision; the budget only where an element ran out of time."""
    found: dict[str, Any] = {"anchor": asdict(anchor), "anchor_point": list(point or (0.0, 0.0, 0.0))} if anchor else {}
    return found if budget_s is None else found | {BUDGET: budget_s}


def _in_site(model: bim.BimModel, georeference: bim.Georeference) -> tuple[tuple[Feature, ...], dict[str, Float64]]:
    if georeference.similarity is None:
        return without_place(model.features), {}
    boxes = model.meshes.moved(georeference.similarity.matrix).feature_bounds()
    return in_site_frame(model.features, georeference.similarity, boxes), boxes


def _ledger(model: bim.BimModel) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            local_id=row.local_id, entity=f"#{row.step_id}", class_name=row.class_name, outcome=row.outcome, reason=row.reason or ""
        )
        for row in model.ledger
    ]


def _anchor_of(options: Mapping[str, Any]) -> tuple[bim.Anchor | None, tuple[float, float, float] | None]:
    if "anchor" not in options:
        return None, None
    import bim

    x, y, z = options["anchor_point"]
    return bim.Anchor(**options["anchor"]), (x, y, z)


def _require_same_model(store: Store, site: str, model_key: str, local_ids: list[str]) -> None:
    """The store asks again as it records; asked here too so that a refused file leaves nothing behind."""
    share = store.share_of_known_ids(site, model_key, local_ids)
    if share < SHARED_IDS_AT_LEAST:
        raise ModelKeyTaken.by_share(model_key, share)


def _counts(model: bim.BimModel, georeference: bim.Georeference, issues: tuple[Issue, ...]) -> dict[str, Any]:
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


def _reported(store: Store, row: RevisionRow, *, added: bool) -> Imported:
    undecided = row.georeference["verdict"] == "needs_anchor"
    document = {
        "revision": row.name,
        "site": row.site,
        "model": row.model_key,
        "file": row.file,
        "sha256": row.sha256,
        "schema": row.schema,
        **row.counts,
        "georeference": row.georeference,
        "anchor_before": _anchor_before(store, row) if undecided else None,
        "seconds": row.seconds,
    }
    return Imported(document=document, added=added, needs_decision=undecided or row.counts["elements"]["failed"] > 0)


def _anchor_before(store: Store, row: RevisionRow) -> dict[str, Any] | None:
    """Where a person anchored an earlier revision of the model: never taken over unasked, its origin may have moved."""
    earlier = [one for one in store.list_revisions(row.site, row.model_key) if one.number < row.number and one.options.get("anchor")]
    return {"revision": earlier[-1].name, **earlier[-1].options} if earlier else None
