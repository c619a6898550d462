"""The demo's registers, imported with two of its models by the real importers: every planted error is found, hardly any is invented.

What plants (`twin.demo`) shares no code with what finds; `truth.json` is the only thing both know.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.conftest import require
from tests.postgres import REMEDY, Cluster, find_programs
from tests.twin.queries.planner.office import EVERYBODY
from twin.demo.block import write_block
from twin.demo.generate import SITE
from twin.demo.registers import write_registers
from twin.imports import import_bim
from twin.imports.register import import_register
from twin.queries.energy.findings import energy_checks
from twin.queries.energy.period import Period, month_number
from twin.queries.fleet.answers import dispatch_checks, vehicle_checks
from twin.queries.planner.checks import space_checks
from twin.queries.planner.occupancy import GROUPS, OccupancyFilter, occupancy_page, occupancy_totals
from twin.queries.records.context import Registers
from twin.settings import Settings
from twin.store import Store

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
DAY = date(2026, 11, 1)
KINDS = ("unit", "building", "room", "person", "post", "vehicle", "driver", "dispatch", "energy", "title")
TWO_YEARS = Period(first=month_number("2024-11"), last=month_number("2026-10"))


@dataclass
class Demo:
    """An imported demo and what was planted in it, by error."""

    registers: Registers
    planted: dict[str, list[dict[str, str]]]

    def keys(self, *errors: str) -> set[str]:
        """Keys of records with one of these errors."""
        return {item["key"] for error in errors for item in self.planted.get(error, ())}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("planner-demo")
    settings = Settings(home=folder / "home")
    url = settings.database_url
    if request.param == "postgresql":
        require(find_programs() is not None, "PostgreSQL", REMEDY)
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.create()
    write_block(folder / "block.ifc", seed=7)
    files = write_registers(folder / "registers", scale="small", seed=7, models={"block": folder / "block.ifc"})
    with Store.open(url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        import_bim(store, settings, folder / "block.ifc", site=SITE.code, key="block", who="test", now=NOW)
        for file in files:
            if file.kind in KINDS:
                import_register(store, settings, file.kind, file.path, who="test", now=NOW, profile="zh", source=file.register or None)
        truth = json.loads((folder / "registers" / "truth.json").read_text("utf-8"))
        planted: dict[str, list[dict[str, str]]] = {}
        for item in truth["planted"]:
            planted.setdefault(item["error"], []).append(item)
        yield Demo(Registers.of(store, folder / "columns"), planted)


def told(page: Any, code: str) -> set[str | None]:
    """Keys of the findings of a code; the page must hold all."""
    assert page["next"] is None
    return {one["key"] for one in page["findings"] if one["code"] == code}


def test_rooms_people_and_storeys(demo: Demo) -> None:
    page = space_checks(demo.registers, EVERYBODY, place=None, unit=None, as_of=DAY, limit=1000)
    assert told(page, "ROOM_AREA_DISAGREES") == demo.keys("room_area")
    assert told(page, "ROOM_UNIT_UNKNOWN") == demo.keys("room_unit")
    assert told(page, "ROOM_BUILDING_UNKNOWN") == demo.keys("room_building")
    assert told(page, "PERSON_NOT_IN_POST") == demo.keys("person_retired")
    assert told(page, "PERSON_UNIT_UNKNOWN") == demo.keys("person_unit")
    assert told(page, "PERSON_SECOND_OFFICE_UNGROUNDED") == demo.keys("person_second_office")
    assert told(page, "BUILDING_STOREYS_CONTRADICT") == demo.keys("building_storeys")
    assert told(page, "ROOM_NOT_IN_MODEL") == demo.keys("room_number")
    assert page["counts"].get("SPACE_NOT_REGISTERED", 0) == len(demo.keys("room_number"))
    homeless = {one["key"]: one["message"] for one in page["findings"] if one["code"] == "PERSON_ROOM_UNKNOWN"}
    lost_rooms = {item["key"].rsplit("-", 1)[1] for error in ("room_building", "room_number") for item in demo.planted.get(error, ())}
    assert demo.keys("person_room") <= homeless.keys()
    assert all(
        any(f" {room}:" in message for room in lost_rooms) for key, message in homeless.items() if key not in demo.keys("person_room")
    )


def test_posts_exceeded_are_found_where_the_people_are_still_of_that_rank(demo: Demo) -> None:
    page = space_checks(demo.registers, EVERYBODY, place=None, unit=None, as_of=DAY, codes=("POSTS_EXCEEDED",), limit=1000)
    planted = {(item["key"], item["now"]) for item in demo.planted["post_exceeded"]}
    found = {(key.rsplit("/", 1)[0], str(one["facts"]["posts"])) for one in page["findings"] if (key := one["key"])}
    assert found <= planted
    moved = len(demo.keys("person_rank", "person_unit", "person_retired"))
    assert len(found) >= len(planted) - moved


def test_offices_over_their_limit(demo: Demo) -> None:
    wanted = OccupancyFilter(verdicts=("over",))
    page = occupancy_page(demo.registers, wanted, EVERYBODY, as_of=DAY, after=None, limit=1000)
    over = {room["key"]: room for room in page["rooms"]}
    assert demo.keys("room_oversized") <= over.keys()
    for key in over.keys() - demo.keys("room_oversized"):  # true all the same: a second office, or somebody who is gone or unreadable
        people = over[key]["people"]
        explained = any(one["second_office"] or not one["in_post"] for one in people)
        seats = over[key]["seats"] or 0
        assert explained or len(people) < seats, over[key]["verdict"]["en"]


def test_every_room_has_one_verdict_and_sums_add_up(demo: Demo) -> None:
    for by in GROUPS:
        answer = occupancy_totals(demo.registers, OccupancyFilter(), EVERYBODY, as_of=DAY, by=by)
        assert sum(answer["totals"]["by_verdict"].values()) == answer["totals"]["rooms"]
        assert sum(group["totals"]["rooms"] for group in answer["groups"]) == answer["totals"]["rooms"]
        assert answer["totals"]["placed"] > 60 and answer["totals"]["unplaced"] > 30


def test_measured_areas_are_those_of_the_model(demo: Demo) -> None:
    page = occupancy_page(demo.registers, OccupancyFilter(), EVERYBODY, as_of=DAY, after=None, limit=1000)
    planted = demo.keys("room_area")
    measured = [room for room in page["rooms"] if room["placed"]]
    assert len(measured) > 60
    for room in measured:
        said, drawn = room["area"]["declared_m2"], room["area"]["measured_m2"]
        assert (abs(said - drawn) > 0.1 * drawn) == (room["key"] in planted), room["key"]
        assert room["verdict"]["area_from"] == "measured"


def test_energy(demo: Demo) -> None:
    page = energy_checks(demo.registers, EVERYBODY, TWO_YEARS, unit=None, after=None, limit=1000)
    as_keys = {error: {key.replace(" ", "/") for key in demo.keys(error)} for error in demo.planted if error.startswith("energy")}
    assert told(page, "ENERGY_OUTLIER") == as_keys["energy_tenfold"] | as_keys["energy_mwh"]
    causes = {one["key"]: one["facts"]["cause"] for one in page["findings"] if one["code"] == "ENERGY_OUTLIER"}
    assert all(causes[key] == "tenfold" for key in as_keys["energy_tenfold"])
    assert all(causes[key] == "thousandth" for key in as_keys["energy_mwh"])
    assert told(page, "ENERGY_MONTHS_EXCHANGED") == as_keys["energy_month"]
    assert len(told(page, "ENERGY_UNIT_UNKNOWN")) == len(as_keys["energy_unit"]) == page["counts"]["ENERGY_MONTH_MISSING"]


def test_vehicles_drivers_and_orders(demo: Demo) -> None:
    page = dispatch_checks(demo.registers, EVERYBODY, first=date(2026, 10, 1), last=date(2026, 10, 31), after=None, limit=1000)
    for code, error in {
        "DISPATCH_VEHICLE_DISPOSED": "dispatch_disposed",
        "DISPATCH_LICENCE_EXPIRED": "dispatch_driver",
        "DISPATCH_ODOMETER_BACKWARDS": "dispatch_odometer",
        "DISPATCH_TIMES_REVERSED": "dispatch_times",
    }.items():
        assert told(page, code) == demo.keys(error), code
    pairs = [{one["key"], one["facts"]["other"]} for one in page["findings"] if one["code"] == "DISPATCH_ORDERS_OVERLAP"]
    assert sorted(map(sorted, pairs)) == sorted(sorted((item["key"], item["also"])) for item in demo.planted["dispatch_overlap"])

    page = vehicle_checks(demo.registers, EVERYBODY, after=None, limit=1000)
    assert told(page, "DRIVER_LICENCE_EXPIRED") == demo.keys("driver_licence")
    mistyped = demo.keys("vehicle_plate", "vehicle_plate_twice")
    assert demo.keys("vehicle_without_title") <= told(page, "VEHICLE_TITLE_MISSING") <= demo.keys("vehicle_without_title") | mistyped
    assert demo.keys("vehicle_terminal_twice") <= told(page, "VEHICLE_TERMINAL_SHARED")
    assert page["counts"]["VEHICLE_TERMINAL_SHARED"] <= 2 * len(demo.keys("vehicle_terminal_twice"))
