"""What people tell terminals of gateways elsewhere, over the bus: the bus process knows which gateway has a terminal, and hands it on."""

from __future__ import annotations

from typing import Any

from twin.errors import NotReady
from twin.gateway.bus_commander import BusCommander
from twin.gateway.bus_outlet import BusOutlet
from twin.gateway.control import Command

__all__ = ["commands_elsewhere"]

NAMES = ("text", "track", "confirm")


def commands_elsewhere(outlet: BusOutlet, commander: BusCommander) -> dict[str, Command]:
    """What `commands_of` a gateway takes and answers, with `vehicle` and `order` in it, and the `gateway` that did it in the answer.

    Raises NotReady (`TERMINAL_GONE`) for a terminal that no gateway elsewhere has told of.
    """

    def of(name: str) -> Command:
        async def command(asked: dict[str, Any]) -> dict[str, Any]:
            arguments = {key: value for key, value in asked.items() if key not in ("vehicle", "order")}
            gateway = outlet.terminals.get(asked["vehicle"])
            if gateway is None:
                message = f"no gateway here or elsewhere has terminal {asked['terminal']}"
                raise NotReady(message, code="TERMINAL_GONE", path=asked["terminal"], hint="send it again when the vehicle reports")
            return {**await commander.command(gateway, asked["order"], name, arguments), "gateway": gateway}

        return command

    return {name: of(name) for name in NAMES}
