"""What the tie is made of: the scene, the registers of buildings and rooms, and how texts are looked up among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from twin.imports.tie.buildings import names_of_record, record_buildings
from twin.imports.tie.locations import place_tree
from twin.imports.tie.record_rows import RecordRow, columns_of, records_of
from twin.imports.tie.scene import Scene, feature_key, read_scene
from twin.link.building import BuildingIndex
from twin.link.places import PlaceTree
from twin.records.places import Place, list_places
from twin.store import Store

__all__ = ["Grounds", "read_grounds", "place_of_feature"]


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """The store, its scene and the records of buildings; what few steps need is read when asked for."""

    store: Store
    scene: Scene
    buildings: Sequence[RecordRow]

    @cached_property
    def index(self) -> BuildingIndex:
        """The building records by every name."""
        return record_buildings(self.buildings, self.scene)

    @cached_property
    def rooms(self) -> Sequence[RecordRow]:
        """The records of rooms: tens of thousands, which few steps need."""
        with self.store.database.reading() as connection:
            return records_of(connection, "room")

    @cached_property
    def places(self) -> Sequence[Place]:
        """The stored tree as it stands when it is first asked for."""
        with self.store.database.reading() as connection:
            return list_places(connection)

    def forget_places(self) -> None:
        """Let the tree go, 40 MB of a province; whoever asks for it again reads it again."""
        self.__dict__.pop("places", None)

    def place_tree(self, places: Sequence[Place]) -> PlaceTree:
        """The stored tree as texts are looked up in it."""
        homes = any(self.scene.is_home(one.values["site"] or "") for one in self.buildings)
        names = {one.id: names_of_record(one, self.scene, homes=homes) for one in self.buildings}
        with self.store.database.reading() as connection:
            numbered, coded = columns_of(connection, "room", "number", "code")
        codes = {one.id: one.key for one in self.buildings} | coded
        foreign = {one.id for one in self.buildings if homes and not self.scene.is_home(one.values["site"] or "")}
        return place_tree(places, names, codes, numbered, foreign)


def place_of_feature(places: Sequence[Place]) -> Mapping[str, int]:
    """Feature key → place id."""
    return {feature_key(place.site_id, place.feature_id): place.id for place in places if place.site_id and place.feature_id}


def read_grounds(store: Store) -> Grounds:
    """The grounds as the store has them now."""
    scene = read_scene(store)
    with store.database.reading() as connection:
        buildings = records_of(connection, "building")
    return Grounds(store=store, scene=scene, buildings=buildings)
