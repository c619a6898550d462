"""Names of storeys in Chinese, English and German."""

import pytest

from twin.link.conventions import learn_area_ratio, learn_storey_names, storeys_of
from twin.link.facts import SpaceFact
from twin.link.storey import find_storey


@pytest.mark.parametrize(
    ("written", "storey"),
    [
        ("2F", "2"), ("二层", "2"), ("第十二层", "12"), ("三楼", "3"),
        ("F3", "3"), ("L2", "2"), ("Level 3", "3"), ("3", "3"), ("3.0", "3"),
        ("3rd Floor", "3"), ("12F 财务处", "12"), ("一层 礼堂", "1"),
        ("首层", "1"), ("G/F", "1"), ("Erdgeschoss", "1"), ("1. Obergeschoss", "2"),
        ("B1", "-1"), ("B1F", "-1"), ("负一层", "-1"), ("地下二层", "-2"),
        ("-1F", "-1"), ("Level B1", "-1"), ("Keller", "-1"), ("地下室", "-1"),
        ("夹层", "1.5"), ("二层夹层", "2.5"), ("2M", "2.5"), ("屋面", "R"), ("Roof", "R"),
        ("仓库", None), ("", None), ("T/FDN", None), ("人事处", None),
    ],
)  # fmt: skip
def test_a_storey_as_written(written: str, storey: str | None) -> None:
    assert find_storey(written) == storey


def space(id: str, storey_id: str, storey: str, number: str) -> SpaceFact:
    return SpaceFact(id=id, building_id="b", storey_id=storey_id, storey=storey, number=number)


def test_a_ground_floor_and_a_first_floor_are_told_apart_by_their_rooms() -> None:
    rooms = [space(f"g{i}", "g", "G/F", f"G{i:02d}") for i in range(1, 6)] + [space(f"f{i}", "f", "1/F", f"20{i}") for i in range(1, 6)]
    assert storeys_of(rooms) == {"f": "2"}


def test_a_storey_without_a_number_is_known_by_the_two_around_it() -> None:
    def at(storey_id: str, storey: str, elevation: float) -> SpaceFact:
        return SpaceFact(id=storey_id, building_id="b", storey_id=storey_id, storey=storey, storey_elevation_m=elevation, number="x")

    assert storeys_of([at("u", "B1", -3.0), at("g", "大堂", 0.0), at("s", "2F", 4.0)]) == {"u": "-1", "g": "1", "s": "2"}
    assert storeys_of([at("a", "1F", 0.0), at("?", "设备", 2.0), at("b", "2F", 4.0)]) == {"a": "1", "b": "2"}
    assert storeys_of([at("a", "1F", 0.0), at("?", "甲", 2.0), at("!", "乙", 3.0), at("b", "4F", 9.0)]) == {"a": "1", "b": "4"}


def test_what_most_records_call_a_storey_is_learnt_and_a_few_are_not() -> None:
    assert learn_storey_names([("s", "2")] * 5 + [("s", "3")] + [("t", "9")] * 2) == {"s": "2"}
    assert learn_storey_names([("s", "2")] * 3 + [("s", "3")] * 3) == {}


def test_an_area_ratio_needs_a_steady_bulk() -> None:
    assert learn_area_ratio([(10.8, (10.0,))] * 30) == 1.08
    assert learn_area_ratio([(10.8, (10.0,))] * 10) == 1.0
    assert learn_area_ratio([(10.0 + i, (10.0,)) for i in range(30)]) == 1.0
