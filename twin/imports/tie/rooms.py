"""Records tied to what the scene has: buildings to buildings, rooms to spaces, with method, confidence and evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from spatial.feature import Kind
from twin.codes import fold, get_kind
from twin.imports.tie.scene import Scene
from twin.link.building import BuildingFact, BuildingIndex
from twin.link.facts import Decision, Evidence, Link, RoomRecord, Unmatched, WorkItem
from twin.link.rooms import match_rooms
from twin.records.counters import clock_of, take_ids
from twin.records.values import field_values
from twin.store import record_schema as schema
from twin.store.values import to_json

__all__ = ["RecordRow", "TiedRooms", "records_of", "tie_buildings", "tie_rooms", "write_links"]

LINK = schema.link.c
SURE = 0.8
"""A building that is only alike in name is a candidate, never a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record as the tie needs it."""

    id: int
    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TiedRooms:
    """Links of records to features, and what a person must look at."""

    links: list[Link]
    items: list[WorkItem]
    unmatched: list[Unmatched]


def records_of(connection: Connection, kind_name: str) -> list[RecordRow]:
    """The records of a kind that readers see, ended ones left out."""
    kind, table = get_kind(kind_name), schema.kind_table(kind_name)
    now = clock_of(connection, kind_name)
    query = select(table).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None)).order_by(table.c.record_id)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [
        RecordRow(id=row["record_id"], key=row["key"], values=values)
        for row, values in zip(rows, field_values(connection, kind, rows), strict=True)
    ]


def tie_buildings(records: Sequence[RecordRow], scene: Scene, decided: Sequence[Decision]) -> TiedRooms:
    """Building records ↔ buildings of the scene by code, name or number; a tie of several is work for a person."""
    facts = [
        BuildingFact(
            id=key,
            names=tuple(name for name in (feature.name, feature.long_name) if name),
            compound=(scene.sites[site_id].name,),
        )
        for key, site_id, feature in scene.of_kind(Kind.BUILDING)
    ]
    index = BuildingIndex(facts)
    made = {one.record_id: one.space_id for one in decided if one.made}
    refused = {(one.record_id, one.space_id) for one in decided if not one.made}
    links: list[Link] = []
    items: list[WorkItem] = []
    unmatched: list[Unmatched] = []
    for record in records:
        known = str(record.id)
        if made.get(known) in scene.rows:
            links.append(Link(record_id=known, space_id=made[known], method="manual", confidence=1.0, evidence=Evidence()))
            continue
        found = _buildings_named(index, record)
        sure = [one for one in found if (known, one) not in refused and _of_site(record, scene, one)]
        if len(sure) == 1:
            links.append(Link(record_id=known, space_id=sure[0], method="name", confidence=0.95, evidence=Evidence(name=True)))
        elif sure:
            said = f"{record.values['name'] or record.key} may be {len(sure)} buildings of the scene"
            items.append(WorkItem(code="LINK_AMBIGUOUS", record_ids=(known,), space_ids=tuple(sure), message=said))
            unmatched.append(Unmatched(id=known, reason="ambiguous", candidates=tuple(sure)))
        else:
            unmatched.append(Unmatched(id=known, reason="not in the scene"))
    return TiedRooms(links=links, items=items, unmatched=unmatched)


def tie_rooms(
    records: Sequence[RecordRow], scene: Scene, buildings: BuildingIndex, building_of: Mapping[str, str], decided: Sequence[Decision]
) -> TiedRooms:
    """Room records ↔ spaces; `building_of` gives the scene's building where the text of a record names a tied building record."""
    rooms = [
        RoomRecord(
            id=str(record.id),
            key=record.key,
            building=building_of.get(record.values["building"] or "", record.values["building"] or ""),
            storey=record.values["storey"] or "",
            number=record.values["number"] or "",
            name=record.values["name"] or "",
            usable_area_m2=record.values["usable_area"],
            global_id=record.values.get("global_id") or "",
        )
        for record in records
    ]
    found = match_rooms(rooms, scene.spaces(), buildings, decided=decided)
    return TiedRooms(links=list(found.links), items=list(found.contradictions), unmatched=list(found.unmatched_records))


def write_links(connection: Connection, kind_name: str, links: Sequence[Link], *, who: str, now_us: int) -> tuple[int, int]:
    """Bring the links of a kind's records to these: (made, ended). What a person decided is kept by the links given."""
    table = schema.kind_table(kind_name)
    ours = LINK.record_id.in_(select(table.c.record_id))
    standing = {
        (str(row.record_id), f"{row.site_id}/{row.feature_id}"): row
        for row in connection.execute(select(schema.link).where(ours, LINK.until_us.is_(None), LINK.state == "made"))
    }
    wanted = {(link.record_id, link.space_id): link for link in links}
    ended = [row.id for pair, row in standing.items() if pair not in wanted]
    for link_id in ended:
        connection.execute(update(schema.link).where(LINK.id == link_id).values(until_us=now_us))
    new = [link for pair, link in wanted.items() if pair not in standing]
    first = take_ids(connection, "link", len(new)) if new else 0
    rows = [
        {
            "id": first + place,
            "record_id": int(link.record_id),
            "site_id": int(link.space_id.split("/", 1)[0]),
            "feature_id": link.space_id.split("/", 1)[1],
            "method": link.method,
            "confidence": link.confidence,
            "evidence": to_json(asdict(link.evidence)),
            "state": "made",
            "who": who,
            "since_us": now_us,
        }
        for place, link in enumerate(new)
    ]
    if rows:
        connection.execute(insert(schema.link), rows)
    for pair, row in standing.items():
        if pair in wanted and (row.method, row.confidence) != (wanted[pair].method, wanted[pair].confidence):
            link = wanted[pair]
            values = {"method": link.method, "confidence": link.confidence, "evidence": to_json(asdict(link.evidence))}
            connection.execute(update(schema.link).where(LINK.id == row.id).values(**values))
    return len(new), len(ended)


def _of_site(record: RecordRow, scene: Scene, feature: str) -> bool:
    """Whether the record names no compound, or the one the building stands in: 1号楼 of another compound is another building."""
    said = record.values["site"]
    site = scene.sites[scene.rows[feature][0]]
    return not said or fold(said) in {fold(site.name), fold(site.code)}


def _buildings_named(index: BuildingIndex, record: RecordRow) -> list[str]:
    for text in (record.values["name"], record.values["number"], record.values["code"]):
        if text:
            match = index.find(text)
            if match.ids and match.confidence >= SURE:
                return list(match.ids)
    return []
