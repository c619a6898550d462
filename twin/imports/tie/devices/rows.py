"""The records of a device register as the scene needs them: values, the line they came from, the placement they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, select

from spatial.feature import Kind
from twin.codes import get_kind
from twin.records.counters import clock_of
from twin.records.values import field_values
from twin.store import record_schema as schema

__all__ = ["HAND", "PLACED", "DeviceRow", "Fault", "device_rows"]

PLACED = ("place_id", "place_method", "place_reason", "slot", "x_m", "y_m", "z_m", "accuracy_m")
HAND = "by hand"
"""The source of a record that no ledger has."""


class Fault(NamedTuple):
    """What is wrong with a device: a code of docs/issue-codes.md and the words of this one."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A record of a device: `location_place` where its location was found, `held` its placement now (`PLACED`), None for kinds
    that have none; `ledger` which ledger of its kind it came from, `file`, `sha256` and `line` where in it."""

    id: int
    version: int
    kind: Kind
    key: str
    values: Mapping[str, Any]
    location_place: int | None
    held: tuple[Any, ...] | None
    ledger: str
    file: str
    sha256: str
    line: int | None

    @property
    def feature_id(self) -> str:
        """Its id in the scene: the kind and the key, `camera:C-017`."""
        return f"{self.kind}:{self.key}"


def device_rows(connection: Connection, kind: Kind) -> list[DeviceRow]:
    """The records of a kind that readers see, ended ones left out, in the order in which they came."""
    table, now = schema.kind_table(kind.value), clock_of(connection, kind.value)
    query = select(table).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None)).order_by(table.c.record_id)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    if not rows:
        return []
    ledgers = _ledgers(connection, kind)
    places = _places_of_locations(connection, table) if "location_id" in table.c else {}
    return [
        DeviceRow(
            id=row["record_id"],
            version=row["id"],
            kind=kind,
            key=row["key"],
            values=values,
            location_place=places.get(row.get("location_id")),
            held=tuple(row[name] for name in PLACED) if "place_id" in table.c else None,
            line=row["line"],
            **ledgers.get(row["revision_id"], {"ledger": HAND, "file": HAND, "sha256": ""}),
        )
        for row, values in zip(rows, field_values(connection, get_kind(kind.value), rows), strict=True)
    ]


def _ledgers(connection: Connection, kind: Kind) -> dict[int | None, dict[str, str]]:
    revision = schema.register_revision.c
    rows = connection.execute(select(revision.id, revision.source, revision.file, revision.sha256).where(revision.kind == kind.value))
    return {row.id: {"ledger": row.source, "file": row.file, "sha256": row.sha256} for row in rows}


def _places_of_locations(connection: Connection, table: Table) -> dict[int | None, int | None]:
    location = schema.location.c
    query = select(location.id, location.place_id).where(location.id.in_(select(table.c.location_id)))
    return {row.id: row.place_id for row in connection.execute(query)}
