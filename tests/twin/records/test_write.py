"""A person's change: seen at once, told in the history, taken back without a trace in the values."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.twin.records.conftest import NOW, Registers
from twin.codes import get_kind
from twin.errors import Invalid, NotFound, Refused
from twin.imports.register import kind_named
from twin.ledgers.hashing import hash_texts
from twin.records.changed import compare
from twin.records.ledger import NewLedger
from twin.records.read import as_told, get_record, page_of_records
from twin.records.write import Author, add_record, change_fields, end_record, revert_change
from twin.store.values import to_microseconds

ROOM = get_kind("room")
GIVEN = {"code": "R-203", "building": "3号楼", "storey": "2", "number": "203", "usable_area": 18.4, "state": "在用", "shared": True}
CLERK = Author(who="li", method="manual", source="form", now=NOW)
LATER = Author(who="li", method="correction", source="request:7", now=NOW + timedelta(days=2), request_id=7)


def add(registers: Registers, values: dict[str, Any] = GIVEN) -> int:
    with registers.store.database.writing() as connection:
        return add_record(connection, ROOM, values, CLERK)


def change(registers: Registers, record_id: int, values: dict[str, Any], author: Author = LATER) -> list[int]:
    with registers.store.database.writing() as connection:
        return change_fields(connection, ROOM, record_id, values, author)


def told(registers: Registers, key: str, *, as_of: date, known: timedelta = timedelta(days=9)) -> dict[str, Any]:
    with registers.store.database.reading() as connection:
        record = get_record(connection, ROOM, key)
        found = as_told(connection, ROOM, record, as_of=as_of, known_at_us=to_microseconds(NOW + known))
    return {name: held.value for name, held in found.fields.items()}


def test_a_new_record_says_what_was_stated_in_the_words_of_the_dictionary(registers: Registers) -> None:
    add(registers)
    values = registers.get("room", "R-203").values
    assert (values["building"], values["usable_area"], values["state"], values["shared"]) == ("3号楼", 18.4, "in_use", True)
    assert registers.keys("room") == ["R-203"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"usable_area": "18"}, "usable_area"),
        ({"usable_area": float("nan")}, "usable_area"),
        ({"state": "漂浮"}, "state"),
        ({"allocated_from": "2024-02-30"}, "allocated_from"),
        ({"seats": 1.5}, "seats"),
        ({"shared": "yes"}, "shared"),
        ({"colour": "red"}, "colour"),
        ({"building": ""}, "building"),
        ({"name": "x" * 4001}, "name"),
    ],
)
def test_a_wrong_value_is_refused_and_named(registers: Registers, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        add(registers, GIVEN | values)
    assert caught.value.path == field
    assert caught.value.code in ("FIELD_INVALID", "INVALID")
    assert registers.keys("room") == []


def test_a_key_is_given_once(registers: Registers) -> None:
    add(registers)
    with pytest.raises(Invalid) as caught:
        add(registers)
    assert caught.value.code == "RECORD_KEY_TAKEN"


def test_a_record_without_its_code_is_known_by_building_storey_and_number(registers: Registers) -> None:
    add(registers, GIVEN | {"code": None})
    assert registers.keys("room") == ["building+storey+number=3号楼/2/203"]


def test_a_corrected_key_is_where_the_record_is_found(registers: Registers) -> None:
    record = add(registers)
    change(registers, record, {"code": "R-0203"})
    assert registers.get("room", "R-0203").id == record
    with pytest.raises(NotFound):
        registers.get("room", "R-203")


def test_a_correction_takes_the_place_of_the_wrong_value_from_the_day_that_held(registers: Registers) -> None:
    record = add(registers)
    change(registers, record, {"usable_area": 17.0}, Author(who="li", method="manual", source="form", now=NOW, valid_from=date(2026, 3, 1)))
    change(registers, record, {"usable_area": 16.5})
    areas = [told(registers, "R-203", as_of=day)["usable_area"] for day in (date(2026, 2, 28), date(2026, 3, 1))]
    assert areas == [18.4, 16.5]
    assert told(registers, "R-203", as_of=date(2026, 3, 1), known=timedelta(days=1))["usable_area"] == 17.0


def test_a_change_that_began_before_a_later_one_does_not_hide_it(registers: Registers) -> None:
    record = add(registers)
    for day, area in ((date(2026, 6, 1), 20.0), (date(2026, 3, 1), 19.0)):
        change(registers, record, {"usable_area": area}, Author(who="li", method="manual", source="form", now=NOW, valid_from=day))
    assert registers.get("room", "R-203").values["usable_area"] == 20.0
    assert told(registers, "R-203", as_of=date(2026, 4, 1))["usable_area"] == 19.0


def test_a_change_to_what_is_so_today_is_kept_where_it_was_not_so_before(registers: Registers) -> None:
    record = add(registers)
    change(registers, record, {"usable_area": 20.0}, Author(who="li", method="manual", source="form", now=NOW, valid_from=date(2026, 6, 1)))
    change(registers, record, {"usable_area": 20.0}, Author(who="li", method="manual", source="form", now=NOW, valid_from=date(2026, 3, 1)))
    assert told(registers, "R-203", as_of=date(2026, 4, 1))["usable_area"] == 20.0
    assert told(registers, "R-203", as_of=date(2026, 2, 1))["usable_area"] == 18.4


def test_a_change_cannot_begin_tomorrow(registers: Registers) -> None:
    record = add(registers)
    with pytest.raises(Invalid) as caught:
        change(registers, record, {"usable_area": 1.0}, Author(who="li", method="manual", source="x", now=NOW, valid_from=date(2027, 1, 1)))
    assert caught.value.code == "FIELD_INVALID"


def test_a_reverted_correction_leaves_the_values_as_they_were(registers: Registers) -> None:
    record = add(registers)
    before = told(registers, "R-203", as_of=NOW.date())
    (made,) = change(registers, record, {"usable_area": 16.5})
    with registers.store.database.writing() as connection:
        revert_change(connection, ROOM, made, LATER)
    assert told(registers, "R-203", as_of=NOW.date()) == before
    assert registers.get("room", "R-203").values["usable_area"] == 18.4
    with registers.store.database.reading() as connection:
        record_now = get_record(connection, ROOM, "R-203")
        changes = as_told(connection, ROOM, record_now, as_of=NOW.date(), known_at_us=2**60).changes
    assert [one.field for one in changes] == ["added", "usable_area", "usable_area"]
    assert changes[-1].reverts == made


def test_an_unknown_change_cannot_be_reverted(registers: Registers) -> None:
    add(registers)
    with registers.store.database.writing() as connection, pytest.raises(NotFound):
        revert_change(connection, ROOM, 99, LATER)


def test_what_is_stated_as_it_is_makes_no_history(registers: Registers) -> None:
    record = add(registers)
    assert change(registers, record, {"usable_area": 18.4, "state": "使用中"}) == []


def test_an_ended_record_leaves_the_lists_and_keeps_its_dossier(registers: Registers) -> None:
    record = add(registers)
    with registers.store.database.writing() as connection:
        end_record(connection, ROOM, record, LATER)
    with registers.store.database.reading() as connection:
        assert page_of_records(connection, ROOM, limit=10) == []
    assert registers.get("room", "R-203").ended == "2026-11-28"
    assert told(registers, "R-203", as_of=NOW.date())["usable_area"] == 18.4


def test_every_change_gives_another_version(registers: Registers) -> None:
    record = add(registers)
    versions = [registers.get("room", "R-203").version]
    for area in (17.0, 18.4):
        change(registers, record, {"usable_area": area})
        versions.append(registers.get("room", "R-203").version)
    assert len(set(versions)) == 3


def test_two_keys_of_one_hash_are_refused_not_mixed(registers: Registers) -> None:
    registers.take("asset", [{"资产编号": "A-1", "资产名称": "桌"}])
    kind = kind_named("asset")
    new = NewLedger(kind=kind, source="asset", sha256="", options={}, file="", who="", as_of=NOW.date(), facts={})
    version = registers.get("asset", "A-1").row["id"]
    with registers.store.database.reading() as connection, pytest.raises(Refused) as caught:
        compare(connection, new, [version], ["A-2"], {})
    assert caught.value.code == "KEY_HASH_COLLISION"


def test_the_hash_of_a_text_is_the_same_in_every_version() -> None:
    """Another value would make every row of every store a changed one."""
    assert hash_texts(pa.array(["ZC0000120220000001", "办公桌"])).tolist() == GOLDEN


def test_an_unknown_kind_is_refused(registers: Registers) -> None:
    with pytest.raises(Refused) as caught:
        kind_named("spaceship")
    assert caught.value.code == "KIND_UNKNOWN"


GOLDEN = [18047881182826333982, 8532817029790849572]
