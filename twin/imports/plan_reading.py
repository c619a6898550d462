"""Reading a DXF plan onto the storey that its caller named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.frame import SiteFrame
from twin.errors import Refused
from twin.imports.imported import Progress
from twin.imports.storeys import storey_places
from twin.store import Store

if TYPE_CHECKING:
    import cim

__all__ = ["read_plan"]


def read_plan(
    store: Store, path: Path, plan: Mapping[str, Any], *, file: str, site: str, key: str, crs: str | None, progress: Progress | None
) -> cim.CityLayer:
    """The rooms of a plan; `plan` is `{building, storey, layers, unit, anchor}` as `import_plan` records it. Refused: STOREY_UNKNOWN."""
    import cim

    places = storey_places(store, site, besides=key)
    storey, reason = cim.Storeys(places).find(plan["building"], plan["storey"])
    if storey is None:
        raise Refused(
            f"{file}: {reason}",
            code="STOREY_UNKNOWN",
            path=file,
            hint="import the building with its storeys first; name both as `twin status` and the page do",
        )
    anchor = plan["anchor"]
    return cim.read_plan(
        path,
        key,
        SiteFrame.of(store.get_site(site)),
        storey=storey,
        place=str(crs) if anchor is None else cim.PlanAnchor(**(anchor | {"point": tuple(anchor["point"])})),
        layers=plan["layers"],
        unit=plan["unit"],
        source_name=file,
        progress=progress,
    )
