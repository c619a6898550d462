"""Import of a DXF plan: the rooms of one storey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import Refused
from twin.imports.imported import Imported, Progress
from twin.imports.layer import Wanted, import_layer
from twin.imports.ready import make_ready
from twin.imports.tie import tie_if_records
from twin.settings import Settings
from twin.store import Store

if TYPE_CHECKING:
    import cim

__all__ = ["import_plan"]


def import_plan(
    store: Store,
    settings: Settings,
    path: Path,
    *,
    site: str,
    building: str,
    storey: str,
    who: str,
    now: datetime,
    key: str | None = None,
    crs: str | None = None,
    anchor: cim.PlanAnchor | None = None,
    layers: Sequence[str] = (),
    unit: str | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Import the rooms of a DXF plan onto a storey that the site has; placed by the CRS of its coordinates, else an anchor.

    `building` is a name or id, `storey` a name, number or id; the same bytes with the same words return the revision that is
    there, unless that storey has changed. Raises cim's errors, Refused (STOREY_UNKNOWN, PLAN_UNPLACED), StoreBusy.
    """
    store.get_site(site)
    if (crs is None) == (anchor is None):
        raise Refused(
            f"{path.name}: a plan stands where its CRS or its anchor says, one of them",
            code="PLAN_UNPLACED",
            path=str(path),
            hint="--crs EPSG:n for coordinates of a grid, else --anchor LON,LAT,HEADING_DEG with --anchor-point X,Y",
        )
    words = {"building": building, "storey": storey, "layers": sorted(layers), "unit": unit}
    plan = words | {"anchor": None if anchor is None else asdict(anchor) | {"point": list(anchor.point)}}
    wanted = Wanted(path=path, site=site, key=key, crs=crs, force_crs=False, who=who, plan=plan)
    done = import_layer(store, settings, wanted, now, progress)
    if done.added:
        tie_if_records(store, who=who, now=now, settings=settings)
        make_ready(store, settings)
    return done
