"""Places as assets, people and meters say them → the node of the tree: room, else storey, building or site, else none with the reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from twin.link.building import BuildingFact, BuildingIndex
from twin.link.names import fold_name
from twin.link.number import Reading, parse_number
from twin.link.senses import Sense, Text, find_senses, hangs_on_habits, is_far_fetched, learn_habit, pick_sense
from twin.link.shelf import Doors, Shelf, ShelfRoom
from twin.link.storey import find_storey
from twin.link.written import unify

__all__ = ["PlaceAnswer", "PlaceNode", "PlaceResolver", "PlaceText", "PlaceTree", "resolve_places"]

Level = Literal["room", "storey", "building", "site", "none"]
PlaceMethod = Literal["code", "number", "name", "storey", "building", "site", "none"]

_BY_NUMBER, _BY_PART, _BY_NAME = 0.97, 0.8, 0.85


class PlaceText(NamedTuple):
    """A place as written in the columns that state one."""

    building: str = ""
    storey: str = ""
    room: str = ""


class PlaceNode(NamedTuple):
    """A node of the tree. `number` is a room's or storey's number as written, `names` what else it is called (for buildings every
    name and number it goes by), `codes` its codes, `also` other numbers of a room: its model's, where the register has another."""

    id: str
    kind: Literal["site", "building", "storey", "room"]
    parent: str | None = None
    number: str = ""
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class PlaceAnswer(NamedTuple):
    """Where a text is: `level` tells how far it was understood. `reason` is empty where all that was said was found; else
    `nothing_said`, `building_unknown`, `building_ambiguous`, `building_contradicts`, `storey_unknown`, `room_unknown`, `room_ambiguous`,
    `rooms_several`; `candidates` are the rooms or buildings it may be."""

    place_id: str | None
    level: Level
    method: PlaceMethod
    confidence: float
    reason: str = ""
    candidates: tuple[str, ...] = ()
    evidence: str = ""


class PlaceTree:
    """The nodes indexed: codes, buildings, storeys and rooms of each building by number and by name."""

    def __init__(self, nodes: Iterable[PlaceNode]) -> None:
        self.nodes: dict[str, PlaceNode] = {node.id: node for node in nodes}
        self.sites = {
            fold_name(name): node.id for node in self.nodes.values() if node.kind == "site" for name in (*node.names, *node.codes)
        }
        self.codes: dict[str, set[str]] = defaultdict(set)
        self.storeys: dict[tuple[str, str], str] = {}
        self.names: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.building_of: dict[str, str] = {}
        self.storey_of: dict[str, str] = {}
        above = _Above(self.nodes)
        rooms: dict[str, list[ShelfRoom]] = defaultdict(list)
        for node in self.nodes.values():
            for code in node.codes:
                self.codes[unify(code)].add(node.id)
            if node.kind in ("site", "building"):
                continue
            building, storey = above[node.id if node.kind == "storey" else node.parent or ""]
            if building is None:
                continue
            self.building_of[node.id] = building
            if node.kind == "storey":
                self.storeys.setdefault((building, storey), node.id)
                continue
            self.storey_of[node.id] = storey
            rooms[building] += [ShelfRoom(node.id, number, storey) for number in (node.number, *node.also)]
            for name in {fold_name(name) for name in node.names} - {""}:
                self.names[building, name].append(node.id)
        doors = Doors()
        self.shelves = {building: Shelf(own, doors) for building, own in rooms.items()}
        self.buildings = BuildingIndex(self._fact(node) for node in self.nodes.values() if node.kind == "building")

    def _fact(self, node: PlaceNode) -> BuildingFact:
        at: PlaceNode | None = node
        while at is not None and at.kind != "site":
            at = self.nodes.get(at.parent or "")
        return BuildingFact(
            id=node.id,
            names=tuple(name for name in (node.number, *node.names) if name),
            codes=node.codes,
            compound=at.names if at is not None else (),
        )


class _Above(dict[str, tuple[str | None, str]]):
    """Node → the nearest building from it upwards (None: none), and what the nearest storey from it upwards says ("": nothing)."""

    def __init__(self, nodes: Mapping[str, PlaceNode]) -> None:
        super().__init__()
        self._nodes = nodes

    def __missing__(self, id: str) -> tuple[str | None, str]:
        node = self._nodes.get(id)
        if node is None:
            found: tuple[str | None, str] = (None, "")
        else:
            building, storey = self[node.parent or ""]
            found = (
                node.id if node.kind == "building" else building,
                _storey_said(node) if node.kind == "storey" else storey,
            )
        self[id] = found
        return found


def _storey_said(node: PlaceNode) -> str:
    return next((said for text in (node.number, *node.names) if (said := find_storey(text))), "")


def resolve_places(texts: Sequence[PlaceText], tree: PlaceTree) -> list[PlaceAnswer]:
    """An answer per text, in order. Linear in the texts: each is looked up, none compared with all rooms.

    >>> tree = PlaceTree([
    ...     PlaceNode(id="b", kind="building", names=("3号楼",)),
    ...     PlaceNode(id="r", kind="room", parent="b", number="203"),
    ... ])
    >>> resolve_places([PlaceText(room="三号楼２０３室"), PlaceText(building="3#", room="204")], tree)[0].place_id
    'r'
    """
    return PlaceResolver(tree).resolve(texts)


class PlaceResolver:
    """Resolves texts part by part. What texts of one form mean is learnt on the way: an early part knows less than a late one, so
    that some of its answers may be others in the end (`settled`)."""

    def __init__(self, tree: PlaceTree) -> None:
        self._tree = tree
        self._habits: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._doubtful: list[tuple[PlaceText, _Found, PlaceAnswer]] = []

    def resolve(self, texts: Sequence[PlaceText]) -> list[PlaceAnswer]:
        """An answer per text, in order, by the habits of all texts so far and these."""
        answers: list[PlaceAnswer] = []
        waiting: list[tuple[int, _Found]] = []
        buildings, shelves = self._tree.buildings, self._tree.shelves
        for at, (building, storey, room) in enumerate(texts):
            text = Text(building, find_storey(storey) or "", room, buildings.read(room))
            senses, where, clash = find_senses(text, buildings, shelves)
            learn_habit(text, senses, self._habits)
            if hangs_on_habits(senses):
                waiting.append((at, _Found(text, senses, where.ids, clash)))
                answers.append(_WAITING)
            else:
                answers.append(self._told(text, senses[:1], where.ids, clash))
        for at, one in waiting:
            answers[at] = self._answer(one)
            self._doubtful.append((texts[at], one, answers[at]))
        return answers

    def settled(self) -> list[tuple[PlaceText, PlaceAnswer]]:
        """The texts that all habits together tell otherwise than `resolve` did, with their answers now."""
        now = [(text, one, before, self._answer(one)) for text, one, before in self._doubtful]
        self._doubtful = [(text, one, answer) for text, one, _, answer in now]
        return [(text, answer) for text, _, before, answer in now if answer != before]

    def _answer(self, one: _Found) -> PlaceAnswer:
        picked = pick_sense(one.text, one.senses, self._habits)
        remaining = [sense for sense in picked if not is_far_fetched(one.text, sense, self._habits)]
        return self._told(one.text, remaining, one.where, one.clash)

    def _told(self, text: Text, remaining: Sequence[Sense], where: tuple[str, ...], clash: bool) -> PlaceAnswer:
        """The answer where of all senses these remain."""
        by_code = _by_code(text, self._tree)
        if by_code is not None:
            return by_code
        return _by_number(remaining, self._tree) if remaining else _otherwise(text, where, clash, self._tree)


class _Found(NamedTuple):
    """A text, its complete senses, the buildings it may lie in, whether it contradicts itself about them."""

    text: Text
    senses: Sequence[Sense]
    where: tuple[str, ...]
    clash: bool


def _by_code(text: Text, tree: PlaceTree) -> PlaceAnswer | None:
    ids = tree.codes.get(text.read.said) if text.room else None
    if ids is None or len(ids) != 1:
        return None
    (id,) = ids
    node = tree.nodes[id]
    return PlaceAnswer(place_id=id, level=node.kind, method="code", confidence=1.0, evidence="its code")


def _by_number(picked: Sequence[Sense], tree: PlaceTree) -> PlaceAnswer:
    first = picked[0]
    if len(first.building.ids) > 1 and any(id not in tree.shelves for id in first.building.ids):
        return _none("building_ambiguous", first.building.ids)
    ids = first.ids if len(picked) == len(first.ids) == 1 else tuple(dict.fromkeys(id for sense in picked for id in sense.ids))
    if len(ids) == 1:
        tier = first.found[0].tier
        base = _BY_NUMBER if tier == "number" else _BY_PART
        confidence = round(base * first.building.confidence, 3)
        return PlaceAnswer(ids[0], "room", "number", confidence, "", (), f"{first.reading.kind}, {tier}")
    named = [id for id in ids if fold_name(first.reading.words) in {fold_name(name) for name in tree.nodes[id].names}]
    if len(named) == 1:
        return PlaceAnswer(place_id=named[0], level="room", method="number", confidence=_BY_NAME, evidence=f"{first.reading.kind} and name")
    several = len(picked) == 1 and len(first.found) > 1
    return _coarse(
        tuple(dict.fromkeys(tree.building_of[id] for id in ids)),
        _common(tree.storey_of[id] for id in ids),
        tree,
        reason="rooms_several" if several else "room_ambiguous",
        candidates=ids,
    )


def _otherwise(text: Text, where: Sequence[str], clash: bool, tree: PlaceTree) -> PlaceAnswer:
    """What no number leads to: a room by its name, the storey, the building, the site, or nothing."""
    if not (text.building or text.room or text.storey):
        return _none("nothing_said")
    if clash:
        return _none("building_contradicts", tuple(where))
    reading = next(iter(parse_number(text.room)), Reading(kind="words"))
    storey = text.storey or reading.storey
    words = fold_name(f"{reading.lead}{reading.words}")
    whole = tree.buildings.find(text.room) if not where and not text.building and not reading.numbers else None
    buildings = tuple(where) or (whole.ids if whole is not None and whole.method != "alike" else ())
    if not buildings and not text.building and len(tree.buildings.ids) == 1:
        buildings = tree.buildings.ids
    if len(buildings) == 1 and not reading.numbers and words:
        rooms = [id for id in tree.names.get((buildings[0], words), ()) if not storey or tree.storey_of[id] in ("", storey)]
        if len(rooms) == 1:
            return PlaceAnswer(place_id=rooms[0], level="room", method="name", confidence=_BY_NAME, evidence="its name")
        if rooms:
            return _coarse(buildings, storey, tree, reason="room_ambiguous", candidates=tuple(rooms))
    if not buildings:
        site = tree.sites.get(fold_name(text.room or text.building))
        if site is not None:
            return PlaceAnswer(place_id=site, level="site", method="site", confidence=0.9)
        return _none("building_unknown")
    named_building = whole is not None and bool(whole.ids)
    said_more = bool(reading.numbers) or (bool(words) and not named_building and not _is_building(words, tree))
    return _coarse(buildings, storey, tree, reason="room_unknown" if said_more else "")


def _is_building(words: str, tree: PlaceTree) -> bool:
    return bool(tree.buildings.find(words).ids) or words in tree.sites


def _coarse(buildings: Sequence[str], storey: str, tree: PlaceTree, *, reason: str, candidates: tuple[str, ...] = ()) -> PlaceAnswer:
    if len(buildings) != 1:
        return _none("building_ambiguous", tuple(buildings))
    at = tree.storeys.get((buildings[0], storey)) if storey else None
    if at is not None:
        return PlaceAnswer(place_id=at, level="storey", method="storey", confidence=0.9, reason=reason, candidates=candidates)
    return PlaceAnswer(
        place_id=buildings[0],
        level="building",
        method="building",
        confidence=0.9,
        reason=reason or ("storey_unknown" if storey else ""),
        candidates=candidates,
    )


_WAITING = PlaceAnswer(None, "none", "none", 0.0)


def _none(reason: str, candidates: tuple[str, ...] = ()) -> PlaceAnswer:
    return PlaceAnswer(place_id=None, level="none", method="none", confidence=0.0, reason=reason, candidates=candidates)


def _common(storeys: Iterable[str]) -> str:
    all_storeys = set(storeys)
    return all_storeys.pop() if len(all_storeys) == 1 else ""
