"""Places of assets, people and meters: as deep as the text goes, never deeper."""

from random import Random

import pytest

from tests.twin.link.clerk import FAMILIAR, STRANGE, build_compound
from tests.twin.link.other_office import UNSEEN
from twin.link.places import PlaceAnswer, PlaceNode, PlaceText, PlaceTree, resolve_places

NODES = (
    PlaceNode(id="site", kind="site", names=("屏山大院",)),
    PlaceNode(id="b1", kind="building", parent="site", number="1号楼", names=("综合楼",), codes=("PS-01",)),
    PlaceNode(id="b2", kind="building", parent="site", number="2号楼", names=("大礼堂",), codes=("PS-02",)),
    PlaceNode(id="s11", kind="storey", parent="b1", number="1F"),
    PlaceNode(id="s12", kind="storey", parent="b1", number="二层"),
    PlaceNode(id="s1u", kind="storey", parent="b1", number="B1"),
    PlaceNode(id="s21", kind="storey", parent="b2", number="1F"),
    PlaceNode(id="r101", kind="room", parent="s11", number="101", names=("会议室",)),
    PlaceNode(id="r102", kind="room", parent="s11", number="102", names=("办公室",), codes=("PS-01-1-102",)),
    PlaceNode(id="r201", kind="room", parent="s12", number="201", names=("会议室",)),
    PlaceNode(id="r202", kind="room", parent="s12", number="202", names=("档案室",)),
    PlaceNode(id="ru1", kind="room", parent="s1u", number="B101", names=("库房",)),
    PlaceNode(id="h101", kind="room", parent="s21", number="101", names=("门厅",)),
)
TREE = PlaceTree(NODES)


def ask(building: str = "", storey: str = "", room: str = "") -> PlaceAnswer:
    return resolve_places([PlaceText(building=building, storey=storey, room=room)], TREE)[0]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (("综合楼", "", "101"), "r101", ""),
        (("", "", "1号楼二层202室"), "r202", ""),
        (("", "", "2-101"), "h101", ""),
        (("1号楼", "二层", "会议室"), "r201", ""),
        (("1号楼", "", "档案室"), "r202", ""),
        (("1号楼", "", "202档案室"), "r202", ""),
        (("", "", "PS-01-1-102"), "r102", ""),
        (("", "", "综合楼负一层01室"), "ru1", ""),
        (("1号楼", "", "会议室"), "b1", "room_ambiguous"),
        (("1号楼", "", "101、102"), "s11", "rooms_several"),
        (("1号楼", "", "101、202"), "b1", "rooms_several"),
        (("1号楼", "二层", "299"), "s12", "room_unknown"),
        (("1号楼", "", "399"), "b1", "room_unknown"),
        (("1号楼", "", "随车"), "b1", "room_unknown"),
        (("1号楼", "2F", ""), "s12", ""),
        (("1号楼", "9层", ""), "b1", "storey_unknown"),
        (("", "", "大礼堂"), "b2", ""),
        (("2号楼", "", ""), "b2", ""),
        (("", "", "1号楼二层"), "s12", ""),
        (("屏山大院", "", ""), "site", ""),
        (("1号楼", "", "2号楼101"), None, "building_contradicts"),
        (("西配楼", "", "101"), None, "building_unknown"),
        (("", "", "101"), None, "building_unknown"),
        (("", "", ""), None, "nothing_said"),
    ],
)
def test_a_text_leads_as_deep_as_it_goes(text: tuple[str, str, str], place: str | None, reason: str) -> None:
    answer = ask(*text)
    assert (answer.place_id, answer.reason) == (place, reason)
    assert (answer.confidence > 0) == (place is not None)
    assert (answer.level == "none") == (place is None)


def test_candidates_of_an_ambiguous_room_are_told() -> None:
    assert ask("1号楼", "", "会议室").candidates == ("r101", "r201")


@pytest.mark.parametrize("seed", [1, 2])
def test_every_hand_leads_to_the_true_room(seed: int) -> None:
    """Against the generator's truth, which looks nothing up: every room in every hand."""
    rng = Random(seed)
    compound = build_compound(rng, buildings=7, rooms_a_storey=8)
    nodes = [PlaceNode(id="site", kind="site", names=(compound.name,))]
    for one in compound.buildings:
        number = f"{one.letter}座" if one.letter else f"{one.number}号楼"
        nodes.append(PlaceNode(id=one.id, kind="building", parent="site", number=number, names=(one.proper,), codes=(one.code,)))
    storeys = {f"{room.building.id}/{room.storey}": room for room in compound.rooms}
    nodes += [PlaceNode(id=id, kind="storey", parent=room.building.id, number=room.storey_name) for id, room in storeys.items()]
    nodes += [
        PlaceNode(id=room.id, kind="room", parent=f"{room.building.id}/{room.storey}", number=room.model_name) for room in compound.rooms
    ]
    hands = [hand for name, hand in {**FAMILIAR, **STRANGE, **UNSEEN}.items() if name != "number in brackets"]
    written = [(room.id, hand(room, rng)) for room in compound.rooms for hand in rng.sample(hands, 3)]
    answers = resolve_places([PlaceText(building=b, storey=s, room=r) for _, (b, s, r) in written], PlaceTree(nodes))
    wrong = [
        (text, answer) for (id, text), answer in zip(written, answers, strict=True) if answer.level == "room" and answer.place_id != id
    ]
    found = sum(answer.place_id == id for (id, _), answer in zip(written, answers, strict=True))
    assert wrong == []
    assert found >= 0.99 * len(written)
