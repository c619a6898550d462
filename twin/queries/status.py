"""What is in the store, what waits for a person, whether the tiles show it, and what to do next."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import make_url

from spatial.frame import Site
from twin.assemble import stale_layers
from twin.imports.ground import find_terrain, layers_on_other_ground
from twin.queries.live.condition import live_condition
from twin.settings import Settings
from twin.store import ModelKind, Outcome, RevisionRow, Store

__all__ = ["status_document"]

ANCHOR = "--anchor LON,LAT,ELLIPSOIDAL_HEIGHT,HEADING_DEG"
LEDGER = ("read", "placed", "boxed", "without_geometry", "failed")


def status_document(store: Store, settings: Settings) -> dict[str, Any]:
    """`{home, database, sites: [{code, name, models, ledger, waiting, tiles: "current"|"none"|"stale", stale, …, next}], live, next}`.

    `ledger` sums the rows of all current revisions; `waiting` is `{model, revision, why, message, do, elements}` for each
    thing a person must decide, `elements` those that failed, with the reason; `next` are command lines, the most urgent first.
    """
    sites = [_site(store, settings, site) for site in store.list_sites()]
    first = [] if sites else ["twin site add CODE --name … --origin LON,LAT,ELLIPSOIDAL_HEIGHT --crs EPSG:n", "twin demo"]
    return {
        "home": str(settings.home),
        "database": _without_password(settings.database_url),
        "sites": sites,
        "live": live_condition(settings.home, now_us=time.time_ns() // 1000),
        "next": first or list(dict.fromkeys(step for site in sites for step in site["next"])),
    }


def _site(store: Store, settings: Settings, site: Site) -> dict[str, Any]:
    models = [row for row in store.list_models(site.code) if row.kind is not ModelKind.DEVICE]
    stale, built = stale_layers(store, settings, site.code)
    waiting = [entry for row in models for entry in _waiting(store, row)]
    terrain = find_terrain(store, site.code)
    other_ground = [row.model_key for row in layers_on_other_ground(store, site.code)]
    tiles = "stale" if stale and built else "current" if built else "none"
    entries = [_model(row) for row in models]
    return {
        "code": site.code,
        "name": site.name,
        "geoid_separation_m": site.geoid_separation_m,
        "scene_revision": store.scene_revision(site.code),
        "models": entries,
        "ledger": {name: sum(entry["ledger"][name] for entry in entries) for name in LEDGER},
        "waiting": waiting,
        "ground": terrain.name if terrain else None,
        "other_terrains": [row.name for row in models if row.kind is ModelKind.TERRAIN and terrain and row.id != terrain.id],
        "on_other_ground": other_ground,
        "tiles": tiles,
        "stale": stale,
        "next": _next(site, models, waiting, tiles, bool(stale or other_ground)),
    }


def _model(row: RevisionRow) -> dict[str, Any]:
    ledger = row.counts.get("elements") or row.counts.get("features") or {}
    return {
        "model": row.model_key,
        "kind": row.kind,
        "revision": row.name,
        "file": row.file,
        "sha256": row.sha256,
        "imported_at": row.imported_at.isoformat(),
        "who": row.who,
        "verdict": row.georeference.get("verdict"),
        "ground": row.georeference.get("ground"),
        "ledger": {name: ledger.get(name, 0) for name in LEDGER},
        "issues": row.counts.get("issues", {}),
        "counts": row.counts,
    }


def _waiting(store: Store, row: RevisionRow) -> list[dict[str, Any]]:
    again = f"twin import {'bim' if row.kind is ModelKind.BIM else 'city'} {row.file} --site {row.site}"
    found: list[dict[str, Any]] = []
    if row.georeference.get("verdict") == "needs_anchor":
        claims = row.georeference.get("claims", [])
        message = f"{len(claims)} claims of place, none to be trusted" if claims else "the file does not say where it stands"
        found.append(_entry(row, "needs_anchor", f"{message}; it is not in the tiles", f"{again} --model {row.model_key} {ANCHOR}", []))
    failed = store.ledger(row.id, outcome=Outcome.FAILED)
    if failed:
        elements = [
            {"id": f"{row.model_key}:{entry.local_id}", "entity": entry.entity, "class": entry.class_name, "reason": entry.reason}
            for entry in failed
        ]
        found.append(_entry(row, "failed", f"{len(failed)} read and not to be drawn", f"mend them in the source, then {again}", elements))
    return found


def _entry(row: RevisionRow, why: str, message: str, do: str, elements: list[dict[str, str]]) -> dict[str, Any]:
    return {"model": row.model_key, "revision": row.name, "why": why, "message": message, "do": do, "elements": elements}


def _next(site: Site, models: Sequence[RevisionRow], waiting: Sequence[dict[str, Any]], tiles: str, stale: bool) -> list[str]:
    if not models:
        return [f"twin import city DEM.tif LAYERS.gpkg --site {site.code}", f"twin import bim MODEL.ifc --site {site.code}"]
    steps = [entry["do"] for entry in waiting if entry["why"] == "needs_anchor"]
    drawable = any(row.kind is not ModelKind.BIM or row.similarity is not None for row in models)
    if stale or (tiles == "none" and drawable):
        steps.append(f"twin tiles build --site {site.code}")
    elif drawable:
        steps.append("twin serve")
    return steps


def _without_password(url: str) -> str:
    parsed = make_url(url)
    return parsed.set(query={}).render_as_string(hide_password=True)
