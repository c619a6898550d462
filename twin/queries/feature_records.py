"""What the registers know of a feature of the scene: its place in the tree, and the records it is tied to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from spatial.feature import DEVICES, Feature
from twin.codes import get_kind
from twin.imports.tie.links import REFUSED
from twin.queries.records.context import Registers
from twin.queries.records.documents import place_document
from twin.queries.records.named import named_records
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import records_of_key
from twin.records.scope import Reader
from twin.store import record_schema as schema

__all__ = ["feature_records"]

TIE = ("method", "confidence", "evidence", "state")


def feature_records(registers: Registers, site: str, feature_id: str, reader: Reader) -> dict[str, Any]:
    """`{place, records}`: the node that stands for the feature, or None, and each record tied to it with method and confidence.

    Records and places this reader may not know of are left out. Raises NotFound for a feature that is none for this reader.
    """
    row = registers.store.get_feature(feature_id, reader.labels, site=site)
    with registers.store.database.reading() as connection:
        places = registers.shelf.places(connection)
        position = _position(connection, places, site, feature_id, reader)
        ties = _ties(connection, site, feature_id)
        if position != NOWHERE and places.rows[position].record_id is not None:
            ties.setdefault(places.rows[position].record_id, dict.fromkeys(TIE))
        ties |= dict.fromkeys(_device(connection, row.feature), dict.fromkeys(TIE))
        named = named_records(registers, connection, reader, ties)
        records = [record | ties[record_id] for record_id, record in named.items()]
        return {"place": place_document(places, position), "records": records}


def _device(connection: Connection, feature: Feature) -> list[int]:
    """The record that a device is a feature of."""
    if feature.kind not in DEVICES:
        return []
    name = feature.properties["record"]
    records = records_of_key(connection, get_kind(name["kind"]), name["key"])
    return [record.id for record in records if record.key == name["key"] and record.ended is None]


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
