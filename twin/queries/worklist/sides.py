"""Both sides of an item: what the registers say, what the model has (or last had), the links between them and what is asked already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, select, tuple_

from spatial.feature import DEVICES
from twin.codes import RecordKind, get_kind
from twin.imports.tie.links import REFUSED
from twin.queries.records.context import Registers
from twin.queries.records.documents import column_document, place_document, record_href, shown, withheld_columns, words_of
from twin.records.read import Record, records_where
from twin.records.requests import Request, requests_where
from twin.records.scope import Reader, one_of, place_of, visible_conditions
from twin.store import record_schema as schema
from twin.store import schema as scene
from twin.store.values import from_microseconds

__all__ = ["Sides", "SidesOf", "read_sides"]

KINDS = ("room", "building", "asset", *sorted(DEVICES))
"""Kinds of records that are tied to the scene."""
TOLD: Mapping[str, tuple[str, ...]] = {
    "room": ("building", "storey", "number", "name", "usable_area", "allocated_to"),
    "building": ("site", "name", "number", "address"),
    "asset": ("name", "class_code", "tag", "serial", "building", "storey", "location", "unit"),
}
"""Kind → the columns that tell what a record is; of a device those of its place."""
DEVICE_TOLD = ("name", "building", "storey", "room", "longitude", "latitude", "datum")
LINK, FEATURE, IDENTITY = schema.link.c, scene.feature.c, scene.identity.c
AT_ONCE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesOf:
    """What an item names: ids of records, and features as (id of the site, id of the feature)."""

    records: tuple[int, ...]
    features: tuple[tuple[int, str], ...]

    @classmethod
    def read(cls, detail: Mapping[str, Any]) -> SidesOf:
        """Of the detail of an item, whose features are `site/id`."""
        split = (str(one).partition("/") for one in detail.get("features", ()))
        return cls(
            records=tuple(int(one) for one in detail.get("records", ())),
            features=tuple((int(site), feature) for site, _, feature in split if feature),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What a reader may know of the sides of some items: documents by id. What is absent is hidden or is no more."""

    records: Mapping[int, dict[str, Any]]
    features: Mapping[tuple[int, str], dict[str, Any]]
    links: Mapping[tuple[int, int, str], dict[str, Any]]
    requests: Mapping[int, list[dict[str, Any]]]

    def seen(self, one: SidesOf) -> bool:
        """Whether the reader may know of every side: an item tells of each."""
        return bool(one.records or one.features) and all(
            (*(record in self.records for record in one.records), *(feature in self.features for feature in one.features))
        )

    def document(self, one: SidesOf) -> dict[str, Any]:
        """The sides of one item."""
        pairs = [(record, *feature) for record in one.records for feature in one.features]
        return {
            "records": [self.records[record] for record in one.records if record in self.records],
            "features": [self.features[feature] for feature in one.features if feature in self.features],
            "links": [self.links[pair] for pair in pairs if pair in self.links],
            "requests": [asked for record in one.records for asked in self.requests.get(record, [])],
        }


def read_sides(registers: Registers, connection: Connection, reader: Reader, items: Sequence[SidesOf], *, whole: bool = True) -> Sides:
    """The sides of some items; not `whole`: only which of them this reader may know of."""
    record_ids = {record for item in items for record in item.records}
    feature_ids = {feature for item in items for feature in item.features}
    records = _records(registers, connection, reader, record_ids, whole=whole)
    return Sides(
        records=records,
        features=_features(connection, reader, feature_ids),
        links=_links(connection, records, feature_ids) if whole else {},
        requests=_requests(connection, records) if whole else {},
    )


def _records(
    registers: Registers, connection: Connection, reader: Reader, ids: Collection[int], *, whole: bool
) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    places, units = registers.shelf.places(connection), registers.shelf.units(connection)
    found: dict[int, dict[str, Any]] = {}
    for kind in map(get_kind, KINDS):
        wanted = one_of(schema.kind_table(kind.name).c.record_id, ids)
        for record in records_where(connection, kind, and_(wanted, *visible_conditions(kind, reader, places, units))):
            place = place_document(places, place_of(kind, record, places), record.row) if whole else None
            found[record.id] = _record(kind, record, reader) | {"place": place}
    return found


def _record(kind: RecordKind, record: Record, reader: Reader) -> dict[str, Any]:
    names = {column.name: column for column in kind.columns}
    hidden = withheld_columns(kind, reader)
    told = [names[name] for name in TOLD.get(kind.name, DEVICE_TOLD) if name in names and name not in hidden]
    title = next((str(text) for name in ("name", "number") if (text := record.values.get(name))), record.key)
    values = [
        column_document(column)
        | {"value": shown(column, record.values[column.name]), "words": words_of(column, record.values[column.name])}
        for column in told
        if record.values[column.name] not in (None, "")
    ]
    return {
        "kind": kind.name,
        "key": record.key,
        "href": record_href(kind, record.key),
        "title": title,
        "ended": record.ended,
        "values": values,
    }


def _features(connection: Connection, reader: Reader, ids: Collection[tuple[int, str]]) -> dict[tuple[int, str], dict[str, Any]]:
    """Each feature as it is, or as it was last: what a new revision no longer has is one side of what was lost."""
    newest = (
        select(FEATURE.identity_id, func.max(FEATURE.id).label("id"))
        .join(scene.identity, IDENTITY.id == FEATURE.identity_id)
        .group_by(FEATURE.identity_id)
    )
    found: dict[tuple[int, str], dict[str, Any]] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), AT_ONCE):
        last = newest.where(tuple_(IDENTITY.site_id, IDENTITY.feature_id).in_(wanted[start : start + AT_ONCE])).subquery()
        query = (
            select(scene.feature, IDENTITY.site_id, IDENTITY.feature_id, scene.site.c.code)
            .join(last, last.c.id == FEATURE.id)
            .join(scene.identity, IDENTITY.id == FEATURE.identity_id)
            .join(scene.site, scene.site.c.id == IDENTITY.site_id)
        )
        for row in connection.execute(query):
            if reader.labels is None or row.label in reader.labels:
                found[row.site_id, row.feature_id] = _feature(row)
    names = _names(connection, {(key[0], above) for key, one in found.items() for above in one["above"]})
    for (site_id, _), one in found.items():
        one["above"] = [names[site_id, above] for above in one["above"] if (site_id, above) in names]
    return found


def _feature(row: Any) -> dict[str, Any]:
    return {
        "site": row.code,
        "id": row.feature_id,
        "kind": row.kind,
        "class": row.class_name,
        "name": row.name,
        "long_name": row.long_name,
        "area_m2": row.area_m2,
        "storey": row.storey,
        "stands": row.revision_to is None,
        "above": [one for one in (row.building, row.storey, row.space) if one and one != row.feature_id],
    }


def _names(connection: Connection, ids: Collection[tuple[int, str]]) -> dict[tuple[int, str], str]:
    found: dict[tuple[int, str], str] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), AT_ONCE):
        here = tuple_(IDENTITY.site_id, IDENTITY.feature_id).in_(wanted[start : start + AT_ONCE])
        query = select(IDENTITY.site_id, IDENTITY.feature_id, FEATURE.name, FEATURE.long_name)
        query = query.join(scene.feature, FEATURE.identity_id == IDENTITY.id).where(here, FEATURE.revision_to.is_(None))
        for row in connection.execute(query):
            found[row.site_id, row.feature_id] = row.name or row.long_name or row.feature_id
    return found


def _links(
    connection: Connection, records: Iterable[int], features: Collection[tuple[int, str]]
) -> dict[tuple[int, int, str], dict[str, Any]]:
    """The newest link of each pair that stands or was lost; not one that a person refused."""
    found: dict[tuple[int, int, str], dict[str, Any]] = {}
    wanted = sorted(records)
    for start in range(0, len(wanted), AT_ONCE):
        query = select(schema.link).where(LINK.record_id.in_(wanted[start : start + AT_ONCE]), LINK.state != REFUSED).order_by(LINK.id)
        for row in connection.execute(query):
            if (row.site_id, row.feature_id) in features:
                told = {name: getattr(row, name) for name in ("feature_id", "method", "confidence", "evidence", "state", "who")}
                ends = {"since": row.since_us, "until": row.until_us}
                times = {name: None if moment is None else from_microseconds(moment).isoformat() for name, moment in ends.items()}
                found[row.record_id, row.site_id, row.feature_id] = told | times
    return found


def _requests(connection: Connection, records: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """The decisions on links that are asked for and not closed, by record."""
    request = schema.request.c
    wanted = sorted(records)
    found: dict[int, list[dict[str, Any]]] = {}
    for start in range(0, len(wanted), AT_ONCE):
        about = request.record_id.in_(wanted[start : start + AT_ONCE])
        for one in requests_where(connection, [request.kind == "link_decision", request.closed_us.is_(None), about]):
            for record in one.records:
                found.setdefault(record, []).append(_asked(one))
    return found


def _asked(request: Request) -> dict[str, Any]:
    return {"id": request.id, "state": request.state, "applicant": request.applicant, "choice": request.payload.get("choice")}
