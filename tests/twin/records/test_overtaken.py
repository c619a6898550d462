"""Ledgers read in another order than that of their days: row, dossier and answer as of a day tell the same, on either database."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from tests.twin.records.conftest import NOW, Registers
from twin.codes import get_kind
from twin.queries.items.asked import Asked
from twin.queries.items.catalogue import Catalogue
from twin.queries.items.query import item_query, iter_pages
from twin.queries.items.time import parse_datetime
from twin.queries.records.context import Registers as Served
from twin.records import known
from twin.records.read import as_told, get_record
from twin.records.scope import Reader
from twin.records.write import Author, add_record, change_fields
from twin.store import record_schema as schema

ASSET, ALL = get_kind("asset"), Reader(name="all")
JANUARY, MARCH, JUNE, SEPTEMBER = (date(2026, month, 1) for month in (1, 3, 6, 9))
CELLS = {"name": "资产名称", "value": "原值", "building": "楼栋", "room": "存放地点"}
Said = Mapping[str, str]


def take(registers: Registers, day: date, *rows: Said, **options: Any) -> dict[str, Any]:
    cells = [{"资产编号": row["code"], **{CELLS[name]: cell for name, cell in row.items() if name != "code"}} for row in rows]
    return registers.take("asset", cells, as_of=day, **options).document


def desk(**said: str) -> dict[str, str]:
    return {"code": "A-1", "name": "办公桌", "value": "10", "building": "东楼", "room": "101", **said}


def of_day(registers: Registers, key: str, day: date) -> dict[str, Any]:
    with registers.store.database.reading() as connection:
        record = get_record(connection, ASSET, key)
        return {name: held.value for name, held in as_told(connection, ASSET, record, as_of=day, known_at_us=schema.FOREVER).fields.items()}


def items_of(registers: Registers, day: date | None) -> dict[str, dict[str, Any]]:
    catalogue = Catalogue(Served.of(registers.store, registers.folder / "columns"))
    reader = catalogue.reader(frozenset({"*"}), None, ALL)
    asked = Asked(span=parse_datetime(day.isoformat())) if day else Asked()
    with registers.store.database.reading() as connection:
        pages = list(iter_pages(item_query(connection, catalogue, catalogue.get(reader, "assets"), reader, asked)))
    return {item.id: dict(item.properties) for page in pages for item in page}


def test_what_a_later_ledger_said_stands_and_the_earlier_one_is_in_the_history(registers: Registers) -> None:
    take(registers, JANUARY, desk())
    take(registers, JUNE, desk(value="30"))
    document = take(registers, MARCH, desk(value="20", name="旧桌"))
    assert (document["changed"], document["unchanged"], document["issues"]) == (1, 0, {"VALUE_OVERTAKEN": 1})
    assert {day: of_day(registers, "A-1", day)["value"] for day in (JANUARY, MARCH, JUNE)} == {JANUARY: 1000, MARCH: 2000, JUNE: 3000}
    row = registers.get("asset", "A-1").values
    assert (row["value"], row["name"]) == (3000, "旧桌"), "nobody said another name later"
    again = take(registers, MARCH, desk(value="20.0", name="旧桌"))
    assert (again["changed"], again["issues"]) == (0, {})


def test_of_a_location_the_earlier_ledger_tells_what_the_later_one_did_not_change(registers: Registers) -> None:
    take(registers, JANUARY, desk())
    take(registers, JUNE, desk(room="301"))
    take(registers, MARCH, desk(building="西楼", room="201"))
    row = registers.get("asset", "A-1").values
    assert (row["building"], row["room"]) == ("西楼", "301")
    assert of_day(registers, "A-1", JUNE) == dict(row)
    assert of_day(registers, "A-1", MARCH)["room"] == "201"


def test_the_row_of_an_earlier_ledger_said_again_of_a_later_day_is_a_change(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "WORTH_ROWS", 0)
    for day, value in ((JANUARY, "10"), (JUNE, "30"), (MARCH, "20")):
        take(registers, day, desk(value=value))
    assert known.known_file(registers.settings.home / "columns", "asset").exists()
    document = take(registers, SEPTEMBER, desk(value="20"))
    assert document["changed"] == 1
    assert registers.get("asset", "A-1").values["value"] == of_day(registers, "A-1", SEPTEMBER)["value"] == 2000


def test_what_a_person_changed_of_a_card_of_their_own_stands_against_a_ledger_of_an_earlier_day(registers: Registers) -> None:
    author = Author(who="clerk", method="manual", source="", now=NOW)
    with registers.store.database.writing() as connection:
        record = add_record(connection, ASSET, {"code": "A-1", "name": "办公桌", "value": 1000}, author)
        change_fields(connection, ASSET, record, {"value": 4000}, author)
    take(registers, JUNE, desk(value="20"))
    row = registers.get("asset", "A-1").values
    assert (row["value"], row["room"]) == (4000, "101")
    assert of_day(registers, "A-1", NOW.date()) == dict(row)
    assert of_day(registers, "A-1", JUNE)["value"] == 2000


@pytest.mark.parametrize("seed", range(2))
def test_in_whatever_order_ledgers_come_row_dossier_and_answer_tell_the_same(registers: Registers, seed: int) -> None:
    rng, told = random.Random(seed), {}
    days = [JANUARY + timedelta(days=30 * number) for number in range(6)]
    take(registers, JANUARY, *(row | {"value": "1"} for row in rows_at_random(rng)))
    first = {key: registers.get("asset", key).values for key in registers.keys("asset")}
    for day in rng.sample(days * 2, 9):
        rows = rows_at_random(rng)
        take(registers, day, *rows, source=rng.choice(("asset", "other")))
        for row in rows:
            for name in CELLS:
                note(told.setdefault((row["code"], name), []), first[row["code"]][name], day, typed(name, row[name]))
    expected = {
        day: {key: {name: held(told.get((key, name), []), values[name], day) for name in CELLS} for key, values in first.items()}
        for day in (*days, NOW.date())
    }
    assert len({str(one) for one in expected.values()}) > 3
    for day, values in expected.items():
        assert {key: {name: of_day(registers, key, day)[name] for name in CELLS} for key in first} == values
        assert {key: {name: item[name] for name in CELLS} for key, item in items_of(registers, day).items()} == values
    assert {key: {name: registers.get("asset", key).values[name] for name in CELLS} for key in first} == expected[NOW.date()]
    assert items_of(registers, None) == items_of(registers, NOW.date())


def rows_at_random(rng: random.Random) -> list[dict[str, str]]:
    return [
        desk(
            code=f"A-{number}", value=str(rng.randrange(1, 4)), name=rng.choice("甲乙"), building=rng.choice("东西"), room=rng.choice("12")
        )
        for number in range(1, 7)
    ]


def typed(name: str, cell: str) -> Any:
    return int(cell) * 100 if name == "value" else cell


Told = list[tuple[date, int, Any]]


def note(told: Told, first: Any, day: date, value: Any) -> None:
    """A change is what is not what held on the day."""
    if held(told, first, day) != value:
        told.append((day, len(told), value))


def held(told: Told, first: Any, day: date) -> Any:
    """What the newest of the days until this one said; of one day what came last."""
    return max((one for one in told if one[0] <= day), default=(day, 0, first))[2]
