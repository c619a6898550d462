"""Rooms of real models: the duplex against its COBie book, the institute and the FZK house against their own names rewritten."""

import json
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from twin.link.building import BuildingFact, BuildingIndex
from twin.link.facts import RoomRecord, SpaceFact
from twin.link.rooms import match_rooms

ONE_BUILDING = BuildingIndex([BuildingFact(id="b", names=("Duplex Apartment",))])


def spaces_of(data_dir: Path, file: str) -> list[SpaceFact]:
    facts: dict[str, Any] = json.loads((data_dir / "facts.json").read_text(encoding="utf-8"))[f"shared/ifc/{file}"]
    return [
        SpaceFact(
            id=one["guid"],
            global_id=one["guid"],
            building_id="b",
            storey_id=one["storey"],
            storey=one["storey"],
            number=one["name"],
            long_name=one["long_name"],
            areas_m2=(one["floor_area_m2"], *(value for name, value in one["quantities_as_stated"].items() if "Area" in name)),
        )
        for one in facts["spaces"]
    ]


def cobie_rooms(data_dir: Path, *, with_ids: bool) -> list[RoomRecord]:
    header, *rows = (
        CalamineWorkbook.from_path(data_dir / "registers" / "2012_duplex_design_cobie.xlsx").get_sheet_by_name("Space").to_python()
    )
    dicts = [dict(zip(map(str, header), map(str, row), strict=False)) for row in rows]
    return [
        RoomRecord(
            id=row["ExtIdentifier"],
            storey=row["FloorName"],
            number=row["Name"],
            name=row["Category"].partition(":")[2].strip(),
            usable_area_m2=float(row["NetArea"]),
            global_id=row["ExtIdentifier"] if with_ids else "",
        )
        for row in dicts
        if row["ExtObject"] == "IfcSpace"
    ]


@pytest.mark.parametrize("with_ids", [True, False])
def test_the_duplex_ties_all_its_rooms_with_its_cobie_book(data_dir: Path, with_ids: bool) -> None:
    """The book has a 22nd space, `Site`, which the architect's model has not."""
    records, spaces = cobie_rooms(data_dir, with_ids=with_ids), spaces_of(data_dir, "duplex_A_20110907.ifc")
    found = match_rooms(records, spaces, ONE_BUILDING)
    assert len(spaces) == 21
    assert {(link.record_id, link.space_id) for link in found.links} == {(space.id, space.id) for space in spaces}
    numbers = {record.id: record.number for record in records}
    assert [numbers[one.id] for one in found.unmatched_records] == ["Site"]
    assert found.contradictions == ()


@pytest.mark.parametrize(("file", "rooms"), [("ac11_institute_var2.ifc", 82), ("ac20_fzk_haus.ifc", 7)])
def test_every_room_is_found_by_its_number_written_otherwise(data_dir: Path, file: str, rooms: int) -> None:
    spaces = spaces_of(data_dir, file)
    hands = ("{}", "{}室", "Raum {}", " {} ", "Room {}")
    records = [
        RoomRecord(
            id=space.id, number=hands[at % 5].format(space.number).replace("Raum", "Room"), storey=space.storey, name=space.long_name
        )
        for at, space in enumerate(spaces)
    ]
    found = match_rooms(records, spaces, ONE_BUILDING)
    assert len(found.links) == rooms == len(spaces)
    assert all(link.record_id == link.space_id for link in found.links)
    assert found.contradictions == ()
