"""A resource path (OGC 18-088 §9.2): to a collection, an entity, one of its members, or a list of addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from twin.live.things import TYPES, Entity, Id, find_type
from twin.queries.things.errors import NoSuchEntity, PathInvalid
from twin.queries.things.odata.evaluate import IDS
from twin.queries.things.view import View

__all__ = ["Target", "entity_path", "resolve"]

SEGMENT = re.compile(r"(?P<name>[^/()']+)(?:\((?P<id>-?[0-9]{1,18}|'(?:''|[^'])*')\))?(?:/|$)")
MOST_SEGMENTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path leads to: an `entity`, or the collection of a `kind` (below `parent` along `way`, or all of it), or a member.

    `form` is "" or `$ref`, `$value`, `$count`.
    """

    kind: str
    entity: Entity | None = None
    parent: Entity | None = None
    way: str = ""
    member: tuple[str, ...] = ()
    value: Any = None
    form: str = ""

    @property
    def is_collection(self) -> bool:
        """Whether it is many."""
        return self.entity is None

    def required_entity(self, path: str) -> Entity:
        """The entity; raises PathInvalid where it is many or a member of one."""
        if self.entity is None or self.member or self.form:
            raise PathInvalid("one entity is changed at a time, at its own address", path=path)
        return self.entity


def entity_path(kind: str, name: Id) -> str:
    """The path of an entity: `Things(1)`, `Things('camera:C-1')`."""
    said = str(name) if isinstance(name, int) else "'{}'".format(name.replace("'", "''"))
    return f"{TYPES[kind].plural}({said})"


def resolve(path: str, view: View) -> Target:
    """The target of a path; raises PathInvalid, NoSuchEntity."""
    steps = _steps(path)
    kind = find_type(steps[0][0])
    if kind is None:
        raise PathInvalid(f"there is no {steps[0][0]}", path=path, hint="/sta/v1.1 lists what there is")
    here = Target(kind=kind.name)
    for at, (name, said) in enumerate(steps):
        if at:
            if here.form or here.member:
                here = _inside(here, name, said, path)
                continue
            here = _followed(here, name, view, path)
        if said is not None:
            if not here.is_collection or here.form or here.member:
                raise PathInvalid(f"{name} is not many: none of it is chosen by an id", path=path)
            here = Target(kind=here.kind, entity=_chosen(here, said, view))
    return here


def _steps(path: str) -> list[tuple[str, Id | None]]:
    found: list[tuple[str, Id | None]] = []
    at, text = 0, path.strip("/")
    while at < len(text):
        match = SEGMENT.match(text, at)
        if match is None or len(found) == MOST_SEGMENTS:
            raise PathInvalid(f"{text[at : at + 60]!r} is no part of a path", path=path, hint="Things(1)/Datastreams, Things('text')")
        found.append((match["name"], None if match["id"] is None else parse_id(match["id"])))
        at = match.end()
    if not found:
        raise PathInvalid("the path is empty", path=path)
    return found


def parse_id(text: str) -> Id:
    """A number, or a text in quotes."""
    return text[1:-1].replace("''", "'") if text.startswith("'") else int(text)


def _followed(here: Target, name: str, view: View, path: str) -> Target:
    if name in ("$ref", "$count") and here.is_collection:
        return Target(kind=here.kind, parent=here.parent, way=here.way, form=name)
    if here.entity is None:
        raise PathInvalid(f"{name} of many: choose one by its id", path=path)
    one, kind = here.entity, TYPES[here.kind]
    if name == "$ref":
        return Target(kind=here.kind, entity=one, form=name)
    if name in kind.navigations:
        way = kind.navigations[name]
        if way.many:
            return Target(kind=way.target, parent=one, way=name)
        found = view.one(one, name)
        if found is None:
            raise NoSuchEntity(f"it has no {name}", path=path)
        return Target(kind=way.target, entity=found)
    if name in IDS:
        return Target(kind=here.kind, entity=one, member=("@iot.id",), value=one.id)
    if name in kind.all_members:
        return Target(kind=here.kind, entity=one, member=(name,), value=view.member(one, name))
    raise PathInvalid(f"a {kind.name} has no {name}", path=path, hint=f"one of {', '.join([*kind.all_members, *kind.navigations])}")


def _inside(here: Target, name: str, said: Id | None, path: str) -> Target:
    """Further into the JSON of a member, or `$value` of it."""
    if said is not None or here.form or here.entity is None:
        raise PathInvalid(f"nothing comes after {here.form or 'a member'}", path=path)
    if name == "$value":
        return Target(kind=here.kind, entity=here.entity, member=here.member, value=here.value, form=name)
    value = here.value
    if isinstance(value, dict) and name in value:
        value = value[name]
    elif isinstance(value, list) and name.isascii() and name.isdigit() and len(name) < 10 and int(name) < len(value):
        value = value[int(name)]
    else:
        raise PathInvalid(f"{'/'.join(here.member)} has no {name}", path=path)
    return Target(kind=here.kind, entity=here.entity, member=(*here.member, name), value=value)


def _chosen(here: Target, name: Id, view: View) -> Entity:
    found = view.find(here.kind, name)
    if found is None and isinstance(name, str) and "%" in name:  # of a Location header, which a client may take an id from as it is
        found = view.find(here.kind, unquote(name))
    if found is not None and here.parent is not None:
        back = TYPES[here.parent.type].navigations[here.way].back
        if not view.is_linked(found, back, here.parent):
            found = None
    if found is None:
        raise NoSuchEntity(f"there is no {entity_path(here.kind, name)}" + (" there" if here.parent else ""), path=str(name))
    return found
