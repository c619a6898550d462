"""Buildings as written."""

import pytest

from twin.link.building import BuildingFact, BuildingIndex
from twin.link.number import parse_number

INDEX = BuildingIndex(
    [
        BuildingFact(id="b1", names=("1号楼", "综合办公楼"), codes=("PS-01",), compound=("屏山大院",)),
        BuildingFact(id="b3", names=("3号楼", "综合服务楼"), codes=("PS-03",), compound=("屏山大院",)),
        BuildingFact(id="b13", names=("13号楼",), codes=("PS-13",), compound=("屏山大院",)),
        BuildingFact(id="e3", names=("3号楼",), codes=("HD-03",), compound=("湖东大院",)),
        BuildingFact(id="a", names=("A座", "信息大厦"), compound=("屏山大院",)),
    ]
)


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("PS-03", ("b3",)), ("ps-03", ("b3",)),
        ("屏山大院3号楼", ("b3",)), ("屏山大院叁号楼", ("b3",)), ("湖东大院三号楼", ("e3",)),
        ("综合服务楼", ("b3",)), ("综合服务楼（3号楼）", ("b3",)), ("1#", ("b1",)),
        ("１＃楼", ("b1",)), ("一号楼", ("b1",)), ("Building 1", ("b1",)),
        ("第1号楼", ("b1",)), ("1", ("b1",)), ("1.0", ("b1",)), ("A", ("a",)),
        ("Ａ座", ("a",)), ("A#", ("a",)), ("信息大厦A座", ("a",)), ("13号楼", ("b13",)),
        ("", ()), ("99号楼", ()), ("综合", ()), ("西湖大院1号楼", ()),
    ],
)  # fmt: skip
def test_a_building_as_written(written: str, ids: tuple[str, ...]) -> None:
    assert INDEX.find(written).ids == ids


def test_two_buildings_of_one_number_are_a_tie_never_the_first() -> None:
    assert INDEX.find("3号楼").ids == ("b3", "e3")


def test_a_name_and_a_number_that_contradict_each_other_are_a_tie() -> None:
    assert set(INDEX.find("综合服务楼（1号楼）").ids) == {"b1", "b3"}


def test_a_misspelt_name_is_only_alike_and_numbers_are_never_alike() -> None:
    found = INDEX.find("综合服务搂")
    assert (found.ids, found.method) == (("b3",), "alike")
    assert found.confidence < 0.8
    assert INDEX.find("综合服务楼2").method != "alike"


def test_the_number_of_a_room_names_its_building() -> None:
    (reading,) = parse_number("屏山大院3号楼203室")
    found = INDEX.find_in(reading)
    assert found is not None and found.ids == ("b3",)
    assert INDEX.find_in(parse_number("203")[0]) is None
