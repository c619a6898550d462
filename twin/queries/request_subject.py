"""What a request is about: its records, found and checked, and the unit that owns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from twin.codes import RecordKind, get_kind, list_kinds
from twin.errors import Forbidden, Invalid, NotFound, Refused
from twin.queries.records.context import Registers
from twin.queries.records.documents import withheld_columns
from twin.queries.records.life_cycle import require_life_cycle
from twin.queries.records.listing import visible_record
from twin.queries.request_links import check_link
from twin.queries.request_moves import check_move, move_records
from twin.records.checked import checked_values
from twin.records.read import Record, get_record
from twin.records.scope import Reader, owners_of
from twin.records.unit_tree import UnitTree

__all__ = ["Subject", "read_subject"]

LISTS = {"assets": "asset", "rooms": "room"}
ASSETS_AT_MOST = 1_000
TEXT_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The records a request is about, each with its kind; `payload` is what was asked, checked; `unit` the key of the owning unit."""

    records: Sequence[tuple[RecordKind, Record]]
    payload: Mapping[str, Any]
    unit: str | None

    @property
    def record_ids(self) -> tuple[int, ...]:
        """The ids of the records, in their order."""
        return tuple(record.id for _, record in self.records)

    @property
    def named(self) -> dict[tuple[str, str], Record]:
        """(kind, key) → record."""
        return {(kind.name, record.key): record for kind, record in self.records}

    @property
    def lent(self) -> bool:
        """Whether any asset among them is let or lent."""
        return any(record.values.get("state") == "lent" for kind, record in self.records if kind.name == "asset")


def read_subject(registers: Registers, connection: Connection, kind: str, payload: Mapping[str, Any], reader: Reader | None) -> Subject:
    """The subject of a request; without a reader that of one that was filed. Raises Invalid (`REQUEST_INVALID`), NotFound, Forbidden."""
    wanted = move_records(payload) if kind == "move" else _wanted(payload)
    records = _records(registers, connection, wanted, reader)
    if any(record.ended for _, record in records) and reader is not None:
        raise Refused("a record that has ended is not asked for", code="RECORD_ENDED", path="record")
    units = registers.shelf.units(connection)
    checked = dict(payload)
    if kind == "correction" and reader is not None:
        checked = _correction(registers, connection, payload, records, reader)
    if kind == "link_decision" and reader is not None:
        checked = check_link(registers, _the_one(records, payload)[0], payload, reader)
    _known_unit(units, payload)
    subject = Subject(records=records, payload=checked, unit=payload.get("unit") if kind == "move" else _owner(units, records, payload))
    if kind == "move" and reader is not None:
        _day(payload)
        check_move(registers, connection, payload, subject.named)
    return subject


def _wanted(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The kind and key of each record that a request names: its `record`, its `assets` and `rooms`."""
    wanted: list[tuple[str, str]] = []
    if payload.get("record") is not None:
        one = payload["record"]
        if not isinstance(one, Mapping) or not isinstance(one.get("key"), str):
            raise _wrong("record", "a record is {kind, key}")
        wanted.append((_kind(one.get("kind")).name, one["key"]))
    for name, kind in LISTS.items():
        keys = payload.get(name)
        if keys is None:
            continue
        if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
            raise _wrong(name, f"{name} are a list of different keys")
        if len(keys) > ASSETS_AT_MOST:
            raise _wrong(name, f"{len(keys)} {name} are too many for one request; at most {ASSETS_AT_MOST}")
        wanted += [(kind, key) for key in keys]
    return wanted


def _records(
    registers: Registers, connection: Connection, wanted: Sequence[tuple[str, str]], reader: Reader | None
) -> list[tuple[RecordKind, Record]]:
    kinds = [(get_kind(name), key) for name, key in wanted]
    if reader is None:
        return [(kind, get_record(connection, kind, key)) for kind, key in kinds]
    return [(kind, visible_record(registers, connection, kind, key, reader)) for kind, key in kinds]


def _kind(name: object) -> RecordKind:
    found = next((kind for kind in list_kinds() if name in (kind.name, kind.plural)), None)
    if found is None:
        raise _wrong("record", f"there are no records of kind {name!r}")
    return found


def _correction(
    registers: Registers,
    connection: Connection,
    payload: Mapping[str, Any],
    records: Sequence[tuple[RecordKind, Record]],
    reader: Reader,
) -> dict[str, Any]:
    """A correction with its value checked: one field of one record, with evidence in words (files: `twin.queries.evidence`)."""
    kind, record = _the_one(records, payload)
    field, evidence = payload.get("field"), payload.get("evidence")
    if not isinstance(field, str) or field not in {column.name for column in kind.columns}:
        raise _wrong("field", f"a {kind.name} has no field {field!r}")
    if field in withheld_columns(kind, reader):
        raise Forbidden(f"{reader.name} may not read values", path=field)
    if not isinstance(evidence, str) or not evidence.strip() or len(evidence) > TEXT_CHARACTERS:
        raise _wrong("evidence", f"say what proves it, in at most {TEXT_CHARACTERS} characters")
    value = checked_values(kind, {field: payload.get("value")})[field]
    since = _day(payload)
    require_life_cycle(connection, kind, record, {field: value}, payload, now=registers.now(), reader=None, valid_from=since)
    return {**payload, "value": value, "was": record.values[field], "empty": value is None}


def _the_one(records: Sequence[tuple[RecordKind, Record]], payload: Mapping[str, Any]) -> tuple[RecordKind, Record]:
    if len(records) != 1 or payload.get("record") is None:
        raise _wrong("record", "it is about one record")
    return records[0]


def _day(payload: Mapping[str, Any]) -> date | None:
    """The day from which a correction holds, None where the payload says none; raises Invalid."""
    said = payload.get("valid_from")
    try:
        return None if said is None else date.fromisoformat(said)
    except (TypeError, ValueError):
        raise _wrong("valid_from", f"{said!r} is not a day of the form YYYY-MM-DD") from None


def _known_unit(units: UnitTree, payload: Mapping[str, Any]) -> None:
    unit = payload.get("unit")
    if unit is not None and unit not in units.by_key:
        raise NotFound(f"there is no unit {unit}", path="unit")


def _owner(units: UnitTree, records: Sequence[tuple[RecordKind, Record]], payload: Mapping[str, Any]) -> str | None:
    """The unit that decides: of the records; of a request about none, the one it names. Raises Refused where they are several units'."""
    owners = {next(iter(owners_of(kind, record, units)), None) for kind, record in records if kind.name != "room" or len(records) == 1}
    if len(owners) > 1:
        raise Refused("the records belong to several units", code="REQUEST_UNITS_MANY", path="assets", hint="one request a unit")
    owner = next(iter(owners), None)
    if owner is not None:
        return units.nodes[owner].key if owner in units.nodes else None
    unit = payload.get("unit")
    return unit if isinstance(unit, str) and not records else None


def _wrong(path: str, what: str) -> Invalid:
    return Invalid(f"{path}: {what}", path=path, code="REQUEST_INVALID", hint="/openapi.json describes requests")
