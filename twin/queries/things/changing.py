"""Changes of entities that are there: parts (PATCH, also by RFC 6902), all (PUT), and their end (DELETE; OGC 18-088 §10.3, 10.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonpatch
import jsonpointer

from twin.errors import Refused
from twin.live.things import TYPES, Entity, Id, Writing
from twin.queries.things.errors import OwnedByRegister, ThingInvalid
from twin.queries.things.members import checked_members, span_of
from twin.queries.things.view import View
from twin.queries.things.writing import Creation, Owner, require_external

__all__ = ["change", "patched", "remove"]

MOST_OPERATIONS = 1_000
CASCADES: Mapping[str, tuple[str, ...]] = {
    "Thing": ("Datastreams", "HistoricalLocations"),
    "Sensor": ("Datastreams",),
    "ObservedProperty": ("Datastreams",),
}
"""What ends with an entity (§10.4); the observations of a Datastream or a FeatureOfInterest end with it in the store."""


PATCH_FAULTS = (
    jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError, ValueError, AttributeError, IndexError,
    RecursionError,
)  # fmt: skip


def patched(one: Entity, operations: Any) -> dict[str, Any]:
    """The document of an entity after a JSON Patch; raises ThingInvalid."""
    if not isinstance(operations, list) or len(operations) > MOST_OPERATIONS:
        raise ThingInvalid(f"a JSON Patch is a list of at most {MOST_OPERATIONS:,} operations", path="body")
    try:
        found = jsonpatch.apply_patch(dict(one.body), operations)
    except (
        jsonpatch.JsonPatchException,
        jsonpointer.JsonPointerException,
        TypeError,
        KeyError,
        ValueError,
        AttributeError,
        IndexError,
    ) as error:
        raise ThingInvalid(f"the patch does not apply: {str(error)[:200]}", path="body", hint="RFC 6902") from None
    if not isinstance(found, dict):
        raise ThingInvalid("the patch leaves no object", path="body")
    return found


def change(writing: Writing, creation: Creation, one: Entity, document: Any, *, whole: bool) -> None:
    """Give an entity the members and links of a document; `whole`: those it does not give, it has no longer."""
    require_external(one)
    if not isinstance(document, dict):
        raise ThingInvalid(f"a {one.type} is an object of JSON", path=one.type)
    kind = TYPES[one.type]
    given = checked_members(kind, document, whole=whole)
    body = given if whole else {**one.body, **given}
    checked_members(kind, {name: value for name, value in body.items() if name in kind.members})
    body = {name: value for name, value in body.items() if value is not None or name in kind.required}
    owner = creation.owner(body, Owner(site=one.site, label=one.label or "public"))
    links = _links(creation, one, document, owner)
    if one.type == "Observation":
        _observation(writing, one, body, links)
        return
    made = replace(one, body=body, links=links, site=owner.site, label=owner.label)
    creation.put(made)
    if made.type == "Thing" and made.links["Locations"] != one.links["Locations"]:
        creation.note_move(made)


def remove(writing: Writing, view: View, one: Entity, hidden: bool = False) -> None:
    """End an entity and what hangs on it; Refused (`THING_IN_USE`) where something does that the reader may not know of."""
    require_external(one)
    if one.type == "Observation":
        writing.remove_observation(one.id)
        return
    for way in CASCADES.get(one.type, ()):
        navigation = TYPES[one.type].navigations[way]
        names = view.every_linking(navigation.target, navigation.back, one.id)
        for name in names:
            below = view.find(navigation.target, name)
            if below is None:
                raise Refused(f"{one.type} {one.id!r} is in use", path=str(one.id), code="THING_IN_USE")
            remove(writing, view, below)
    if one.type == "Location":
        _leave(writing, view, one.id)
    writing.remove(one.type, one.id)


def _leave(writing: Writing, view: View, location: Id) -> None:
    """No Thing is at a Location that ended, nor was."""
    for kind in ("Thing", "HistoricalLocation"):
        for name in view.every_linking(kind, "Locations", location):
            found = view.find(kind, name)
            if found is None:
                raise Refused(f"Location {location!r} is in use", path=str(location), code="THING_IN_USE")
            left = tuple(one for one in found.links["Locations"] if one != location)
            writing.put(replace(found, links={**found.links, "Locations": left}))


def _links(creation: Creation, one: Entity, document: Mapping[str, Any], owner: Owner) -> dict[str, Any]:
    found = dict(one.links)
    for way, navigation in TYPES[one.type].navigations.items():
        said = document.get(way)
        if said is None:
            continue
        if not navigation.many:
            found[way] = creation.linked(navigation.target, said, owner, 0)
        elif one.type in ("Thing", "HistoricalLocation") and way == "Locations":
            if not isinstance(said, list):
                raise ThingInvalid("Locations is a list", path=way)
            found[way] = tuple(creation.linked("Location", each, owner, 0) for each in said)
        elif said:
            raise ThingInvalid(f"{way} are changed themselves", path=way)
    return found


def _observation(writing: Writing, one: Entity, body: Mapping[str, Any], links: Mapping[str, Any]) -> None:
    before = writing.observation(one.id)
    datastream = links["Datastream"]
    if before is None or before.datastream != datastream:
        raise OwnedByRegister("an Observation stays with its Datastream", path="Datastream", hint="POST it to the other, DELETE it here")
    at = span_of(body["phenomenonTime"], "phenomenonTime") if body.get("phenomenonTime") else None
    result = span_of(body["resultTime"], "resultTime").start_us if body.get("resultTime") else None
    rest = {name: value for name, value in body.items() if name not in ("phenomenonTime", "resultTime")}
    start, end = (before.start_us, before.end_us) if at is None else (at.start_us, at.end_us)
    row = before._replace(start_us=start, end_us=end, result_us=result, foi=links.get("FeatureOfInterest"), body=rest)
    writing.replace_observation(row)
