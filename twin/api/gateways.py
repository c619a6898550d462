"""/live/gateways: what takes in; /live/vehicles: what people tell the terminals of vehicles."""

from typing import Annotated, Any

from fastapi import Path, Request
from starlette.concurrency import run_in_threadpool

from sensors.jt808_location import ALARMS, CONFIRMABLE
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.gateway_documents import Confirmation, Done, GatewaysDocument, TextForVehicle, Tracking
from twin.api.live import live_of, permitted_of
from twin.api.router import Router
from twin.auth import EVERY, Action, Principal, allows, permitted_labels, permitted_units
from twin.errors import Invalid, NotFound, Refused
from twin.gateway.control import list_gateways
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


async def _told(request: Request, principal: Principal, key: str, name: str, message: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Tell a vehicle that the reader may know of, where it is now."""
    live, address = live_of(request), f"vehicle/{key}"
    permitted, state = await permitted_of(live, principal), live.replica.state
    handle = state.find(address)
    there = () if handle is None else state.places[int(state.current[handle]["place"])]
    if not permitted.knows(address, there):
        raise NotFound(f"there is no vehicle {key}", path=key)
    terminal = await run_in_threadpool(terminal_of, request.app.state.store, key)
    if terminal is None:
        raise Refused(
            f"vehicle {key} has no terminal", code="VEHICLE_WITHOUT_TERMINAL", path=key, hint="write its number into the register"
        )
    gateway, result = await command_terminal(await run_in_threadpool(_gateways, request), terminal, name, arguments)
    zh, en = RESULTS.get(result, OTHER)
    return {"vehicle": address, "gateway": gateway, "message": message, "result": result, "zh": zh, "en": en}


def _gateways(request: Request) -> list[dict[str, Any]]:
    return list_gateways(request.app.state.settings.home / "history", now_us=live_of(request).now_us())


def _knows_all(principal: Principal) -> bool:
    every = permitted_labels(principal) is None and permitted_units(principal) is None and EVERY in principal.scopes
    return every and allows(principal, Action.COMMAND_VEHICLE)
