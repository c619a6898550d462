"""What is in the store, and whether the tiles show it."""

from typing import Any

from twin.assemble import stale_layers
from twin.imports.ground import layers_on_other_ground
from twin.settings import Settings
from twin.store import Store

__all__ = ["status_document"]


def status_document(store: Store, settings: Settings) -> dict[str, Any]:
    """`{home, database, sites: [{code, name, models: […], tiles: "current"|"none"|"stale", stale: [key], relay: [key]}]}`."""
    sites = []
    for site in store.list_sites():
        stale, built = stale_layers(store, settings, site.code)
        sites.append(
            {
                "code": site.code,
                "name": site.name,
                "scene_revision": store.scene_revision(site.code),
                "models": [
                    {
                        "model": row.model_key,
                        "kind": row.kind,
                        "revision": row.name,
                        "file": row.file,
                        "sha256": row.sha256,
                        "imported_at": row.imported_at.isoformat(),
                        "who": row.who,
                        "verdict": row.georeference.get("verdict"),
                        "counts": row.counts,
                    }
                    for row in store.list_models(site.code)
                ],
                "tiles": "none" if not built else "stale" if stale else "current",
                "stale": stale,
                "on_other_ground": [row.model_key for row in layers_on_other_ground(store, site.code)],
            }
        )
    return {"home": str(settings.home), "database": _without_password(settings.database_url), "sites": sites}


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.split('://')[0]}://…@{tail}" if at else url
