"""A vehicle terminal as a client, for the simulator and the tests: registers, authenticates, reports, keeps what was not acknowledged,
sends it again after a hole as a batch, and answers what it is told. Thousands live in one loop: a terminal is one small protocol.

    terminal = Terminal(phone="13912345678", plate="闽A12345", edition=2019)
    await terminal.connect("127.0.0.1", 6808)
    terminal.report(Fix(device_us=…, lon=119.2946, lat=26.0896))
    await terminal.settled()
"""

import asyncio
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

from sensors.errors import FrameInvalid, TerminalGone
from sensors.jt808_frame import MOST_BODY, Frame, FrameSplitter, escape, unescape, xor
from sensors.jt808_message import Message, frame_of
from sensors.jt808_packages import split
from sensors.jt808_report import Fix, bodies_of, fitting, location_body, locations_body

__all__ = ["Fix", "Terminal", "location_body", "locations_body"]

HEAD = struct.Struct(">HH6sH")
HEAD_2019 = struct.Struct(">HHB10sH")
TO_BATCH: Final = 25
"""Locations in one 0x0704: with items of 10 bytes they fit a body of 1,023."""
ASKS: Final = frozenset((0x8103, 0x8105, 0x8202, 0x8203, 0x8300, 0x8301, 0x8303, 0x8304, 0x8400, 0x8401, 0x8600, 0x8602, 0x8604, 0x8606))
"""What the terminal answers by 0x0001."""


class Terminal(asyncio.Protocol):
    """One terminal. What it reports without a connection, or is not acknowledged in `again_after_s`, is sent again: single positions
    again as they were (same serial), what waited through a hole as batches of backlog. Holds `most_kept` bodies; the oldest go first
    and are counted in `lost`, as a terminal's memory does. `on_message` gets what the platform sends."""

    __slots__ = (
        "_authenticated",
        "_in_flight",
        "_kept",
        "_loop",
        "_quiet",
        "_registered",
        "_serial",
        "_splitter",
        "_waiting",
        "acknowledged",
        "answers",
        "edition",
        "lost",
        "most_kept",
        "on_message",
        "phone",
        "plate",
        "refused",
        "token",
        "transport",
    )

    def __init__(
        self,
        *,
        phone: str,
        plate: str = "",
        edition: int = 2019,
        token: str = "",
        most_kept: int = 10_000,
        on_message: Callable[[Message], None] | None = None,
    ) -> None:
        self.phone = phone.zfill(20 if edition >= 2019 else 12)
        self.plate, self.edition, self.token = plate, edition, token
        self.most_kept, self.on_message = most_kept, on_message
        self.transport: asyncio.Transport | None = None
        self.acknowledged = self.refused = self.lost = 0
        self.answers: Mapping[int, int] = {}
        self._splitter = FrameSplitter()
        self._serial = 0
        self._kept: list[bytes] = []
        self._in_flight: OrderedDict[int, tuple[int, bytes, float]] = OrderedDict()
        self._registered: asyncio.Future[int] | None = None
        self._authenticated = False
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._quiet: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def unacknowledged(self) -> int:
        """Bodies that the platform has not acknowledged: on their way, or kept for the next connection."""
        return len(self._in_flight) + len(self._kept)

    @property
    def unacknowledged_positions(self) -> int:
        """Positions among them: a batch has several."""
        sent = (len(bodies_of(body)) if message_id == 0x0704 else message_id == 0x0200 for message_id, body, _ in self._in_flight.values())
        return sum(sent) + len(self._kept)

    async def connect(self, host: str, port: int, *, timeout_s: float = 30.0, source: tuple[str, int] | None = None) -> None:
        """Connect, register where there is no token yet, authenticate, send what was kept.

        Raises TerminalGone where the platform refuses; OSError and TimeoutError where it is not there.
        """
        self._loop = asyncio.get_running_loop()
        self._splitter = FrameSplitter()
        async with asyncio.timeout(timeout_s):
            await self._loop.create_connection(lambda: self, host, port, local_addr=source)
            if not self.token:
                await self._register()
            await self._log_in()
        self._send_kept()

    def report(self, fix: Fix) -> int:
        """Report a position; its serial, or -1 where there is no connection: it is kept then."""
        return self.send_body(0x0200, location_body(fix))

    def send_body(self, message_id: int, body: bytes) -> int:
        """Send a body that must be acknowledged; its serial, or -1 where it is kept for the next connection (only 0x0200)."""
        if len(body) > MOST_BODY:
            raise FrameInvalid(f"a body of {len(body)} bytes goes by send_packages", reason="length")
        if not self.is_connected:
            if message_id == 0x0200:
                self._keep(body)
            return -1
        serial = self._next_serial()
        assert self._loop is not None
        self._in_flight[serial] = (message_id, body, self._loop.time())
        self._write(message_id, serial, body)
        return serial

    def heartbeat(self) -> None:
        """0x0002."""
        if self.is_connected:
            self._write(0x0002, self._next_serial(), b"")

    async def request(self, message_id: int, fields: Mapping[str, Any], *, timeout_s: float = 10.0) -> int:
        """Send a message by its fields and wait for its 0x8001: the result."""
        serial = self._next_serial()
        frame = frame_of(message_id, self.phone, serial, fields, edition=self.edition)
        return await self._answered(serial, lambda: self._send_frame(frame), timeout_s)

    async def send_packages(self, message_id: int, body: bytes, *, most: int = 1_000, timeout_s: float = 10.0) -> None:
        """Send a body that one frame does not hold, package by package, each when the one before was acknowledged.

        Raises TerminalGone where one is not taken.
        """
        version = 1 if self.edition >= 2019 else None
        frame = Frame(message_id=message_id, terminal=self.phone, serial=self._serial, body=body, protocol_version=version)
        for part in split(frame, most=most):
            self._next_serial()
            if result := await self._answered(part.serial, partial(self._send_frame, part), timeout_s):
                raise TerminalGone(f"package {part.index} of {part.total} is not taken: result {result}", path=self.phone)

    def send_again(self, *, older_than_s: float = 10.0) -> int:
        """Send again what was not acknowledged for so long, as it was; how many."""
        if not self.is_connected or self._loop is None:
            return 0
        now, again = self._loop.time(), 0
        for serial, (message_id, body, at) in list(self._in_flight.items()):
            if now - at >= older_than_s:
                self._in_flight[serial] = (message_id, body, now)
                self._write(message_id, serial, body)
                again += 1
        return again

    async def settled(self, *, timeout_s: float = 30.0) -> None:
        """Return when everything is acknowledged. TimeoutError where it is not in time."""
        self._quiet = self._quiet or asyncio.Event()
        async with asyncio.timeout(timeout_s):
            while self._in_flight or (self._kept and self.is_connected):
                self._quiet.clear()
                await self._quiet.wait()

    async def logout(self) -> None:
        """0x0003, then close."""
        await self.request(0x0003, {})
        self.close()

    def close(self) -> None:
        """Hang up; what is not acknowledged is kept."""
        if self.transport is not None:
            self.transport.close()

    @property
    def is_connected(self) -> bool:
        """Whether it is authenticated on an open connection."""
        return self._authenticated and self.transport is not None and not self.transport.is_closing()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._authenticated = False
        for message_id, body, _ in self._in_flight.values():
            if message_id == 0x0200:
                self._keep(body)
            elif message_id == 0x0704:
                for one in bodies_of(body):
                    self._keep(one)
        self._in_flight.clear()
        for future in (*self._waiting.values(), *filter(None, (self._registered,))):
            if not future.done():
                future.set_exception(TerminalGone("the platform closed the connection", path=self.phone))
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        for piece in self._splitter.feed(data):
            try:
                frame = Frame.parse(unescape(piece))
            except FrameInvalid:
                continue
            if frame.message_id == 0x8001 and len(frame.body) == 5:
                self._acknowledged(*struct.unpack(">HHB", frame.body))
            else:
                self._told(Message.of(frame, edition=self.edition))

    # inside

    def _told(self, message: Message) -> None:
        frame = message.frame
        if frame.message_id == 0x8100 and self._registered is not None and not self._registered.done():
            self.token = str(message.fields.get("token", ""))
            self._registered.set_result(int(message.fields["result"]))
        if frame.message_id in ASKS:
            result = self.answers.get(frame.message_id, 0)
            self._write(0x0001, self._next_serial(), struct.pack(">HHB", frame.serial, frame.message_id, result))
        if self.on_message is not None:
            self.on_message(message)

    def _acknowledged(self, serial: int, message_id: int, result: int) -> None:
        if (future := self._waiting.pop(serial, None)) is not None and not future.done():
            future.set_result(result)
        if (sent := self._in_flight.get(serial)) is None or sent[0] != message_id:
            return
        if result in (0, 4):
            self.acknowledged += 1
            del self._in_flight[serial]
        else:
            self.refused += 1
        if not self._in_flight and self._quiet is not None:
            self._quiet.set()

    async def _register(self) -> None:
        fields = {
            "province": 35,
            "city": 102,
            "maker": "PSTWN",
            "model": "SIM",
            "terminal_id": self.phone[-7:],
            "plate_colour": 1,
            "plate": self.plate,
        }
        self._registered = asyncio.get_running_loop().create_future()
        self._send_frame(frame_of(0x0100, self.phone, self._next_serial(), fields, edition=self.edition))
        if result := await self._registered:
            self.close()
            raise TerminalGone(f"registration of {self.phone} is refused: result {result}", path=self.phone)

    async def _log_in(self) -> None:
        serial = self._next_serial()
        fields = {"token": self.token, "imei": self.phone[-15:], "software": "1"}
        frame = frame_of(0x0102, self.phone, serial, fields, edition=self.edition)
        if result := await self._answered(serial, lambda: self._send_frame(frame), 60.0):
            self.close()
            raise TerminalGone(f"authentication of {self.phone} is refused: result {result}", path=self.phone)
        self._authenticated = True

    async def _answered(self, serial: int, send: Callable[[], None], timeout_s: float) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[serial] = future
        try:
            send()
            async with asyncio.timeout(timeout_s):
                return await future
        finally:
            self._waiting.pop(serial, None)

    def _send_kept(self) -> None:
        kept, self._kept = self._kept, []
        for start in range(0, len(kept), TO_BATCH):
            part = kept[start : start + TO_BATCH]
            while part:
                some = fitting(part)
                self.send_body(0x0704, locations_body(part[:some]))
                part = part[some:]

    def _keep(self, body: bytes) -> None:
        self._kept.append(body)
        if len(self._kept) > self.most_kept:
            del self._kept[0]
            self.lost += 1

    def _write(self, message_id: int, serial: int, body: bytes) -> None:
        if self.transport is None:
            return
        phone = bytes.fromhex(self.phone)
        if self.edition >= 2019:
            content = HEAD_2019.pack(message_id, len(body) | 0x4000, 1, phone, serial) + body
        else:
            content = HEAD.pack(message_id, len(body), phone, serial) + body
        self.transport.write(b"\x7e" + escape(content + bytes((xor(content),))) + b"\x7e")

    def _send_frame(self, frame: Frame) -> None:
        if self.transport is None:
            raise TerminalGone(f"terminal {self.phone} is not connected", path=self.phone)
        self.transport.write(frame.to_bytes())

    def _next_serial(self) -> int:
        serial = self._serial
        self._serial = (serial + 1) & 0xFFFF
        return serial
