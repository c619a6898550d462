"""What the registers know of a feature of the scene: its place in the tree, and the records it is tied to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, select

from twin.codes import RecordKind, list_kinds
from twin.imports.tie.links import REFUSED
from twin.queries.records.context import Registers
from twin.queries.records.documents import PERSONS, place_document, record_href
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record, records_where
from twin.records.scope import Reader, visible_conditions
from twin.store import record_schema as schema

__all__ = ["feature_records"]

TIE = ("method", "confidence", "evidence", "state")
TITLES = ("name", "number", "plate")


def feature_records(registers: Registers, site: str, feature_id: str, reader: Reader) -> dict[str, Any]:
    """`{place, records}`: the node that stands for the feature, or None, and each record tied to it with method and confidence.

    Records and places this reader may not know of are left out. Raises NotFound for a feature that is none for this reader.
    """
    registers.store.get_feature(feature_id, reader.labels, site=site)
    with registers.store.database.reading() as connection:
        places, units = registers.shelf.places(connection), registers.shelf.units(connection)
        position = _position(connection, places, site, feature_id, reader)
        ties = _ties(connection, site, feature_id)
        if position != NOWHERE and places.rows[position].record_id is not None:
            ties.setdefault(places.rows[position].record_id, dict.fromkeys(TIE))
        found: list[dict[str, Any]] = []
        for kind in list_kinds():
            if ties and (kind.name not in PERSONS or reader.persons):
                one = schema.kind_table(kind.name).c.record_id.in_(sorted(ties))
                seen = records_where(connection, kind, and_(one, *visible_conditions(kind, reader, places, units)))
                found += [_document(kind, record, ties[record.id]) for record in seen if record.ended is None]
        return {"place": place_document(places, position), "records": found}


def _position(connection: Connection, places: PlaceTree, site: str, feature_id: str, reader: Reader) -> int:
    place, sites = schema.place, schema.metadata.tables["site"]
    joined = select(place.c.id).join(sites, sites.c.id == place.c.site_id)
    ids = connection.execute(joined.where(sites.c.code == site, place.c.feature_id == feature_id)).scalars()
    positions = [places.position(place_id) for place_id in ids]
    return next((at for at in positions if at != NOWHERE and places.is_visible(at, reader.labels)), NOWHERE)


def _ties(connection: Connection, site: str, feature_id: str) -> dict[int, dict[str, Any]]:
    link, sites = schema.link, schema.metadata.tables["site"]
    joined = select(link).join(sites, sites.c.id == link.c.site_id)
    here = (sites.c.code == site, link.c.feature_id == feature_id, link.c.until_us.is_(None), link.c.state != REFUSED)
    standing = joined.where(*here).order_by(link.c.id)
    return {row["record_id"]: {name: row[name] for name in TIE} for row in connection.execute(standing).mappings()}


def _document(kind: RecordKind, record: Record, tie: Mapping[str, Any]) -> dict[str, Any]:
    title = next((text for name in TITLES if (text := record.values.get(name))), record.key)
    return {"kind": kind.name, "key": record.key, "href": record_href(kind, record.key), "title": title} | dict(tie)
