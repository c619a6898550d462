"""What people tell the terminals of vehicles, through the gateway that has them; and what gateways tell of themselves, by who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.errors import NotReady, Refused
from twin.gateway.control import ABSENT, command_gateway
from twin.queries.live.terminals import digits
from twin.queries.live.told import moment

__all__ = ["OTHER", "RESULTS", "command_terminal", "gateways_told"]

PROTOCOL = "jt808"
GONE = "TERMINAL_GONE"
ELSEWHERE_S = 35.0
"""Longer than the bus process takes until it knows that it does not know (`BusCommander`)."""
RESULTS: Mapping[int, tuple[str, str]] = {
    0: ("终端已执行", "the terminal did it"),
    1: ("终端执行失败", "the terminal failed to do it"),
    2: ("终端认为消息有误", "the terminal found the message wrong"),
    3: ("终端不支持", "the terminal does not support it"),
}
"""Results of the general answer, JT/T 808-2019 §8.1 (0x0001)."""
OTHER = ("终端答以未知结果", "the terminal gave a result that the standard does not have")
SECRET = ("connected", "contested", "quarantined")
"""What has numbers of terminals, which are numbers of SIM cards, and raw frames in it."""


def gateways_told(gateways: Sequence[Mapping[str, Any]], *, all_of_it: bool) -> list[dict[str, Any]]:
    """Gateways as their files tell of them; without `all_of_it` numbers alone, of no terminal which one it is."""
    told = []
    for one in gateways:
        document = {
            "name": one["name"],
            "protocol": one.get("protocol"),
            "at": moment(int(one["at_us"])),
            "address": f"{one.get('host')}:{one.get('port')}",
            "terminals": one.get("terminals", 0),
            "connected": len(one.get("connected", ())),
            "contested": len(one.get("contested", ())),
            "unknown": one.get("statistics", {}).get("quarantined", {}).get("terminals", 0),
            "held": one.get("held", ""),
            "findings": one.get("findings", {}),
            "statistics": one.get("statistics", {}),
        }
        lists = {name: one.get(name, []) for name in SECRET}
        told.append(document | {"lists": lists if all_of_it else None})
    return told


async def command_terminal(
    gateways: Sequence[Mapping[str, Any]],
    vehicle: str,
    terminal: str,
    name: str,
    arguments: Mapping[str, Any],
    *,
    order: int,
    timeout_s: float = 15.0,
) -> tuple[str, int]:
    """Have the gateway that has a terminal tell it something, one of this home before one elsewhere: the name of the gateway, the
    terminal's result. `order` is the event that tells of the command.

    Raises NotReady (`GATEWAY_ABSENT`, `TERMINAL_GONE`, `COMMAND_UNKNOWN`, `BUS_GONE`), Refused (`VEHICLE_TERMINAL_SHARED`, and what the
    gateway refuses to send).
    """
    asked = [one for one in gateways if one.get("protocol") == PROTOCOL]
    beyond = [one for one in gateways if "elsewhere" in one]
    if not asked and not beyond:
        raise NotReady("no gateway speaks with terminals", code=ABSENT, hint="twin gateway or twin serve starts one")
    if any(digits(terminal) in one.get("contested", ()) for one in asked):
        raise Refused(
            f"terminal {terminal} is registered on several vehicles",
            code="VEHICLE_TERMINAL_SHARED",
            path=terminal,
            hint="correct its number in the register",
        )
    asked.sort(key=lambda one: digits(terminal) not in one.get("connected", ()))
    for one in asked:
        try:
            answer = await command_gateway(one, name, {**arguments, "terminal": terminal}, timeout_s=timeout_s)
        except NotReady as error:
            if error.code not in (GONE, ABSENT) or digits(terminal) in one.get("connected", ()):
                raise
        else:
            return str(one["name"]), int(answer["result"])
    if beyond:
        told = {**arguments, "terminal": terminal, "vehicle": vehicle, "order": order}
        answer = await command_gateway(beyond[0], name, told, timeout_s=ELSEWHERE_S)
        return str(answer["gateway"]), int(answer["result"])
    raise NotReady(f"terminal {terminal} is not connected", code=GONE, path=terminal, hint="send it again when the vehicle reports")
