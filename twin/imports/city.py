"""Import of city layers and terrain: one file, one revision, every object in the ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from twin.imports.imported import Imported, Progress
from twin.imports.layer import Wanted, import_layer
from twin.imports.ready import make_ready
from twin.imports.tie import tie_if_records
from twin.settings import Settings
from twin.store import Store

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

    The same bytes return the revision that is there, unless another `crs` is given or the ground has changed. A new terrain
    takes the layers that lie on the ground with it (`laid_again` in the document). Raises cim's errors, Refused, StoreBusy.
    """
    store.get_site(site)
    wanted = Wanted(path=path, site=site, key=key, crs=crs, force_crs=force_crs, who=who)
    done = import_layer(store, settings, wanted, now, progress)
    if done.added:
        tie_if_records(store, who=who, now=now, settings=settings)
        make_ready(store, settings)
    return done
