"""What a person writes into a record: added, replaced, changed, ended; each with its history, none blindly over another's change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from twin.codes import Fault, RecordKind, get_dictionary
from twin.entitlement import next_states
from twin.errors import Forbidden, Refused
from twin.queries.records.context import Registers
from twin.queries.records.documents import record_document, withheld_columns
from twin.queries.records.listing import visible_record
from twin.records.read import Record, find_record
from twin.records.scope import Reader, owners_of
from twin.records.unit_tree import load_units
from twin.records.write import Author, add_record, change_fields, end_record

__all__ = ["PRECONDITION", "change_record", "create_record", "finish_record", "require_in_scope", "require_life_cycle"]

PRECONDITION = "PRECONDITION_FAILED"
Written = tuple[dict[str, Any], str]


def create_record(registers: Registers, kind: RecordKind, values: Mapping[str, Any], reader: Reader) -> Written:
    """The new record and its version; raises Invalid, Forbidden for a unit outside the writer's scope."""
    _require_shown(kind, values, reader)
    with registers.store.database.writing() as connection:
        record_id = add_record(connection, kind, values, _author(registers, reader, None))
        require_in_scope(connection, kind, record_id, reader)
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
    (`PRECONDITION_FAILED` where the record is another by now, `RECORD_ENDED`, `STEP_NOT_ALLOWED` for a state that does not follow).
    """
    _require_shown(kind, values, reader)
    with registers.store.database.writing() as connection:
        record = _met(registers, connection, kind, key, reader, version)
        if replace:
            hidden = withheld_columns(kind, reader)
            values = {column.name: values.get(column.name) for column in kind.columns if column.name not in hidden}
        require_life_cycle(kind, record, values, registers.today())
        change_fields(connection, kind, record.id, values, _author(registers, reader, valid_from))
        require_in_scope(connection, kind, record.id, reader)
    return _written(registers, kind, record.id, reader)


def finish_record(registers: Registers, kind: RecordKind, key: str, reader: Reader, *, version: str | None) -> None:
    """End a record today: it is in no list and no count any more; its dossier stays. Raises as `change_record`."""
    with registers.store.database.writing() as connection:
        record = _met(registers, connection, kind, key, reader, version)
        end_record(connection, kind, record.id, _author(registers, reader, None))


def require_life_cycle(kind: RecordKind, record: Record, values: Mapping[str, Any], on: date) -> None:
    """Raise Refused (`STEP_NOT_ALLOWED`) where an asset would get a state that does not follow its own (domain: life cycle)."""
    before, after = record.values.get("state"), values.get("state")
    if kind.name != "asset" or "state" not in values or before is None:
        return
    found = get_dictionary("asset_state").find(str(after)) if after else None
    state = found.code if found else after
    if state == before or (after and found is None):
        return  # what is no state at all is refused where values are checked
    allowed = next_states(str(before), on=on)
    if state not in allowed:
        refuse(Fault(code="STEP_NOT_ALLOWED", message=f"asset: no step from {before} to {state}; allowed: {'、'.join(allowed) or 'none'}"))


def refuse(fault: Fault, *, path: str = "state") -> None:
    """Raise Refused for a fault."""
    raise Refused(fault.message, code=fault.code, path=path, hint="GET the record's dossier for where it stands")


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


def _require_shown(kind: RecordKind, values: Mapping[str, Any], reader: Reader) -> None:
    hidden = [name for name in withheld_columns(kind, reader) if name in values]
    if hidden:
        raise Forbidden(f"{reader.name} may not read values", path=hidden[0])


def _author(registers: Registers, reader: Reader, valid_from: date | None) -> Author:
    return Author(who=reader.name, method="manual", source="api", now=registers.now(), valid_from=valid_from)
