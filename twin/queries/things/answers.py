"""Answers of SensorThings: documents of entities, pages of collections with what leads further (OGC 18-088 §9.3)."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from twin.errors import Invalid
from twin.live.things import TYPES, Entity, EntityType, Id, id_order
from twin.queries.things.odata.evaluate import IDS, predicate, sort_keys
from twin.queries.things.odata.nodes import Options
from twin.queries.things.path import Target, entity_path
from twin.queries.things.view import View
from twin.queries.things.window import window_of

__all__ = ["MOST_ON_PAGE", "PAGE", "Answers", "entity_address"]

PAGE = 100
MOST_ON_PAGE = 1_000
BELOW = 25
MOST_DEEP = 8
MOST_TOLD = 50_000
"""Entities in one answer, those within others counted too."""


class Answers:
    """Makes the documents of one request; `root` is the address of the service's root, without a slash at its end."""

    def __init__(self, view: View, root: str) -> None:
        self._view = view
        self._root = root
        self._told = 0

    def entity(self, one: Entity, options: Options) -> dict[str, Any]:
        """The document of one entity."""
        _require_deep_enough(options, TYPES[one.type])
        return self._document(one, options)

    def collection(self, target: Target, options: Options, path: str) -> dict[str, Any]:
        """A page: `@iot.count` where it is asked for, `@iot.nextLink` where there is more, `value`."""
        _require_deep_enough(options, TYPES[target.kind])
        rows, more, count = self._page(target, options, PAGE)
        found: dict[str, Any] = {} if count is None else {"@iot.count": count}
        if more:
            found["@iot.nextLink"] = self.next_link(path, target, options, rows)
        if target.form == "$ref":
            return found | {"value": [{"@iot.selfLink": self.address(one)} for one in rows]}
        return found | {"value": [self._document(one, options) for one in rows]}

    def count(self, target: Target, options: Options) -> int:
        """How many there are of a collection."""
        return self._page(target, replace(options, count=True, top=0, skip=0), PAGE)[2] or 0

    def rows(self, target: Target, options: Options) -> tuple[list[Entity], bool, int | None]:
        """The entities of a page, whether there are more, and their number where it is asked for."""
        return self._page(target, options, PAGE)

    def next_link(self, path: str, target: Target, options: Options, rows: Sequence[Entity], more: Mapping[str, str] | None = None) -> str:
        """The address of the page that follows on these rows."""
        return self._next(f"{self._root}/{_quoted(path)}", target, options, rows, more)

    def address(self, one: Entity) -> str:
        """The address of an entity."""
        return entity_address(self._root, one.type, one.id)

    # Pages

    def _page(self, target: Target, options: Options, usual: int) -> tuple[list[Entity], bool, int | None]:
        top = min(usual if options.top is None else options.top, MOST_ON_PAGE)
        window = window_of(target, options, self._view)
        found = self._entities(target, window)
        if options.filter is not None:
            found = filter(predicate(options.filter, target.kind, self._view), found)
        known = (
            self._view.count(replace(window, after=()))
            if options.filter is None and options.count and target.kind == "Observation"
            else None
        )
        if options.orderby and not window.is_sorted:
            rows, total = self._sorted(found, target, options, top)
        else:
            skipped = sum(1 for _ in islice(found, options.skip))
            rows = list(islice(found, top + 1))
            if options.after and options.count and known is None:
                return rows[:top], len(rows) > top > 0, self.count(target, replace(options, after=()))
            total = skipped + len(rows) + (sum(1 for _ in found) if options.count and known is None else 0)
        count = (total if known is None else known) if options.count else None
        return rows[:top], len(rows) > top > 0, count

    def _sorted(self, found: Iterable[Entity], target: Target, options: Options, top: int) -> tuple[list[Entity], int]:
        """The page and how many there are; entities that are ordered alike stand by their ids, in the direction of the first order."""
        counter = _Counted(found)
        keys = sort_keys(options.orderby, target.kind, self._view)

        def key(one: Entity) -> tuple[Any, ...]:
            said = [_Turned(value(one)) if turned else value(one) for value, turned in keys]
            return (*said, _Turned(id_order(one.id)) if keys[0][1] else id_order(one.id))

        rows = heapq.nsmallest(options.skip + top + 1, counter, key)
        return rows[options.skip :], counter.number

    def _entities(self, target: Target, window: Any) -> Iterator[Entity]:
        if target.kind == "Observation":
            return self._view.observed(window)
        if target.parent is not None:
            return iter(self._view.many(target.parent, target.way))
        return self._view.all(target.kind)

    def _next(self, address: str, target: Target, options: Options, rows: Sequence[Entity], more: Mapping[str, str] | None = None) -> str:
        """By the place of the last row where there is an order of places: pages do not shift, and the thousandth costs no more than
        the second. Else by how many were told."""
        texts = {name: text for name, text in options.texts.items() if name != "$skip"}
        following = {**texts, **(more or {})}
        window = window_of(target, options, self._view)
        keyed = target.kind == "Observation" and (window.is_sorted or not options.orderby)
        place = self._view.place_of(rows[-1], window) if keyed else None
        if place is None:
            following["$skip"] = str(options.skip + len(rows))
        else:
            following["$skiptoken"] = json.dumps(place, separators=(",", ":"))
        return f"{address}?{urlencode(following, safe='$,()/:;', quote_via=quote)}"

    # Documents

    def _document(self, one: Entity, options: Options) -> dict[str, Any]:
        self._told += 1
        if self._told > MOST_TOLD:
            raise Invalid(
                f"more than {MOST_TOLD:,} entities in one answer",
                path="$expand",
                code="PARAMETER_INVALID",
                hint="a smaller $top within $expand",
            )
        kind, chosen = TYPES[one.type], options.select
        found: dict[str, Any] = {}
        if chosen is None or IDS & set(chosen):
            found["@iot.id"] = one.id
        if chosen is None or "@iot.selfLink" in chosen:
            found["@iot.selfLink"] = self.address(one)
        for name in kind.all_members:
            if chosen is None or name in chosen:
                value = self._view.member(one, name)
                if value is not None or (kind.name, name) in NULLS:
                    found[name] = value
        for name in kind.navigations:
            if name in options.expand:
                self._expand(found, one, name, options.expand[name])
            elif chosen is None or name in chosen:
                found[f"{name}@iot.navigationLink"] = f"{self.address(one)}/{name}"
        return found

    def _expand(self, found: dict[str, Any], one: Entity, name: str, options: Options) -> None:
        way = TYPES[one.type].navigations[name]
        if not way.many:
            below = self._view.one(one, name)
            if below is not None:
                found[name] = self._document(below, options)
            return
        target = Target(kind=way.target, parent=one, way=name)
        rows, more, count = self._page(target, options, BELOW)
        if count is not None:
            found[f"{name}@iot.count"] = count
        found[name] = [self._document(below, options) for below in rows]
        if more:
            found[f"{name}@iot.nextLink"] = self._next(f"{self.address(one)}/{name}", target, options, rows)


NULLS = frozenset({("Observation", "resultTime"), ("Observation", "result")})
"""Members that are told when they are null too."""


class _Counted:
    """Counts what goes through."""

    def __init__(self, found: Iterable[Entity]) -> None:
        self._found = found
        self.number = 0

    def __iter__(self) -> Iterator[Entity]:
        for one in self._found:
            self.number += 1
            yield one


class _Turned:
    """Orders the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __lt__(self, other: _Turned) -> bool:
        return bool(other.key < self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Turned) and bool(self.key == other.key)

    __hash__ = None  # type: ignore[assignment]


def _require_deep_enough(options: Options, kind: EntityType, depth: int = 0) -> None:
    """Raise Invalid for names that the type does not have, or for what is expanded too deep."""
    for name in options.select or ():
        if name not in IDS and name != "@iot.selfLink" and name not in kind.all_members and name not in kind.navigations:
            raise Invalid(f"a {kind.name} has no {name}", path="$select", code="FILTER_INVALID")
    for name, below in options.expand.items():
        way = kind.navigations.get(name)
        if way is None:
            raise Invalid(f"a {kind.name} does not lead to {name}", path="$expand", code="FILTER_INVALID", hint=", ".join(kind.navigations))
        if depth == MOST_DEEP:
            raise Invalid(f"deeper than {MOST_DEEP}", path="$expand", code="FILTER_INVALID")
        _require_deep_enough(below, TYPES[way.target], depth + 1)


def entity_address(root: str, kind: str, name: Id) -> str:
    """The address of an entity under the root; what is not ASCII in its id is percent-encoded."""
    return f"{root}/{_quoted(entity_path(kind, name))}"


def _quoted(path: str) -> str:
    return quote(path, safe="/()':$,")
