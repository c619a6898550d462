"""The order of the tie (see the package)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from twin.imports.tie.items import Item, sync_items
from twin.imports.tie.locations import place_tree, resolve_locations
from twin.imports.tie.placing import Placer, intangible_articles, places_as_columns, slots_taken, write_placed
from twin.imports.tie.references import resolve_references
from twin.imports.tie.rooms import RecordRow, TiedRooms, records_of, tie_buildings, tie_rooms, write_links
from twin.imports.tie.scene import Scene, read_scene
from twin.imports.tie.tree import nodes_of
from twin.link.building import BuildingFact, BuildingIndex
from twin.link.facts import Decision, WorkItem
from twin.link.places import PlaceTree
from twin.records.counters import clock_of, take_ids
from twin.records.places import Place, list_places, write_places
from twin.store import Store
from twin.store import record_schema as schema
from twin.store.database import put_rows
from twin.store.values import to_microseconds

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Grounds", "Tied", "grounds_of", "place_anew", "placer_of", "tie", "tree_of"]

LOCATED = ("asset", "person", "meter")
AT_ONCE = 2_000
CODES = (
    "LINK_AMBIGUOUS",
    "LINK_AREA_DIFFERS",
    "LINK_AREA_RATIO",
    "LINK_BUILDING_CONTRADICTS",
    "LINK_DECIDED_LOST",
    "LINK_NAME_DIFFERS",
    "LINK_RECORDS_SHARE_SPACE",
    "LINK_STOREY_DIFFERS",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """What a tie found and wrote."""

    places: int
    rooms_linked: int
    buildings_linked: int
    references_changed: int
    locations_changed: int
    rows_placed: int
    items_opened: int
    items_closed: int

    def to_json(self) -> dict[str, int]:
        """As commands print it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What the tie is made of: the scene, the registers of buildings and rooms, and the tree of places they make."""

    scene: Scene
    buildings: Sequence[RecordRow]
    rooms: Sequence[RecordRow]
    index: BuildingIndex


def tie(store: Store, *, who: str, now: datetime) -> Tied:
    """Tie everything anew; nothing is written where nothing differs."""
    grounds = grounds_of(store)
    now_us = to_microseconds(now)
    with store.database.writing() as connection:
        buildings, rooms = _links(connection, grounds)
        write_links(connection, "building", buildings.links, who=who, now_us=now_us)
        write_links(connection, "room", rooms.links, who=who, now_us=now_us)
        linked = {link.record_id: link.space_id for link in (*buildings.links, *_one_a_space(rooms))}
        places = write_places(connection, nodes_of(grounds.scene, grounds.buildings, grounds.rooms, linked, grounds.index))
        opened, closed = sync_items(connection, CODES, _items(buildings, rooms), now_us=now_us)
        references = resolve_references(connection, grounds.index)
    with store.database.writing() as connection:
        changed = resolve_locations(connection, tree_of(connection, grounds))
    placed = sum(_place_again(store, grounds.scene, kind) for kind in LOCATED)
    return Tied(
        places=len(places),
        rooms_linked=len(rooms.links),
        buildings_linked=len(buildings.links),
        references_changed=references,
        locations_changed=len(changed),
        rows_placed=placed,
        items_opened=opened,
        items_closed=closed,
    )


def place_anew(connection: Connection, grounds: Grounds, kind: str, record_ids: Sequence[int]) -> None:
    """Place some records anew within the writer's transaction, after their locations were changed by a person."""
    table = schema.kind_table(kind)
    rows = list(connection.execute(select(table).where(table.c.record_id.in_(record_ids), table.c.until > clock_of(connection, kind))))
    resolve_locations(connection, tree_of(connection, grounds), only=sorted({row.location_id for row in rows} - {None}))
    placer = _placer(connection, grounds.scene, kind)
    columns = {name: [getattr(row, name) for row in rows] for name in ("location_id", *(["article_id"] if kind == "asset" else []))}
    placed = placer.place(columns, held={name: [getattr(row, name) for row in rows] for name in ("place_id", "slot")})
    write_placed(connection, kind, [row.id for row in rows], placed)


class _Placing:
    """What an import of a located kind asks for its rows: new locations are resolved as they come."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        grounds = grounds_of(store)
        with store.database.reading() as connection:
            self._tree = tree_of(connection, grounds)
            self._placer = _placer(connection, grounds.scene, kind)
        self._known_articles: set[int] = set()

    def __call__(self, columns: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
        """The placement of new rows."""
        import pyarrow as pa

        asked = {name: columns[name].to_pylist() for name in ("location_id", "article_id") if name in columns}
        self._meet_locations(set(asked["location_id"]) - {None})
        self._meet_articles(set(asked.get("article_id", ())) - {None})
        return {name: pa.array(values) for name, values in self._placer.place(asked).items()}

    def _meet_locations(self, locations: set[int]) -> None:
        new = sorted(locations - self._placer.place_of_location.keys())
        for start in range(0, len(new), AT_ONCE):
            with self._store.database.writing() as connection:
                part = new[start : start + AT_ONCE]
                found = resolve_locations(connection, self._tree, only=part)
            self._placer.place_of_location |= {one: found.get(one) for one in part}

    def _meet_articles(self, articles: set[int]) -> None:
        if articles - self._known_articles:
            with self._store.database.reading() as connection:
                self._placer.intangible_articles = intangible_articles(connection)
            self._known_articles |= articles


def placer_of(store: Store, kind: str) -> _Placing | None:
    """What places the rows of an import; None for kinds that are nowhere."""
    return _Placing(store, kind) if kind in LOCATED else None


def grounds_of(store: Store) -> Grounds:
    """The scene and the registers of buildings and rooms as they are now."""
    scene = read_scene(store)
    with store.database.reading() as connection:
        buildings = records_of(connection, "building")
        rooms = records_of(connection, "room")
    facts = (
        BuildingFact(
            id=str(one.id),
            names=tuple(filter(None, (one.values["name"], one.values["number"]))),
            codes=(one.key,),
            compound=tuple(filter(None, (one.values["site"],))),
        )
        for one in buildings
    )
    return Grounds(scene=scene, buildings=buildings, rooms=rooms, index=BuildingIndex(facts))


def _links(connection: Connection, grounds: Grounds) -> tuple[TiedRooms, TiedRooms]:
    buildings = tie_buildings(grounds.buildings, grounds.scene, _decided(connection, "building"))
    feature_of = {link.record_id: link.space_id for link in buildings.links}
    known = BuildingIndex(
        _scene_building(key, site, feature, grounds, feature_of) for key, site, feature in _scene_buildings(grounds.scene)
    )
    names: dict[str, str] = {}
    for room in grounds.rooms:
        said = room.values["building"] or ""
        if said not in names:
            found = grounds.index.find(said)
            feature = feature_of.get(found.ids[0]) if len(found.ids) == 1 else None
            names[said] = grounds.scene.rows[feature][1].feature.id if feature else said
    rooms = tie_rooms(grounds.rooms, grounds.scene, known, names, _decided(connection, "room"))
    return buildings, rooms


def _scene_buildings(scene: Scene) -> list[Any]:
    from spatial.feature import Kind

    return scene.of_kind(Kind.BUILDING)


def _scene_building(key: str, site_id: int, feature: Any, grounds: Grounds, feature_of: Mapping[str, str]) -> BuildingFact:
    """A building of the scene, by its own names and those of the record tied to it."""
    record = next((one for one in grounds.buildings if feature_of.get(str(one.id)) == key), None)
    own = [feature.name, feature.long_name, *((record.values["name"], record.values["number"]) if record else ())]
    return BuildingFact(
        id=key,
        names=tuple(dict.fromkeys(filter(None, own))),
        codes=(feature.id, *((record.key,) if record else ())),
        compound=(grounds.scene.sites[site_id].name,),
    )


def _decided(connection: Connection, kind: str) -> list[Decision]:
    table = schema.kind_table(kind)
    links = schema.link.c
    query = select(schema.link).where(links.record_id.in_(select(table.c.record_id)), links.method == "manual", links.until_us.is_(None))
    return [
        Decision(record_id=str(row.record_id), space_id=f"{row.site_id}/{row.feature_id}", made=row.state == "made")
        for row in connection.execute(query)
    ]


def _one_a_space(rooms: TiedRooms) -> list[Any]:
    """The link that makes a record and a space one place: the surest of each; parts of a room stay nodes of their own."""
    taken: set[str] = set()
    records: set[str] = set()
    found = []
    for link in sorted(rooms.links, key=lambda one: (one.evidence.tier in ("part", "whole"), -one.confidence, int(one.record_id))):
        if link.space_id not in taken and link.record_id not in records:
            taken.add(link.space_id)
            records.add(link.record_id)
            found.append(link)
    return found


def _items(*tied: TiedRooms) -> list[Item]:
    items: list[WorkItem] = [item for one in tied for item in one.items]
    return [
        Item(
            code=item.code,
            subject="+".join((*item.record_ids, *item.space_ids)),
            message=item.message,
            detail={"records": list(item.record_ids), "features": list(item.space_ids), **item.facts},
            record_id=int(item.record_ids[0]) if item.record_ids else None,
        )
        for item in items
    ]


def tree_of(connection: Connection, grounds: Grounds) -> PlaceTree:
    """The tree of places as texts are looked up in it."""
    names = {one.id: tuple(filter(None, (one.values["number"], one.key))) for one in grounds.buildings}
    codes = {one.id: one.values["code"] for one in grounds.rooms if one.values["code"]}
    return place_tree(list_places(connection), names, codes)


def _placer(connection: Connection, scene: Scene, kind: str) -> Placer:
    places: list[Place] = list_places(connection)
    columns, row_of = places_as_columns(places, scene)
    locations = {int(row.id): row.place_id for row in connection.execute(select(schema.location.c.id, schema.location.c.place_id))}
    return Placer(
        places=columns,
        row_of_place=row_of,
        place_of_location=locations,
        intangible_articles=intangible_articles(connection),
        taken=slots_taken(connection, kind, row_of),
    )


def _place_again(store: Store, scene: Scene, kind: str) -> int:
    """Place the rows of a kind anew where their location's place is another than theirs; how many were rewritten."""
    with store.database.reading() as connection:
        placer = _placer(connection, scene, kind)
        moved = _moved(connection, kind, placer)
    for start in range(0, len(moved), AT_ONCE):
        part = moved[start : start + AT_ONCE]
        columns = {name: [getattr(row, name) for row in part] for name in ("location_id", *(["article_id"] if kind == "asset" else []))}
        placed = placer.place(columns, held={name: [getattr(row, name) for row in part] for name in ("place_id", "slot")})
        with store.database.writing() as connection:
            write_placed(connection, kind, [row.id for row in part], placed)
            first = take_ids(connection, "touched", len(part))
            put_rows(
                connection, schema.touched, ("seq", "kind", "record_id"), [(first + i, kind, row.record_id) for i, row in enumerate(part)]
            )
    return len(moved)


def _moved(connection: Connection, kind: str, placer: Placer) -> list[Any]:
    """Visible rows whose place is not where their location is, or that stand in a room without a spot though it has an outline."""
    table, now = schema.kind_table(kind), clock_of(connection, kind)
    wanted = [table.c.id, table.c.record_id, table.c.location_id, table.c.place_id, table.c.slot, table.c.place_method]
    if kind == "asset":
        wanted.append(table.c.article_id)
    outlined = {int(place) for place, has in zip(placer.places.id, placer.places.with_outline(), strict=True) if has}
    rows = connection.execute(select(*wanted).where(table.c.since <= now, table.c.until > now))
    return [row for row in rows if _is_moved(row, placer, outlined)]


def _is_moved(row: Any, placer: Placer, outlined: set[int]) -> bool:
    if row.place_method is None:
        return True
    intangible = getattr(row, "article_id", None) in placer.intangible_articles
    wanted = None if intangible else placer.place_of_location.get(row.location_id)
    return wanted != row.place_id or (wanted in outlined) != (row.slot is not None)
