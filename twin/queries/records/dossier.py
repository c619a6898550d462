"""The dossier of a record as of a day: each value with its source, method, date, who and the record it names; changes, findings, links,
requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import Column, RecordKind, get_kind
from twin.imports.tie.coordinates import lon_lat_of
from twin.queries.records.context import Registers
from twin.queries.records.documents import column_document, place_document, record_href, shown, withheld_columns, words_of
from twin.queries.records.listing import visible_record
from twin.queries.records.refers import referred
from twin.records.place_tree import PlaceTree
from twin.records.read import Record, Told, as_told, find_record
from twin.records.requests import requests_of
from twin.records.scope import Reader, place_of
from twin.records.timeline import Change
from twin.store import record_schema as schema
from twin.store.values import from_json, from_microseconds, to_microseconds

__all__ = ["record_dossier"]

CORRECTION = "correction"
LINKED = ("site", "feature_id", "method", "confidence", "evidence", "state", "who")


def record_dossier(
    registers: Registers, kind: RecordKind, key: str, reader: Reader, *, as_of: date | None, known_at: datetime | None
) -> dict[str, Any]:
    """Everything known of a record on a day (default today), as far as it was known at a moment (default now). Raises NotFound."""
    day, moment = as_of or registers.today(), known_at or registers.now()
    with registers.store.database.reading() as connection:
        record = visible_record(registers, connection, kind, key, reader)
        told = as_told(connection, kind, record, as_of=day, known_at_us=to_microseconds(moment))
        places = registers.shelf.places(connection)
        sources = _sources(connection, told)
        withheld = withheld_columns(kind, reader)
        columns = {column.name: column for column in kind.columns if column.name not in withheld}
        position = place_of(kind, record, places)
        held = {name: told.fields[name].value for name in told.fields}
        names = referred(registers, connection, reader, kind, record, held, as_of=day, position=position)
        return {
            "id": record.id,
            "kind": kind.name,
            "key": record.key,
            "href": record_href(kind, record.key),
            "as_of": day.isoformat(),
            "known_at": moment.isoformat(),
            "ended": _ended(told, day),
            "fields": [_field(column, told, sources) | {"record": names.columns.get(column.name)} for column in columns.values()],
            "withheld": withheld,
            "extra": dict(record.extra) if reader.values else {},
            "changes": [_change(columns, change, told.changes, sources) for change in told.changes if change.field not in withheld],
            "findings": [_finding(issue, sources) for issue in told.issues if issue["field"] not in withheld],
            "place": names.on_path(_place(connection, places, kind, record)),
            "links": _links(connection, record.id, reader),
            "requests": requests_of(connection, record.id, withheld=withheld),
        }


def _place(connection: Connection, places: PlaceTree, kind: RecordKind, record: Record) -> dict[str, Any] | None:
    """Where it is; `lon_lat` (WGS84 ≈ CGCS2000 degrees) where its building is known by the coordinates of its register alone."""
    position = place_of(kind, record, places)
    document = place_document(places, position, record.row)
    if document is None or document.get("site_xyz") is not None:
        return document
    building = next((row for at in places.path(position)[::-1] if (row := places.rows[at]).kind == "building"), None)
    if building is None or building.feature_id is not None or building.record_id is None:
        return document
    stated = find_record(connection, get_kind("building"), building.record_id)
    lon_lat = lon_lat_of(stated.values) if stated is not None else None
    return document | ({"lon_lat": list(lon_lat)} if lon_lat is not None else {})


def _field(column: Column, told: Told, sources: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    held = told.fields[column.name]
    found = column_document(column) | {"value": shown(column, held.value), "words": words_of(column, held.value)}
    if held.by is not None:
        return found | _made_by(held.by, sources) | {"corrected": held.by.method == CORRECTION}
    return found | _first(told) | {"corrected": False}


def _made_by(change: Change, sources: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "source": _source(change.source, sources),
        "method": change.method,
        "who": change.who,
        "valid_from": None if change.valid_from == date.min else change.valid_from.isoformat(),
        "recorded_at": from_microseconds(change.recorded_us).isoformat(),
        "change": change.id,
        "request": change.request_id,
    }


def _first(told: Told) -> dict[str, Any]:
    """What made the row's own first value: the ledger that brought it, or the person who added it."""
    origin = told.origin
    if origin is None:
        added = next((change for change in told.changes if change.field == "added"), None)
        return (
            _made_by(added, {}) if added else dict.fromkeys(("source", "method", "who", "valid_from", "recorded_at", "change", "request"))
        )
    return {
        "source": _file(origin, origin["line"]),
        "method": "import",
        "who": origin["who"],
        "valid_from": origin["as_of"],
        "recorded_at": from_microseconds(origin["recorded_us"]).isoformat(),
        "change": None,
        "request": None,
    }


def _change(
    columns: Mapping[str, Column], change: Change, changes: Sequence[Change], sources: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    column = columns.get(change.field)
    old, new = (shown(column, value) if column else value for value in (change.old, change.new))
    reverted_by = next((one.id for one in changes if one.reverts == change.id), None)
    return {"field": change.field, "old": old, "new": new, "reverts": change.reverts, "reverted_by": reverted_by} | _made_by(
        change, sources
    )


def _finding(issue: Mapping[str, Any], sources: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    found = {name: issue[name] for name in ("code", "field", "value", "message", "severity")}
    return found | {"source": _source(f"{issue['revision_id']}:{issue['line']}", sources)}


def _ended(told: Told, day: date) -> str | None:
    """The day a record ended, where that was known and has come."""
    ends = [change for change in told.changes if change.field == "ended" and change.new is not None and change.new <= day.isoformat()]
    return str(ends[-1].new) if ends else None


def _links(connection: Connection, record_id: int, reader: Reader) -> list[dict[str, Any]]:
    """The features of the scene a record is tied to; those this reader may not know of are left out."""
    link, site = schema.link, schema.metadata.tables["site"]
    query = select(link, site.c.code.label("site")).join(site, site.c.id == link.c.site_id).where(link.c.record_id == record_id)
    found: list[dict[str, Any]] = []
    for row in connection.execute(query.order_by(link.c.id)).mappings():
        if reader.labels is None or _label(connection, row["site_id"], row["feature_id"]) in reader.labels:
            ends = {"since": from_microseconds(row["since_us"]).isoformat(), "until": None}
            if row["until_us"] is not None:
                ends["until"] = from_microseconds(row["until_us"]).isoformat()
            found.append({name: row[name] for name in LINKED} | ends)
    return found


def _label(connection: Connection, site_id: int, feature_id: str) -> str | None:
    feature, identity = schema.metadata.tables["feature"], schema.metadata.tables["identity"]
    here = (identity.c.site_id == site_id, identity.c.feature_id == feature_id, feature.c.revision_to.is_(None))
    query = select(feature.c.label).join(identity, identity.c.id == feature.c.identity_id).where(*here)
    return connection.execute(query).scalar_one_or_none()


def _sources(connection: Connection, told: Told) -> dict[int, Mapping[str, Any]]:
    """The revisions that changes and findings name."""
    named = {number for change in told.changes if (number := _revision(change.source)) is not None}
    named |= {int(issue["revision_id"]) for issue in told.issues}
    revision = schema.register_revision
    query = select(revision).where(revision.c.id.in_(named))
    return {int(row["id"]): dict(row) for row in connection.execute(query).mappings()} if named else {}


def _revision(source: str) -> int | None:
    head, colon, line = source.partition(":")
    return int(head) if colon and head.isdecimal() and line.isdecimal() else None


def _source(source: str, sources: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    number = _revision(source)
    if number is None or number not in sources:
        return {"said": source}
    return _file(sources[number], int(source.partition(":")[2]))


def _file(revision: Mapping[str, Any], line: int | None) -> dict[str, Any]:
    encoding = from_json(revision["facts"]).get("encoding")
    return {
        "file": revision["file"],
        "sha256": revision["sha256"],
        "line": line,
        "revision": f"{revision['kind']}/{revision['source']}@{revision['number']}",
        "encoding": encoding,
    }
