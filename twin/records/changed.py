"""Which fields of known records a ledger says otherwise, and the rows that say so from the next turn of the clock on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, Table, update

from twin.codes import RecordKind
from twin.errors import Refused
from twin.records.corrected import Contradiction, find_corrected, note_contradictions
from twin.records.counters import take_ids
from twin.records.known import NO_HASH, UNCHANGED
from twin.records.ledger import NewLedger
from twin.records.overtaken import Overtaken, find_overtaken
from twin.records.values import field_values
from twin.store import record_schema as schema
from twin.store.database import put_rows, rows_among, set_among
from twin.store.values import to_json, to_microseconds

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Changed", "compare", "completed_parts"]

Row: TypeAlias = dict[str, Any]
AT_ONCE = 500
PLACED_BY = frozenset({"location_id", "article_id", "unit_id"})
"""The columns that a row is placed by; links to elements aside."""

CHANGE_COLUMNS = ("id", "kind", "record_id", "field", "old", "new", "valid_from", "recorded_us", "since", "source", "who", "method")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The comparison of some rows: per row the version it meets and the table columns that differ (none: only the writing differs).

    `overtaken`, by row, are those of which something known already holds from a later day than the ledger.
    """

    versions: Sequence[Mapping[str, Any]]
    differing: list[dict[str, Any]]
    contradicted: list[Contradiction]
    overtaken: Mapping[int, Overtaken]

    @property
    def ended(self) -> list[int]:
        """The ids of the versions that end."""
        return [int(version["id"]) for version, values in zip(self.versions, self.differing, strict=True) if values]

    @property
    def told_late(self) -> int:
        """Of how many records the ledger says something that held only until a change that is known already."""
        return sum(one.late for one in self.overtaken.values())

    def _history(
        self, connection: Connection, new: NewLedger, changed: Sequence[tuple[int, Row]], source: Callable[[int], str]
    ) -> list[tuple[Any, ...]]:
        """Per changed field of these rows (index, next version): record, field, old, new, valid from, source."""
        found: list[tuple[Any, ...]] = []
        for index, row in changed:
            noted = self.overtaken[index].noted if index in self.overtaken else {}
            found += [
                (row["record_id"], name, _kept(old), _kept(value), new.as_of.isoformat(), source(index))
                for name, (old, value) in noted.items()
            ]
        for group in _by_what_differs([one for one in changed if one[0] not in self.overtaken], self.differing):
            touched = {name for index, _ in group for name in self.differing[index]}
            before = field_values(connection, new.kind, [self.versions[index] for index, _ in group], only=touched)
            after = field_values(connection, new.kind, [row for _, row in group], only=touched)
            for (index, row), old_fields, new_fields in zip(group, before, after, strict=True):
                found += [
                    (row["record_id"], name, _kept(old_fields[name]), _kept(value), new.as_of.isoformat(), source(index))
                    for name, value in new_fields.items()
                    if value != old_fields[name]
                ]
        return found

    def write(
        self,
        connection: Connection,
        table: Table,
        hashes: Sequence[int],
        lines: Sequence[int],
        *,
        clock: int,
        revision_id: int,
        new: NewLedger,
        now: datetime,
    ) -> list[int]:
        """End what differs, write its next version and the history of its fields; take note of the new hash of the others.

        Returns the id of each row's next version, `UNCHANGED` where it goes on with the one it has. The hash of what is overtaken is not
        kept: the same row of a later day is no row as before.
        """
        hashes = [NO_HASH if index in self.overtaken else row_hash for index, row_hash in enumerate(hashes)]
        note_contradictions(connection, self.contradicted, now=now, revision_id=revision_id)
        for version, values, row_hash in zip(self.versions, self.differing, hashes, strict=True):
            if not values:
                connection.execute(update(table).where(table.c.id == version["id"]).values(row_hash=row_hash))
        changed = [index for index, values in enumerate(self.differing) if values]
        next_ids = [UNCHANGED] * len(self.versions)
        if not changed:
            return next_ids
        set_among(connection, table.c.until, clock + 1, table.c.id, self.ended)
        first = take_ids(connection, f"version.{new.kind.name}", len(changed))
        rows = [
            {
                **self.versions[index],
                **self.differing[index],
                **_unplaced(self.differing[index], table),
                "id": first + place,
                "since": clock + 1,
                "row_hash": hashes[index],
            }
            for place, index in enumerate(changed)
        ]
        for index, row in zip(changed, rows, strict=True):
            next_ids[index] = row["id"]
        names = tuple(rows[0])
        put_rows(connection, table, names, [tuple(row[name] for name in names) for row in rows])
        history = self._history(connection, new, list(zip(changed, rows, strict=True)), lambda index: f"{revision_id}:{lines[index]}")
        first_change = take_ids(connection, "change", len(history)) if history else 0
        recorded = to_microseconds(now)
        put_rows(
            connection,
            schema.change,
            CHANGE_COLUMNS,
            [
                (first_change + place, new.kind.name, record, name, old, value, valid, recorded, clock + 1, source, new.who, "import")
                for place, (record, name, old, value, valid, source) in enumerate(history)
            ],
        )
        return next_ids


def _by_what_differs(changed: Sequence[tuple[int, Row]], differing: Sequence[Mapping[str, Any]]) -> Iterable[Sequence[tuple[int, Row]]]:
    """Rows that differ in one and the same column together, all that differ in several: few ask for texts of other columns."""
    groups: dict[str, list[tuple[int, Row]]] = {}
    for index, row in changed:
        names = differing[index]
        groups.setdefault(next(iter(names)) if len(names) == 1 else "", []).append((index, row))
    return groups.values()


def compare(
    connection: Connection, new: NewLedger, version_ids: Sequence[int], keys: Sequence[str], columns: Mapping[str, Sequence[Any]]
) -> Changed:
    """Compare rows with the versions they meet. What a person corrected is compared with what the ledger said before, and what is known
    already of a later day than the ledger's stands (`overtaken`).

    Raises Refused (`KEY_HASH_COLLISION`) where a version has another key than the row: two keys of one 64-bit hash.
    """
    table = schema.kind_table(new.kind.name)
    found = {int(row["id"]): dict(row) for row in rows_among(connection, table.c, table.c.id, version_ids).mappings()}
    versions = [found[version_id] for version_id in version_ids]
    for version, key in zip(versions, keys, strict=True):
        if version["key"] != key:
            raise Refused(
                f"{key!r} and {version['key']!r} have one hash", code="KEY_HASH_COLLISION", path=key, hint="report it: a fault of ours"
            )
    corrected = find_corrected(connection, [version["record_id"] for version in versions])
    differing: list[dict[str, Any]] = []
    contradicted: list[Contradiction] = []
    free: list[dict[str, Any]] = []
    for index, version in enumerate(versions):
        said = {name: column[index] for name, column in columns.items()}
        contradicted += corrected.contradictions(version["record_id"], said)
        held = corrected.columns_of(version["record_id"])
        free.append({name: value for name, value in said.items() if name not in held})
    overtaken = find_overtaken(connection, new, versions, free)
    for index, (version, said) in enumerate(zip(versions, free, strict=True)):
        stands = overtaken[index].columns if index in overtaken else {name: one for name, one in said.items() if one != version[name]}
        differing.append(dict(stands))
    return Changed(versions=versions, differing=differing, contradicted=contradicted, overtaken=overtaken)


def _unplaced(differing: Mapping[str, Any], table: Table) -> dict[str, None]:
    """What a row that may now stand elsewhere says, until the tie has placed it."""
    return {"place_method": None} if "place_method" in table.c and not PLACED_BY.isdisjoint(differing) else {}


def completed_parts(
    connection: Connection, kind: RecordKind, values: Mapping[str, pa.Array], version_ids: Sequence[int]
) -> Mapping[str, pa.Array]:
    """The columns of a ledger, with what it does not have of an article or location it has in part: as the versions say it."""
    import pyarrow as pa

    missing = [
        column.name
        for column in kind.columns
        if column.part and column.name not in values and any(part.name in values for part in kind.parts(column.part))
    ]
    if not missing:
        return values
    table = schema.kind_table(kind.name)
    rows: dict[int, dict[str, Any]] = {}
    for start in range(0, len(version_ids), AT_ONCE):
        found = rows_among(connection, table.c, table.c.id, version_ids[start : start + AT_ONCE]).mappings()
        rows.update((int(row["id"]), dict(row)) for row in found)
    said = field_values(connection, kind, [rows[version_id] for version_id in version_ids])
    return {**values, **{name: pa.array([one[name] for one in said], pa.string()) for name in missing}}


def _kept(value: Any) -> str | None:
    return None if value is None else to_json(value)
