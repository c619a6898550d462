"""What left to whom, as the store keeps it: never erased, and asked by `twin export list` and /exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from twin.store.database import next_id
from twin.store.share_schema import package
from twin.store.values import from_json, from_microseconds, to_json, to_microseconds

__all__ = [
    "ABANDONED",
    "PREPARED",
    "PUBLISHED",
    "Package",
    "last_package",
    "list_packages",
    "package_document",
    "record_package",
    "set_state",
]

PREPARED, PUBLISHED, ABANDONED = "prepared", "published", "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package: its place in the order of those of a receiver and dataset, what its manifest says, where it was laid, by whom."""

    id: int = 0
    receiver: str
    dataset: str
    sequence: int
    kind: str
    state: str
    reason: str
    definition: str
    position: str
    manifest_sha256: str
    manifest: Mapping[str, Any]
    folder: str
    who: str
    recorded_at: datetime

    @property
    def name(self) -> str:
        """The folder of the package below that of its dataset."""
        return f"{self.sequence:06d}-{self.kind}"


def last_package(connection: Connection, receiver: str, dataset: str) -> Package | None:
    """The newest package of a dataset that a receiver has got or is about to get."""
    column = package.c
    query = select(package).where(column.receiver == receiver, column.dataset == dataset, column.state != ABANDONED)
    row = connection.execute(query.order_by(column.sequence.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _decoded(row)


def list_packages(
    connection: Connection, receiver: str | None = None, dataset: str | None = None, *, limit: int, before: int | None = None
) -> list[Package]:
    """At most `limit` packages, the newest first, those recorded before the one with the number `before`."""
    column = package.c
    query = select(package).order_by(column.id.desc())
    for condition, value in ((column.receiver, receiver), (column.dataset, dataset)):
        query = query if value is None else query.where(condition == value)
    query = query if before is None else query.where(column.id < before)
    return [_decoded(row) for row in connection.execute(query.limit(limit)).mappings()]


def package_document(one: Package) -> dict[str, Any]:
    """A package as those read of it who audit."""
    return {
        "receiver": one.receiver,
        "dataset": one.dataset,
        "sequence": one.sequence,
        "kind": one.kind,
        "reason": one.reason,
        "state": one.state,
        "counts": one.manifest["counts"],
        "fields": one.manifest["fields"],
        "manifest_sha256": one.manifest_sha256,
        "folder": one.folder,
        "who": one.who,
        "recorded_at": one.recorded_at.isoformat(),
    }


def record_package(connection: Connection, one: Package) -> None:
    """Write down that a package is about to leave; one of the same number that never left gives way."""
    column = package.c
    same = (column.receiver == one.receiver, column.dataset == one.dataset, column.sequence == one.sequence)
    values = {
        **{name: getattr(one, name) for name in ("kind", "state", "reason", "definition", "position", "manifest_sha256", "folder", "who")},
        "manifest": to_json(one.manifest),
        "recorded_us": to_microseconds(one.recorded_at),
    }
    if connection.execute(update(package).where(*same, column.state == ABANDONED).values(values)).rowcount:
        return
    key = {"id": next_id(connection, package), "receiver": one.receiver, "dataset": one.dataset, "sequence": one.sequence}
    connection.execute(insert(package).values(**key, **values))


def set_state(connection: Connection, one: Package, state: str) -> None:
    """Say what became of a package."""
    column = package.c
    same = (column.receiver == one.receiver, column.dataset == one.dataset, column.sequence == one.sequence)
    connection.execute(update(package).where(*same).values(state=state))


def _decoded(row: RowMapping) -> Package:
    names = (
        "id",
        "receiver",
        "dataset",
        "sequence",
        "kind",
        "state",
        "reason",
        "definition",
        "position",
        "manifest_sha256",
        "folder",
        "who",
    )
    return Package(
        **{name: row[name] for name in names}, manifest=from_json(row["manifest"]), recorded_at=from_microseconds(row["recorded_us"])
    )
