"""What the tie is made of: the scene, the registers of buildings and rooms, and how texts are looked up among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from twin.imports.tie.buildings import names_of_record, record_buildings
from twin.imports.tie.locations import place_tree
from twin.imports.tie.record_rows import RecordRow, records_of
from twin.imports.tie.scene import Scene, feature_key, read_scene
from twin.link.building import BuildingIndex
from twin.link.places import PlaceTree
from twin.records.places import Place, list_places
from twin.store import Store

__all__ = ["Grounds", "read_grounds", "place_of_feature", "tree_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """The store, its scene, the records of buildings and rooms, and the building records by every name."""

    store: Store
    scene: Scene
    buildings: Sequence[RecordRow]
    rooms: Sequence[RecordRow]
    index: BuildingIndex

    def place_tree(self, places: Sequence[Place]) -> PlaceTree:
        """The stored tree as texts are looked up in it."""
        homes = any(self.scene.is_home(one.values["site"] or "") for one in self.buildings)
        names = {one.id: names_of_record(one, self.scene, homes=homes) for one in self.buildings}
        codes = {one.id: one.key for one in self.buildings} | {one.id: one.values["code"] for one in self.rooms if one.values["code"]}
        foreign = {one.id for one in self.buildings if homes and not self.scene.is_home(one.values["site"] or "")}
        numbers = {one.id: one.values["number"] for one in self.rooms if one.values["number"]}
        return place_tree(places, names, codes, numbers, foreign)


def tree_of(connection: Connection, grounds: Grounds) -> PlaceTree:
    """The tree of places, as this connection sees it, as texts are looked up in it."""
    return grounds.place_tree(list_places(connection))


def place_of_feature(places: Sequence[Place]) -> Mapping[str, int]:
    """Feature key → place id."""
    return {feature_key(place.site_id, place.feature_id): place.id for place in places if place.site_id and place.feature_id}


def read_grounds(store: Store) -> Grounds:
    """The grounds as the store has them now."""
    scene = read_scene(store)
    with store.database.reading() as connection:
        buildings, rooms = records_of(connection, "building"), records_of(connection, "room")
    return Grounds(store=store, scene=scene, buildings=buildings, rooms=rooms, index=record_buildings(buildings, scene))
