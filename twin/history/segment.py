"""One file of the journal: a head, then records one after another, each with its own sum.

| bytes | head |
|---|---|
| 4 | `PSJ1` |
| u64 | position of its first record |
| i64 | when it was begun, microseconds of UTC since 1970 |
| u32 | CRC-32 of the 20 bytes before |

| bytes | record |
|---|---|
| 4 | `PSR1` |
| u32 | CRC-32 of all that follows, the block too |
| u32 | bytes of the block as stored |
| u32 | bytes of it unpacked |
| u64 | its position: counts 1 up from record to record, for ever |
| u32 | its place among those appended with it |
| u8 | kind, chosen by who appends |
| u8 × 3 | 0 |
| … | the block, zstd |

Records appended together are synced together: what is broken in the last such group was never acknowledged.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow

from twin.history.errors import HistoryDamaged

__all__ = ["HEAD_BYTES", "MOST_RECORD_BYTES", "Head", "Record", "Scan", "pack_head", "pack_record", "read_head", "scan"]

HEAD = struct.Struct("<4sQqI")
RECORD = struct.Struct("<4sIIIQIB3x")
HEAD_BYTES = HEAD.size
HEAD_MAGIC, RECORD_MAGIC = b"PSJ1", b"PSR1"
MOST_RECORD_BYTES = 64 * 2**20
SUMMED_FROM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a segment says of itself."""

    first: int
    begun_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was appended: at its position, of its kind."""

    position: int
    kind: int
    content: bytes


def pack_head(head: Head) -> bytes:
    """The 24 bytes of a head."""
    plain = HEAD.pack(HEAD_MAGIC, head.first, head.begun_us, 0)[:20]
    return plain + struct.pack("<I", zlib.crc32(plain))


def read_head(path: Path) -> Head | None:
    """The head of a segment; None where the file is too short or its sum is wrong."""
    with path.open("rb") as file:
        data = file.read(HEAD_BYTES)
    if len(data) < HEAD_BYTES or data[:4] != HEAD_MAGIC or zlib.crc32(data[:20]) != HEAD.unpack(data)[3]:
        return None
    _, first, begun_us, _ = HEAD.unpack(data)
    return Head(first=first, begun_us=begun_us)


def pack_record(content: bytes, *, position: int, among: int, kind: int) -> bytes:
    """A record as it is stored."""
    block = pyarrow.compress(content, codec="zstd", asbytes=True)
    plain = RECORD.pack(RECORD_MAGIC, 0, len(block), len(content), position, among, kind)
    crc = zlib.crc32(block, zlib.crc32(plain[SUMMED_FROM:]))
    return b"".join((plain[:4], struct.pack("<I", crc), plain[8:], block))


@dataclass(slots=True, kw_only=True)
class Scan:
    """Goes through the records of a segment whose first record has the position `first` and stands at `end`.

    Afterwards `end` is the offset behind the last whole record, `position` that of the next, `torn` how many bytes of a record that was
    never finished follow, and `damage` what was passed over because reading began behind it.
    """

    path: Path
    first: int
    closed: bool = False
    end: int = HEAD_BYTES
    position: int = 0
    torn: int = 0
    damage: list[HistoryDamaged] = field(default_factory=list)

    def records(self, start: int = 0) -> Iterator[Record]:
        """Whole records from the position `start` on. Raises HistoryDamaged where something that was synced cannot be read: at the end of
        a segment that is not `closed`, what no later append follows was not."""
        self.position = self.first
        data = self.path.read_bytes()
        while True:
            while (head := _head_at(data, self.end, self.position)) is not None:
                stored, plain, kind = head
                at, position = self.end + RECORD.size, self.position
                self.end, self.position = at + stored, position + 1
                if position >= start:
                    content = pyarrow.decompress(data[at : self.end], decompressed_size=plain, codec="zstd", asbytes=True)
                    yield Record(position=position, kind=kind, content=content)
            self.torn = len(data) - self.end
            if not self.torn:
                return
            resume = _resume(data, self.end, self.position, closed=self.closed)
            if resume is None:
                if self.closed:
                    self._damaged(None, start)
                return
            self._damaged(resume, start)
            self.end, self.position = resume

    def _damaged(self, found: tuple[int, int] | None, start: int) -> None:
        resume = None if found is None else found[1]
        damage = HistoryDamaged(
            f"{self.path.name} is damaged at byte {self.end}: record {self.position} and what follows it cannot be read",
            path=str(self.path),
            hint="restore the segment from a backup; reading can go on from `resume`",
            position=self.position,
            resume=resume,
        )
        if resume is None or start < resume:
            raise damage
        self.damage.append(damage)


def scan(path: Path, *, closed: bool = False) -> Scan:
    """A scan of the segment; `closed` where another was begun after it. Raises HistoryDamaged where nothing in it can be read."""
    head = read_head(path)
    if head is not None:
        return Scan(path=path, first=head.first, position=head.first, closed=closed)
    found = _next_whole(path.read_bytes(), 0, -1)
    if found is None:
        raise HistoryDamaged(f"{path.name} has no head of a segment and no record", path=str(path))
    return Scan(path=path, first=found[1], position=found[1], end=found[0], closed=closed)


def _head_at(data: bytes, at: int, position: int | None) -> tuple[int, int, int] | None:
    """Bytes stored, bytes unpacked and kind of the whole record at an offset, of that position; None where there is none."""
    if at + RECORD.size > len(data):
        return None
    magic, crc, stored, plain, told, _, kind = RECORD.unpack_from(data, at)
    end = at + RECORD.size + stored
    if magic != RECORD_MAGIC or end > len(data) or plain > MOST_RECORD_BYTES or position not in (None, told):
        return None
    return (stored, plain, kind) if zlib.crc32(memoryview(data)[at + SUMMED_FROM : end]) == crc else None


def _resume(data: bytes, at: int, position: int, *, closed: bool) -> tuple[int, int] | None:
    """Offset and position of the next whole record behind what cannot be read at `at`; None where there is none, or where, in a segment
    that is not closed, nothing was appended later than that."""
    found = later = _next_whole(data, at, position)
    while not closed and later is not None and later[2] <= position:
        later = _next_whole(data, later[0], position)
    return None if found is None or later is None else found[:2]


def _next_whole(data: bytes, at: int, position: int) -> tuple[int, int, int] | None:
    """Offset, position, and position of the first it was appended with, of the first whole record behind `at` and `position`."""
    while (at := data.find(RECORD_MAGIC, at + 1)) >= 0:
        if _head_at(data, at, None) is not None:
            told, among = RECORD.unpack_from(data, at)[4:6]
            if told > position:
                return at, int(told), int(told - among)
    return None
