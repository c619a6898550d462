"""The facts behind the registers of a province and of a compound without models."""

from collections import Counter
from datetime import date

import numpy as np
import pytest

from twin.demo.registers.offices import limit_m2
from twin.demo.registers.placetext import STYLES, room_texts
from twin.demo.registers.shelf import shelf
from twin.demo.registers.truth import Planter
from twin.demo.registers.units import LEVELS, places
from twin.demo.registers.vocabulary import draw, expand, people_names
from twin.demo.registers.world import SCALES, World, build_world


@pytest.fixture(scope="module")
def province() -> World:
    return build_world(SCALES["province"], seed=7, today=date(2026, 10, 31))


def test_a_province_has_its_units_rooms_and_area(province: World) -> None:
    assert len(province.units) == 40_000 == len({unit.name for unit in province.units}) == len({unit.credit for unit in province.units})
    assert (len(province.rooms), len({room.unit for room in province.rooms})) == (65_000, 400)
    assert sum(room.area_m2 for room in province.rooms) == pytest.approx(1_300_000, abs=1)
    used = {room.building for room in province.rooms}
    assert 800 <= len(used) <= 1_000
    assert {unit.place.code for unit in province.units} == {place.code for place in places()}
    assert len({province.buildings[at].place.code for at in used}) > 60
    assert {unit.level for unit in province.units} == set(LEVELS)


def test_units_have_up_to_three_levels_and_each_parent_is_a_unit(province: World) -> None:
    parent = {unit.name: unit.parent for unit in province.units}

    def depth(name: str) -> int:
        return 1 + depth(parent[name]) if parent[name] else 1

    assert set(Counter(depth(name) for name in parent)) == {1, 2, 3}


def test_everyone_sits_in_one_room_of_their_unit_and_no_number_is_used_twice(province: World) -> None:
    seated = Counter(person for room in province.rooms for person in room.people)
    assert len(seated) == len(province.people) and set(seated.values()) == {1}
    assert all(province.people[person].unit == room.unit for room in province.rooms for person in room.people)
    assert len({(room.building, room.number) for room in province.rooms}) == len(province.rooms)
    assert all(room.storey <= province.buildings[room.building].storeys for room in province.rooms)


def test_no_office_is_made_larger_than_its_people_may_have(province: World) -> None:
    def allowed(people: list[int]) -> float:
        return sum(limit_m2(province.units[province.people[at].unit], province.people[at].rank) for at in people)

    assert [room for room in province.rooms if room.people and room.area_m2 > allowed(room.people) + 1e-6] == []


def test_one_room_is_written_in_ten_different_hands(province: World) -> None:
    house = next(house for house in province.buildings if house.number == "6号楼" and house.site == "屏山大院")
    room = next(room for room in province.rooms if province.buildings[room.building] is house and room.storey == 2)
    texts = room_texts(house, room)
    assert len(texts) == STYLES == len(set(texts))
    assert ("六号楼", "二层", room.number) in texts and ("", "", f"6号楼{room.number}室") in texts


def test_patterns_and_names_are_words_without_leftovers() -> None:
    assert expand("{A|B}-{1|2|} x") == ["A-1 x", "A-2 x", "A- x", "B-1 x", "B-2 x", "B- x"]
    words = [word for group in (shelf().names, shelf().specs, shelf().brands) for word in group[0].to_pylist()]
    assert not any(set("{}|") & set(word) for word in words)
    assert all(2 <= len(name) <= 4 for name in people_names(np.random.default_rng(1), 3000))
    assert len(set(shelf().specs[0].to_pylist())) > 4000


def test_draws_keep_to_their_weights() -> None:
    counts = np.bincount(draw(np.random.default_rng(3), [0.0, 1.0, 3.0], 40_000), minlength=3)
    assert counts[0] == 0 and counts[2] / counts[1] == pytest.approx(3, rel=0.1)


def test_a_row_takes_one_error_at_most_and_the_share_is_kept() -> None:
    planter = Planter(register="unit", rng=np.random.default_rng(5))
    taken = [row for _ in range(20) for row in planter.rows("unit_credit_check", range(5_000))]
    assert len(taken) == len(set(taken)) and 19 * 20 <= len(taken) <= 21 * 20
    assert planter.rows("unit_credit_check", [taken[0]]) == []
