"""The journal: what was handed over, in order, on the disk before anybody is told that it is kept.

Segments `NNNNNNNN.log` in one folder, each begun when the one before is ten minutes old or 64 MB long. A position is the number of a
record, counted for ever. One process appends; any number read.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Self

from twin.history.durable import disk_told, one_writer, sync_folder, write_whole
from twin.history.errors import HistoryAsked, HistoryDamaged, HistoryUnavailable, PositionGone
from twin.history.segment import HEAD_BYTES, MOST_RECORD_BYTES, Head, Record, pack_head, pack_record, read_head, scan

__all__ = ["BATCH", "Journal", "JournalReader", "Segment", "list_segments"]

BATCH = 1
"""Kind of a record that holds a packed batch (docs/live.md)."""
SEGMENT_BYTES = 64 * 2**20
SEGMENT_US = 600 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A file of the journal: the positions `first` to below `end` (None: those after `first`; it is still appended to)."""

    path: Path
    first: int
    end: int | None
    begun_us: int


class Journal:
    """The one writer. `position` is that of the next record; `told` says what opening found: a tail that a crash left, damage."""

    def __init__(self, folder: Path, *, clock: Callable[[], float], segment_bytes: int, segment_us: int) -> None:
        self._folder, self._clock, self._segment_bytes, self._segment_us = folder, clock, segment_bytes, segment_us
        self._stack = ExitStack()
        self._file = -1
        self._size = self._begun_us = self._number = 0
        self._broken = False
        self.position = 0
        self.told: list[str] = []

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
        segment_bytes: int = SEGMENT_BYTES,
        segment_us: int = SEGMENT_US,
        at_least: int = 0,
    ) -> Self:
        """Open for appending; what a crash left unfinished behind the last whole record is cut off, and told.

        `at_least` is the position that what was made of the journal is through with: a journal that was lost or cut goes on from there,
        and says so; a position that was given once is never given again.

        Raises HistoryTaken where another process appends, HistoryUnavailable or HistoryFull where the disk refuses.
        """
        journal = cls(folder, clock=clock, segment_bytes=segment_bytes, segment_us=segment_us)
        journal._stack.enter_context(one_writer(folder))
        try:
            with disk_told(folder):
                journal._recover(at_least)
        except BaseException:
            journal.close()
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """Where its segments lie."""
        return self._folder

    def append(self, contents: Sequence[bytes], *, kind: int | Sequence[int] = BATCH) -> int:
        """Keep them, in order, in one write and one sync, in one segment; when it returns they outlive the machine. `kind` is that of all,
        or of each. The answer is the position of the next record: these have the `len(contents)` positions below it.

        Raises HistoryFull where there is no room and HistoryUnavailable for any other refusal of the disk: then none of them is kept,
        and the next append may well be.
        """
        if not contents:
            return self.position
        if max(map(len, contents)) > MOST_RECORD_BYTES:
            raise HistoryAsked(f"a record of {max(map(len, contents)):,} bytes; at most {MOST_RECORD_BYTES:,} are kept as one")
        if self._broken:
            raise HistoryUnavailable("the journal could not be brought back to its last whole record", path=str(self._folder))
        self.roll()
        kinds = [kind] * len(contents) if isinstance(kind, int) else kind
        packed = b"".join(
            pack_record(one, position=self.position + among, among=among, kind=of)
            for among, (one, of) in enumerate(zip(contents, kinds, strict=True))
        )
        path = self._path(self._number)
        with disk_told(path):
            try:
                write_whole(self._file, packed)
                os.fdatasync(self._file)
            except BaseException:
                self._take_back()
                raise
        self._size += len(packed)
        self.position += len(contents)
        return self.position

    def roll(self) -> None:
        """Begin a new segment where the present one is long or old enough. Raises as `append` does."""
        now_us = self._now_us()
        if self._size == HEAD_BYTES:
            self._begun_us = now_us
        elif self._size >= self._segment_bytes or now_us - self._begun_us >= self._segment_us:
            self._begin(self._number + 1)

    def drop(self, segment: Segment) -> None:
        """Remove a closed segment; whoever calls has applied, checkpointed and sealed it. Raises HistoryAsked for the open one."""
        if segment.end is None:
            raise HistoryAsked(f"{segment.path.name} is still appended to")
        with disk_told(segment.path):
            segment.path.unlink(missing_ok=True)
            sync_folder(self._folder)

    def close(self) -> None:
        """Let go of the file and the folder's lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._stack.close()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.log"

    def _now_us(self) -> int:
        return int(self._clock() * 1e6)

    def _recover(self, at_least: int) -> None:
        paths = _paths(self._folder)
        if paths and read_head(paths[-1]) is None and _salvaged(paths[-1]) is None:
            self.told.append(f"{paths[-1].name} was never begun: removed")
            paths.pop().unlink()
        if not paths:
            self._skip(at_least)
            self._begin(1)
            return
        self._number = int(paths[-1].stem)
        last = scan(paths[-1])
        for _ in last.records(start=2**63):
            pass
        self.told += [damage.message for damage in last.damage]
        self.position, self._size = last.position, last.end
        self._begun_us = list_segments(self._folder)[-1].begun_us
        self._file = os.open(paths[-1], os.O_RDWR | os.O_APPEND)
        if last.torn:
            self.told.append(f"{paths[-1].name}: {last.torn} bytes of a record that was never finished were cut off at {last.end}")
            self._take_back()
        os.fsync(self._file)
        if self.position < at_least:
            self._skip(at_least)
            self._begin(self._number + 1)

    def _skip(self, position: int) -> None:
        if self.position < position:
            self.told.append(f"records {self.position} to {position - 1} are not in the journal; it goes on from {position}")
            self.position = position

    def _begin(self, number: int) -> None:
        """A new segment, its head and its name synced."""
        path, begun_us = self._path(number), self._now_us()
        with disk_told(path):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            try:
                write_whole(file, pack_head(Head(first=self.position, begun_us=begun_us)))
                os.fsync(file)
                sync_folder(self._folder)
            except BaseException:
                os.close(file)
                with suppress(OSError):
                    path.unlink()
                raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._number, self._size, self._begun_us = file, number, HEAD_BYTES, begun_us

    def _take_back(self) -> None:
        """Cut the file at its last whole record; where even that fails nothing is appended any more."""
        try:
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)
        except OSError:
            self._broken = True


class JournalReader:
    """Reads whole records from a position on, as far as there are; a later round goes on where it stopped. `position` is the next,
    `torn` how many bytes of an unfinished record stand behind the last whole one."""

    def __init__(self, folder: Path, position: int = 0) -> None:
        self._folder = folder
        self.position = position
        self.torn = 0

    def __iter__(self) -> Iterator[Record]:
        """Raises PositionGone where the journal does not reach back so far, HistoryDamaged where records in between cannot be read:
        `JournalReader(folder, damage.resume)` reads what follows."""
        segments = list_segments(self._folder)
        if segments and self.position < segments[0].first:
            first = segments[0].first
            raise PositionGone(
                f"the journal begins at {first}, not at {self.position}", path=str(self._folder), position=self.position, resume=first
            )
        for segment in segments:
            if segment.end is None or segment.end > self.position:
                yield from self._of(segment)

    def _of(self, segment: Segment) -> Iterator[Record]:
        going = scan(segment.path, closed=segment.end is not None)
        try:
            for record in going.records(self.position):
                self.position = record.position + 1
                yield record
        except HistoryDamaged as damage:
            damage.resume = segment.end if damage.resume is None else damage.resume
            raise
        self.torn = going.torn
        if segment.end is not None and going.position < segment.end:
            raise HistoryDamaged(
                f"{segment.path.name} ends before record {going.position}; {segment.end} is the next there is",
                path=str(segment.path),
                hint="restore the segment from a backup",
                position=going.position,
                resume=segment.end,
            )


def list_segments(folder: Path) -> list[Segment]:
    """The segments there are, in order; the last is open. One just begun, without a head yet, is not told."""
    paths = _paths(folder)
    heads = [read_head(path) or _salvaged(path) for path in paths]
    found = [(path, head) for path, head in zip(paths, heads, strict=True) if head is not None]
    ends = [head.first for _, head in found[1:]]
    return [Segment(path=path, first=head.first, end=end, begun_us=head.begun_us) for (path, head), end in zip_longest(found, ends)]


def _salvaged(path: Path) -> Head | None:
    """A head for a segment that has lost its own, by its first whole record; None where it has none either."""
    try:
        return Head(first=scan(path).first, begun_us=0)
    except HistoryDamaged:
        return None


def _paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log")) if folder.is_dir() else []
