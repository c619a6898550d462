"""The JT/T 808 gateway: terminals in over TCP, batches out to an `Inlet`, answers when they are kept, commands down.

    server = Jt808Server(inlet, terminals, source="jt808-a-1764205200")
    port = await server.start("0.0.0.0", 6808)
    await server.send_text("13912345678", "请回场")
    await server.close()

Ten thousand connections are ten thousand small protocols in one loop (uvloop where the caller runs it); one task hands over, one sweeps.
"""

import asyncio
import logging
import socket
import time
from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sensors.errors import FrameInvalid, TerminalGone
from sensors.inlet import Inlet
from sensors.jt808_intake import Intake
from sensors.jt808_known import KnownTerminal, KnownTerminals, Quarantine
from sensors.jt808_location import CONFIRMABLE, alarm_codes
from sensors.jt808_session import Session

__all__ = ["Jt808Server", "KnownTerminal", "KnownTerminals", "Limits", "bound"]

BEIJING = timezone(timedelta(hours=8))
CLOSING_S = 2.0
"""A connection that has not taken its last answers by then is cut."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a gateway: connections; seconds to authenticate, to be silent, to leave answers unread; messages and bytes that wait
    before all connections pause; messages a batch and seconds to gather them; seconds an offer may take."""

    connections: int = 15_000
    authenticate_s: float = 60.0
    silent_s: float = 600.0
    stuck_s: float = 60.0
    waiting: int = 20_000
    waiting_bytes: int = 32 << 20
    a_batch: int = 1_000
    linger_s: float = 0.01
    offer_s: float = 30.0
    sweep_s: float = 1.0
    quarantined: int = 10_000


def bound(host: str, port: int) -> socket.socket:
    """A socket that nobody listens at yet. OSError where its address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found


class Jt808Server:
    """One gateway. `source` names its batches: it must differ from one start to the next, or numbers would be taken as sent again."""

    def __init__(
        self,
        inlet: Inlet,
        terminals: KnownTerminals,
        *,
        source: str,
        limits: Limits | None = None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.terminals, self.clock, self.limits = terminals, clock, limits or Limits()
        self.counts: Counter[str] = Counter()
        self.frames = 0
        self.quarantine = Quarantine(most=self.limits.quarantined)
        self.intake = Intake(
            inlet,
            source=source,
            pause=self._pause,
            go_on=self._go_on,
            linger_s=self.limits.linger_s,
            most_a_batch=self.limits.a_batch,
            most_waiting=self.limits.waiting,
            most_waiting_bytes=self.limits.waiting_bytes,
            offer_timeout_s=self.limits.offer_s,
        )
        self._sessions: set[Session] = set()
        self._by_terminal: dict[str, Session] = {}
        self._recent: OrderedDict[str, array[int]] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self._listening: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port (of 0 one that is free). OSError where it is taken."""
        return await self.start_on(bound(host, port))

    async def start_on(self, listening: socket.socket) -> int:
        """Listen at a socket that is `bound`; its port."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(lambda: Session(self), sock=listening, backlog=4096)
        self._tasks = [loop.create_task(self.intake.run()), loop.create_task(self._sweep())]
        found: int = self._listening.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """Take nothing more, hand over and answer what is here, then close every connection."""
        if self._listening is not None:
            self._listening.close()
        self._pause()
        self.intake.close()
        if self._tasks:
            await self._tasks[0]
            self._tasks[1].cancel()
            await asyncio.gather(self._tasks[1], return_exceptions=True)
        for end in ("close", "abort"):
            for session in list(self._sessions):
                if session.transport is not None:
                    getattr(session.transport, end)()
            until = asyncio.get_running_loop().time() + CLOSING_S
            while self._sessions and asyncio.get_running_loop().time() < until:
                await asyncio.sleep(0.01)

    # down

    async def send_text(self, terminal: str, text: str, *, flags: int = 0x0C, text_type: int = 1, timeout_s: float = 10.0) -> int:
        """0x8300. The terminal's result (0 done, 1 failed, 2 wrong, 3 not supported). `flags`: bit 0 urgent, 2 display, 3 read aloud.

        Raises TerminalGone where it is not connected or does not answer in time; so do the other two.
        """
        return await self.ask(terminal, 0x8300, {"flags": flags, "text_type": text_type, "text": text}, timeout_s=timeout_s)

    async def track(self, terminal: str, *, interval_s: int, for_s: int, timeout_s: float = 10.0) -> int:
        """0x8202: report every `interval_s` for `for_s` seconds; an interval of 0 ends it."""
        return await self.ask(terminal, 0x8202, {"interval_s": interval_s, "for_s": for_s}, timeout_s=timeout_s)

    async def confirm_alarm(self, terminal: str, *, alarm_serial: int, alarm: int, timeout_s: float = 10.0) -> int:
        """0x8203: the alarm bits of a message are confirmed by a person; serial 0 stands for all of them.

        Raises FrameInvalid for bits that no person confirms (`CONFIRMABLE` says which may be).
        """
        if alarm & ~CONFIRMABLE:
            raise FrameInvalid(f"{', '.join(alarm_codes(alarm & ~CONFIRMABLE))}: not confirmed by 0x8203", reason="body", path=terminal)
        return await self.ask(terminal, 0x8203, {"alarm_serial": alarm_serial, "alarm": alarm}, timeout_s=timeout_s)

    async def ask(self, terminal: str, message_id: int, fields: Mapping[str, Any], *, timeout_s: float = 10.0) -> int:
        """Send a message and wait for the terminal's general answer to it (0x0001): its result."""
        session = self._by_terminal.get(terminal.lstrip("0") or "0")
        if session is None or session.transport is None:
            raise TerminalGone(f"terminal {terminal} is not connected", path=terminal)
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serial = session.send(message_id, fields)
        session.asked = session.asked or {}
        session.asked[serial] = future
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError as error:
            raise TerminalGone(f"terminal {terminal} did not answer {message_id:#06x} in {timeout_s:g} s", path=terminal) from error
        finally:
            if session.asked:
                session.asked.pop(serial, None)

    # told

    def connected(self) -> list[str]:
        """The terminals that are authenticated, without leading zeros."""
        return list(self._by_terminal)

    def statistics(self) -> dict[str, Any]:
        """Everything counted since the start, as one document."""
        intake = self.intake.counts
        return {
            "connections": {
                "open": len(self._sessions),
                "authenticated": len(self._by_terminal),
                **{name: self.counts[name] for name in ("opened", "too_many", "replaced", "withdrawn", "late", "silent", "stuck")},
            },
            "frames": {
                "received": self.frames,
                "kept": intake["kept"],
                "not_kept": intake["not_kept"],
                "again": intake["again"],
                "waiting": self.intake.waiting,
            },
            "refused": dict(self.intake.refused) | {"thinned": self.counts["refused_thinned"]},
            "offers": {
                "done": intake["offers"],
                "gone": intake["offers_gone"],
                "refused": intake["offers_refused"],
                "failed": intake["offers_failed"],
                "paused": intake["paused"],
            },
            "packages": {"put_together": self.counts["put_together"], "asked": self.counts["packages_asked"]},
            "registered": self.counts["registered"],
            "quarantined": {
                "terminals": len(self.quarantine),
                "messages": self.quarantine.messages,
                "thinned": self.quarantine.thinned,
                "forgotten": self.quarantine.forgotten,
            },
        }

    def quarantined(self) -> list[dict[str, Any]]:
        """The terminals that nobody knows, the last one heard first."""
        return self.quarantine.listed()

    def beijing_digits(self) -> str:
        """The time now as 0x8004 has it."""
        return datetime.fromtimestamp(self.clock() / 1e6, BEIJING).strftime("%y%m%d%H%M%S")

    # of sessions

    def opened(self, session: Session) -> None:
        """A connection is there."""
        self.counts["opened"] += 1
        if len(self._sessions) >= self.limits.connections:
            self.counts["too_many"] += 1
            assert session.transport is not None
            session.transport.abort()
            return
        self._sessions.add(session)
        if self.intake.full:
            session.pause()

    def lost(self, session: Session) -> None:
        """A connection is gone."""
        self._sessions.discard(session)
        self.unbind(session)

    def bind(self, session: Session, device: str) -> None:
        """A terminal authenticated: of two connections of one terminal the newest wins."""
        key = session.terminal.lstrip("0") or "0"
        before = self._by_terminal.get(key)
        if before is not None and before is not session:
            self.counts["replaced"] += 1
            log.warning("terminal %s connects from %s; its connection from %s is closed", key, session.remote, before.remote)
            before.device = None
            if before.transport is not None:
                before.transport.close()
        self._by_terminal[key] = session
        session.device = device

    def recent_of(self, terminal: str, most: int) -> "array[int]":
        """The ring of keys of a terminal's last messages: it outlives a connection, so that what was kept but whose answer got lost is
        known when it comes again."""
        ring = self._recent.setdefault(terminal, array("q", bytes(8 * (most + 1))))
        self._recent.move_to_end(terminal)
        if len(self._recent) > 2 * self.limits.connections:
            self._recent.popitem(last=False)
        return ring

    def unbind(self, session: Session) -> None:
        """The connection speaks for no terminal any more."""
        key = session.terminal.lstrip("0") or "0"
        if self._by_terminal.get(key) is session:
            del self._by_terminal[key]
        session.device = None

    def heed_register(self) -> None:
        """The register is another than before: hang up on terminals that it no longer knows, or knows as another device's. They register
        again as what they are now."""
        for key, session in list(self._by_terminal.items()):
            known = self.terminals.find(key)
            if known is not None and known.device == session.device:
                continue
            self.counts["withdrawn"] += 1
            log.warning("terminal %s is no longer that of %s; its connection from %s is closed", key, session.device, session.remote)
            self.unbind(session)
            if session.transport is not None:
                session.transport.close()

    def _pause(self) -> None:
        for session in self._sessions:
            session.pause()

    def _go_on(self) -> None:
        for session in self._sessions:
            session.go_on()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.limits.sweep_s)
            now = self.clock()
            for session in list(self._sessions):
                self._sweep_one(session, now)

    def _sweep_one(self, session: Session, now: int) -> None:
        session.allowance = min(20.0, session.allowance + self.limits.sweep_s)
        session.ask_again(now)
        silent_s = (now - session.heard_us) / 1e6
        reason = ""
        if session.stuck_us and now - session.stuck_us > self.limits.stuck_s * 1e6:
            reason = "stuck"
        elif not self.intake.full and session.device is None and silent_s > self.limits.authenticate_s:
            reason = "late"
        elif not self.intake.full and silent_s > self.limits.silent_s:
            reason = "silent"
        if reason and session.transport is not None:
            self.counts[reason] += 1
            session.transport.abort()
