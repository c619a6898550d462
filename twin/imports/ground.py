"""The ground of a site: the terrain that city layers are laid on, and the layers that must follow when it changes."""

from dataclasses import dataclass
from pathlib import Path

import cim
from spatial.frame import SiteFrame
from twin.settings import Settings
from twin.store import RevisionRow, Store

__all__ = ["SiteGround", "find_ground", "layers_on_other_ground", "original_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteGround:
    """The surface that city layers stand on, and the hash of the file it came from."""

    surface: cim.Ground
    sha256: str


def find_ground(store: Store, settings: Settings, site: str) -> SiteGround | None:
    """The newest terrain of a site as a surface to sample, or None where it has none."""
    terrains = [revision for revision in store.list_models(site) if revision.kind == "terrain"]
    if not terrains:
        return None
    newest = max(terrains, key=lambda revision: revision.imported_at)
    frame = SiteFrame.of(store.get_site(site))
    crs = newest.options.get("crs")
    return SiteGround(surface=cim.read_ground(original_of(settings, newest), frame, crs=crs), sha256=newest.sha256)


def layers_on_other_ground(store: Store, site: str) -> list[RevisionRow]:
    """City layers that were laid on another terrain than the site has now (or on none)."""
    models = store.list_models(site)
    terrains = [revision for revision in models if revision.kind == "terrain"]
    if not terrains:
        return []
    newest = max(terrains, key=lambda revision: revision.imported_at)
    return [
        revision
        for revision in models
        if revision.kind == "city" and revision.georeference.get("ground_dependent") and revision.options.get("terrain") != newest.sha256
    ]


def original_of(settings: Settings, revision: RevisionRow) -> Path:
    """Where the kept original of a revision lies."""
    return next(path for path in settings.models_dir.glob(f"{revision.sha256}*") if not path.name.endswith(".part"))
