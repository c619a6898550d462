"""The nodes of the tree of places, from the scene, the registers and the links between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from spatial.feature import PUBLIC, Feature, Kind
from twin.imports.tie.coordinates import StatedPosition
from twin.imports.tie.record_rows import RecordRow
from twin.imports.tie.scene import Scene, feature_key
from twin.link.building import BuildingIndex
from twin.link.storey import find_storey
from twin.records.places import EVERYTHING, NewPlace, natural_order

__all__ = ["nodes_of"]

STOREY_M, ROOF_M = 4.0, 1_000.0

KIND_NAMES = {Kind.BUILDING: "building", Kind.CITY_OBJECT: "building", Kind.STOREY: "storey", Kind.SPACE: "room"}


def nodes_of(
    scene: Scene,
    buildings: Sequence[RecordRow],
    rooms: Sequence[RecordRow],
    linked: Mapping[str, str],
    building_records: BuildingIndex,
    stated: Mapping[int, StatedPosition] = MappingProxyType({}),
) -> list[NewPlace]:
    """Parents before children. `linked` gives record id → feature key; `building_records` finds a building record by what a room says;
    `stated` (by record id) tells in which site a building lies by its coordinates."""
    record_of = {feature: record for record, feature in linked.items()}
    nodes = [NewPlace(key=EVERYTHING, parent=None, kind=EVERYTHING, name=EVERYTHING, order_key="", label=PUBLIC)]
    for site_id, site in scene.sites.items():
        nodes.append(
            NewPlace(
                key=f"site {site_id}", parent=EVERYTHING, kind="site", name=site.name, order_key=site.code, label=PUBLIC, site_id=site_id
            )
        )
    placed: set[str] = set()
    for key, site_id, feature in _features_of(scene, record_of):
        nodes.append(_of_feature(key, site_id, feature, placed, record_of))
        placed.add(key)
    return nodes + _of_records(scene, buildings, rooms, linked, building_records, stated)


def _features_of(scene: Scene, record_of: Mapping[str, str]) -> list[tuple[str, int, Feature]]:
    """Buildings, storeys, rooms; of the city's buildings those that a record or a storey names."""
    storeys, spaces = scene.of_kind(Kind.STOREY), scene.of_kind(Kind.SPACE)
    named = {scene.building_of(site_id, feature) for _, site_id, feature in (*storeys, *spaces)}
    city = [one for one in scene.of_kind(Kind.CITY_OBJECT) if one[0] in record_of or one[0] in named]
    return [*scene.of_kind(Kind.BUILDING), *city, *storeys, *spaces]


def _of_feature(key: str, site_id: int, feature: Feature, placed: set[str], record_of: Mapping[str, str]) -> NewPlace:
    above = [feature_key(site_id, one) for one in (feature.storey, feature.building) if one and feature_key(site_id, one) != key]
    parent = next((one for one in above if one in placed), f"site {site_id}")
    low = feature.z_range[0] if feature.kind is Kind.STOREY and feature.z_range else None
    name = feature.long_name or feature.name or feature.id
    shown = name if feature.kind is not Kind.STOREY else feature.name or name
    return NewPlace(
        key=key,
        parent=parent,
        kind=KIND_NAMES[feature.kind],
        name=shown,
        number=feature.name,
        order_key=_by_height(low) if low is not None else natural_order(feature.name or shown),
        label=feature.label,
        site_id=site_id,
        feature_id=feature.id,
        record_id=int(record_of[key]) if key in record_of else None,
    )


def _of_records(
    scene: Scene,
    buildings: Sequence[RecordRow],
    rooms: Sequence[RecordRow],
    linked: Mapping[str, str],
    building_records: BuildingIndex,
    stated: Mapping[int, StatedPosition],
) -> list[NewPlace]:
    """Buildings and rooms that the registers alone know, under the storeys their rooms name."""
    sites = {name: f"site {site_id}" for site_id, site in scene.sites.items() for name in (site.code, site.name)}
    node_of_building = {str(one.id): linked.get(str(one.id), f"record {one.id}") for one in buildings}
    nodes = [
        NewPlace(
            key=f"record {one.id}",
            parent=sites.get(one.values["site"] or "") or _site_of(stated.get(one.id)),
            kind="building",
            name=one.values["name"] or one.key,
            number=one.values["number"],
            order_key=natural_order(one.values["name"] or one.key),
            label=PUBLIC,
            record_id=one.id,
        )
        for one in buildings
        if str(one.id) not in linked
    ]
    storeys = _storeys_of_scene(scene)
    for room in rooms:
        if str(room.id) in linked:
            continue
        building = _building_of(room, node_of_building, building_records)
        parent = building or EVERYTHING
        said = find_storey(room.values["storey"] or "") or ""
        if building and said:
            if (building, said) not in storeys:
                storeys[building, said] = f"{building} storey {said}"
                nodes.append(
                    NewPlace(
                        key=storeys[building, said],
                        parent=building,
                        kind="storey",
                        name=said,
                        number=said,
                        order_key=_by_height(_guessed_height(said)),
                        label=PUBLIC,
                    )
                )
            parent = storeys[building, said]
        nodes.append(_unplaced(room, parent))
    return nodes


def _site_of(stated: StatedPosition | None) -> str:
    return EVERYTHING if stated is None or stated.site_id is None else f"site {stated.site_id}"


def _by_height(metres: float) -> str:
    return f"{round(metres * 1000) + 10**9:011d}"


def _guessed_height(storey: str) -> float:
    """Where a storey that no model has stands among its sisters: basements below, the roof on top; an order, no measure."""
    if storey == "R":
        return ROOF_M
    try:
        number = float(storey)
    except ValueError:
        return ROOF_M
    return (number - 1 if number > 0 else number) * STOREY_M


def _unplaced(room: RecordRow, parent: str) -> NewPlace:
    name = room.values["name"] or room.values["number"] or room.key
    return NewPlace(
        key=f"record {room.id}",
        parent=parent,
        kind="room",
        name=name,
        number=room.values["number"],
        order_key=natural_order(room.values["number"] or name),
        label=PUBLIC,
        record_id=room.id,
    )


def _building_of(room: RecordRow, node_of_building: Mapping[str, str], building_records: BuildingIndex) -> str | None:
    found = building_records.find(room.values["building"] or "")
    if len(found.ids) != 1 or found.method == "alike":
        return None
    one = found.ids[0]
    return node_of_building.get(one, one)


def _storeys_of_scene(scene: Scene) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for key, site_id, feature in scene.of_kind(Kind.STOREY):
        said = find_storey(feature.name or "") or find_storey(feature.long_name or "")
        if feature.building and said:
            found.setdefault((scene.building_of(site_id, feature), said), key)
    return found
