"""A gateway on a free port for tests, an inlet that remembers, and a raw TCP terminal of plain sockets and `struct`."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import numpy as np

from sensors.batch import Batch
from sensors.errors import SensorError
from sensors.jt808_known import KnownTerminal
from sensors.jt808_server import Jt808Server, Limits
from tests.sensors.jt808_made import enclose, header

PHONE = "013912345678"
TOKEN = "令牌-1"
KNOWN = {"13912345678": KnownTerminal(device="vehicle/闽A12345", token=TOKEN, plate="闽A12345")}


class Terminals:
    """The register of a test."""

    def __init__(self, known: Mapping[str, KnownTerminal] = KNOWN) -> None:
        self.known = dict(known)

    def find(self, terminal: str) -> KnownTerminal | None:
        return self.known.get(terminal)


class Remembering:
    """Keeps batches as the hub would unpack them; `errors` are raised first, `gate` (where it is one) is waited for."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.errors: list[SensorError | OSError | RuntimeError] = []
        self.gate: asyncio.Event | None = None
        self.seen: set[tuple[str, int]] = set()
        self.offered = self.answered = 0

    async def offer(self, batch: Batch) -> None:
        self.offered += 1
        try:
            await self._offer(batch)
        finally:
            self.answered += 1

    async def quiet(self, server: Jt808Server) -> None:
        """Wait until nothing waits and nothing is on its way."""
        while server.intake.waiting or self.offered > self.answered:
            await asyncio.sleep(0.005)

    async def _offer(self, batch: Batch) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        if (batch.source, batch.number) not in self.seen:
            self.seen.add((batch.source, batch.number))
            self.batches.append(Batch.unpack(batch.pack()))

    def fixes(self) -> list[dict[str, Any]]:
        """Every fix kept, with its device's address."""
        found = []
        for batch in self.batches:
            for fix in batch.fixes:
                facts = {str(name): fix[name].item() for name in fix.dtype.names or ()}
                found.append({**facts, "device": batch.devices[facts["device"]]})
        return found

    def others(self, message: str | None = None) -> list[Any]:
        """Every observation kept, or those of one message."""
        found = [one for batch in self.batches for one in batch.others]
        return found if message is None else [one for one in found if one.value.get("message") == message]

    def raw(self) -> list[bytes]:
        return [one for batch in self.batches for one in batch.raw if one]


@contextlib.asynccontextmanager
async def gateway(inlet: Remembering, terminals: Terminals | None = None, **limits: Any) -> AsyncIterator[tuple[Jt808Server, int]]:
    """A gateway that listens on 127.0.0.1."""
    server = Jt808Server(inlet, terminals or Terminals(), source="jt808-test", limits=Limits(**({"linger_s": 0.002} | limits)))
    port = await server.start("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.close()


class Raw:
    """A connection of bytes: what the standard says is packed and unpacked here anew."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, phone: str, newer: bool) -> None:
        self.reader, self.writer, self.phone, self.newer = reader, writer, phone, newer
        self.serial = 0

    @classmethod
    async def open(cls, port: int, *, phone: str = PHONE, newer: bool = False) -> "Raw":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer, phone, newer)

    def frame(self, message_id: int, body: bytes, serial: int | None = None) -> bytes:
        self.serial += 1
        return enclose(header(message_id, self.phone, self.serial if serial is None else serial, len(body), newer=self.newer) + body)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self, timeout_s: float = 5.0, *, of_others: bool = False) -> tuple[int, bytes]:
        """The next message: its id and body; its header is checked to be of the terminal's own edition."""
        async with asyncio.timeout(timeout_s):
            data = b""
            while len(data) < 2:
                data = await self.reader.readuntil(b"\x7e")
        content = data[:-1].replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
        message_id, attributes = struct.unpack_from(">HH", content)
        newer = bool(attributes & 0x4000)
        start = 17 if newer else 12
        if not of_others:
            assert newer == self.newer
            assert content[start - (12 if newer else 8) : start - 2].hex() == self.phone.zfill(20 if newer else 12)
        assert len(content) - 1 - start == attributes & 0x3FF
        assert int(np.bitwise_xor.reduce(np.frombuffer(content, dtype=np.uint8))) == 0
        return message_id, content[start:-1]

    async def until(self, said: bytes) -> None:
        """Read on until a 0x8001 says that."""
        while await self.receive(60.0, of_others=True) != (0x8001, said):
            pass

    async def silent(self, for_s: float = 0.1) -> bool:
        """Whether nothing comes for so long."""
        try:
            await self.receive(for_s)
        except TimeoutError:
            return True
        return False

    async def ask(self, message_id: int, body: bytes) -> tuple[int, bytes]:
        await self.send(self.frame(message_id, body))
        return await self.receive()

    async def authenticate(self, token: str = TOKEN) -> int:
        said = token.encode("gbk")
        body = bytes((len(said),)) + said + b"123456789012345" + b"v1".ljust(20, b"\0") if self.newer else said
        message_id, answer = await self.ask(0x0102, body)
        assert message_id == 0x8001
        return answer[4]

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test, for at most half a minute."""
    asyncio.run(asyncio.wait_for(test(), 30))


def registration(newer: bool, plate: str = "闽A12345", *, old: bool = False) -> bytes:
    """The body of a registration, of 2019 or else of 2013 (`old`: 2011)."""
    said = plate.encode("gbk")
    if newer:
        return struct.pack(">HH11s30s30sB", 35, 102, b"PSTWN", b"SIM", b"0000001", 1) + said
    return struct.pack(f">HH5s{8 if old else 20}s7sB", 35, 102, b"PSTWN", b"SIM", b"0000001", 1) + said
