"""The ground of a site: the terrain that its city layers are laid on.

The newest terrain is the ground. A layer's own heights come from it, so that a layer is read again from its kept original
when the ground is another one than it was laid on: `twin.imports.layer.follow_ground`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.frame import SiteFrame
from twin.imports.originals import original_of
from twin.settings import Settings
from twin.store import ModelKind, RevisionRow, Store

if TYPE_CHECKING:
    import cim

__all__ = ["find_terrain", "ground_id", "layers_on_other_ground", "read_ground"]


def find_terrain(store: Store, site: str) -> RevisionRow | None:
    """The terrain that is the ground of a site now: the one imported last; None where it has none."""
    terrains = [revision for revision in store.list_models(site) if revision.kind is ModelKind.TERRAIN]
    return max(terrains, key=lambda revision: revision.id, default=None)


def ground_id(terrain: RevisionRow | None) -> str | None:
    """What tells one ground from another: the elevation model's bytes and the CRS it was read in."""
    if terrain is None:
        return None
    crs = terrain.options.get("crs")
    return terrain.sha256 if crs is None else f"{terrain.sha256} {crs}"


def read_ground(settings: Settings, terrain: RevisionRow, frame: SiteFrame) -> cim.Ground:
    """The terrain as a surface to sample, read from its kept original; NotFound (`ORIGINAL_LOST`) where that is gone."""
    import cim

    options = terrain.options
    return cim.read_ground(original_of(settings, terrain), frame, crs=options.get("crs"), force_crs=bool(options.get("force_crs")))


def layers_on_other_ground(store: Store, site: str) -> list[RevisionRow]:
    """City layers that were laid on another ground than the site has now (or on none)."""
    ground = ground_id(find_terrain(store, site))
    return [
        revision
        for revision in store.list_models(site)
        if revision.kind is ModelKind.CITY
        and revision.georeference.get("ground_dependent")
        and ground is not None
        and revision.options.get("terrain") != ground
    ]
