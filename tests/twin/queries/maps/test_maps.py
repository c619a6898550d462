"""Maps of the registers hold what the answers say; what no plan knows is in their tables."""

import pytest

from tests.twin.queries.planner.office import EVERYBODY, TODAY, Office
from twin.errors import Invalid
from twin.queries.energy.period import read_period
from twin.queries.maps import map_of_assets, map_of_energy, map_of_occupancy
from twin.queries.maps.assets import buildings_below
from twin.records.scope import Reader


def storeys(office: Office) -> dict[str, int]:
    with office.store.database.reading() as connection:
        places = office.registers.shelf.places(connection)
    found: dict[str, int] = {}
    for at, row in enumerate(places.rows):
        if row.kind == "storey":
            found[f"{places.rows[places.path(at)[-2]].name}/{row.name}"] = row.id
    return found


def test_a_storey_without_a_plan_has_all_its_rooms_in_the_table(standing: Office) -> None:
    page = map_of_occupancy(standing.registers, EVERYBODY, place=storeys(standing)["东风楼/1"], as_of=TODAY)
    assert page.deck is None
    text = page.to_html()
    assert all(number in text for number in ("101", "102", "103", "104"))
    assert "甲正处" in text and "24.4" in text
    assert len(page.rows) == 4


def test_a_reader_without_persons_sees_no_names_on_the_map(standing: Office) -> None:
    blind = Reader(name="visitor", persons=False)
    page = map_of_occupancy(standing.registers, blind, place=storeys(standing)["东风楼/1"], as_of=TODAY)
    assert "甲正处" not in page.to_html()


def test_a_map_of_occupancy_is_one_of_a_storey(standing: Office) -> None:
    building = int(buildings_below(standing.registers, EVERYBODY, None)[0].id)
    for place in (None, building):
        with pytest.raises(Invalid) as caught:
            map_of_occupancy(standing.registers, EVERYBODY, place=place, as_of=TODAY)
        assert caught.value.code == "MAP_NEEDS_STOREY"


def test_every_building_is_on_the_maps_of_assets_and_energy(standing: Office) -> None:
    assets = map_of_assets(standing.registers, EVERYBODY, place=None)
    energy = map_of_energy(standing.registers, EVERYBODY, read_period("2025-01", "2025-12", TODAY), place=None)
    for page in (assets, energy):
        assert {row.cells[0] for row in page.rows} == {"东风楼", "湖滨楼"}


def test_a_role_that_reads_no_values_gets_no_map_of_them(standing: Office) -> None:
    with pytest.raises(Invalid) as caught:
        map_of_assets(standing.registers, Reader(name="guard", values=False), place=None)
    assert caught.value.code == "MAP_NEEDS_VALUES"
