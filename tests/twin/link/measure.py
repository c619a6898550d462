"""The clerk's register through the linker, and how well it did. The only place where the two meet."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.twin.link.clerk import Compound, Planted, Register, Style, build_compound, write_register
from twin.link.building import BuildingFact, BuildingIndex
from twin.link.facts import RoomRecord, SpaceFact
from twin.link.rooms import RoomLinks, match_rooms

__all__ = ["Score", "link_register", "score"]

EXPECTED = {"area": "LINK_AREA_DIFFERS", "name": "LINK_NAME_DIFFERS", "storey": "LINK_STOREY_DIFFERS", "twice": "LINK_RECORDS_SHARE_SPACE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`per_style`: style → (linked right, to be linked); `missed` and `invented` mistakes as (kind or code, where)."""

    precision: float
    recall: float
    missed: list[tuple[str, object]]
    invented: list[tuple[str, object]]
    records: int
    per_style: Mapping[str, tuple[int, int]]
    wrong: list[tuple[object, str]]


def building_index(compound: Compound) -> BuildingIndex:
    """The buildings as the twin would know them."""
    return BuildingIndex(
        BuildingFact(
            id=one.id,
            names=(f"{one.letter}座" if one.letter else f"{one.number}号楼", one.proper),
            codes=(one.code,),
            compound=(compound.name,),
        )
        for one in compound.buildings
    )


def spaces_of(compound: Compound) -> list[SpaceFact]:
    """The rooms as the model has them."""
    return [
        SpaceFact(
            id=room.id,
            global_id=f"guid-{room.id}",
            building_id=room.building.id,
            storey_id=f"{room.building.id}/{room.storey}",
            storey=room.storey_name,
            storey_elevation_m=3.6 * room.storey,
            number=room.model_name,
            long_name=room.name,
            areas_m2=(room.area,),
        )
        for room in compound.rooms
    ]


def link_register(seed: int, styles: dict[str, Style]) -> tuple[Compound, Register, RoomLinks]:
    """A compound, its register with mistakes, and the links found."""
    rng = Random(seed)
    compound = build_compound(rng)
    register = write_register(compound, styles, rng)
    records = [
        RoomRecord(
            id=str(one.id),
            key=str(one.id),
            building=one.building,
            storey=one.storey,
            number=one.number,
            name=one.name,
            usable_area_m2=one.area,
        )
        for one in register.records
    ]
    Random(seed + 1).shuffle(records)
    return compound, register, match_rooms(records, spaces_of(compound), building_index(compound))


def score(register: Register, found: RoomLinks) -> Score:
    """Against the truth; a room written twice counts neither for nor against recall."""
    truth = {str(one.id): one.truth for one in register.records}
    style = {str(one.id): one.style for one in register.records}
    twice = {str(id) for one in register.planted if one.kind == "twice" for id in one.records}
    right = {link.record_id for link in found.links if truth[link.record_id] == link.space_id}
    wrong = [link for link in found.links if truth[link.record_id] != link.space_id]
    due = {id for id, room in truth.items() if room is not None} - twice
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for id in due:
        tally[style[id]][0] += id in right
        tally[style[id]][1] += 1
    missed = [(one.kind, one) for one in register.planted if not _found(one, found)]
    planted = _explained(register)
    invented = [
        (item.code, item)
        for item in found.contradictions
        if item.code != "LINK_AREA_RATIO" and not {*item.record_ids, *item.space_ids} & planted
    ]
    return Score(
        precision=1 - len(wrong) / max(1, len(found.links)),
        recall=len(due & right) / len(due),
        missed=list(missed),
        invented=list(invented),
        records=len(truth),
        per_style={name: (good, all) for name, (good, all) in tally.items()},
        wrong=[(register.records[int(link.record_id)], link.space_id) for link in wrong],
    )


def _found(one: Planted, found: RoomLinks) -> bool:
    ids = {str(id) for id in one.records}
    unmatched = {item.id for item in found.unmatched_records}
    if one.kind in ("ghost", "typo"):
        return ids <= unmatched
    if one.kind == "forgotten":
        return one.room in {item.id for item in found.unmatched_spaces}
    return any(item.code == EXPECTED[one.kind] and ids & {*item.record_ids} for item in found.contradictions)


def _explained(register: Register) -> set[str]:
    return {str(id) for one in register.planted for id in one.records} | {one.room for one in register.planted if one.room}


def counts(pairs: list[tuple[str, object]]) -> Counter[str]:
    """How many of each kind."""
    return Counter(kind for kind, _ in pairs)
