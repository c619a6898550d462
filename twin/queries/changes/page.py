"""A page of changes, and the token to go on with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from twin.codes import RecordKind, list_kinds
from twin.errors import NotFound
from twin.queries.changes.features import FeatureChanges
from twin.queries.changes.position import BEGINNING, FeatureMark, Gone, Position, RecordMark, present_position, seal, unseal
from twin.queries.changes.records import RecordChanges
from twin.queries.changes.scope import scope_digest
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.records.documents import PERSONS
from twin.store.facts import changes_key

__all__ = ["BEGIN", "ChangesPage", "read_changes"]

BEGIN = "beginning"
"""In the place of a token: everything that ever was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage:
    """Changes in the order in which they were seen, the token behind the last one, and whether more are there already."""

    changes: list[dict[str, Any]]
    token: str
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which streams are asked for: features (of one collection), kinds of records."""

    features: bool
    only: Collection | None
    kinds: tuple[RecordKind, ...]


def read_changes(catalogue: Catalogue, reader: ItemReader, *, since: str | None, collection: str | None, limit: int) -> ChangesPage:
    """At most `limit` changes behind a token, in one state of the records; without one none, and the token of now.

    Raises Invalid (`CHANGES_TOKEN_INVALID`), NotFound for a collection, Gone: `CHANGES_TOKEN_FOREIGN` for a token of another store,
    `CHANGES_SCOPE_CHANGED` where what the reader may know of is no longer what it was.
    """
    registers = catalogue.registers
    kinds = _readable(reader)
    collections = catalogue.collections(reader)
    wanted = _wanted(collections, kinds, collection)
    with registers.store.database.reading() as connection:
        key = changes_key(connection)
        places, units = registers.shelf.places(connection), registers.shelf.units(connection)
        now = present_position(connection, [kind.name for kind in kinds])
        now = replace(now, scope=scope_digest(reader, places, units, now.known))
        if since is None:
            return ChangesPage(changes=[], token=seal(now, key), more=False)
        start = BEGINNING if since == BEGIN else unseal(since, key)
        if since != BEGIN and start.scope != scope_digest(reader, places, units, start.known):
            raise Gone(
                "what you may know of is no longer what it was when this token was given",
                path="since",
                code="CHANGES_SCOPE_CHANGED",
                hint="read the collections anew, and go on from a new token",
            )
        changes, end, more = _page(_stream(connection, catalogue, reader, wanted, collections, start), start, now, limit)
        return ChangesPage(changes=changes, token=seal(replace(end, known=now.known, scope=now.scope), key), more=more)


def _readable(reader: ItemReader) -> tuple[RecordKind, ...]:
    if reader.records is None:
        return ()
    persons = reader.records.persons
    return tuple(kind for kind in list_kinds() if persons or kind.name not in PERSONS)


def _wanted(collections: list[Collection], kinds: tuple[RecordKind, ...], name: str | None) -> _Wanted:
    if name is None:
        return _Wanted(features=True, only=None, kinds=kinds)
    kind = next((one for one in kinds if one.plural == name), None)
    if kind is not None:
        return _Wanted(features=False, only=None, kinds=(kind,))
    found = next((one for one in collections if one.id == name and one.record is None), None)
    if found is None:
        raise NotFound(f"there is no collection {name}", path="collection", hint="/collections and /records list them")
    return _Wanted(features=True, only=found, kinds=())


Step = tuple[dict[str, Any] | None, str, RecordMark | FeatureMark | None]
"""A change, or None at the end of a stream; the stream; the mark behind it."""


def _stream(
    connection: Connection, catalogue: Catalogue, reader: ItemReader, wanted: _Wanted, collections: list[Collection], start: Position
) -> Iterator[Step]:
    if wanted.features:
        for event, mark in FeatureChanges(connection, collections, reader, wanted.only).behind(start.features):
            yield event, "", mark
        yield None, "", None
    for kind in wanted.kinds:
        assert reader.records is not None
        changes = RecordChanges(connection, catalogue.registers.shelf, kind, reader.records)
        for told, at in changes.behind(start.records.get(kind.name, RecordMark(0, 0, 0))):
            yield told, kind.name, at
        yield None, kind.name, None


def _page(stream: Iterator[Step], start: Position, now: Position, limit: int) -> tuple[list[dict[str, Any]], Position, bool]:
    """The page, where it ends, whether there is more: a stream that was read to its end stands where it is now."""
    found: list[dict[str, Any]] = []
    records, features = dict(start.records), start.features
    for event, name, mark in stream:
        if event is not None and len(found) == limit:
            return found, replace(start, records=records, features=features), True
        if event is not None:
            found.append(event)
        if name == "":
            features = mark if isinstance(mark, FeatureMark) else now.features
        else:
            records[name] = mark if isinstance(mark, RecordMark) else now.records[name]
    return found, replace(start, records=records, features=features), False
