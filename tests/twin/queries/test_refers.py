"""Values of a dossier name records: units, people, rooms and buildings, as of its day and for its reader."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.queries.planner.office import EVERYBODY, TODAY, Office
from twin.codes import get_kind
from twin.queries.records.dossier import record_dossier
from twin.records.scope import Reader


def dossier(office: Office, kind: str, key: str, reader: Reader = EVERYBODY) -> dict[str, Any]:
    return record_dossier(office.registers, get_kind(kind), key, reader, as_of=TODAY, known_at=None)


def named(document: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    records = {field["name"]: field["record"] for field in document["fields"]}
    return {name: (one["kind"], one["key"], one["title"]) for name, one in records.items() if one is not None}


def test_a_person_names_a_unit_a_building_a_room_and_a_second_one(standing: Office) -> None:
    document = dossier(standing, "person", "P4")
    assert named(document) == {
        "unit": ("unit", "U11", "省规划设计院"),
        "building": ("building", "B1", "东风楼"),
        "room": ("room", "R103", "103"),
        "second_building": ("building", "B1", "东风楼"),
        "second_room": ("room", "R202", "202"),
    }
    assert [step["record"] and step["record"]["key"] for step in document["place"]["path"] if step["kind"] != "storey"][-2:] == [
        "B1",
        "R103",
    ]
    assert next(field for field in document["fields"] if field["name"] == "room")["record"]["href"] == "/rooms/R103"


def test_a_room_names_its_units_and_building_and_not_itself(standing: Office) -> None:
    document = dossier(standing, "room", "R103")
    assert named(document) == {
        "building": ("building", "B1", "东风楼"),
        "allocated_to": ("unit", "U1", "省发展和改革委员会"),
        "used_by": ("unit", "U11", "省规划设计院"),
    }
    assert document["place"]["path"][-1]["record"] is None


def test_a_text_that_names_nothing_is_no_record(standing: Office) -> None:
    assert set(named(dossier(standing, "person", "P10"))) == {"unit", "building"}
    assert set(named(dossier(standing, "unit", "U1"))) == set()


@pytest.mark.parametrize("reader", [Reader(name="clerk", units=frozenset({"U11"}))])
def test_a_record_that_is_not_for_the_reader_is_not_named(standing: Office, reader: Reader) -> None:
    assert named(dossier(standing, "person", "P4", reader)).get("unit") == ("unit", "U11", "省规划设计院")
    assert "allocated_to" not in named(dossier(standing, "room", "R103", reader))
