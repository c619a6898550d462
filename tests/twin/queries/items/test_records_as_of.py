"""Collections of records as of a day: the same as the dossier of each says, on both databases."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, true

from tests.twin.moulds import Cast
from tests.twin.queries.items.test_records import SEES_ALL, Home, home
from tests.twin.queries.town import NOW
from twin.codes import get_kind
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import parse
from twin.queries.items.asked import Asked
from twin.queries.items.box import Box, parse_box
from twin.queries.items.item import Item
from twin.queries.items.query import item_query
from twin.queries.items.records import RecordItems
from twin.queries.items.records_then import Replay, holds, types_of
from twin.queries.items.sorting import Cursor, SortBy
from twin.queries.items.time import parse_datetime
from twin.queries.records.dossier import record_dossier
from twin.records.read import records_where
from twin.records.scope import Reader
from twin.records.write import Author, add_record, change_fields, end_record, revert_change
from twin.store import record_schema as schema

__all__ = ["Cast", "home"]

ASSET = get_kind("asset")
MAY, JUNE, JULY = date(2024, 5, 1), date(2024, 6, 1), date(2024, 7, 1)


def author(day: date) -> Author:
    return Author(who="test", method="manual", source="", now=NOW, valid_from=day)


def asked(day: date, *conditions: str, **more: Any) -> Asked:
    return Asked(span=parse_datetime(f"{day}T00:00:00Z"), filters=tuple(parse(one, "cql2-text") for one in conditions), **more)


@pytest.fixture
def history(home: Home) -> Home:
    """Assets whose values, state and location change in May, June and July, one that ends, one that comes."""
    with home.town.store.database.writing() as connection:
        records = {str(key): int(number) for key, number in connection.exec_driver_sql("SELECT key, record_id FROM asset")}
        keys = sorted(records)
        for number, key in enumerate(keys[:12]):
            change_fields(connection, ASSET, records[key], {"value": 1000 + number, "name": f"五月{number}"}, author(MAY))
            change_fields(connection, ASSET, records[key], {"value": 2000 + number}, author(JUNE + timedelta(days=number % 3)))
        change_fields(connection, ASSET, records[keys[3]], {"room": "102"}, author(JULY))
        end_record(connection, ASSET, records[keys[5]], author(JUNE))
        add_record(connection, ASSET, {"code": "ZZ-1", "name": "新来的", "unit": "U1"}, author(JUNE))
    return home


def told(home: Home, key: str, day: date) -> dict[str, Any]:
    found = record_dossier(home.town.registers, ASSET, key, SEES_ALL, as_of=day, known_at=None)
    return {"ended": found["ended"], **{field["name"]: field["value"] for field in found["fields"]}}


DAYS = (MAY - timedelta(days=1), MAY, JUNE + timedelta(days=1), date(2030, 1, 1))


def test_items_say_what_their_dossiers_say_of_the_day_and_come_in_pages(history: Home) -> None:
    for day in DAYS:
        require_as_the_dossiers(history, day)
    require_pages(history)


def require_as_the_dossiers(history: Home, day: date) -> None:
    items = {item.id: item for item in history.all(asked(day))}
    dossiers = {key: told(history, key, day) for key in [*sorted(history.town.assets)[:16], "ZZ-1"]}
    items = {key: item for key, item in items.items() if key in dossiers}
    ended = {key for key, said in dossiers.items() if said["ended"] is not None}
    changed = set(sorted(history.town.assets)[:12])
    begun = set(dossiers) if day > NOW.date() else (changed if day >= MAY else set()) | ({"ZZ-1"} if day >= JUNE else set())
    assert set(items) == begun - ended
    for key, item in items.items():
        own = {name: value for name, value in item.properties.items() if name not in ("place", "place_feature")}
        assert own == {name: dossiers[key][name] for name in own}, key
    by_value = {key for key in items if (dossiers[key]["value"] or 0) >= 2000}
    assert {item.id for item in history.all(asked(day, "value >= 2000"))} & dossiers.keys() == by_value
    assert {item.id for item in history.all(asked(day, "casei(name) LIKE '五月%'"))} == {
        key for key in items if dossiers[key]["name"].startswith("五月")
    }


def require_pages(history: Home) -> None:
    plain = history.all(asked(JULY), limit=5)
    assert [item.id for item in plain] == sorted({item.id for item in plain}) and len(plain) >= 12
    sorted_ = history.all(asked(JULY, sort=(SortBy("value", True),)), limit=5)
    values = [item.properties["value"] for item in sorted_]
    assert {item.id for item in sorted_} == {item.id for item in plain}
    assert values == sorted((one for one in values if one is not None), reverse=True) + [one for one in values if one is None]


def require_places(history: Home) -> None:
    moved = sorted(history.town.assets)[3]
    before = {item.id: item for item in history.all(asked(JUNE))}
    now = {item.id: item for item in history.all()}
    assert before[moved].geometry is None and before[moved].properties["place"] is None
    others = [key for key in before if key != moved and key in now]
    assert others and all(before[key].geometry == now[key].geometry for key in others)
    box = parse_box("119.0,25.0,120.0,27.0")
    with pytest.raises(Invalid, match=moved):
        history.all(asked(JUNE, box=box))
    kept = {item.id for item in history.all(asked(JULY, box=box))}
    assert kept == {item.id for item in history.all(asked(JULY)) if item.geometry is not None}


BOX = parse_box("119.29445,26.08945,119.29464,26.08966")
QUESTIONS: tuple[tuple[tuple[str, ...], Box | None, tuple[SortBy, ...]], ...] = (
    ((), None, ()),
    (("casei(name) LIKE '%1%'",), None, ()),
    (("state = 'in_use' AND value < 2500",), None, (SortBy("value", True),)),
    ((), BOX, ()),
    (("value > 500",), BOX, (SortBy("name", False),)),
    ((), None, (SortBy("brand", True), SortBy("value", False), SortBy("id", True))),
    ((), None, (SortBy("acquired", False),)),
    ((), None, (SortBy("id", True),)),
)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_replayed_and_what_is_read_together_are_what_a_replay_of_all_says(
    home: Home, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    with home.town.store.database.writing() as connection:
        records = {str(key): int(number) for key, number in connection.exec_driver_sql("SELECT key, record_id FROM asset")}
        for number in range(60):
            change_at_random(connection, records, number, rng)
        bring_at_random(connection, sorted(records.values()), rng)
    days = (MAY - timedelta(days=1), *(MAY + timedelta(days=rng.randrange(130)) for _ in range(2)))
    questions = [asked(day, *conditions, box=box, sort=sort) for day in days for conditions, box, sort in QUESTIONS]
    replayed = [[plain(item) for item in replayed_one_by_one(home, question)] for question in questions]
    assert [told_plainly(home, question, rng.randrange(15, 60)) for question in questions] == replayed
    monkeypatch.setattr("twin.queries.items.records_moved.LEAN_AT_ONCE", 7)
    monkeypatch.setattr("twin.queries.items.records_moved.choose_assets", lambda *_, **__: None)
    monkeypatch.setattr("twin.queries.items.records.choose_assets", lambda *_, **__: None)
    forget(home)
    assert [told_plainly(home, question, rng.randrange(15, 60)) for question in questions] == replayed
    assert len({len(one) for one in replayed}) > 3


def replayed_one_by_one(home: Home, asked: Asked) -> list[Item]:
    """What a replay of every record says, judged and put in order here."""
    reader, registers = home.reader(), home.town.registers
    with home.town.store.database.reading() as connection:
        made = RecordItems(ASSET, registers.shelf.places(connection), reader)
        assert asked.span is not None and asked.span.start is not None
        replay = Replay(connection, ASSET, asked.span.start.date(), 2**60, made)
        then = replay.of(records_where(connection, ASSET, true()))
        held = [one for one in then if all(holds(condition, one, types_of(ASSET, frozenset())) for condition in asked.filters)]
        found = list(zip(held, replay.items(held), strict=True))
    if asked.box is not None:
        plan = asked.box.plan
        found = [(one, item) for one, item in found if item.geometry is not None and plan.intersects(item.geometry)]
    found.sort(key=lambda pair: pair[0].record.id if asked.sort else pair[0].record.key)  # type: ignore[return-value,arg-type]
    for name, descending in reversed(asked.sort):
        said = [(one.record.key if name == "id" else one.record.values[name], (one, item)) for one, item in found]
        known = sorted((pair for pair in said if pair[0] is not None), key=lambda pair: pair[0], reverse=descending)
        found = [pair for _, pair in (*known, *(pair for pair in said if pair[0] is None))]
    return [item for _, item in found]


def forget(home: Home) -> None:
    """Nothing is kept of what was worked out."""
    with home.town.store.database.reading() as connection:
        home.town.registers.shelf.assets(connection).worked_out.clear()


def change_at_random(connection: Connection, records: dict[str, int], number: int, rng: random.Random) -> None:
    key, when = rng.choice(sorted(records)), author(MAY + timedelta(days=rng.randrange(120)))
    match rng.randrange(12):
        case 0:
            end_record(connection, ASSET, records.pop(key), when)
        case 1:
            records[f"ZZ-{number}"] = add_record(connection, ASSET, {"code": f"ZZ-{number}", "name": "新"}, when)
        case 2:
            for change in change_fields(connection, ASSET, records[key], {"name": f"错{number}"}, when):
                revert_change(connection, ASSET, change, when)
        case _:
            change_fields(connection, ASSET, records[key], {"value": rng.randrange(3000), "name": f"名{number}"}, when)


def bring_at_random(connection: Connection, records: list[int], rng: random.Random) -> None:
    """Let most records have come by imports of days in disorder; of some the row says what an older ledger said last."""
    table, given = schema.kind_table("asset"), {"kind": "asset", "source": "L", "status": "current", "sha256": "", "options": ""}
    given |= {"file": "", "who": "", "facts": "{}", "counts": "{}"}
    for number, day in enumerate((JUNE, MAY, JULY), start=9001):
        row = given | {"id": number, "number": number, "as_of": day.isoformat(), "recorded_us": number, "clock": 0}
        connection.execute(schema.register_revision.insert().values(row))
        some = rng.sample(records, len(records) // 4)
        connection.execute(table.update().where(table.c.record_id.in_(some)).values(revision_id=number))
        change = schema.change
        connection.execute(change.delete().where(change.c.record_id.in_(some), change.c.field == "added"))
    for record in rng.sample(records, 4):
        for place, (day, value) in enumerate(((JUNE, 11), (MAY, 12))):
            said = {
                "id": 900_000 + 2 * record + place,
                "kind": "asset",
                "record_id": record,
                "field": "value",
                "old": None,
                "new": f"{value}",
            }
            told = {"valid_from": day.isoformat(), "recorded_us": 1, "since": 0, "source": "", "who": "", "method": "import"}
            connection.execute(schema.change.insert().values(said | told))
        connection.execute(table.update().where(table.c.record_id == record).values(value=12))


def told_plainly(home: Home, asked: Asked, limit: int = 7) -> list[tuple[Any, ...]]:
    return [plain(item) for item in home.all(asked, limit=limit)]


def plain(item: Item) -> tuple[Any, ...]:
    return item.id, item.site, item.geometry, item.low_m, item.high_m, item.properties, item.version


def test_places_and_single_items_are_as_they_were_and_what_is_not_known_is_refused(history: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    require_places(history)
    require_single_items(history)
    require_refusals(history, monkeypatch)


def require_single_items(history: Home) -> None:
    ended = sorted(history.town.assets)[5]

    def one(key: str, day: date, records: Reader = SEES_ALL) -> Item:
        reader = history.reader(records)
        with history.town.store.database.reading() as connection:
            return item_query(connection, history.catalogue, history.catalogue.get(reader, "assets"), reader, asked(day)).one(key)

    assert one(ended, MAY).properties["value"] == 1005
    assert one("ZZ-1", JUNE).version is None
    for key, day in ((ended, JUNE), ("ZZ-1", MAY)):
        with pytest.raises(NotFound):
            one(key, day)
    hidden = Reader(name="few", units=frozenset({"U4"}))
    with pytest.raises(NotFound):
        one("ZZ-1", JULY, hidden)


def require_refusals(history: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("2024-05-01/2024-06-01", "2024-05-01T00:00:00Z/..", "../2024-05-01"):
        with pytest.raises(Invalid, match="one day"):
            history.all(Asked(span=parse_datetime(text)))
    with pytest.raises(Invalid, match="as of now"):
        history.all(asked(MAY, "S_INTERSECTS(geometry, POINT(119 26))"))
    for after in ("s.", "ZZ-1", Cursor((1, 2, 3)).text, Cursor(("text", 1)).text, "x\0"):
        with pytest.raises(Invalid, match="after"):
            told_behind(history, asked(JULY, sort=(SortBy("value", True),)), after)
    monkeypatch.setattr("twin.queries.items.records_moved.MOST", 10)
    with pytest.raises(Invalid, match=r"\d+ assets have changed since 2024-05-01, more than 10") as refused:
        history.all(asked(MAY, sort=(SortBy("value", True),)))
    assert "sortby" in (refused.value.hint or "")
    with pytest.raises(Invalid, match=r"\d+ assets have changed since"):
        history.all(asked(MAY, "value >= 1"))
    everything = {item.id for item in told_in_pages(history, MAY)}
    monkeypatch.undo()
    assert everything == {item.id for item in history.all(asked(MAY))}


def told_behind(history: Home, question: Asked, after: str) -> None:
    reader = history.reader(SEES_ALL)
    with history.town.store.database.reading() as connection:
        item_query(connection, history.catalogue, history.catalogue.get(reader, "assets"), reader, question).page(after=after, limit=3)


def told_in_pages(history: Home, day: date) -> list[Item]:
    reader, found, after = history.reader(SEES_ALL), [], ""
    with history.town.store.database.reading() as connection:
        query = item_query(connection, history.catalogue, history.catalogue.get(reader, "assets"), reader, asked(day))
        assert query.count() is None, "so many replayed are not counted"
        place: str | None = after
        while place is not None:
            page = query.page(after=place, limit=3)
            found += page.items
            place = page.after
    return found
