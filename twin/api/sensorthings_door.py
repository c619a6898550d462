"""What is posted to /sta/v1.1: entities into the file of things, observations of devices through the inlet."""

from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from sensors import Observation
from twin.api.offering import numbering_of, offered
from twin.auth import Action, Principal, Protected, authorise
from twin.errors import TwinError
from twin.live.things import Entity, Id
from twin.queries.things.answers import Answers, entity_address
from twin.queries.things.data_array import documents_of
from twin.queries.things.devices import Device
from twin.queries.things.errors import PathInvalid, ThingInvalid
from twin.queries.things.members import given_id
from twin.queries.things.odata.nodes import Options
from twin.queries.things.path import Target, resolve
from twin.queries.things.posting import device_batch, name_of, observation_from
from twin.queries.things.service import Things, to_us
from twin.queries.things.view import View

__all__ = ["posted"]

CREATE_OBSERVATIONS = "CreateObservations"


async def posted(request: Request, things: Things, principal: Principal, resource: str, body: Any, root: str) -> tuple[Any, str]:
    """The document and the address of what was made, after it is kept."""
    if resource.strip("/") == CREATE_OBSERVATIONS:
        return await _array(request, things, principal, body, root), ""
    now = things.registers.now()
    view = await run_in_threadpool(things.view, principal, now)
    target = resolve(resource, view)
    stream = _device_stream(view, target, body)
    if stream is not None:
        name: Id = await _offered(request, things, view, principal, stream, body)
        document: Any = {"@iot.id": name, "@iot.selfLink": entity_address(root, "Observation", name)}
        return document, document["@iot.selfLink"]
    return await run_in_threadpool(_created, things, principal, target, body, root)


def _created(things: Things, principal: Principal, target: Target, body: Any, root: str) -> tuple[Any, str]:
    kind, name = things.create(principal, target, body, things.registers.now())
    view = things.view(principal, things.registers.now())
    found, answers = view.find(kind, name), Answers(view, root)
    if found is None:  # ended by somebody since
        return {"@iot.id": name}, entity_address(root, kind, name)
    return answers.entity(found, Options()), answers.address(found)


def _device_stream(view: View, target: Target, body: Any) -> Entity | None:
    """The device's datastream that an observation is posted to; None where it is posted to another, or is something else."""
    if target.kind != "Observation" or not target.is_collection or target.form:
        return None
    found = target.parent
    if found is None and isinstance(body, dict) and isinstance(body.get("Datastream"), dict):
        name = given_id(body["Datastream"])
        found = None if name is None else view.find("Datastream", name)
    return found if found is not None and found.type == "Datastream" and found.own else None


async def _offered(request: Request, things: Things, view: View, principal: Principal, stream: Entity, body: Any) -> Id:
    """Through the inlet; the id of what is committed when this returns."""
    authorise(principal, Action.WRITE_OBSERVATION, Protected(site=stream.site))
    device, one, number = _observation(request, things, view, stream, body)
    await offered(request, device_batch(one, numbering_of(request).source, number))
    return await run_in_threadpool(name_of, things.history_of(principal), stream, device, one)


def _observation(request: Request, things: Things, view: View, stream: Entity, body: Any) -> tuple[Device, Observation, int]:
    split = view.stream_of(stream.id)
    if split is None:
        raise PathInvalid(f"there is no {stream.id}", path="Datastream")
    number, received_us = numbering_of(request).next(to_us(things.registers.now()))
    return split[0], observation_from(*split, body, received_us), number


async def _array(request: Request, things: Things, principal: Principal, body: Any, root: str) -> list[str]:
    """CreateObservations: for each row the address of what was made, or `error` and why (§12.2)."""
    found: list[str] = []
    view = await run_in_threadpool(things.view, principal, things.registers.now())
    stored: list[tuple[int, Id, dict[str, Any]]] = []
    for name, document in list(documents_of(body)):
        stream = None if name is None else view.find("Datastream", name)
        if stream is None or name is None:
            found.append(f"error: there is no Datastream {name!r}")
        elif stream.own:
            try:
                made = await _offered(request, things, view, principal, stream, document)
                found.append(entity_address(root, "Observation", made))
            except ThingInvalid as error:
                found.append(f"error: {error.message}")
        else:
            stored.append((len(found), name, document))
            found.append("")
    for (at, _, _), said in zip(stored, await run_in_threadpool(_stored, things, principal, stored, root), strict=True):
        found[at] = said
    return found


def _stored(things: Things, principal: Principal, rows: list[tuple[int, Id, dict[str, Any]]], root: str) -> list[str]:
    """External ones in one transaction; a row that does not hold costs no other."""
    now, said = things.registers.now(), []
    with things.creating(principal, now) as creation:
        for _, name, document in rows:
            try:
                made = creation.create("Observation", document, {"Datastream": name})
                said.append(entity_address(root, "Observation", made))
            except TwinError as error:
                said.append(f"error: {error.message}")
    return said
