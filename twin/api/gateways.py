"""/live/gateways: what takes in; /live/vehicles: what people tell the terminals of vehicles."""

import logging
from typing import Annotated, Any

from fastapi import Path, Query, Request
from starlette.concurrency import run_in_threadpool

from sensors.jt808_location import ALARMS, CONFIRMABLE
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.gateway_documents import CommandsDocument, Confirmation, Done, GatewaysDocument, TextForVehicle, Tracking
from twin.api.live import live_of, permitted_of
from twin.api.router import Router
from twin.auth import EVERY, Action, Principal, allows, permitted_labels, permitted_units
from twin.errors import Invalid, NotFound, Refused, TwinError
from twin.gateway.control import UNKNOWN, list_gateways
from twin.incidents.event import COMMAND
from twin.queries.live.command_log import CommandLog, commands_told
from twin.queries.live.commanding import OTHER, RESULTS, command_terminal, gateways_told
from twin.queries.live.terminals import terminal_of

__all__ = ["router"]

router = Router(tags=["live"], responses=NOT_FOUND)
Watcher = Annotated[Principal, allowed(Action.READ_LIVE)]
Commander = Annotated[Principal, allowed(Action.COMMAND_VEHICLE)]
Vehicle = Annotated[str, Path(max_length=200, description=bilingual("车辆在台账中的编号", "key of the vehicle in the register"))]
REFUSED: dict[int | str, dict[str, Any]] = {
    409: {
        "description": bilingual("车上无终端、终端登记于数车,或网关拒发", "no terminal, one of several vehicles, or not to be sent"),
        "content": NOT_FOUND[404]["content"],
    }
}
Limit = Annotated[int, Query(ge=1, le=200, description=bilingual("至多", "at most so many"))]
LOOKS_BACK_US = 90 * 86_400_000_000
log = logging.getLogger(__name__)
BITS = {code: bit for bit, code in ALARMS.items() if CONFIRMABLE >> bit & 1}


@router.get("/live/gateways", summary=bilingual("接入网关", "the gateways that take in"), response_model=GatewaysDocument)
async def read_gateways(request: Request, principal: Watcher) -> dict[str, Any]:
    """各网关的连接与计数;终端号码与未知终端的报文只给可知全部的安全管理与管理员。Connections and counts; numbers of terminals and frames
    of unknown ones only for who may command vehicles and know of everything."""
    gateways = await run_in_threadpool(_gateways, request)
    return {"gateways": gateways_told(gateways, all_of_it=_knows_all(principal))}


@router.post(
    "/live/vehicles/{key}/text", summary=bilingual("向车辆下发文本", "a text to a vehicle"), response_model=Done, responses=REFUSED
)
async def send_text(request: Request, principal: Commander, key: Vehicle, said: TextForVehicle) -> dict[str, Any]:
    """0x8300:显示并播读;答的是终端的结果。Shown and read aloud; answers what the terminal made of it."""
    return await _told(request, principal, key, "text", "0x8300", {"text": said.text})


@router.post("/live/vehicles/{key}/track", summary=bilingual("临时位置跟踪", "track a vehicle"), response_model=Done, responses=REFUSED)
async def track(request: Request, principal: Commander, key: Vehicle, said: Tracking) -> dict[str, Any]:
    """0x8202:在一段时间内按间隔上报;间隔 0 为结束。Report at an interval for a while; an interval of 0 ends it."""
    return await _told(request, principal, key, "track", "0x8202", {"interval_s": said.interval_s, "for_s": said.for_s})


@router.post("/live/vehicles/{key}/confirm", summary=bilingual("人工确认报警", "confirm an alarm"), response_model=Done, responses=REFUSED)
async def confirm(request: Request, principal: Commander, key: Vehicle, said: Confirmation) -> dict[str, Any]:
    """0x8203:流水号 0 为该类全部。Serial 0 stands for all alarms of these kinds."""
    unknown = [code for code in said.alarms if code not in BITS]
    if unknown:
        raise Invalid(f"{unknown[0]} is none that 0x8203 confirms", path="alarms", code="PARAMETER_INVALID", hint=", ".join(sorted(BITS)))
    word = sum({1 << BITS[code] for code in said.alarms})
    return await _told(request, principal, key, "confirm", "0x8203", {"serial": said.serial, "alarm": word})


@router.get(
    "/live/vehicles/{key}/commands", summary=bilingual("向车辆下发过什么", "what a vehicle was told"), response_model=CommandsDocument
)
async def read_commands(request: Request, principal: Commander, key: Vehicle, limit: Limit = 20) -> dict[str, Any]:
    """最近 90 天,新的在前,含由谁下发与结果;`sent` 为尚无结果。Of the last 90 days, the newest first, by whom and what came of it; `sent`:
    nothing is known of what came of it."""
    address = await _known(request, principal, key)
    since_us = live_of(request).now_us() - LOOKS_BACK_US
    events = await run_in_threadpool(request.app.state.events.recorded, COMMAND, since_us)
    return {"vehicle": address, "commands": commands_told([one for one in events if one.subject == address], limit)}


async def _told(request: Request, principal: Principal, key: str, name: str, message: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Tell a vehicle that the reader may know of, where it is now: it is written who tells it what, then sent, then what came of it."""
    address = await _known(request, principal, key)
    terminal = await run_in_threadpool(terminal_of, request.app.state.store, key)
    if terminal is None:
        raise Refused(
            f"vehicle {key} has no terminal", code="VEHICLE_WITHOUT_TERMINAL", path=key, hint="write its number into the register"
        )
    command_log: CommandLog = request.app.state.command_log
    order = await command_log.note(address, {"who": principal.name, "message": message, "said": _said(arguments)})
    try:
        gateways = await run_in_threadpool(_gateways, request)
        gateway, result = await command_terminal(gateways, address, terminal, name, arguments, order=order)
    except TwinError as error:
        outcome = "sent" if error.code == UNKNOWN else "unanswered"
        await _ended(command_log, address, {"of": order, "outcome": outcome, "code": error.code})
        raise
    await _ended(command_log, address, {"of": order, "outcome": "answered", "gateway": gateway, "result": result})
    zh, en = RESULTS.get(result, OTHER)
    return {"vehicle": address, "gateway": gateway, "message": message, "result": result, "zh": zh, "en": en, "event": order}


async def _ended(command_log: CommandLog, address: str, data: dict[str, Any]) -> None:
    """Write what came of an order; where that cannot be kept the order stands without an end, and the answer is told all the same."""
    try:
        await command_log.note(address, data)
    except TwinError as error:
        log.error("what came of order %s to %s is not kept: %s", data["of"], address, error.message)


async def _known(request: Request, principal: Principal, key: str) -> str:
    """The address of a vehicle that the principal may know of, where it is now. Raises NotFound."""
    live, address = live_of(request), f"vehicle/{key}"
    permitted, state = await permitted_of(live, principal), live.replica.state
    handle = state.find(address)
    there = () if handle is None else state.places[int(state.current[handle]["place"])]
    if not permitted.knows(address, there):
        raise NotFound(f"there is no vehicle {key}", path=key)
    return address


def _said(arguments: dict[str, Any]) -> dict[str, Any]:
    """What was told, in words: the alarms of an alarm word by their codes."""
    if "alarm" not in arguments:
        return arguments
    word = arguments["alarm"]
    return {"serial": arguments["serial"], "alarms": [code for code, bit in sorted(BITS.items()) if word >> bit & 1]}


def _gateways(request: Request) -> list[dict[str, Any]]:
    return list_gateways(request.app.state.settings.home / "history", now_us=live_of(request).now_us())


def _knows_all(principal: Principal) -> bool:
    every = permitted_labels(principal) is None and permitted_units(principal) is None and EVERY in principal.scopes
    return every and allows(principal, Action.COMMAND_VEHICLE)
