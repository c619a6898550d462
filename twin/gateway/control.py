"""How a gateway is seen and told what to do: a file that says what it does, and a Unix socket that takes one command a connection."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twin.errors import NotReady, TwinError, error_of, facts_of

__all__ = ["ABSENT", "UNKNOWN", "Command", "Control", "answer_of", "command_gateway", "list_gateways", "unknown", "what_came"]

Command = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
ABSENT, UNKNOWN = "GATEWAY_ABSENT", "COMMAND_UNKNOWN"
ALIVE_S = 30.0
MOST_BYTES = 2**20


class Control:
    """The side of the gateway: `commands` by name; `tell` writes what it does to `history/gateways/NAME.json`."""

    def __init__(self, folder: Path, name: str, commands: Mapping[str, Command]) -> None:
        self._path = folder / "gateways" / f"{name}.json"
        self._commands = commands
        self._socket = Path(tempfile.mkdtemp(prefix="twin-gateway-")) / "gateway"
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.start_unix_server(self._take, path=self._socket, limit=MOST_BYTES)

    def tell(self, facts: Mapping[str, Any], *, now_us: int) -> None:
        """Say what it does now; a disk that refuses is no reason to do it worse."""
        written = self._path.with_suffix(".new")
        with suppress(OSError):
            told = {"pid": os.getpid(), "socket": str(self._socket), "at_us": now_us, **facts}
            written.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
            written.replace(self._path)

    def close(self) -> None:
        """Be seen no longer."""
        if self._server is not None:
            self._server.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._socket.unlink(missing_ok=True)
            self._socket.parent.rmdir()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(asyncio.CancelledError, ConnectionError, ValueError):
                asked = json.loads(await reader.readline())
                writer.write(json.dumps(await what_came(self._commands, asked), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()


async def what_came(commands: Mapping[str, Command], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do `{name, arguments}`: `{answer}`, or `{error}` as `answer_of` raises it."""
    try:
        return {"answer": await commands[asked["name"]](asked["arguments"])}
    except TwinError as error:
        return {"error": facts_of(error)}
    except KeyError as error:
        return {"error": facts_of(NotReady(f"this gateway does not know {error}"))}


def answer_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """The answer that `what_came` told. Raises the TwinError that it told."""
    if "error" in told:
        raise error_of(told["error"])
    answer: dict[str, Any] = told["answer"]
    return answer


def unknown(gateway: str) -> NotReady:
    """What was handed over and not answered: nobody knows whether the terminal has it."""
    return NotReady(
        f"gateway {gateway} did not answer: whether the terminal was told is not known",
        code=UNKNOWN,
        path=gateway,
        hint="see what the vehicle does before you send it again",
    )


def list_gateways(folder: Path, *, now_us: int) -> list[dict[str, Any]]:
    """What the gateways of a history folder do, by name: as they said within half a minute."""
    found = []
    for path in sorted((folder / "gateways").glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(path.read_text(encoding="utf-8"))
            if now_us - int(told["at_us"]) < ALIVE_S * 1e6:
                found.append({"name": path.stem, **told})
    return found


async def command_gateway(
    gateway: Mapping[str, Any], name: str, arguments: Mapping[str, Any], *, timeout_s: float = 15.0
) -> dict[str, Any]:
    """Have a gateway (of `list_gateways`) do something; its answer. Raises the TwinError it raised, NotReady where it is not there
    (`GATEWAY_ABSENT`: nothing was sent) or does not answer (`COMMAND_UNKNOWN`)."""
    name_of, sent = str(gateway["name"]), False
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(gateway["socket"], limit=MOST_BYTES)
            sent = True
            try:
                writer.write(json.dumps({"name": name, "arguments": dict(arguments)}, ensure_ascii=False).encode() + b"\n")
                told = json.loads(await reader.readline())
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        if sent:
            raise unknown(name_of) from None
        raise NotReady(f"gateway {name_of} is not there: nothing was sent", code=ABSENT, path=name_of) from None
    return answer_of(told)
