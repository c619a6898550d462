"""The storeys of a site that rooms of a plan can be put on, from whatever file they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.feature import Feature, Kind
from spatial.source import bytes_sha256
from twin.store import Store
from twin.store.values import to_json

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import cim

__all__ = ["storey_places", "storeys_id"]


def storey_places(store: Store, site: str, *, besides: str) -> list[cim.StoreyPlace]:
    """Every storey with a z range, but those of the model `besides`, with the names its building goes by."""
    import cim

    above = {row.feature.id: row.feature for row in store.features(site, None, kinds={Kind.BUILDING, Kind.CITY_OBJECT})}
    places = []
    for row in store.features(site, None, kinds={Kind.STOREY}):
        storey = row.feature
        if storey.z_range is None or row.model_key == besides:
            continue
        building = above.get(storey.building) if storey.building is not None else None
        places.append(
            cim.StoreyPlace(
                id=storey.id,
                number=_number(storey),
                name=storey.name or storey.long_name or storey.id,
                z_range=storey.z_range,
                building=storey.building,
                building_names=() if building is None else (*_names(building), row.model_key),
                footprint=None if building is None else building.footprint,
                label=storey.label,
            )
        )
    return places


def storeys_id(places: Sequence[cim.StoreyPlace], used: Collection[str] | None) -> str:
    """What tells one state of the `used` storeys (None: of all) from another: ids, heights, names, labels."""
    chosen = [place for place in places if used is None or place.id in used]
    facts = sorted([place.id, *map(str, place.z_range), place.name, place.label, *place.building_names] for place in chosen)
    return bytes_sha256(to_json(facts, canonical=True).encode())[:16]


def _number(storey: Feature) -> int | None:
    import cim

    stated = storey.properties.get("attributes", {}).get("number")
    if isinstance(stated, int):
        return stated
    return next((number for number in map(cim.parse_storey, (storey.name, storey.long_name)) if number is not None), None)


def _names(building: Feature) -> list[str]:
    local = building.id.partition(":")[2]
    stated = building.properties.get("attributes", {}).get("id")
    return [name for name in (building.name, building.long_name, local, local.rpartition("/")[2], stated and str(stated)) if name]
