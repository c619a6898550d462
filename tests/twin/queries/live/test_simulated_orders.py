"""Orders of simulated drives: rows of a ledger, books of them, and what the check of journeys says once they were driven."""

import csv
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest

from sensors import FIX, NO_NUMBER, Batch, Observation, Stream
from sensors.simulate_errands import Errand
from sensors.simulate_habits import Habit, habits_of
from sensors.simulate_vehicle import Passage, Report, drivers_of, reports_of
from spatial.frame import SiteFrame
from tests.sensors.compound_made import compound
from tests.twin.api.test_live_labels import take
from tests.twin.store.builder import NOW, SITE
from twin.errors import StoreBusy
from twin.history.readings import ReadingsReader
from twin.queries.live.history import LiveHistory
from twin.queries.live.journeys import Journeys
from twin.queries.live.order_books import OrderBooks, books_of
from twin.queries.live.service import OpenHub
from twin.queries.live.simulated import Simulated
from twin.queries.live.simulated_fleet import read_sent
from twin.queries.live.simulated_orders import HEADER, ErrandsAhead, Sent, cancelled, order_row
from twin.queries.live.visible import Permitted
from twin.queries.records.context import Registers
from twin.records.register_revision import has_revision
from twin.records.scope import Reader
from twin.settings import Settings
from twin.store import Store

START_US = 1_795_741_260_000_000
"""2026-11-27 01:01 UTC, 09:01 in Beijing."""
MINUTE = 60_000_000
SEED, VEHICLES = 7, 10
SENT = Sent(plate="闽A00001", driver="JS1", unit="某局")
CODES = {
    Habit.AGREED: [],
    Habit.WITHOUT_ORDER: ["TRIP_WITHOUT_ORDER"],
    Habit.NOT_DRIVEN: ["ORDER_NOT_DRIVEN"],
    Habit.OVERRUN: ["ORDER_OVERRUN"],
    Habit.GATE_MISSED: ["ORDER_GATE_MISSED"],
}


def errand(habit: Habit = Habit.AGREED, begin_s: float = 130.0, end_s: float = 1000.0, number: int = 0) -> Errand:
    return Errand(number=number, habit=habit, begin_s=begin_s, end_s=end_s, road="湖东路")


def said(one: Errand, now_s: float, sent: Sent = SENT) -> dict[str, str]:
    row = order_row(3, one, sent, "大院", start_us=START_US, now_s=now_s)
    assert row is not None
    return dict(zip(HEADER, row, strict=True))


def times(row: dict[str, str]) -> list[str]:
    names = ("计划出车时间", "计划返回时间", "实际出车时间", "实际返回时间", "派车状态")
    return [row[name].removeprefix("2026-11-27 ") for name in names]


def test_an_order_is_planned_by_five_minutes_and_written_up_by_the_minute_as_it_is_driven() -> None:
    row = said(errand(), 0.0)
    assert (row["派车单号"], row["车牌号"], row["驾驶员编号"], row["用车单位"]) == ("MN261127090100-003-0000", "闽A00001", "JS1", "某局")
    assert (row["出发地"], row["目的地"]) == ("大院", "湖东路")
    assert times(row) == ["09:00", "09:20", "", "", "已派车"]
    assert times(said(errand(), 130.0)) == ["09:00", "09:20", "09:03", "", "执行中"]
    assert times(said(errand(), 1000.0)) == ["09:00", "09:20", "09:03", "09:18", "已完成"]


def test_nobody_writes_up_what_was_not_driven_or_when_an_overrun_came_back() -> None:
    assert times(said(errand(Habit.NOT_DRIVEN), 9000.0)) == ["09:00", "09:20", "", "", "已派车"]
    assert times(said(errand(Habit.OVERRUN, end_s=3200.0), 9000.0)) == ["09:00", "09:15", "09:03", "", "已完成"]


def test_there_is_no_order_of_an_errand_without_one_or_of_a_vehicle_without_a_plate() -> None:
    nobody = Sent(plate="", driver="JS1", unit="")
    assert order_row(3, errand(Habit.WITHOUT_ORDER), SENT, "大院", start_us=START_US, now_s=0.0) is None
    assert order_row(3, errand(), nobody, "大院", start_us=START_US, now_s=0.0) is None


def test_only_orders_on_which_nobody_has_left_are_called_off() -> None:
    rows = [order_row(3, errand(), SENT, "大院", start_us=START_US, now_s=now_s) for now_s in (0.0, 200.0, 2000.0)]
    assert [cancelled(row)[HEADER.index("派车状态")] for row in rows if row is not None] == ["已取消", "执行中", "已完成"]


def test_errands_are_planned_as_far_as_asked_and_unheard_vehicles_take_turns() -> None:
    ahead = ErrandsAhead(compound(), SEED, 2, unheard=2)
    found = list(iter(lambda: ahead.plan(15_000.0), None))
    assert Counter(vehicle for vehicle, one in found if vehicle > 1) == {2: 2, 3: 1}
    assert [one.begin_s for vehicle, one in found if vehicle > 1] == [0.0, 7200.0, 14400.0]
    for vehicle in (0, 1):
        mine = [one for number, one in found if number == vehicle]
        assert mine[-1].end_s > 15_000.0 >= mine[-2].end_s
        assert [one.number for one in mine] == list(range(len(mine)))


def books(folder: Path, taken: list[str], *, vehicles: int = 2) -> OrderBooks:
    ahead = ErrandsAhead(compound(), SEED, vehicles)
    return OrderBooks(
        errands=ahead, sent=[SENT] * vehicles, origin="大院", folder=folder, take=lambda path: taken.append(path.read_text("utf-8"))
    )


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["派车单号"]: row for row in csv.DictReader(text.splitlines())}


def test_a_book_is_taken_whole_whenever_it_says_something_else_and_in_the_end_nobody_leaves_any_more(tmp_path: Path) -> None:
    taken: list[str] = []
    one = books(tmp_path, taken)
    for now_s in (0.0, 0.5, 1800.0):
        one(START_US, now_s)
    one(START_US, 3600.0, ends=True)
    first, second, last = map(rows_of, taken)
    assert first.keys() < second.keys() == last.keys()
    assert {row["派车状态"] for row in first.values()} == {"已派车", "执行中"}
    assert all(row["派车状态"] != "已派车" for row in last.values())
    assert "已取消" in {row["派车状态"] for row in last.values()}
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_the_same_start_writes_the_same_bytes(tmp_path: Path) -> None:
    taken: list[str] = []
    for name in ("one", "two"):
        books(tmp_path / name, taken)(START_US, 1200.0)
    assert len(set(taken)) == 1 and len(taken) == 2


def test_what_was_not_taken_is_taken_with_the_next_call(tmp_path: Path) -> None:
    taken: list[str] = []
    one = books(tmp_path, taken)

    def busy(_: Path) -> None:
        raise StoreBusy("busy", path="records")

    one.take, kept = busy, one.take
    with pytest.raises(StoreBusy):
        one(START_US, 0.0)
    one.take = kept
    one(START_US, 0.0)
    assert len(taken) == 1 and {row["派车状态"] for row in rows_of(taken[0]).values()} == {"已派车", "执行中"}


def test_what_a_killed_run_ordered_for_later_is_called_off_by_the_next(tmp_path: Path) -> None:
    taken: list[str] = []
    earlier, later = said(errand(number=1), 0.0), said(errand(number=2, begin_s=7200.0, end_s=8000.0), 0.0)
    with (tmp_path / "simulator-20261127T090000-0.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, earlier.values(), later.values()])
    books(tmp_path, taken)(START_US, 1200.0)
    left = rows_of(taken[0])
    assert [row["派车状态"] for row in left.values()] == ["已派车", "已取消"]
    assert left[later["派车单号"]] == later | {"派车状态": "已取消"}
    assert len(taken) == 2 and not (tmp_path / "simulator-20261127T090000-0.csv").exists()


def test_what_could_not_be_called_off_is_with_the_next_call(tmp_path: Path) -> None:
    taken: list[str] = []
    later = said(errand(number=2, begin_s=7200.0, end_s=8000.0), 0.0)
    with (tmp_path / "simulator-20261127T090000-0.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, later.values()])
    one = books(tmp_path, taken)

    def busy(_: Path) -> None:
        raise StoreBusy("busy", path="records")

    one.take, kept = busy, one.take
    with pytest.raises(StoreBusy):
        one(START_US, 0.0)
    one.take = kept
    one(START_US, 0.0)
    assert rows_of(taken[0]) == {later["派车单号"]: later | {"派车状态": "已取消"}}
    assert len(taken) == 2 and not (tmp_path / "simulator-20261127T090000-0.csv").exists()


def test_one_run_at_a_time_keeps_the_books_of_a_folder(tmp_path: Path) -> None:
    taken: list[str] = []
    one, other = books(tmp_path, taken), books(tmp_path, taken)
    one(START_US, 0.0)
    other(START_US + MINUTE, 0.0)
    assert len(taken) == 1
    one(START_US, 10.0, ends=True)
    other(START_US + MINUTE, 0.0)
    assert len(taken) == 3


@pytest.fixture
def home(tmp_path: Path, migrated: Path) -> Iterator[tuple[Settings, Store, Simulated]]:
    """Ten vehicles that drive, one without a terminal, and both gates of the compound."""
    settings, frame, made = Settings(home=tmp_path / "live"), SiteFrame.of(SITE), compound()
    settings.home.mkdir()
    shutil.copyfile(migrated, settings.home / "records.sqlite")
    vehicles = [(f"闽A000{number:02d}", f"139{number:08d}", f"闽A000{number:02d}") for number in range(VEHICLES)]
    simulated = Simulated(frame=frame, compound=made, vehicles=vehicles)
    with Store.open(settings.database_url) as store:
        store.add_site(SITE, now=NOW)
        places = simulated.lon_lat(np.array([gate.xy for gate in made.gates])).tolist()
        gates = [f"{gate.key},门,{lon},{lat},CGCS2000" for gate, (lon, lat) in zip(made.gates, places, strict=True)]
        take(store, tmp_path, "gate", "出入口编号,出入口名称,经度,纬度,坐标系", gates)
        take(
            store, tmp_path, "vehicle", "车牌号,车辆状态,终端号", [*(f"{key},在用,{phone}" for key, phone, _ in vehicles), "闽B00001,在用,"]
        )
        drivers = [f"JS{number:02d},某甲{number},在岗,2030-01-01" for number in range(VEHICLES)]
        take(
            store,
            tmp_path,
            "driver",
            "驾驶员编号,姓名,状态,驾驶证有效期",
            [*drivers, "JS98,某乙,在岗,2026-01-01", "JS99,某丙,病休,2030-01-01"],
        )
        yield settings, store, simulated


def test_each_vehicle_is_sent_with_a_driver_of_its_own_who_may_drive(home: tuple[Settings, Store, Simulated], tmp_path: Path) -> None:
    settings, store, simulated = home
    sent = read_sent(store, simulated, 4, now_us=START_US)
    assert [one.plate for one in sent] == [*(plate for _, _, plate in simulated.vehicles[:4]), "闽B00001"]
    assert [one.driver for one in sent] == [f"JS0{number}" for number in range(5)]
    crowded = read_sent(store, simulated, None, now_us=START_US)
    assert [one.driver for one in crowded][-2:] == ["JS09", ""]
    books_of(simulated, store, settings, seed=SEED, vehicles=1, to=tmp_path / "elsewhere")(START_US, 0.0)
    (written,) = (tmp_path / "elsewhere").glob("*.csv")
    assert {row["车牌号"] for row in rows_of(written.read_text("utf-8")).values()} == {simulated.vehicles[0][2], "闽B00001"}
    with store.database.reading() as connection:
        assert not has_revision(connection, "dispatch", written.stem)


def thinned(reports: list[Report]) -> list[Report]:
    """One in ten seconds of a drive, and what is said while parked."""
    kept = reports[:1]
    for one in reports[1:]:
        if not one.ignition or one.at_s - kept[-1].at_s >= 10.0:
            kept.append(one)
    return kept


def drive_to_the_end(opened: OpenHub, simulated: Simulated, until_s: float) -> dict[str, Habit]:
    """Let the hub hear whoever has a habit of their own, and one who has none; their habits by key."""
    first = {number: next(one) for number, one in enumerate(habits_of(SEED, VEHICLES))}
    chosen = {habit: number for number, habit in sorted(first.items(), reverse=True)}
    drivers = drivers_of(simulated.compound, SEED, VEHICLES)
    received_us = START_US + round(until_s * 1e6)
    for position, number in enumerate(chosen.values(), start=1):
        key = simulated.vehicles[number][0]
        told = list(takewhile(lambda one: one.at_s < until_s, reports_of(simulated.compound, *drivers[number])))
        reports = thinned([one for one in told if isinstance(one, Report)])
        fixes = np.zeros(len(reports), dtype=FIX)
        fixes["device_us"] = fixes["fix_us"] = fixes["received_us"] = [START_US + round(one.at_s * 1e6) for one in reports]
        fixes["lon_e7"], fixes["lat_e7"] = np.rint(simulated.lon_lat(np.array([one.xy for one in reports])).T * 1e7)
        fixes["speed_dkmh"] = [round(one.m_per_s * 36) for one in reports]
        fixes["altitude_dm"] = fixes["accuracy_dm"] = fixes["heading_cdeg"] = NO_NUMBER
        fixes["status"] = [one.fixed | one.ignition << 1 for one in reports]
        passed = [
            Observation(
                device=f"gate/{simulated.compound.gates[one.gate].key}",
                stream=Stream.PASSAGE,
                received_us=received_us,
                device_us=START_US + round(one.at_s * 1e6),
                value={"direction": one.direction, "subject": "vehicle", "plate": key},
            )
            for one in told
            if isinstance(one, Passage)
        ]
        batch = Batch(source="simulated", number=position, devices=[f"vehicle/{key}"], fixes=fixes, others=passed)
        opened.applier.apply([batch], now_us=received_us, first=position - 1, position=position)
    return {simulated.vehicles[number][0]: habit for habit, number in chosen.items()}


def test_simulated_drives_agree_with_their_orders_but_for_those_that_shall_not(home: tuple[Settings, Store, Simulated]) -> None:
    settings, store, simulated = home
    last_s = 5700.0
    kept = books_of(simulated, store, settings, seed=SEED, vehicles=None)
    for now_s in (0.0, 0.5 * last_s, last_s):
        kept(START_US, now_s)
    with closing(OpenHub.open(settings)) as opened:
        habits = drive_to_the_end(opened, simulated, last_s)
        journeys = Journeys(
            registers=Registers.of(store, settings.home),
            history=LiveHistory.of(settings.home, recent=opened.recording.positions.shelf.recent),
            readings=ReadingsReader(settings.home / "history", recent=opened.recording.readings.shelf.recent),
        )
        period, reader = (START_US, START_US + 55 * MINUTE), Reader(name="", labels=None, units=None)
        now_us, everything = START_US + round(last_s * 1e6), Permitted(version=0, everything=True)
        page = journeys.page(reader, everything, period, now_us=now_us, vehicle=None, after=None, limit=50)
    assert set(habits.values()) == set(Habit)
    found = {one["vehicle"]: one for one in page["vehicles"]}
    assert {key: sorted({row["code"] for row in found[key]["findings"]}) for key in habits} == {
        key: CODES[habit] for key, habit in habits.items()
    }
    assert [row["code"] for row in found["闽B00001"]["findings"]] == ["ORDER_UNHEARD"]
    agreed = next(key for key, habit in habits.items() if habit is Habit.AGREED)
    assert found[agreed]["orders"] and all(row["trips"] for row in found[agreed]["orders"])
    kept(START_US, last_s, ends=True)
    assert not list((settings.home / "simulator").glob("*.csv"))
