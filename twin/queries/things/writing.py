"""Entities as clients bring them: with all that is within them, in one transaction (OGC 18-088 §10.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from spatial.feature import PUBLIC
from twin.auth import EVERY, Action, Principal, Protected, authorise
from twin.errors import Refused
from twin.live.things import TYPES, Entity, Id, ObservationRow, Writing
from twin.queries.things.derived import is_reserved
from twin.queries.things.errors import OwnedByRegister, ThingInvalid
from twin.queries.things.members import checked_members, given_id, is_link, span_of
from twin.queries.things.odata.values import time_text
from twin.queries.things.view import View
from twin.store import Store

__all__ = ["Creation", "Owner", "is_device_stream"]

DEEPEST = 8
CLOCKS = ("phenomenonTime", "resultTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Where an entity belongs: a site (None: none was named and there are several) and a label."""

    site: str | None
    label: str


def is_device_stream(view: View, name: Any) -> bool:
    """Whether an id is that of a device's datastream."""
    return isinstance(name, str) and (found := view.find("Datastream", name)) is not None and found.own


class Creation:
    """Creates what a document says, within one transaction; `view` is what the writer may know of before it."""

    def __init__(self, writing: Writing, view: View, store: Store, principal: Principal) -> None:
        self._writing = writing
        self._view = view
        self._store = store
        self._principal = principal
        self._made: dict[tuple[str, Id], Entity] = {}

    def create(self, kind: str, document: Any, preset: Mapping[str, Any] | None = None, owner: Owner | None = None, depth: int = 0) -> Id:
        """The id of the entity that was made, with what is within it; `preset` are links that the path gave.

        Raises ThingInvalid, Refused (`THING_TAKEN`), Forbidden. An observation whose id, datastream and time are known is not made again.
        """
        if not isinstance(document, dict):
            raise ThingInvalid(f"a {kind} is an object of JSON", path=kind)
        if depth > DEEPEST:
            raise ThingInvalid(f"entities within entities, deeper than {DEEPEST}", path=kind)
        if kind == "Observation":
            return self._observe(document, dict(preset or {}), owner, depth)
        row = TYPES[kind]
        body = checked_members(row, document)
        inherited = owner if owner is not None else self._owner_of(preset or {})
        mine = self.owner(body, inherited)
        links = self._links(kind, document, dict(preset or {}), mine, depth)
        missing = sorted(one for one in row.needed_links if not links.get(one))
        if missing:
            raise ThingInvalid(f"a {kind} without {', '.join(missing)}", path=missing[0], hint='{"Thing": {"@iot.id": 1}}')
        name = self._name(kind, document)
        made = Entity(type=kind, id=name, body=body, site=mine.site, label=mine.label, links=links)
        self.put(made)
        if kind == "Thing" and links["Locations"]:
            self.note_move(made)
        if kind == "HistoricalLocation":
            self._move_if_latest(made)
        self._below(kind, document, made, mine, depth)
        return name

    def create_at(self, kind: str, document: Any, parent: Entity | None, way: str) -> Id:
        """The same in the collection below an entity (`Things(1)/Datastreams`); a Location there is where the Thing is from now on."""
        if parent is None:
            return self.create(kind, document)
        back = TYPES[parent.type].navigations[way].back
        if not TYPES[kind].navigations[back].many:
            return self.create(kind, document, {back: parent.id})
        if (parent.type, way) != ("Thing", "Locations"):
            raise ThingInvalid(f"{way} of a {parent.type} are changed from the other side", path=way)
        require_external(parent)
        name = self.linked(kind, document, Owner(site=parent.site, label=parent.label or PUBLIC), 0)
        self.move(parent, (name,))
        return name

    def require_writer(self, one: Entity) -> None:
        """Raise Forbidden where the site is out of scope."""
        authorise(self._principal, Action.WRITE_OBSERVATION, Protected(site=one.site))

    def put(self, made: Entity) -> None:
        """Keep an entity, which is known from now on."""
        self._writing.put(made)
        self._made[made.type, made.id] = made

    def find(self, kind: str, name: Id) -> Entity | None:
        """An entity that the writer knows, those just made among them."""
        return self._made.get((kind, name)) or self._view.find(kind, name)

    def owner(self, body: Mapping[str, Any], inherited: Owner | None) -> Owner:
        """By its own properties `site` and `label`, else as what it was made with, else the only site and its default label.

        Raises ThingInvalid for a label the site does not have or the writer may not know of; Forbidden for a site out of scope.
        """
        said = body.get("properties") or {}
        site, label = said.get("site"), said.get("label")
        codes = [one.code for one in self._store.list_sites() if self._principal.scopes & {EVERY, one.code}]
        if site is None:
            site = inherited.site if inherited is not None else codes[0] if len(codes) == 1 else None
        elif not isinstance(site, str) or site not in codes:
            raise ThingInvalid(f"there is no site {str(site)[:60]!r}", path="properties.site", hint=", ".join(codes))
        policy = self._store.label_policy(site) if site is not None else None
        if label is None:
            label = inherited.label if inherited is not None else policy.default if policy is not None else PUBLIC
        elif not isinstance(label, str) or (policy is not None and label not in policy.labels) or (policy is None and label != PUBLIC):
            known = ", ".join(policy.labels) if policy is not None else PUBLIC
            raise ThingInvalid(f"{str(label)[:60]!r} is no label of the site", path="properties.label", hint=known)
        if not self._principal.labels & {EVERY, label}:
            raise ThingInvalid(f"{label!r} is no label of this key", path="properties.label")
        authorise(self._principal, Action.WRITE_OBSERVATION, Protected(site=site))
        return Owner(site=site, label=label)

    def linked(self, kind: str, document: Any, owner: Owner | None, depth: int) -> Id:
        """The entity that a document names, or the one it describes, made."""
        if is_link(document) or (isinstance(document, dict) and "@iot.id" in document):
            name = given_id(document)
            if name is not None and self.find(kind, name) is not None:
                return name
            if is_link(document):
                raise ThingInvalid(f"there is no {kind} {str(name)[:60]!r}", path=kind)
        return self.create(kind, document, None, owner, depth + 1)

    def note_move(self, thing: Entity) -> None:
        """A HistoricalLocation of now: the Thing has other Locations (§8.2.1)."""
        links = {"Thing": thing.id, "Locations": tuple(thing.links["Locations"])}
        name = self._writing.next_id("HistoricalLocation")
        body = {"time": time_text(self._view.now.start_us)}
        self.put(Entity(type="HistoricalLocation", id=name, body=body, site=thing.site, label=thing.label, links=links))

    # Within

    def _owner_of(self, preset: Mapping[str, Any]) -> Owner | None:
        """Of a Datastream that of its Thing, whichever the path said."""
        name = preset.get("Thing")
        thing = None if name is None else self.find("Thing", name)
        return None if thing is None else Owner(site=thing.site, label=thing.label or PUBLIC)

    def _links(self, kind: str, document: Mapping[str, Any], links: dict[str, Any], owner: Owner, depth: int) -> dict[str, Any]:
        """What it names itself: single ones, and the Locations of a Thing or a HistoricalLocation."""
        for way, navigation in TYPES[kind].navigations.items():
            if navigation.many or way not in document:
                continue
            if way in links:
                _require_same(way, links[way], document[way])
            else:
                links[way] = self.linked(navigation.target, document[way], owner, depth)
        if kind in ("Thing", "HistoricalLocation"):
            links.setdefault("Locations", ())
            if "Locations" in document:
                links["Locations"] = tuple(self.linked("Location", one, owner, depth) for one in _many(document, "Locations"))
        if kind == "Datastream" and "Thing" in links:
            self._require_label(links["Thing"], owner)
        return links

    def _require_label(self, thing: Id, owner: Owner) -> None:
        found = self.find("Thing", thing)
        if found is not None and found.site is not None and owner.site is not None and found.site != owner.site:
            raise ThingInvalid(f"the Thing is of site {found.site}, not {owner.site}", path="properties.site")

    def _below(self, kind: str, document: Mapping[str, Any], made: Entity, owner: Owner, depth: int) -> None:
        """What hangs on it."""
        for way, navigation in TYPES[kind].navigations.items():
            if not navigation.many or way not in document or (kind in ("Thing", "HistoricalLocation") and way == "Locations"):
                continue
            if kind == "Location":
                self._things_at(made, document, way)
                continue
            for one in _many(document, way):
                if is_link(one):
                    raise ThingInvalid(f"{way} that exist are changed themselves", path=way, hint=f"PATCH them with this {kind}")
                self.create(navigation.target, one, {navigation.back: made.id}, owner, depth + 1)

    def _things_at(self, location: Entity, document: Mapping[str, Any], way: str) -> None:
        """A new Location of Things that exist."""
        for one in _many(document, way):
            found = self.find("Thing", given_id(one) or "") if way == "Things" and is_link(one) else None
            if found is None:
                raise ThingInvalid(f"{way} of a Location are named by their ids", path=way)
            self.move(found, (location.id,))

    def move(self, thing: Entity, locations: tuple[Id, ...]) -> None:
        """Give a Thing other Locations."""
        require_external(thing)
        moved = replace(thing, links={**thing.links, "Locations": locations})
        self.put(moved)
        self.note_move(moved)

    def _move_if_latest(self, past: Entity) -> None:
        """The latest HistoricalLocation is where its Thing is (§8.2.3)."""
        thing = self.find("Thing", past.links["Thing"])
        if thing is None or thing.own:
            raise ThingInvalid("a device's past locations come from its positions", path="Thing")
        at = span_of(past.body["time"], "time").start_us
        others = self._view.many(thing, "HistoricalLocations") if ("Thing", thing.id) not in self._made else ()
        if all(span_of(one.body["time"], "time").start_us <= at for one in others):
            self.put(replace(thing, links={**thing.links, "Locations": past.links["Locations"]}))

    def _name(self, kind: str, document: Mapping[str, Any]) -> Id:
        name = given_id(document)
        if name is None:
            return self._writing.next_id(kind)
        if isinstance(name, str) and is_reserved(name):
            raise ThingInvalid(f"{name[:60]!r} is of the form of a device's id", path="@iot.id")
        if self._writing.has(kind, name):
            raise Refused(f"there is a {kind} {name!r}", path="@iot.id", code="THING_TAKEN", hint="PATCH or PUT changes it")
        return name

    # Observations

    def _observe(self, document: Mapping[str, Any], links: dict[str, Any], owner: Owner | None, depth: int) -> Id:
        body = checked_members(TYPES["Observation"], document)
        if "Datastream" in links and "Datastream" in document:
            _require_same("Datastream", links["Datastream"], document["Datastream"])
        if "Datastream" not in links:
            if "Datastream" not in document:
                raise ThingInvalid("an Observation without Datastream", path="Datastream", hint='{"Datastream": {"@iot.id": 1}}')
            links["Datastream"] = self.linked("Datastream", document["Datastream"], owner, depth)
        datastream = self.find("Datastream", links["Datastream"])
        if datastream is None or datastream.own:
            raise ThingInvalid("an Observation of a device is sent by itself", path="Datastream", hint="POST it to its Observations")
        authorise(self._principal, Action.WRITE_OBSERVATION, Protected(site=datastream.site))
        row = self._row(body, datastream)
        name = given_id(document)
        if name is not None:
            before = self._writing.observation(name)
            if before is not None and (before.datastream, before.start_us) == (row.datastream, row.start_us):
                return name
        name = self._name("Observation", document)
        mine = Owner(site=datastream.site, label=datastream.label or PUBLIC)
        foi = links.get("FeatureOfInterest")
        if foi is None and document.get("FeatureOfInterest") is not None:
            foi = self.linked("FeatureOfInterest", document["FeatureOfInterest"], mine, depth)
        foi = self._feature_of(datastream) if foi is None else foi
        self._writing.add_observations([row._replace(id=name, foi=foi)])
        return name

    def _row(self, body: Mapping[str, Any], datastream: Entity) -> ObservationRow:
        """The columns of an observation; without a time it is of now (§8.2.7)."""
        clocks = {name: span_of(body[name], name) for name in CLOCKS if body.get(name) is not None}
        at = clocks.get("phenomenonTime", self._view.now)
        result = clocks.get("resultTime")
        rest = {name: value for name, value in body.items() if name not in CLOCKS}
        return ObservationRow(0, datastream.id, at.start_us, at.end_us, result.start_us if result else None, None, rest)

    def _feature_of(self, datastream: Entity) -> Id | None:
        """The feature of what has none of its own: the Location of the Thing (§10.2.1.2), None for a Thing that has no place."""
        thing = self.find("Thing", datastream.links["Thing"])
        names = thing.links.get("Locations", ()) if thing is not None else ()
        location = self.find("Location", names[0]) if names else None
        if location is None:
            return None
        if location.own:
            return location.id
        known = list(self._view.features_of_location(location.id))
        mine = [one for (kind, _), one in self._made.items() if kind == "FeatureOfInterest" and one.links.get("Location") == location.id]
        for one in [*known, *mine]:
            if one.body["feature"] == location.body["location"]:
                return one.id
        name = self._writing.next_id("FeatureOfInterest")
        body = {one: location.body[one] for one in ("name", "description", "encodingType")} | {"feature": location.body["location"]}
        self.put(
            Entity(type="FeatureOfInterest", id=name, body=body, site=location.site, label=location.label, links={"Location": location.id})
        )
        return name


def require_external(one: Entity) -> None:
    """Raise OwnedByRegister for what a register says."""
    if one.own:
        record = one.body.get("properties", {}).get("record") or f"the record of {one.id!r}"
        raise OwnedByRegister(f"{one.type} {one.id!r} is of a register", path=str(one.id), hint=f"change {record}")


def _require_same(way: str, name: Any, document: Any) -> None:
    """Raise ThingInvalid where a document names another entity than the one it stands in."""
    if not isinstance(document, dict) or document.get("@iot.id") != name:
        raise ThingInvalid(f"{way} is {name!r} by where this stands, and another by what it says", path=way)


def _many(document: Mapping[str, Any], way: str) -> list[Any]:
    said = document[way]
    if not isinstance(said, list):
        raise ThingInvalid(f"{way} is a list", path=way)
    return said
