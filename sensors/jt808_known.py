"""Which terminals are known, and what becomes of those that are not: counted, listed, their frames offered apart, all within bounds."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["KnownTerminal", "KnownTerminals", "Quarantine", "unknown_address"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTerminal:
    """A terminal that may come in: `device` the address that its observations get (`vehicle/闽A12345`), `token` what it authenticates
    with, `plate` that it must register with where it is given."""

    device: str
    token: str
    plate: str | None = None


class KnownTerminals(Protocol):
    """The register of terminals, as the gateway asks it: from the event loop, so out of memory."""

    def find(self, terminal: str) -> KnownTerminal | None:
        """The terminal of that number (digits without leading zeros), or None where nobody knows it."""


@dataclass(slots=True)
class _Unknown:
    remote: str
    reason: str
    first_us: int
    last_us: int
    messages: int = 0
    offered: int = 0
    last_frame: bytes = b""
    allowance: float = 20.0


@dataclass(slots=True)
class Quarantine:
    """Who is not known. Holds `most` terminals: the one that was silent longest is forgotten for a new one (`forgotten` counts them).
    Of each terminal `burst` frames and then `a_second` are offered, of all of them together `burst_of_all` and then `a_second_of_all`: who
    gives every frame another number fills no disk. What is beyond is counted in `thinned`."""

    most: int = 10_000
    burst: float = 20.0
    a_second: float = 1.0
    burst_of_all: float = 2_000.0
    a_second_of_all: float = 100.0
    messages: int = 0
    thinned: int = 0
    forgotten: int = 0
    _seen: OrderedDict[str, _Unknown] = field(default_factory=OrderedDict)
    _spent: float = 0.0
    _spent_us: int = 0

    def __len__(self) -> int:
        return len(self._seen)

    def take(self, terminal: str, remote: str, reason: str, frame: bytes, now_us: int) -> bool:
        """Count a frame of a terminal; whether it is to be offered."""
        self.messages += 1
        one = self._seen.get(terminal)
        if one is None:
            if len(self._seen) >= self.most:
                self._seen.popitem(last=False)
                self.forgotten += 1
            one = self._seen[terminal] = _Unknown(remote, reason, now_us, now_us, allowance=self.burst)
        self._seen.move_to_end(terminal)
        one.allowance = min(self.burst, one.allowance + self.a_second * max(0, now_us - one.last_us) / 1e6)
        one.remote, one.reason, one.last_us, one.last_frame = remote, reason, now_us, frame
        one.messages += 1
        self._spent = max(0.0, self._spent - self.a_second_of_all * max(0, now_us - self._spent_us) / 1e6)
        self._spent_us = max(self._spent_us, now_us)
        if one.allowance < 1 or self._spent + 1 > self.burst_of_all:
            self.thinned += 1
            return False
        one.allowance -= 1
        self._spent += 1
        one.offered += 1
        return True

    def listed(self) -> list[dict[str, Any]]:
        """Each terminal, the last one first: `{terminal, remote, reason, first_us, last_us, messages, offered, last_frame}`."""
        return [
            {
                "terminal": terminal,
                "remote": one.remote,
                "reason": one.reason,
                "first_us": one.first_us,
                "last_us": one.last_us,
                "messages": one.messages,
                "offered": one.offered,
                "last_frame": one.last_frame.hex(),
            }
            for terminal, one in reversed(self._seen.items())
        ]


def unknown_address(terminal: str) -> str:
    """The address under which what a terminal that nobody knows says is kept.

    >>> unknown_address("013912345678")
    'unknown_terminal/13912345678'
    """
    return f"unknown_terminal/{terminal.lstrip('0') or '0'}"
