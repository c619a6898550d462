"""What a person writes into a record: added, replaced, changed, ended; each with its history, none blindly over another's change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from spatial.feature import DEVICES
from twin.codes import RecordKind, get_kind
from twin.errors import Forbidden, Refused
from twin.queries.records.context import Registers
from twin.queries.records.documents import record_document, withheld_columns
from twin.queries.records.life_cycle import require_beginning, require_life_cycle, require_no_transfer
from twin.queries.records.listing import visible_record
from twin.records.read import Record, find_record
from twin.records.scope import Reader, owners_of
from twin.records.unit_tree import load_units
from twin.records.write import Author, add_record, change_fields, end_record

__all__ = ["PRECONDITION", "change_record", "create_record", "finish_record", "require_in_scope", "take_asset_step"]

PRECONDITION = "PRECONDITION_FAILED"
FACTS_CHARACTERS = 2_000
Written = tuple[dict[str, Any], str]


def create_record(registers: Registers, kind: RecordKind, values: Mapping[str, Any], reader: Reader) -> Written:
    """The new record and its version; raises Invalid, Forbidden for a unit outside the writer's scope."""
    _require_shown(kind, values, reader)
    require_beginning(kind, values, on=registers.today())
    with registers.store.database.writing() as connection:
        record_id = add_record(connection, kind, values, _author(registers, reader, None))
        require_in_scope(connection, kind, record_id, reader)
    _follow(registers, kind, reader)
    return _written(registers, kind, record_id, reader)


def change_record(
    registers: Registers,
    kind: RecordKind,
    key: str,
    values: Mapping[str, Any],
    reader: Reader,
    *,
    version: str | None,
    replace: bool = False,
    valid_from: date | None = None,
) -> Written:
    """Change fields from a day on (default today); with `replace` those that are not given become empty.

    `version` is what the writer has seen, None for whatever there is. Raises NotFound, Invalid, Forbidden, Refused
    (`PRECONDITION_FAILED` where the record is another by now, `RECORD_ENDED`, and what `require_life_cycle` says of a state).
    """
    _require_shown(kind, values, reader)
    with registers.store.database.writing() as connection:
        record = _met(registers, connection, kind, key, reader, version)
        if replace:
            hidden = withheld_columns(kind, reader)
            values = {column.name: values.get(column.name) for column in kind.columns if column.name not in hidden}
        require_no_transfer(kind, record, values)
        require_life_cycle(connection, kind, record, values, {}, now=registers.now(), reader=reader, valid_from=valid_from)
        change_fields(connection, kind, record.id, values, _author(registers, reader, valid_from))
        require_in_scope(connection, kind, record.id, reader)
    _follow(registers, kind, reader)
    return _written(registers, kind, record.id, reader)


def take_asset_step(
    registers: Registers,
    key: str,
    to: str,
    facts: Mapping[str, Any],
    reader: Reader,
    *,
    version: str | None,
    valid_from: date | None = None,
) -> Written:
    """Take a step of an asset's life that needs no request, with its facts (a voucher, a keeper …), which its history keeps.

    Facts that are columns are written with the state. Raises as `change_record`, Invalid for a state that is none.
    """
    kind = get_kind("asset")
    columns = {column.name for column in kind.columns}
    values = {name: value for name, value in facts.items() if name in columns} | {"state": to}
    papers = {name: value for name, value in facts.items() if name not in columns}
    _require_shown(kind, values, reader)
    with registers.store.database.writing() as connection:
        record = _met(registers, connection, kind, key, reader, version)
        require_no_transfer(kind, record, values)
        require_life_cycle(connection, kind, record, values, papers, now=registers.now(), reader=reader, valid_from=valid_from)
        said = "; ".join(f"{name}: {value}" for name, value in papers.items())[:FACTS_CHARACTERS]
        author = _author(registers, reader, valid_from)
        change_fields(connection, kind, record.id, values, replace(author, source=f"api step; {said}") if said else author)
        require_in_scope(connection, kind, record.id, reader)
    return _written(registers, kind, record.id, reader)


def finish_record(registers: Registers, kind: RecordKind, key: str, reader: Reader, *, version: str | None) -> None:
    """End a record today: it is in no list and no count any more; its dossier stays. Raises as `change_record`."""
    with registers.store.database.writing() as connection:
        record = _met(registers, connection, kind, key, reader, version)
        end_record(connection, kind, record.id, _author(registers, reader, None))
    _follow(registers, kind, reader)


def require_in_scope(connection: Connection, kind: RecordKind, record_id: int, reader: Reader) -> None:
    """Raise Forbidden where a record, as this transaction leaves it, belongs to no unit of the reader's."""
    if reader.units is None:
        return
    units, record = load_units(connection), find_record(connection, kind, record_id)
    if record is None or not units.permitted(reader.units).intersection(owners_of(kind, record, units)):
        raise Forbidden(f"what belongs to no unit of {reader.name} is not theirs to write", path=kind.plural)


def _met(registers: Registers, connection: Connection, kind: RecordKind, key: str, reader: Reader, version: str | None) -> Record:
    record = visible_record(registers, connection, kind, key, reader)
    if version is not None and version != record.version:
        raise Refused(f"{key} has changed since", code=PRECONDITION, path=key, hint="read it again, then change it")
    if record.ended is not None:
        raise Refused(f"{key} ended on {record.ended}", code="RECORD_ENDED", path=key, hint="its dossier stays as it is; add a new record")
    return record


def _written(registers: Registers, kind: RecordKind, record_id: int, reader: Reader) -> Written:
    """After the commit: what is kept in memory must never be of a transaction that may not last."""
    with registers.store.database.reading() as connection:
        record = find_record(connection, kind, record_id)
        assert record is not None
        return record_document(kind, record, reader, registers.shelf.places(connection)), record.version


def _follow(registers: Registers, kind: RecordKind, reader: Reader) -> None:
    """A device is a feature of the scene too, which is to say the same before the writer is answered."""
    if kind.name in DEVICES:
        registers.tie(who=reader.name)


def _require_shown(kind: RecordKind, values: Mapping[str, Any], reader: Reader) -> None:
    hidden = [name for name in withheld_columns(kind, reader) if name in values]
    if hidden:
        raise Forbidden(f"{reader.name} may not read values", path=hidden[0])


def _author(registers: Registers, reader: Reader, valid_from: date | None) -> Author:
    return Author(who=reader.name, method="manual", source="api", now=registers.now(), valid_from=valid_from)
