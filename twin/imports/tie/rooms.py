"""Room records tied to the spaces of the models, with method, confidence and evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.imports.tie.buildings import scene_buildings
from twin.imports.tie.record_rows import RecordRow, TiedRecords
from twin.imports.tie.scene import Scene
from twin.link.building import BuildingIndex
from twin.link.facts import Decision, Link, RoomRecord, Unmatched, WorkItem
from twin.link.rooms import match_rooms

__all__ = ["one_a_space", "tie_rooms"]


def tie_rooms(
    rooms: Sequence[RecordRow],
    buildings: Sequence[RecordRow],
    index: BuildingIndex,
    scene: Scene,
    feature_of: Mapping[str, str],
    decided: Sequence[Decision],
) -> TiedRecords:
    """Room records ↔ spaces. `index` finds the building record a room names, `feature_of` the building of the scene that is.

    Rooms of a registered building that the scene does not have are no one's rooms there, unless they state a GlobalId or a person said so.
    A room of a tied building whose number no space has is `LINK_ROOM_UNMATCHED`, with what it may be.
    """
    known = scene_buildings(scene, buildings, feature_of)
    written = _Written(index, feature_of, scene)
    stated = scene.spaces_by_global_id()
    by_hand = {one.record_id for one in decided if one.made}
    asked: list[RoomRecord] = []
    elsewhere: list[Unmatched] = []
    for record in rooms:
        building = written.building(record)
        if building is None and (record.global_id in stated or str(record.id) in by_hand):
            building = record.values["building"] or ""
        if building is None:
            elsewhere.append(Unmatched(id=str(record.id), reason="building not in the scene"))
        else:
            asked.append(_fact(record, building))
    found = match_rooms(asked, scene.spaces(), known, decided=decided)
    drawn = {space.building_id for space in scene.spaces()}
    by_id = {str(one.id): one for one in rooms}
    missing = [
        _unmatched(by_id[one.id], one)
        for one in found.unmatched_records
        if one.reason not in ("ambiguous", "building contradicts", "shares its room") and written.feature(by_id[one.id]) in drawn
    ]
    return TiedRecords(links=list(found.links), items=[*found.contradictions, *missing], unmatched=[*found.unmatched_records, *elsewhere])


def one_a_space(links: Sequence[Link]) -> list[Link]:
    """The links that make a record and a space one place: the surest of each; parts of a room stay places of their own."""
    taken: set[str] = set()
    records: set[str] = set()
    found = []
    for link in sorted(links, key=lambda one: (one.evidence.tier in ("part", "whole"), -one.confidence, int(one.record_id), one.space_id)):
        if link.space_id not in taken and link.record_id not in records:
            taken.add(link.space_id)
            records.add(link.record_id)
            found.append(link)
    return found


class _Written:
    """What rooms say of their building, each text looked up once."""

    def __init__(self, index: BuildingIndex, feature_of: Mapping[str, str], scene: Scene) -> None:
        self._index = index
        self._feature_of = feature_of
        self._scene = scene
        self._known: dict[str, str | None] = {}

    def building(self, record: RecordRow) -> str | None:
        """The building as the scene's buildings are asked for it; None for a registered one that the scene does not have."""
        said = record.values["building"] or ""
        if said not in self._known:
            self._known[said] = self._look_up(said)
        return self._known[said]

    def feature(self, record: RecordRow) -> str:
        """The key of the scene's building a room says it is in; empty for none."""
        found = self._index.find(record.values["building"] or "")
        return self._feature_of.get(found.ids[0], "") if len(found.ids) == 1 else ""

    def _look_up(self, said: str) -> str | None:
        found = self._index.find(said)
        if len(found.ids) != 1 or found.method == "alike":
            return said
        feature = self._feature_of.get(found.ids[0])
        return self._scene.rows[feature][1].feature.id if feature else None


def _fact(record: RecordRow, building: str) -> RoomRecord:
    return RoomRecord(
        id=str(record.id),
        key=record.key,
        building=building,
        storey=record.values["storey"] or "",
        number=record.values["number"] or "",
        name=record.values["name"] or "",
        usable_area_m2=record.values["usable_area"],
        global_id=record.global_id,
    )


def _unmatched(record: RecordRow, unmatched: Unmatched) -> WorkItem:
    said = record.values["number"] or record.values["name"] or record.key
    hint = f"; it may be {unmatched.candidates[0]}" if unmatched.candidates else ""
    return WorkItem(
        code="LINK_ROOM_UNMATCHED",
        record_ids=(str(record.id),),
        space_ids=unmatched.candidates,
        message=f"the model of its building has no room {said!r} ({unmatched.reason}){hint}",
        facts={"reason": unmatched.reason, "register": said},
    )
