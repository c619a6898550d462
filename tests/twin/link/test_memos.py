"""What is remembered of the parts of texts changes no answer: against a resolver that remembers nothing, and slow references."""

from difflib import SequenceMatcher
from itertools import pairwise
from random import Random

import pytest

from tests.twin.link.clerk import FAMILIAR, STRANGE, build_compound
from twin.link import building as building_module
from twin.link.building import BuildingFact, BuildingIndex
from twin.link.names import fold_name
from twin.link.number import parse_number
from twin.link.places import PlaceAnswer, PlaceNode, PlaceResolver, PlaceText, PlaceTree
from twin.link.shelf import Doors, Shelf, ShelfRoom
from twin.link.storey import find_storey
from twin.link.written import unify

GLUE = "0123456789０３〇二十百号楼层室栋座地下负夹东院-—/、()（）ABFLMR #.~和々Ⅲª"


def spoilt(rng: Random, text: str) -> str:
    """The text, at times with a letter more or less."""
    at = rng.randrange(len(text) + 1)
    return rng.choice((text, text[:at] + rng.choice(GLUE) + text[at:], text[:at] + text[at + 1 :]))


def compound(rng: Random) -> tuple[list[PlaceNode], list[PlaceText]]:
    """A tree and texts of it in every hand, their parts mixed with each other's, many of them spoilt."""
    made = build_compound(rng, buildings=5, rooms_a_storey=4)
    nodes = [PlaceNode(id="site", kind="site", names=(made.name,))]
    for one in made.buildings:
        number = f"{one.letter}座" if one.letter else f"{one.number}号楼"
        nodes.append(PlaceNode(id=one.id, kind="building", parent="site", number=number, names=(one.proper,), codes=(one.code,)))
    storeys = {f"{room.building.id}/{room.storey}": room for room in made.rooms}
    nodes += [PlaceNode(id=id, kind="storey", parent=room.building.id, number=room.storey_name) for id, room in storeys.items()]
    nodes += [
        PlaceNode(id=room.id, kind="room", parent=f"{room.building.id}/{room.storey}", number=room.model_name, also=(room.id[-3:],))
        for room in made.rooms
    ]
    hands = list({**FAMILIAR, **STRANGE}.values())
    written = [rng.choice(hands)(room, rng) for room in made.rooms]
    mixed = [(rng.choice(written)[0], rng.choice(written)[1], rng.choice(written)[2]) for _ in range(150)]
    texts = [PlaceText(*(spoilt(rng, part) for part in text)) for text in (*written, *mixed)]
    return nodes, rng.sample(texts, len(texts))


class Forgetful(BuildingIndex):
    """An index that reads every text anew."""

    def __init__(self, index: BuildingIndex) -> None:
        self.__dict__ = dict(index.__dict__)
        self.find, self.read = self._find, self._read  # type: ignore[assignment]


def forget() -> None:
    """Nothing that was read is known any more."""
    for memo in (unify, parse_number, find_storey, fold_name):
        memo.cache_clear()


def parts(rng: Random, texts: list[PlaceText]) -> list[list[PlaceText]]:
    """The texts in batches of any size."""
    cuts = [0, *sorted(rng.sample(range(1, len(texts)), 6)), len(texts)]
    return [texts[low:high] for low, high in pairwise(cuts)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_memo_and_no_memo_agree(seed: int) -> None:
    rng = Random(seed)
    nodes, texts = compound(rng)
    warm, cold = PlaceTree(nodes), PlaceTree(rng.sample(nodes, len(nodes)))
    PlaceResolver(warm).resolve(texts[::-1])  # the tree knows every part of them now
    cold.buildings = Forgetful(cold.buildings)
    remembering, forgetting = PlaceResolver(warm), PlaceResolver(cold)
    levels: set[str] = set()
    for part in parts(rng, texts):
        known = remembering.resolve(part)
        forget()
        assert [_of_any_order(one) for one in known] == [_of_any_order(one) for one in forgetting.resolve(part)]
        levels |= {one.level for one in known}
    assert levels >= {"room", "storey", "building", "none"}
    settled = [(text, _of_any_order(answer)) for text, answer in remembering.settled()]
    assert settled == [(text, _of_any_order(answer)) for text, answer in forgetting.settled()]


def _of_any_order(answer: PlaceAnswer) -> PlaceAnswer:
    """Candidates stand in the order of the tree's nodes."""
    return answer._replace(candidates=tuple(sorted(answer.candidates)))


def test_a_text_that_hangs_on_habits_is_told_by_those_of_its_whole_part_too() -> None:
    """1203 is room 203 of building 1 once three others were read so: at once where they are of its part, in the end otherwise."""
    nodes = [PlaceNode(id="b", kind="building", number="1号楼"), PlaceNode(id="s", kind="storey", parent="b", number="2F")]
    nodes += [PlaceNode(id=number, kind="room", parent="s", number=number) for number in ("203", "204", "205", "206")]
    texts = [PlaceText(room=f"1{number}") for number in ("203", "204", "205", "206")]
    tree = PlaceTree(nodes)
    whole = PlaceResolver(tree)
    answers = whole.resolve(texts)
    single = PlaceResolver(tree)
    one_by_one = [single.resolve([text])[0] for text in texts]
    late = dict(single.settled())
    assert {answer.place_id for answer in late.values()} == {"203", "204"}
    assert [late.get(text, answer) for text, answer in zip(texts, one_by_one, strict=True)] == answers


def test_shelves_that_share_their_doors_keep_their_own_ways() -> None:
    """103 is storey and ordinal in the one building and a bare number in the other."""
    doors = Doors()
    coded = Shelf([ShelfRoom("a", "103", "1"), ShelfRoom("b", "203", "2")], doors)
    plain = Shelf([ShelfRoom("c", "103", "7"), ShelfRoom("d", "203", "8")], doors)
    (third,) = parse_number("3")[0].numbers
    assert (coded.storey_coded, coded.find(third, "1").ids) == (True, ("a",))
    assert (plain.storey_coded, plain.find(third, "1").ids) == (False, ())
    assert plain.find(parse_number("103")[0].numbers[0], "").ids == ("c",)


def test_the_longest_name_in_front_is_the_one_that_every_name_compared_finds() -> None:
    rng = Random(4)
    names = sorted({"".join(rng.choice("省厅楼1") for _ in range(rng.randrange(1, 7))) for _ in range(200)})
    index = BuildingIndex(BuildingFact(id=name, names=(name,)) for name in names)
    for _ in range(500):
        text = "".join(rng.choice("省厅楼1") for _ in range(rng.randrange(1, 10)))
        said = unify(text)
        fronts = [
            one
            for one in {unify(name) for name in names}
            if 3 <= len(one) < len(said) and said.startswith(one) and not (one[-1].isdigit() and said[len(one)].isdigit())
        ]
        longest = max(fronts, key=len, default="")
        assert index.split(text)[1] == said[len(longest) :]


def test_no_two_names_are_more_alike_than_the_bound_says() -> None:
    rng = Random(5)
    for _ in range(300):
        one, other = ("".join(rng.choice("省厅服务中心") for _ in range(rng.randrange(4, 12))) for _ in range(2))
        assert SequenceMatcher(None, one, other, autojunk=False).ratio() <= building_module._likeness_at_most(one, other)
