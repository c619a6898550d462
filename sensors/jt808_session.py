"""One connection of a terminal: its frames in, its answers out, in its own edition. An asyncio protocol: no task and no stream each."""

import asyncio
import hmac
import logging
import struct
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from sensors.errors import FrameInvalid, TerminalGone
from sensors.jt808_batch import LOCATION, LOCATIONS, fixes_of
from sensors.jt808_frame import Frame, FrameSplitter, escape, unescape, xor
from sensors.jt808_intake import FAILED, OK, UNSUPPORTED, WRONG
from sensors.jt808_kept import (
    flagged,
    is_its_plate,
    is_of_alarm,
    package_observation,
    quarantined_observation,
    refused_observation,
    without_bytes,
)
from sensors.jt808_known import KnownTerminal
from sensors.jt808_message import Message, frame_of
from sensors.jt808_observation import located_observations, observation_of
from sensors.jt808_packages import Packages, split
from sensors.observation import Observation

if TYPE_CHECKING:
    from sensors.jt808_server import Jt808Server

__all__ = ["Session"]

log = logging.getLogger(__name__)
REGISTER, AUTHENTICATE, HEARTBEAT, LOGOUT, TIME, ANSWER, MEDIA = 0x0100, 0x0102, 0x0002, 0x0003, 0x0004, 0x0001, 0x0801
REGISTERED, NO_VEHICLE, NO_TERMINAL = 0, 2, 4
"""Results of 0x8100; 1 and 3 (already registered) are no reason to refuse: a terminal that lost its token registers again."""
NOTHING: Final = array("q", [0])
PLAIN: Final = (b"\x02\x00", b"\x07\x04")
NOT_PLAIN: Final = 0x3C
"""Bits of the third byte that say packages or encryption; an escaped one (7D) has them too."""
REMEMBERED = 64
"""Messages of a terminal by which one that comes again is known; keys in a ring, whose place stands behind them."""
FULL_ANSWER = struct.Struct(">HH6sHHHB")
FULL_ANSWER_2019 = struct.Struct(">HHB10sHHHB")
NO_ANSWER: Final = frozenset((ANSWER, 0x0104, 0x0107, 0x0201, 0x0500, 0x0802, 0x1003, 0x1205))
"""Answers of the terminal to what it was asked: they are kept, and not answered again."""


class Session(asyncio.Protocol):
    """Sent by the server's `create_server`; holds a few hundred bytes and at most one frame."""

    __slots__ = (
        "_recent",
        "_serial",
        "_splitter",
        "allowance",
        "asked",
        "device",
        "edition",
        "heard_us",
        "is_2019",
        "packages",
        "phone",
        "remote",
        "server",
        "stuck_us",
        "terminal",
        "transport",
        "version",
    )

    def __init__(self, server: "Jt808Server") -> None:
        self.server = server
        self.transport: asyncio.Transport | None = None
        self.remote = ""
        self.device: str | None = None
        self.terminal = ""
        self.phone = b""
        self.edition = 2013
        self.is_2019 = False
        self.version = 1
        self.heard_us = server.clock()
        self.stuck_us = 0
        self.packages: Packages | None = None
        self.asked: dict[int, asyncio.Future[int]] | None = None
        self.allowance = 20.0
        self._splitter = FrameSplitter()
        self._recent = NOTHING
        self._serial = 0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        peer = self.transport.get_extra_info("peername")
        self.remote = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer)
        self.server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        for future in (self.asked or {}).values():
            if not future.done():
                future.set_exception(TerminalGone(f"terminal {self.terminal} left before it answered", path=self.terminal))
        self.server.lost(self)

    def data_received(self, data: bytes) -> None:
        oversize = self._splitter.oversize
        now = self.server.clock()
        for piece in self._splitter.feed(data):
            self._take(piece, now)
        if self._splitter.oversize > oversize:
            self.server.intake.refused["oversize"] += self._splitter.oversize - oversize

    def pause_writing(self) -> None:
        """It does not read its answers: take nothing more from it until it does."""
        self.stuck_us = self.server.clock()
        self.pause()

    def resume_writing(self) -> None:
        self.stuck_us = 0
        if not self.server.intake.full:
            self.go_on()

    def pause(self) -> None:
        """Stop reading."""
        if self.transport is not None and self.transport.is_reading():
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Read again, unless it does not read its answers."""
        if self.transport is not None and not self.stuck_us and not self.transport.is_closing() and not self.transport.is_reading():
            self.transport.resume_reading()

    # sensors.jt808_intake.Sender

    def acknowledge(self, serial: int, message_id: int, result: int) -> None:
        """0x8001 in the terminal's own edition."""
        if self.transport is None or self.transport.is_closing():
            return
        mine = self._next_serial()
        if self.is_2019:
            content = FULL_ANSWER_2019.pack(0x8001, 0x4005, self.version, self.phone, mine, serial, message_id, result)
        else:
            content = FULL_ANSWER.pack(0x8001, 5, self.phone[4:], mine, serial, message_id, result)
        self.transport.write(b"\x7e" + escape(content + bytes((xor(content),))) + b"\x7e")

    def is_again(self, key: int) -> bool:
        """Whether a message of that key is one of the terminal's last few, on this connection or the one before; remembers it."""
        recent = self._recent
        if key in recent:
            return True
        at = recent[-1] % REMEMBERED
        recent[at], recent[-1] = key, at + 1
        return False

    def forget(self, key: int) -> None:
        """It was not kept after all."""
        if key in self._recent:
            self._recent[self._recent.index(key)] = 0

    def refused(self, piece: bytes, reason: str, received_us: int) -> Observation | None:
        """The observation that keeps a frame nobody could read; few a second of a connection, the others are only counted."""
        if self.allowance < 1 and (reason != "body" or self.device is None):
            self.server.counts["refused_thinned"] += 1
            return None
        self.allowance -= reason != "body"
        raw = flagged(piece)
        if self.device is None:
            where = self.remote.rpartition(":")[0]
            if not self.server.quarantine.take(where, self.remote, reason, raw, received_us):
                return None
        device = self.device or f"unknown_terminal/{self.remote.rpartition(':')[0]}"
        return refused_observation(device, self.remote, reason, raw, received_us)

    def strange(self, piece: bytes, received_us: int) -> Observation | None:
        """A frame of a terminal that did not authenticate on this connection."""
        try:
            frame = Frame.parse(unescape(piece))
        except FrameInvalid as error:
            return self.refused(piece, error.reason, received_us)
        self._answer_to(frame, FAILED)
        return self._quarantined(Message.of(frame), piece, "not_authenticated", received_us)

    # frames

    def send(self, message_id: int, fields: Mapping[str, Any]) -> int:
        """Send a message, in packages where it is long; its serial."""
        terminal = self.phone.hex() if self.is_2019 else self.phone[4:].hex()
        frame = frame_of(message_id, terminal, self._serial, fields, edition=self.edition)
        for part in split(frame):
            self._next_serial()
            self._write(part)
        return frame.serial

    def ask_again(self, now_us: int) -> None:
        """Ask for packages that did not come."""
        if self.packages is None:
            return
        for missing in self.packages.due(now_us):
            self.server.counts["packages_asked"] += len(missing.indexes)
            indexes = list(missing.indexes)
            self.send(0x8003, {"original_serial": missing.original_serial, "count": len(indexes), "packages": indexes})

    def _take(self, piece: bytes, now: int) -> None:
        self.server.frames += 1
        if self.device is not None and piece[:2] in PLAIN and len(piece) > 2 and not piece[2] & NOT_PLAIN:
            self.heard_us = now
            self.server.intake.put_piece(self, self.device, self.phone, piece, now)
            return
        try:
            frame = Frame.parse(unescape(piece))
        except FrameInvalid as error:
            self._unread(piece, error.reason, now)
            return
        self.heard_us = now
        try:
            self._frame(frame, piece, now)
        except Exception:
            log.exception("a fault on the frame %s of %s", flagged(piece).hex(), self.remote)
            self._unread(piece, "fault", now)

    def _unread(self, piece: bytes, reason: str, now: int) -> None:
        self.server.intake.refused[reason] += 1
        kept = self.refused(piece, reason, now)
        if kept is not None:
            self.server.intake.put(self, (kept,))

    def _frame(self, frame: Frame, piece: bytes, now: int) -> None:
        if frame.message_id in (REGISTER, AUTHENTICATE) and not (frame.packaged and frame.total > 1) and not frame.encryption:
            self._admit(frame, piece, now)
        elif self.device is None or frame.terminal != self.terminal or frame.is_2019 != self.is_2019:
            self._not_admitted(frame, piece, now)
        elif frame.message_id == HEARTBEAT:
            self.acknowledge(frame.serial, HEARTBEAT, OK)
            self.server.intake.put(self, (observation_of(Message.of(frame), self.device, now),))
        elif frame.message_id == TIME:
            self.send(0x8004, {"time": self.server.beijing_digits()})
        elif frame.packaged and frame.total > 1:
            self._package(frame, piece, now)
        else:
            self._keep(frame, flagged(piece), now)

    def _admit(self, frame: Frame, piece: bytes, now: int) -> None:
        """A registration or an authentication; what fails changes nothing for who is authenticated on this connection."""
        message = Message.of(frame, edition=self.edition)
        known = self.server.terminals.find(frame.terminal.lstrip("0") or "0")
        if frame.message_id == REGISTER:
            self._register(message, known, piece, now)
            return
        token = str(message.fields.get("token", ""))
        if known is None or message.refused is not None or not hmac.compare_digest(token.encode(), known.token.encode()):
            self._answer_to(frame, WRONG if message.refused is not None else FAILED)
            self._put_apart(message, piece, "unknown" if known is None else "token", now)
            return
        self.server.unbind(self)
        self.is_2019, self.terminal, self.edition = frame.is_2019, frame.terminal, message.edition
        self.version = frame.protocol_version if frame.protocol_version is not None else 1
        self.phone = bytes.fromhex(frame.terminal).rjust(10, b"\0")
        self.server.bind(self, known.device)
        self._recent = self.server.recent_of(self.terminal, REMEMBERED)
        self.acknowledge(frame.serial, AUTHENTICATE, OK)
        self.server.intake.put(self, (observation_of(message, known.device, now),))

    def _register(self, message: Message, known: KnownTerminal | None, piece: bytes, now: int) -> None:
        frame = message.frame
        result = NO_TERMINAL if known is None else REGISTERED if is_its_plate(known, message) else NO_VEHICLE
        given = {"token": known.token} if known is not None and result == REGISTERED else {}
        answer = {"reply_serial": frame.serial, "result": result, **given}
        self._write(frame_of(0x8100, frame.terminal, self._next_serial(), answer, edition=message.edition), frame)
        if known is None or result != REGISTERED:
            self._put_apart(message, piece, "unknown" if known is None else "plate", now)
            return
        if self.device is None:
            self.edition = message.edition
        self.server.counts["registered"] += 1
        self.server.intake.put(self, (observation_of(message, known.device, now, flagged(piece)),))

    def _not_admitted(self, frame: Frame, piece: bytes, now: int) -> None:
        known = self.server.terminals.find(frame.terminal.lstrip("0") or "0")
        if frame.message_id not in NO_ANSWER:
            self._answer_to(frame, FAILED)
        self._put_apart(Message.of(frame, edition=self.edition), piece, "unknown" if known is None else "not_authenticated", now)

    def _put_apart(self, message: Message, piece: bytes, reason: str, now: int) -> None:
        self.server.counts["quarantined"] += 1
        kept = self._quarantined(message, piece, reason, now)
        if kept is not None:
            self.server.intake.put(self, (kept,))

    def _quarantined(self, message: Message, piece: bytes, reason: str, now: int) -> Observation | None:
        raw = flagged(piece)
        terminal = message.frame.terminal.lstrip("0") or "0"
        if not self.server.quarantine.take(terminal, self.remote, reason, raw, now):
            return None
        return quarantined_observation(message, self.remote, reason, raw, now)

    def _package(self, frame: Frame, piece: bytes, now: int) -> None:
        """Each package is kept with its bytes and answered as such; the one that completes the message brings what it says."""
        assert self.device is not None
        if self.packages is None:
            self.packages = Packages()
        of_alarm = frame.message_id == MEDIA and self.edition != 2011 and is_of_alarm(self.packages.first_of(frame))
        part = package_observation(frame, self.device, flagged(piece), now, of_alarm=of_alarm)
        try:
            whole = self.packages.add(frame, now)
        except FrameInvalid as error:
            self.server.intake.refused[error.reason] += 1
            self.server.intake.put(self, (part,), lambda result: self.acknowledge(frame.serial, frame.message_id, result or WRONG))
            return
        if whole is None:
            self.server.intake.put(self, (part,), lambda result: self.acknowledge(frame.serial, frame.message_id, result))
            return
        self.server.counts["put_together"] += 1
        fixes = fixes_of(whole.message_id, whole.body, now) if whole.message_id in (LOCATION, LOCATIONS) and not whole.encryption else None
        if fixes is None:
            self.server.intake.put(self, (part,), lambda result: self.acknowledge(frame.serial, frame.message_id, result))
            self._keep(whole, b"", now, of_packages=True)
            return
        telling = located_observations(Message.of(whole, edition=self.edition), self.device, now)
        self.server.intake.put(
            self,
            (part, *telling),
            lambda result: self.acknowledge(frame.serial, frame.message_id, result),
            device=self.device,
            fixes=fixes,
        )

    def _keep(self, frame: Frame, raw: bytes, now: int, *, of_packages: bool = False) -> None:
        assert self.device is not None
        message = Message.of(frame, edition=self.edition)
        said = observation_of(message, self.device, now, raw)
        if message.refused is not None:
            self.server.intake.refused[message.refused.reason] += 1
        if frame.message_id == ANSWER:
            self._answered(message.fields)
        if of_packages or frame.message_id == MEDIA:
            said = replace(said, value=without_bytes(said.value))
        key = 0 if of_packages else (zlib.crc32(frame.body) << 17 | frame.serial << 1 | 1) ^ (frame.message_id & 0x3FFF) << 49
        wrong = message.refused is not None and message.refused.reason == "body"
        result_kept = WRONG if wrong else UNSUPPORTED if message.name == "unknown" else OK
        media_id = message.fields.get("media_id") if frame.message_id == MEDIA else None

        def answer(result: int) -> None:
            told = result if result != OK else result_kept
            if media_id is not None and told == OK:
                self.send(0x8800, {"media_id": media_id})
            elif frame.message_id not in NO_ANSWER and not of_packages:
                self.acknowledge(frame.serial, frame.message_id, told)
            if frame.message_id == LOGOUT and told == OK:
                self.server.unbind(self)

        self.server.intake.put(self, (said,), answer, key)

    def _answered(self, fields: Mapping[str, Any]) -> None:
        future = (self.asked or {}).pop(int(fields.get("reply_serial", -1)), None)
        if future is not None and not future.done():
            future.set_result(int(fields["result"]))

    def _answer_to(self, frame: Frame, result: int) -> None:
        """0x8001 to whoever sent a frame, authenticated or not, with its own header."""
        fields = {"reply_serial": frame.serial, "reply_message_id": frame.message_id, "result": result}
        edition = 2019 if frame.is_2019 else 2013
        self._write(frame_of(0x8001, frame.terminal, self._next_serial(), fields, edition=edition), frame)

    def _write(self, frame: Frame, to: Frame | None = None) -> None:
        if to is not None and to.is_2019:
            frame = replace(frame, protocol_version=to.protocol_version)
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(frame.to_bytes())

    def _next_serial(self) -> int:
        serial = self._serial
        self._serial = (serial + 1) & 0xFFFF
        return serial
