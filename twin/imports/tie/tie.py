"""The order of the tie (see the package)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from twin.imports.tie.buildings import buildings_of_rooms, tie_buildings
from twin.imports.tie.coordinates import COORDINATE_CODES, stated_positions
from twin.imports.tie.devices.follow import follow_devices
from twin.imports.tie.elements import tie_elements
from twin.imports.tie.grounds import Grounds, read_grounds
from twin.imports.tie.items import Item, sync_items
from twin.imports.tie.links import decided_links, standing_links, write_links
from twin.imports.tie.locations import resolve_locations
from twin.imports.tie.marks import (
    ELEMENTS,
    LOCATIONS,
    LOCATIONS_KNOWN,
    REFERENCES,
    REFERENCES_KNOWN,
    TREE,
    are_many_new,
    kind_state,
    mark_of,
    read_mark,
    tree_mark,
    write_mark,
)
from twin.imports.tie.place_again import LOCATED, place_again
from twin.imports.tie.references import resolve_references
from twin.imports.tie.revised import feature_facts, restore, revise_rooms
from twin.imports.tie.rooms import one_a_space, tie_rooms
from twin.imports.tie.tree import nodes_of
from twin.imports.tie.turns import alone, in_turns
from twin.link.facts import WorkItem
from twin.records.places import change_places, insert_places, plan_places, remove_places
from twin.records.state import note_ties
from twin.settings import Settings
from twin.store import Store
from twin.store import record_schema as schema
from twin.store.values import to_microseconds

__all__ = ["ELEMENT_CODES", "ROOM_CODES", "Tied", "tie", "tie_if_records"]

ROOM_CODES = (
    "LINK_AMBIGUOUS",
    "LINK_AREA_DIFFERS",
    "LINK_AREA_RATIO",
    "LINK_BUILDING_CONTRADICTS",
    "LINK_COUNTERPART_LOST",
    "LINK_DECIDED_LOST",
    "LINK_NAME_DIFFERS",
    "LINK_NUMBER_CHANGED",
    "LINK_RECORDS_SHARE_SPACE",
    "LINK_ROOM_UNMATCHED",
    "LINK_STOREY_DIFFERS",
)
ELEMENT_CODES = ("LINK_ASSETS_SHARE_ELEMENT", "LINK_CLASS_DIFFERS", "LINK_ELEMENT_LOST", "LINK_KEYS_DISAGREE", "LINK_KEY_NOT_UNIQUE")
FOUND = ("places", "buildings_linked", "rooms_linked", "elements_linked")


@dataclass(slots=True, kw_only=True)
class Tied:
    """What a tie found and wrote; zeros for what it had no reason to look at."""

    places: int = 0
    buildings_linked: int = 0
    rooms_linked: int = 0
    elements_linked: int = 0
    references_changed: int = 0
    locations_changed: int = 0
    rows_placed: int = 0
    devices_changed: int = 0
    items_opened: int = 0
    items_closed: int = 0

    def __add__(self, later: Tied) -> Tied:
        """Two ties after one another: what they found as the later one says it, where it looked; what they changed together."""
        found = {name: getattr(later, name) or getattr(self, name) for name in FOUND}
        changed = {name: value + getattr(later, name) for name, value in asdict(self).items() if name not in FOUND}
        return Tied(**found, **changed)

    def to_json(self) -> dict[str, int]:
        """As commands print it."""
        return asdict(self)


def tie(
    store: Store,
    *,
    who: str,
    now: datetime,
    settings: Settings | None = None,
    known: Callable[[int], Grounds | None] | None = None,
    keep: Callable[[int, Grounds], None] | None = None,
) -> Tied:
    """Tie what may differ since the last tie; nothing is written where nothing differs. One tie at a time, the next one waits.

    `known` gives the grounds that whoever calls has read already for a tree of this mark, `keep` is given those of a tree that stood;
    `settings` say where the originals lie, of which the terrain is read that devices stand on.
    """
    with alone(store.database, "tie"):
        this = _Tie(store, who, now, settings, known)
        tied = this.run()
        if keep is not None and this.tree_stands and this.grounds is not None:
            keep(this.tree, this.grounds)
        return tied


def tie_if_records(store: Store, *, who: str, now: datetime, settings: Settings | None = None) -> Tied | None:
    """Tie where there are records of any kind: after an import into the scene."""
    with store.database.reading() as connection:
        if read_mark(connection, "record") is None:
            return None
    return tie(store, who=who, now=now, settings=settings)


class _Tie:
    """One tie. Each step leaves its mark when it is done, the tree last of all: what a killed one left is done by the next."""

    def __init__(
        self, store: Store, who: str, now: datetime, settings: Settings | None, known: Callable[[int], Grounds | None] | None
    ) -> None:
        self.store, self.database, self.settings = store, store.database, settings
        self.who, self.now, self.now_us = who, now, to_microseconds(now)
        self.tied = Tied()
        self.gone: list[int] = []
        with self.database.reading() as connection:
            self.tree = tree_mark(store, connection)
            self.tree_stands = read_mark(connection, TREE) == self.tree
        self.grounds = known(self.tree) if known and self.tree_stands else None

    def run(self) -> Tied:
        """The steps in order."""
        if not self.tree_stands:
            self._links_and_tree()
        self._references()
        self._locations()
        self._elements()
        for kind in LOCATED:
            self.tied.rows_placed += place_again(self.store, self._read_grounds, kind, self.tree, self.gone)
        self.tied.devices_changed = follow_devices(
            self.store, self.settings, self._read_grounds, self.tree, gone=self.gone, who=self.who, now=self.now
        )
        if not self.tree_stands:
            in_turns(self.database, self.gone, remove_places)
            self._leave(TREE, self.tree)
        if any(self.tied.to_json().values()):
            with self.database.writing() as connection:
                note_ties(connection)
        return self.tied

    def _read_grounds(self) -> Grounds:
        if self.grounds is None:
            self.grounds = read_grounds(self.store)
        return self.grounds

    def _links_and_tree(self) -> None:
        grounds = self._read_grounds()
        scene = grounds.scene
        with self.database.reading() as connection:
            standing_buildings, standing_rooms = standing_links(connection, "building"), standing_links(connection, "room")
            stated = buildings_of_rooms(grounds.rooms, grounds.index, scene)
            buildings = tie_buildings(grounds.buildings, scene, decided_links(connection, "building"), stated)
            lost_before = standing_links(connection, "room", state="lost")
            revised = revise_rooms(self.store, connection, scene, standing_rooms, lost_before)
            decided = [*decided_links(connection, "room"), *revised.kept]
        feature_of = {link.record_id: link.space_id for link in buildings.links}
        open_rooms = [room for room in grounds.rooms if str(room.id) not in revised.waiting]
        rooms = tie_rooms(open_rooms, grounds.buildings, grounds.index, scene, feature_of, decided)
        room_links = restore(rooms.links, standing_rooms, revised.kept)
        told = {"who": self.who, "now_us": self.now_us}
        write_links(self.database, standing_buildings, buildings.links, {}, **told)  # type: ignore[arg-type]
        write_links(self.database, standing_rooms, room_links, feature_facts(scene), lost=revised.lost, **told)  # type: ignore[arg-type]
        places = stated_positions(grounds.buildings, scene, feature_of)
        self._sync(COORDINATE_CODES, places.items)
        linked = {link.record_id: link.space_id for link in (*buildings.links, *one_a_space(room_links))}
        plan = plan_places(self.database, nodes_of(scene, grounds.buildings, grounds.rooms, linked, grounds.index, places.positions))
        in_turns(self.database, plan.new[::-1], insert_places)  # the deepest first: whoever sees a node sees all that is in it
        in_turns(self.database, plan.changed, change_places)
        self.gone = plan.gone
        self._sync(ROOM_CODES, [*buildings.items, *rooms.items, *revised.items])
        self.tied.places = len(plan.ids)
        self.tied.buildings_linked, self.tied.rooms_linked = len(buildings.links), len(room_links)

    def _references(self) -> None:
        """All where what they name has changed, else those that are new."""
        with self.database.reading() as connection:
            last = int(connection.execute(select(func.coalesce(func.max(schema.term.c.id), 0))).scalar_one())
            mark = mark_of(self.tree, [kind_state(connection, kind) for kind in ("unit", "person")])
            stands = read_mark(connection, REFERENCES) == mark
            known = read_mark(connection, REFERENCES_KNOWN) or 0
        if stands and known == last:
            return
        self.tied.references_changed = resolve_references(self.database, self._read_grounds().index, after=known if stands else 0)
        self._leave(REFERENCES, mark)
        self._leave(REFERENCES_KNOWN, last)

    def _locations(self) -> None:
        """All where the tree has changed or many are new; else those that nobody resolved yet."""
        location = schema.location.c
        with self.database.reading() as connection:
            count = connection.execute(select(func.count()).select_from(schema.location)).scalar_one()
            whole = read_mark(connection, LOCATIONS) != mark_of(self.tree) or are_many_new(connection, count)
            open_ones = list(connection.execute(select(location.id).where(location.method.is_(None))).scalars()) if not whole else []
        if not whole and not open_ones:
            return
        grounds = self._read_grounds()
        left_out = set(self.gone)
        tree = grounds.place_tree([place for place in grounds.places if place.id not in left_out])
        changed = resolve_locations(self.database, tree, only=None if whole else open_ones)
        self.tied.locations_changed = len(changed)
        if whole:
            self._leave(LOCATIONS_KNOWN, count)
            self._leave(LOCATIONS, mark_of(self.tree))

    def _elements(self) -> None:
        with self.database.reading() as connection:
            mark = mark_of(self.tree, kind_state(connection, "asset")[0], _touched_keys(connection))
            if read_mark(connection, ELEMENTS) == mark:
                return
        found = tie_elements(self.store, self._read_grounds().scene)
        write_links(self.database, found.standing, found.links, {}, lost=found.lost, who=self.who, now_us=self.now_us)
        self._sync(ELEMENT_CODES, found.items)
        self.tied.elements_linked = len(found.links)
        self._leave(ELEMENTS, mark)

    def _sync(self, codes: Sequence[str], items: Sequence[WorkItem]) -> None:
        opened, closed = sync_items(self.database, codes, [_item(item) for item in items], now_us=self.now_us)
        self.tied.items_opened += opened
        self.tied.items_closed += closed

    def _leave(self, name: str, mark: int) -> None:
        with self.database.writing() as connection:
            write_mark(connection, name, mark)


def _touched_keys(connection: Any) -> int:
    """The last change of a person to an asset: the tie's own placing touches rows too, and changes no key."""
    change = schema.change.c
    return int(connection.execute(select(func.coalesce(func.max(change.id), 0)).where(change.kind == "asset")).scalar_one())


def _item(item: WorkItem) -> Item:
    detail: Mapping[str, Any] = {"records": list(item.record_ids), "features": list(item.space_ids), **item.facts}
    return Item(
        code=item.code,
        subject="+".join((*item.record_ids, *item.space_ids)) or str(item.facts.get("key") or item.facts.get("building") or item.message),
        message=item.message,
        detail=detail,
        record_id=int(item.record_ids[0]) if item.record_ids else None,
    )
