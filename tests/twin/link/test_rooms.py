"""Rooms tied to spaces: planted mistakes found, hazards one by one."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.link.clerk import FAMILIAR, STRANGE, Style
from tests.twin.link.measure import link_register, score
from tests.twin.link.other_office import UNSEEN
from twin.link.building import BuildingFact, BuildingIndex
from twin.link.facts import Decision, RoomRecord, SpaceFact
from twin.link.rooms import RoomLinks, match_rooms

HANDS = {"familiar": FAMILIAR, "strange": STRANGE, "unseen": UNSEEN, "all at once": {**FAMILIAR, **STRANGE, **UNSEEN}}

BUILDINGS = BuildingIndex(
    [
        BuildingFact(id="x1", names=("1号楼", "综合楼"), compound=("屏山大院",)),
        BuildingFact(id="x2", names=("2号楼", "后勤服务楼"), compound=("屏山大院",)),
        BuildingFact(id="y1", names=("1号楼",), compound=("湖东大院",)),
    ]
)


def space(id: str, building: str, storey: str, number: str, name: str = "", area: float = 20.0) -> SpaceFact:
    return SpaceFact(
        id=id, building_id=building, storey_id=f"{building}/{storey}", storey=storey, number=number, long_name=name, areas_m2=(area,)
    )


def record(id: str, building: str, number: str, storey: str = "", name: str = "", area: float | None = None) -> RoomRecord:
    return RoomRecord(id=id, building=building, storey=storey, number=number, name=name, usable_area_m2=area)


def grid(building: str, storeys: int = 3, each: int = 6) -> list[SpaceFact]:
    return [
        space(f"{building}-{storey}{ordinal:02d}", building, f"{storey}F", f"{storey}{ordinal:02d}", area=10.0 * storey + ordinal)
        for storey in range(1, storeys + 1)
        for ordinal in range(1, each + 1)
    ]


def linked(found: RoomLinks) -> dict[str, set[str]]:
    pairs: dict[str, set[str]] = {}
    for link in found.links:
        pairs.setdefault(link.record_id, set()).add(link.space_id)
    return pairs


def codes(found: RoomLinks) -> list[str]:
    return sorted(item.code for item in found.contradictions)


def accounted(found: RoomLinks, records: Sequence[RoomRecord], spaces: Sequence[SpaceFact]) -> bool:
    """Every record and space exactly once: linked or unmatched."""
    left, right = {link.record_id for link in found.links}, {link.space_id for link in found.links}
    return sorted([*left, *(one.id for one in found.unmatched_records)]) == sorted(one.id for one in records) and sorted(
        [*right, *(one.id for one in found.unmatched_spaces)]
    ) == sorted(one.id for one in spaces)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("hands", HANDS)
def test_planted_mistakes_are_found_and_none_invented(hands: str, seed: int) -> None:
    styles: dict[str, Style] = HANDS[hands]
    _, register, found = link_register(seed, styles)
    result = score(register, found)
    assert result.precision >= 0.99
    assert result.recall >= 0.97
    assert result.missed == []
    assert len(result.invented) <= 0.01 * result.records


@pytest.mark.parametrize("hands", ["strange", "unseen"])
def test_no_single_hand_is_read_badly(hands: str) -> None:
    _, register, found = link_register(4, HANDS[hands])
    for style, (right, due) in score(register, found).per_style.items():
        assert right >= 0.95 * due, style


def test_a_building_or_a_storey_before_the_dash_is_decided_by_what_the_others_mean() -> None:
    """2-203 is in building 2 or in storey 2 of building 1; in a building column of 1 it can only be the storey."""
    spaces = [*grid("x1"), *grid("x2")]
    found = match_rooms([record("a", "综合楼", "2-203"), record("b", "", "2-203"), record("c", "", "1-305")], spaces, BUILDINGS)
    assert linked(found) == {"a": {"x1-203"}, "b": {"x2-203"}}
    assert [(one.id, one.reason) for one in found.unmatched_records] == [("c", "doubtful")], "the other building 1 has no rooms here"


def test_a_tie_between_two_compounds_is_not_decided_silently() -> None:
    spaces = [*grid("x1"), *grid("y1")]
    found = match_rooms([record("a", "1号楼", "301")], spaces, BUILDINGS)
    assert linked(found) == {}
    (item,) = found.contradictions
    assert item.code == "LINK_AMBIGUOUS"
    assert set(item.space_ids) == {"x1-301", "y1-301"}


def test_an_area_breaks_the_tie_between_two_compounds() -> None:
    spaces = [*grid("x1"), *(space(f"y{one.id}", "y1", one.storey, one.number, area=one.areas_m2[0] + 30) for one in grid("y1"))]
    found = match_rooms([record("a", "1号楼", "301", area=61.0)], spaces, BUILDINGS)
    assert linked(found) == {"a": {"yy1-301"}}


def test_parts_of_a_room_stand_side_by_side_and_a_whole_covers_its_parts() -> None:
    spaces = [*grid("x1"), space("p", "x1", "3F", "309A", area=9), space("q", "x1", "3F", "309B", area=11)]
    records = [record("a", "综合楼", "203A"), record("b", "综合楼", "203-B"), record("w", "综合楼", "309", area=20)]
    found = match_rooms(records, spaces, BUILDINGS)
    assert linked(found) == {"a": {"x1-203"}, "b": {"x1-203"}, "w": {"p", "q"}}
    assert codes(found) == []
    assert all(link.confidence < 0.9 for link in found.links)


def test_a_record_of_two_rooms_is_tied_to_both_and_measured_by_their_sum() -> None:
    found = match_rooms([record("a", "综合楼", "203、205", area=48.0), record("b", "综合楼", "302/303", area=30.0)], grid("x1"), BUILDINGS)
    assert linked(found) == {"a": {"x1-203", "x1-205"}, "b": {"x1-302", "x1-303"}}
    assert codes(found) == ["LINK_AREA_DIFFERS"]


def test_rooms_numbered_through_the_building_are_not_split_into_storey_and_ordinal() -> None:
    spaces = [space(f"s{n}", "x2", f"{1 + (n - 1) // 60}F", f"{n}") for n in range(1, 181)]
    records = [
        record("a", "2号楼", "105"),
        record("b", "2号楼", "15号", storey="1层"),
        record("c", "2号楼", "1层5室"),
        record("d", "2号楼", "170"),
    ]
    assert linked(match_rooms(records, spaces, BUILDINGS)) == {"a": {"s105"}, "b": {"s15"}, "c": {"s5"}, "d": {"s170"}}


def test_rooms_numbered_anew_in_each_storey_are_found_by_the_storey() -> None:
    spaces = [space(f"s{storey}-{n}", "x2", f"{storey}F", f"{n}") for storey in (1, 2, 3) for n in range(1, 9)]
    records = [record("a", "2号楼", "205"), record("b", "2号楼", "5", storey="三层"), record("c", "2号楼", "5")]
    found = match_rooms(records, spaces, BUILDINGS)
    assert linked(found) == {"a": {"s2-5"}, "b": {"s3-5"}}
    assert codes(found) == ["LINK_AMBIGUOUS"]


def test_a_basement_room_is_not_the_room_above_it() -> None:
    spaces = [*grid("x1"), *(space(f"b{n}", "x1", "B1", f"{100 + n}") for n in range(1, 4))]
    records = [
        record("a", "综合楼", "101", storey="负一层"),
        record("b", "综合楼", "101", storey="一层"),
        record("c", "综合楼", "B102"),
        record("d", "综合楼", "负一层09"),
    ]
    found = match_rooms(records, spaces, BUILDINGS)
    assert linked(found) == {"a": {"b1"}, "b": {"x1-101"}, "c": {"b2"}}


def test_storeys_that_all_records_count_otherwise_are_no_contradiction() -> None:
    spaces = [space(f"s{n}", "x1", "1/F", f"10{n}") for n in range(1, 6)] + [space("s9", "x1", "2/F", "201")]
    records = [record(str(n), "综合楼", f"10{n}", storey="二层") for n in range(1, 5)] + [record("5", "综合楼", "105", storey="四层")]
    found = match_rooms(records, spaces, BUILDINGS)
    assert len(found.links) == 5
    assert [(item.code, item.record_ids) for item in found.contradictions] == [("LINK_STOREY_DIFFERS", ("5",))]
    assert found.conventions["x1"]["storeys"] == {"x1/1/F": "2", "x1/2/F": "2"}


def test_areas_taken_otherwise_throughout_are_one_finding_not_one_a_room() -> None:
    spaces = grid("x1", 5, 8)
    records = [record(one.id, "综合楼", one.number, area=round(one.areas_m2[0] * 1.08, 2)) for one in spaces[:-1]]
    records.append(record("odd", "综合楼", spaces[-1].number, area=99.0))
    found = match_rooms(records, spaces, BUILDINGS)
    assert codes(found) == ["LINK_AREA_DIFFERS", "LINK_AREA_RATIO"]


def test_a_mistyped_number_is_told_with_what_it_may_be_and_not_linked() -> None:
    spaces = [space("r", "x1", "2F", "213", name="档案室", area=31.0), *grid("x1")]
    found = match_rooms([record("a", "综合楼", "231", name="档案室", area=31.0)], spaces, BUILDINGS)
    assert linked(found) == {}
    assert [(one.reason, one.candidates) for one in found.unmatched_records] == [("no such room", ("r",))]


def test_a_record_without_a_number_is_linked_by_its_name_only_where_it_is_the_only_one() -> None:
    spaces = [
        space("r", "x1", "2F", "", name="档案室", area=31),
        *(space(f"m{n}", "x1", "2F", f"21{n}", name="会议室", area=40 + 9 * n) for n in (1, 2)),
    ]
    records = [record("a", "综合楼", "", storey="2层", name="档案室"), record("b", "综合楼", "会议室", storey="2层", area=49)]
    found = match_rooms(records, spaces, BUILDINGS)
    assert {link.record_id: (link.space_id, link.method) for link in found.links} == {"a": ("r", "name"), "b": ("m1", "geometry")}
    found = match_rooms([record("b", "综合楼", "会议室", storey="2层")], spaces, BUILDINGS)
    assert linked(found) == {} and codes(found) == ["LINK_AMBIGUOUS"]


def test_of_two_records_of_one_room_the_better_has_it_and_equals_have_not() -> None:
    first = record("a", "综合楼", "203", name="会议室", area=23)
    spaces = [space("r", "x1", "2F", "203", name="会议室", area=23)]
    found = match_rooms([first, record("b", "综合楼", "0203", name="档案室", area=60)], spaces, BUILDINGS)
    assert linked(found) == {"a": {"r"}}
    assert codes(found) == ["LINK_RECORDS_SHARE_SPACE"]
    found = match_rooms([first, record("b", "综合楼", "0203", name="会议室", area=23)], spaces, BUILDINGS)
    assert linked(found) == {} and codes(found) == ["LINK_RECORDS_SHARE_SPACE"]


def test_names_of_different_rooms_differ_and_departments_in_front_do_not() -> None:
    spaces = [space("r", "x1", "2F", "203", name="会议室"), space("s", "x1", "2F", "204", name="会议室")]
    found = match_rooms([record("a", "综合楼", "203", name="档案室"), record("b", "综合楼", "204", name="财务处会议室")], spaces, BUILDINGS)
    assert [(item.code, item.record_ids) for item in found.contradictions] == [("LINK_NAME_DIFFERS", ("a",))]


def test_two_statements_of_a_building_that_contradict_each_other_are_told() -> None:
    found = match_rooms([record("a", "综合楼", "2号楼203室")], [*grid("x1"), *grid("x2")], BUILDINGS)
    assert linked(found) == {} and codes(found) == ["LINK_BUILDING_CONTRADICTS"]


def test_what_a_person_decided_stays_whatever_speaks_against_it() -> None:
    spaces = grid("x1")
    decided = [
        Decision(record_id="a", space_id="x1-305", made=True),
        Decision(record_id="b", space_id="x1-204", made=False),
        Decision(record_id="a", space_id="gone", made=True),
    ]
    found = match_rooms([record("a", "综合楼", "203"), record("b", "综合楼", "204")], spaces, BUILDINGS, decided=decided)
    (link,) = found.links
    assert (link.record_id, link.space_id, link.method, link.confidence) == ("a", "x1-305", "manual", 1.0)
    assert codes(found) == ["LINK_DECIDED_LOST"]


def test_a_bare_number_with_an_unknown_building_is_not_taken_apart() -> None:
    """1101 beside a building nobody knows is not room 101 of building 1."""
    found = match_rooms([record("a", "西配楼", "1101"), record("b", "综合楼", "1101")], grid("x1"), BUILDINGS)
    assert linked(found) == {}


@pytest.mark.parametrize("typo", ["2O3", "2033", "203?", "7037", "1101", "1203", "20", "2-3-3-3"])
def test_a_typo_is_never_taken_for_another_room(typo: str) -> None:
    """With everything else right: building, storey, even the area of the room that the wrong reading would lead to."""
    for area in (None, 11.0, 23.0):
        found = match_rooms([record("a", "综合楼", typo, storey=f"{typo[0]}F", area=area)], grid("x1", 3, 8), BUILDINGS)
        assert linked(found) == {}


def test_a_number_that_cannot_be_read_is_no_missing_number() -> None:
    spaces = [space("r", "x1", "2F", "213", name="档案室", area=31.0), space("m", "x1", "2F", "", name="2号会议室")]
    records = [record("a", "综合楼", "2l3", storey="2F", name="档案室", area=31.0), record("b", "综合楼", "2号会议室", storey="2F")]
    found = match_rooms(records, spaces, BUILDINGS)
    assert linked(found) == {"b": {"m"}}
    assert [one.candidates for one in found.unmatched_records] == [("r",)]


def test_a_room_missing_in_its_storey_is_not_its_namesake_in_another() -> None:
    spaces = [*(space(f"s1-{n}", "x2", "1F", f"{n}") for n in range(1, 9)), space("s3-1", "x2", "3F", "1"), *grid("x1")]
    spaces += [space("b1", "x1", "B1", "B101")]
    records = [record("a", "2号楼", "8", storey="三层"), record("b", "2号楼", "三层8室"), record("c", "综合楼", "105", storey="负一层")]
    assert linked(match_rooms(records, spaces, BUILDINGS)) == {}


def test_the_name_of_a_building_may_hold_a_number() -> None:
    buildings = BuildingIndex([BuildingFact(id="x1", names=("办公楼76号",)), BuildingFact(id="x2", names=("办公楼7号",))])
    records = [
        record("a", "", "办公楼76号201室"),
        record("b", "", "办公楼7号201"),
        record("c", "办公楼76号", "办公室202"),
        record("d", "", "办公楼761号201"),
    ]
    found = match_rooms(records, [*grid("x1"), *grid("x2")], buildings)
    assert linked(found) == {"a": {"x1-201"}, "b": {"x2-201"}, "c": {"x1-202"}}


def test_a_misspelt_building_needs_more_than_a_number() -> None:
    spaces = [space("r", "x2", "2F", "203", name="档案室", area=31.0)]
    assert linked(match_rooms([record("a", "后勤服务搂", "203")], spaces, BUILDINGS)) == {}
    assert linked(match_rooms([record("a", "后勤服务搂", "203", name="档案室", area=31.0)], spaces, BUILDINGS)) == {"a": {"r"}}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["综合楼", "1号楼", "2号楼", "", "x"]), st.text("12三-B0室楼号A、 ", max_size=8), st.floats(0, 90)),
        max_size=25,
    )
)
def test_whatever_is_written_everything_is_accounted_for(written: list[tuple[str, str, float]]) -> None:
    spaces = [*grid("x1"), *grid("x2", 2, 4), *grid("y1", 2, 4)]
    records = [record(str(at), building, number, area=area) for at, (building, number, area) in enumerate(written)]
    found = match_rooms(records, spaces, BUILDINGS)
    assert accounted(found, records, spaces)
    assert all(0 < link.confidence <= 1 for link in found.links)
