"""A move as asked and as done: people to rooms, rooms to a unit and back, assets to a place; every word of it with its history.

`{"unit", "building", "seats": [{"person", "room"}], "rooms": [key], "leaves": [key], "assets": [key], "room": key}`: keys of records, at
least one of the lists. `room` is where the assets go, else the building. What-if proposals (`/what-if/move`) name the seats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from twin.codes import RecordKind, get_kind
from twin.errors import Invalid, NotFound
from twin.imports.tie import Grounds
from twin.queries.assetops.whereabouts import Whereabouts
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.read import Record
from twin.records.scope import owners_of
from twin.records.write import Author, change_fields

__all__ = ["Named", "check_move", "move_records", "write_move"]

Named = Mapping[tuple[str, str], Record]
"""(kind, key) → record, of all that a request names."""
LISTS = ("rooms", "leaves", "assets", "seats")
AT_MOST = 1_000


def move_records(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The kind and key of every record that a move names; raises Invalid (`REQUEST_INVALID`) for one that names nothing to move."""
    for name in LISTS:
        if not isinstance(payload.get(name, []), list) or len(payload.get(name, [])) > AT_MOST:
            raise _wrong(name, f"a list of at most {AT_MOST}")
    if not any(payload.get(name) for name in LISTS):
        raise _wrong("seats", f"say who or what moves: at least one of {', '.join(LISTS)}")
    found = [("building", payload.get("building"))]
    found += [("room", key) for name in ("rooms", "leaves") for key in payload.get(name, [])]
    found += [("room", payload["room"])] if payload.get("room") is not None else []
    found += [("asset", key) for key in payload.get("assets", [])]
    for seat in payload.get("seats", []):
        if not isinstance(seat, Mapping) or seat.keys() != {"person", "room"}:
            raise _wrong("seats", "each is {person, room}")
        found += [("person", seat["person"]), ("room", seat["room"])]
    unnamed = next((kind for kind, key in found if not isinstance(key, str) or not key), None)
    if unnamed is not None:
        raise _wrong(unnamed, f"the key of a {unnamed} is a text")
    people = [seat["person"] for seat in payload.get("seats", [])]
    if len(set(people)) < len(people):
        raise _wrong("seats", "each person once")
    return [(kind, str(key)) for kind, key in dict.fromkeys(found)]


def check_move(registers: Registers, connection: Connection, payload: Mapping[str, Any], named: Named) -> None:
    """Raise Invalid (`REQUEST_INVALID`) where the rooms lie in another building, or people, assets, rooms given back are not the unit's."""
    places, units = registers.shelf.places(connection), registers.shelf.units(connection)
    at = places.by_record.get(named["building", payload["building"]].id, NOWHERE)
    if at == NOWHERE:
        raise _wrong("building", f"{payload['building']} has no place in the tree")
    for key in _taken(payload):
        position = places.by_record.get(named["room", key].id, NOWHERE)
        if position == NOWHERE or at not in places.path(position):
            raise _wrong("rooms", f"room {key} does not lie in building {payload['building']}")
    if payload.get("unit") not in units.by_key:
        raise NotFound(f"there is no unit {payload.get('unit')}", path="unit")
    own = units.permitted([payload["unit"]])
    theirs = [("person", seat["person"]) for seat in payload.get("seats", [])] + [("asset", key) for key in payload.get("assets", [])]
    theirs += [("room", key) for key in payload.get("leaves", [])]
    for kind, key in theirs:
        if not own.intersection(owners_of(get_kind(kind), named[kind, key], units)):
            raise _wrong(f"{kind}s", f"{kind} {key} is not of unit {payload['unit']} or one below")


def write_move(connection: Connection, payload: Mapping[str, Any], named: Named, grounds: Grounds, author: Author) -> list[int]:
    """The ids of the changes: locations of people and assets, who uses each room.

    Raises Refused (`STOCKTAKE_PLACE_UNNAMED`) where no words name a room or building.
    """
    words = _Words(Whereabouts.of(connection, grounds))
    made: list[int] = []
    given_back = [key for key in payload.get("leaves", []) if key not in _taken(payload)]
    for key in given_back:
        made += _write(connection, "room", named, key, {"used_by": None, "state": "vacant"}, author)
    for key in _taken(payload):
        made += _write(connection, "room", named, key, {"used_by": payload["unit"], "state": "in_use"}, author)
    for seat in payload.get("seats", []):
        where = words.of(named["room", seat["room"]])
        made += _write(connection, "person", named, seat["person"], {**where, "seat": None}, author)
    if payload.get("assets"):
        to = named["room", payload["room"]] if payload.get("room") else named["building", payload["building"]]
        for key in payload["assets"]:
            made += _write(connection, "asset", named, key, words.of(to), author)
    return made


def _taken(payload: Mapping[str, Any]) -> Sequence[str]:
    """The rooms that the unit uses afterwards."""

    def keys() -> Iterator[str]:
        yield from payload.get("rooms", [])
        yield from (seat["room"] for seat in payload.get("seats", []))

    return tuple(dict.fromkeys(keys()))


class _Words:
    """What a card or person says of standing in a room or building."""

    def __init__(self, where: Whereabouts) -> None:
        self._where = where
        self._place = {place.record_id: place.id for place in where.by_id.values() if place.record_id is not None}

    def of(self, record: Record) -> dict[str, str | None]:
        values = record.values
        if record.kind == "room":
            said = {"building": values["building"], "storey": values["storey"], "room": values["number"] or values["name"]}
        else:
            said = {"building": values["name"] or record.key}
        place = self._place.get(record.id)
        if place is None:
            raise NotFound(f"{record.kind} {record.key} has no place in the tree", path=record.key)
        return self._where.words(place, {name: text or "" for name, text in said.items()})


def _write(connection: Connection, kind: str, named: Named, key: str, values: Mapping[str, Any], author: Author) -> list[int]:
    columns: RecordKind = get_kind(kind)
    return change_fields(connection, columns, named[kind, key].id, values, author)


def _wrong(path: str, what: str) -> Invalid:
    return Invalid(f"{path}: {what}", path=path, code="REQUEST_INVALID", hint="/openapi.json describes requests")
