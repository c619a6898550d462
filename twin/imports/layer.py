"""How a file becomes a layer of a site, and how what lies on other layers follows them: one file, one revision, all in the ledger."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.errors import SpatialError
from spatial.feature import Kind
from spatial.frame import SiteFrame
from spatial.issue import count_codes
from spatial.placed import boxes_with_ancestors
from spatial.source import bytes_sha256
from twin.errors import TwinError
from twin.imports.ground import find_terrain, ground_id, layers_on_other_ground, read_ground
from twin.imports.imported import Imported, Progress
from twin.imports.labels import labelled
from twin.imports.originals import default_key, file_sha256, keep_original, original_of, staged_copy
from twin.imports.packs import is_complete, keep_pack
from twin.imports.plan_reading import read_plan
from twin.imports.storeys import storey_places, storeys_id
from twin.settings import Settings
from twin.store import LedgerEntry, NewRevision, RevisionRow, Store
from twin.store.values import to_json

if TYPE_CHECKING:
    import cim

__all__ = ["PLAN", "Wanted", "follow_ground", "import_layer"]

PLAN = "plan"
"""The option of a revision that is a DXF plan: what its caller said of building, storey, place and layers."""

STOREYS = "storeys"
"""The option of a revision with rooms: `used` storeys of other files (None: all were looked through) and the `id` of their state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A file to be read as a layer of a site: where it lies now, the name it came under, and how to read it."""

    path: Path
    file: str
    sha256: str
    site: str
    key: str
    crs: str | None
    force_crs: bool
    who: str
    started: float
    plan: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a caller asks for; `plan` holds what only a DXF plan needs."""

    path: Path
    site: str
    key: str | None
    crs: str | None
    force_crs: bool
    who: str
    plan: Mapping[str, Any] | None = None


def import_layer(store: Store, settings: Settings, wanted: Wanted, now: datetime, progress: Progress | None) -> Imported:
    """Import a file, and lay again what its ground or storeys carry; the same bytes asked for alike return what is there."""
    started = time.perf_counter()
    path, site, who = wanted.path, wanted.site, wanted.who
    crs, force_crs = wanted.crs, wanted.force_crs
    sha256 = file_sha256(path)
    layer_key = wanted.key or default_key(path)
    current = store.current_revision(site, layer_key)
    if current is not None and current.sha256 == sha256 and crs is None and wanted.plan is None:
        crs, force_crs = current.options.get("crs"), bool(current.options.get("force_crs"))
    same = current is not None and current.options.get(PLAN) == wanted.plan
    if current is not None and same and _is_same(store, settings, current, sha256, crs, force_crs):
        return _reported(current, added=False, laid_again=[], left_behind=[])
    with staged_copy(path, settings.models_dir) as staged:
        source = _Source(
            path=staged,
            file=path.name,
            sha256=file_sha256(staged),
            site=site,
            key=layer_key,
            crs=crs,
            force_crs=force_crs,
            who=who,
            started=started,
            plan=wanted.plan,
        )
        layer, ground = _read(store, settings, source, progress)
        keep_original(staged, source.sha256, settings.models_dir)
    row = _record(store, settings, source, layer, ground, now)
    laid_again, left_behind = follow_ground(store, settings, site=site, who=who, now=now)
    return _reported(row, added=current is None or row.id != current.id, laid_again=laid_again, left_behind=left_behind)


def follow_ground(
    store: Store, settings: Settings, *, site: str, who: str, now: datetime, progress: Progress | None = None
) -> tuple[list[str], list[dict[str, str]]]:
    """Lay every layer that stands on another ground than the site's, and every room on another storey, anew from its kept
    original: a revision each.

    Returns the names of the new revisions and, of what could not be laid, `{model, code, message}`; nothing to do is free.
    """
    laid: list[str] = []
    left: list[dict[str, str]] = []
    for find in (layers_on_other_ground, _on_other_storeys):
        for layer in find(store, site):
            if layer.model_key in {item["model"] for item in left}:
                continue
            try:
                source = _Source(
                    path=original_of(settings, layer),
                    file=layer.file,
                    sha256=layer.sha256,
                    site=site,
                    key=layer.model_key,
                    crs=layer.options.get("crs"),
                    force_crs=bool(layer.options.get("force_crs")),
                    who=who,
                    started=time.perf_counter(),
                    plan=layer.options.get(PLAN),
                )
                laid.append(_record(store, settings, source, *_read(store, settings, source, progress), now).name)
            except (TwinError, SpatialError, OSError) as error:
                left.append({"model": layer.model_key, "code": getattr(error, "code", "FILE_ERROR"), "message": str(error)})
    return laid, left


def _on_other_storeys(store: Store, site: str) -> list[RevisionRow]:
    return [revision for revision in store.list_models(site) if STOREYS in revision.options and not _on_its_storeys(store, revision)]


def _on_its_storeys(store: Store, revision: RevisionRow) -> bool:
    """Whether the storeys of other files that a revision's rooms were put on, or looked for, are still what they were."""
    known = revision.options.get(STOREYS)
    if known is None:
        return True
    places = storey_places(store, revision.site, besides=revision.model_key)
    return bool(known["id"] == storeys_id(places, known["used"]))


def _is_same(store: Store, settings: Settings, current: RevisionRow, sha256: str, crs: str | None, force_crs: bool) -> bool:
    read_as = (current.options.get("crs"), bool(current.options.get("force_crs")))
    if (current.sha256, *read_as) != (sha256, crs, force_crs) or not is_complete(settings, current):
        return False
    if not _on_its_storeys(store, current):
        return False
    if not current.georeference.get("ground_dependent"):
        return True
    return bool(current.options.get("terrain") == ground_id(find_terrain(store, current.site)))


def _read(store: Store, settings: Settings, source: _Source, progress: Progress | None) -> tuple[cim.CityLayer, RevisionRow | None]:
    import cim

    frame = SiteFrame.of(store.get_site(source.site))
    if source.plan is not None:
        plan = read_plan(
            store,
            source.path,
            source.plan,
            file=source.file,
            site=source.site,
            key=source.key,
            crs=source.crs,
            progress=progress,
        )
        return plan, None
    is_terrain = cim.is_terrain(source.path)
    terrain = None if is_terrain else find_terrain(store, source.site)
    layer = cim.read_city(
        source.path,
        source.key,
        frame,
        source_name=source.file,
        crs=source.crs,
        force_crs=source.force_crs,
        ground=read_ground(settings, terrain, frame) if terrain is not None else None,
        storeys=[] if is_terrain else storey_places(store, source.site, besides=source.key),
        progress=progress,
    )
    return layer, terrain if layer.ground_dependent else None


def _record(
    store: Store, settings: Settings, source: _Source, layer: cim.CityLayer, ground: RevisionRow | None, now: datetime
) -> RevisionRow:
    options: dict[str, Any] = {"crs": source.crs, "force_crs": source.force_crs}
    if layer.ground_dependent:
        options["terrain"] = ground_id(ground)
    if source.plan is not None:
        options[PLAN] = dict(source.plan)
    rooms = [feature for feature in layer.features if feature.kind is Kind.SPACE]
    if rooms:
        lost = any(room.storey is None for room in rooms)
        used = None if lost else sorted({str(room.storey) for room in rooms} - {str(feature.id) for feature in layer.features})
        options[STOREYS] = {"used": used, "id": storeys_id(storey_places(store, source.site, besides=source.key), used)}
    pack = _pack_name(store, source, options)
    keep_pack(settings, pack, layer.meshes)
    return store.record_revision(
        NewRevision(
            site=source.site,
            model_key=source.key,
            kind=layer.kind.value,
            name=source.file,
            file=source.file,
            sha256=source.sha256,
            options=options,
            who=source.who,
            tool="",
            schema=layer.schema,
            seconds=round(time.perf_counter() - source.started, 3),
            georeference={
                "verdict": "placed",
                "crs": layer.crs,
                "ground_dependent": layer.ground_dependent,
                "ground": ground.name if ground is not None else None,
            },
            similarity=None,
            mesh_pack=pack,
            counts=_counts(layer),
        ),
        labelled(layer.features, store.label_policy(source.site)),
        boxes_with_ancestors(layer.features, layer.meshes.feature_bounds()),
        [
            LedgerEntry(local_id=row.local_id, entity=row.entity, class_name=row.class_name, outcome=row.outcome, reason=row.reason or "")
            for row in layer.ledger
        ],
        layer.issues,
        now=now,
    )


def _pack_name(store: Store, source: _Source, options: Mapping[str, Any]) -> str:
    """A name of its own for each frame and ground the meshes are made in: several sites and homes may share the folder."""
    facts = to_json([str(store.get_site(source.site)), dict(options)], canonical=True)
    return f"{source.sha256}-{source.key}-{bytes_sha256(facts.encode())[:12]}.npz"


def _counts(layer: cim.CityLayer) -> dict[str, Any]:
    outcomes = Counter(row.outcome for row in layer.ledger)
    kinds = Counter(feature.kind for feature in layer.features)
    return {
        "features": {
            "read": len(layer.ledger),
            "placed": outcomes.get("placed", 0),
            "without_geometry": outcomes.get("without_geometry", 0),
            "failed": outcomes.get("failed", 0),
            "by_class": dict(sorted(Counter(row.class_name for row in layer.ledger).items())),
        },
        "storeys": kinds[Kind.STOREY],
        "rooms": kinds[Kind.SPACE],
        "issues": count_codes(layer.issues),
    }


def _reported(row: RevisionRow, *, added: bool, laid_again: list[str], left_behind: list[dict[str, str]]) -> Imported:
    document = {
        "revision": row.name,
        "site": row.site,
        "model": row.model_key,
        "file": row.file,
        "sha256": row.sha256,
        "schema": row.schema,
        **row.counts,
        "crs": row.georeference["crs"],
        "ground": row.georeference.get("ground"),
        "laid_again": laid_again,
        "left_behind": left_behind,
        "seconds": row.seconds,
    }
    return Imported(document=document, added=added, needs_decision=row.counts["features"]["failed"] > 0 or bool(left_behind))
