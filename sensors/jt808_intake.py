"""From the frames of all connections to batches for the Inlet, and back to answers: nothing is acknowledged before it is kept.

Frames wait for at most `linger_s`, then go as one batch; one batch is on its way at a time, so that what a terminal sends again meets the
outcome of what it sent before. When too much waits, every connection stops reading: nothing is dropped.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol
from zlib import crc32

import numpy as np

from sensors.batch import Batch
from sensors.errors import FrameInvalid, InletGone, SensorError
from sensors.inlet import Inlet
from sensors.jt808_batch import REASONS, Located, locate
from sensors.jt808_frame import Frame, unescape
from sensors.jt808_message import Message
from sensors.jt808_observation import located_observations
from sensors.observation import FIX, Fixes, Observation

__all__ = ["FAILED", "OK", "UNSUPPORTED", "WRONG", "Answer", "Intake", "Sender"]

OK, FAILED, WRONG, UNSUPPORTED = range(4)
"""Results of 0x8001."""
Answer = Callable[[int], None]
"""Tells the device the result."""
NO_KEY: Final = 0
MOST_BYTES: Final = 8 << 20
"""Bytes of one batch beside its locations, far below what a packed batch may have."""
log = logging.getLogger(__name__)


_Piece = tuple["Sender", bytes, int, str, bytes]
"""Sender, frame as the splitter gave it, microseconds received, device and phone as they were then."""


class Sender(Protocol):
    """A connection, as the intake sees it."""

    def acknowledge(self, serial: int, message_id: int, result: int) -> None:
        """Answer 0x8001 in the terminal's own edition."""

    def is_again(self, key: int) -> bool:
        """Whether a message of that key was taken lately; remembers it."""

    def forget(self, key: int) -> None:
        """It was not kept after all: take it when it comes again."""

    def refused(self, piece: bytes, reason: str, received_us: int) -> Observation | None:
        """Count a frame that is refused; the observation that keeps it, where the bound allows."""

    def strange(self, piece: bytes, received_us: int) -> Observation | None:
        """A frame of another terminal than the one that authenticated: answered with failure, and into quarantine."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What is not a plain location: its observations, how to answer, its key, and the locations of a device that came in packages."""

    sender: Sender
    observations: tuple[Observation, ...]
    answer: Answer | None
    key: int
    device: str = ""
    fixes: Fixes | None = None


class Intake:
    """The queue of all connections and the task that empties it. `pause` and `go_on` stop and start reading of every connection."""

    def __init__(
        self,
        inlet: Inlet,
        *,
        source: str,
        pause: Callable[[], None],
        go_on: Callable[[], None],
        linger_s: float = 0.01,
        most_a_batch: int = 1_000,
        most_waiting: int = 20_000,
        most_waiting_bytes: int = 32 << 20,
        offer_timeout_s: float = 30.0,
        tries: int = 3,
        again_after_s: float = 0.2,
    ) -> None:
        self._inlet, self._source = inlet, source
        self._pause, self._go_on = pause, go_on
        self._linger_s, self._most = linger_s, most_a_batch
        self._most_waiting, self._most_bytes = most_waiting, most_waiting_bytes
        self._timeout_s, self._tries, self._again_after_s = offer_timeout_s, tries, again_after_s
        self._pieces: deque[_Piece] = deque()
        self._told: deque[_Told] = deque()
        self._bytes = 0
        self._number = 0
        self._down = False
        self._some = asyncio.Event()
        self._closing = False
        self.full = False
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """Messages that wait for their batch."""
        return len(self._pieces) + len(self._told)

    def put_piece(self, sender: Sender, device: str, phone: bytes, piece: bytes, received_us: int) -> None:
        """A frame that is a plain 0x0200 or 0x0704 by its header, as the splitter gave it, of the terminal that authenticated: its number
        as ten bytes of digits must stand in the frame."""
        self._pieces.append((sender, piece, received_us, device, phone))
        self._grown(len(piece))

    def put(
        self,
        sender: Sender,
        observations: Iterable[Observation],
        answer: Answer | None = None,
        key: int = NO_KEY,
        *,
        device: str = "",
        fixes: Fixes | None = None,
    ) -> None:
        """Anything else: `answer` is called with the result when the batch that holds it is kept, or is not. `fixes` of a `device` go with
        it, their bytes standing in the observations."""
        told = _Told(sender, tuple(observations), answer, key, device, fixes)
        self._told.append(told)
        self._grown(sum(len(one.raw) for one in told.observations))

    async def run(self) -> None:
        """Hand over until `close`; what waits then is handed over before it returns."""
        while True:
            if not self.waiting:
                if self._closing:
                    return
                self._some.clear()
                await self._some.wait()
                continue
            if self.waiting < self._most and not self._closing:
                await asyncio.sleep(self._linger_s)
            await self._hand_over()
            if self.full and self.waiting <= self._most_waiting // 2 and self._bytes <= self._most_bytes // 2:
                self.full = False
                self._go_on()

    def close(self) -> None:
        """End `run` when nothing waits any more."""
        self._closing = True
        self._some.set()

    def _grown(self, size: int) -> None:
        self._bytes += size
        self._some.set()
        if not self.full and (self.waiting >= self._most_waiting or self._bytes >= self._most_bytes):
            self.full = True
            self.counts["paused"] += 1
            self._pause()

    async def _hand_over(self) -> None:
        told, size = list[_Told](), 0
        share = self._most // 2 if self._pieces else self._most
        while self._told and len(told) < share and size < MOST_BYTES:
            told.append(self._told.popleft())
            size += sum(len(one.raw) for one in told[-1].observations)
        pieces = [self._pieces.popleft() for _ in range(min(self._most - len(told), len(self._pieces)))]
        self._bytes -= sum(len(piece) for _, piece, *_ in pieces) + sum(len(one.raw) for each in told for one in each.observations)
        made = _Made()
        self._take_told(told, made)
        for some, found in self._located(pieces, made):
            self._take_pieces(some, found, made)
        kept = await self._offered(made) if made.fixes or made.others else True
        self._settle(made, kept=kept)

    def _take_told(self, told: list[_Told], made: "_Made") -> None:
        for one in told:
            if one.key and one.sender.is_again(one.key):
                self.counts["again"] += 1
                made.answers.append((one.answer, OK))
                continue
            made.keys.append((one.sender, one.key))
            made.others.extend(one.observations)
            made.add(one.device, one.fixes)
            made.answers.append((one.answer, OK))

    def _located(self, pieces: list[_Piece], made: "_Made") -> Iterator[tuple[list[_Piece], Located]]:
        """Frames with what they say. A fault of ours on one frame must not cost the others: that one is found, kept and told."""
        if not pieces:
            return
        try:
            found = locate([one[1] for one in pieces], np.array([one[2] for one in pieces], dtype=np.int64))
        except Exception:
            if len(pieces) > 1:
                half = len(pieces) // 2
                yield from self._located(pieces[:half], made)
                yield from self._located(pieces[half:], made)
                return
            sender, piece, at, _, _ = pieces[0]
            log.exception("a fault on the frame %s", piece.hex())
            self.refused["fault"] += 1
            made.keep(sender.refused(piece, "fault", at))
            return
        yield pieces, found

    def _take_pieces(self, pieces: list[_Piece], found: Located, made: "_Made") -> None:
        rows = np.full(len(pieces), -1, dtype=np.int64)
        for row, (sender, piece, at, device, _) in enumerate(pieces):
            if not self._is_plain(found, row, pieces[row], made):
                continue
            serial, message_id = int(found.serial[row]), int(found.message_id[row])
            made.acknowledged.append((sender, serial, message_id))
            key = (crc32(piece) << 17 | serial << 1 | 1) ^ message_id << 49
            if sender.is_again(key):
                self.counts["again"] += 1
                continue
            made.keys.append((sender, key))
            rows[row] = made.row_of(device)
            if found.tells[row]:
                made.others.extend(_telling(piece, device, at))
        self._add_fixes(found, rows, pieces, made)

    def _is_plain(self, found: Located, row: int, one: _Piece, made: "_Made") -> bool:
        """Whether a frame is to be kept as fixes; else it is refused or put apart here."""
        sender, piece, at, _, phone = one
        reason = REASONS[found.refused[row]]
        if reason in ("", "body") and found.phone[row].tobytes() != phone:
            made.keep(sender.strange(piece, at))
            return False
        if not reason:
            return True
        self.refused[reason] += 1
        made.keep(sender.refused(piece, reason, at))
        if reason == "body":
            made.wrong.append((sender, int(found.serial[row]), int(found.message_id[row])))
        return False

    def _add_fixes(self, found: Located, rows: Any, pieces: list[_Piece], made: "_Made") -> None:
        fixes = found.fixes[rows[found.frame] >= 0]
        frames = found.frame[rows[found.frame] >= 0]
        fixes["device"] = rows[frames]
        firsts = np.append(True, frames[1:] != frames[:-1]) if len(frames) else np.zeros(0, dtype=bool)
        made.columns.append(fixes)
        told = zip(frames.tolist(), firsts.tolist(), strict=True)
        made.raw.extend(b"\x7e" + pieces[row][1] + b"\x7e" if first else b"" for row, first in told)

    async def _offered(self, made: "_Made") -> bool:
        self._number += 1
        batch = Batch(
            source=self._source,
            number=self._number,
            devices=tuple(made.devices),
            fixes=np.concatenate(made.columns) if made.columns else np.zeros(0, dtype=FIX),
            raw=tuple(made.raw),
            others=tuple(made.others),
        )
        for left in reversed(range(self._tries)):
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._inlet.offer(batch)
                self.counts["offers"] += 1
                self._tell("")
                return True
            except (InletGone, OSError, TimeoutError) as error:
                self.counts["offers_gone"] += 1
                self._tell(str(error) or type(error).__name__)
                if self._closing:
                    return False
                if left:
                    await asyncio.sleep(self._again_after_s)
            except SensorError as error:
                self.counts["offers_refused"] += 1
                self._tell(str(error))
                return False
            except Exception:
                self.counts["offers_failed"] += 1
                log.exception("batch %d: the inlet failed", batch.number)
                return False
        return False

    def _tell(self, trouble: str) -> None:
        """Log once when batches are no longer taken, once when they are again."""
        if bool(trouble) != self._down:
            self._down = bool(trouble)
            log.warning("batches are not taken: %s" if trouble else "batches are taken again%s", trouble)

    def _settle(self, made: "_Made", *, kept: bool) -> None:
        self.counts["kept" if kept else "not_kept"] += made.fixes + len(made.others)
        if not kept:
            for sender, key in made.keys:
                sender.forget(key)
        result = OK if kept else FAILED
        for sender, serial, message_id in made.acknowledged:
            sender.acknowledge(serial, message_id, result)
        for sender, serial, message_id in made.wrong:
            sender.acknowledge(serial, message_id, WRONG if kept else FAILED)
        for answer, told in made.answers:
            if answer is not None:
                try:
                    answer(told if kept else FAILED)
                except Exception:
                    log.exception("an answer could not be made")


class _Made:
    """A batch in the making, and who is to be answered what."""

    __slots__ = ("acknowledged", "answers", "columns", "devices", "keys", "others", "raw", "wrong")

    def __init__(self) -> None:
        self.devices: dict[str, int] = {}
        self.columns: list[Fixes] = []
        self.raw: list[bytes] = []
        self.others: list[Observation] = []
        self.keys: list[tuple[Sender, int]] = []
        self.acknowledged: list[tuple[Sender, int, int]] = []
        self.wrong: list[tuple[Sender, int, int]] = []
        self.answers: list[tuple[Answer | None, int]] = []

    @property
    def fixes(self) -> int:
        return len(self.raw)

    def keep(self, one: Observation | None) -> None:
        if one is not None:
            self.others.append(one)

    def add(self, device: str, fixes: Fixes | None) -> None:
        """Fixes of one device whose bytes stand elsewhere."""
        if fixes is not None and len(fixes):
            mine = fixes.copy()
            mine["device"] = self.row_of(device)
            self.columns.append(mine)
            self.raw.extend([b""] * len(mine))

    def row_of(self, device: str) -> int:
        return self.devices.setdefault(device, len(self.devices))


def _telling(piece: bytes, device: str, received_us: int) -> list[Observation]:
    """The alarms that items tell, each beside its location; its bytes stand with the fix."""
    try:
        return located_observations(Message.of(Frame.parse(unescape(piece))), device, received_us)
    except FrameInvalid:
        return []
