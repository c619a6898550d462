"""The rows of a ledger as a merge takes them: told apart by key and hash, typed and numbered only where they are new or differ.

Reading, telling apart, typing, numbering and resolving need nothing of what is written, so for a large ledger they run in a process
of their own, which starts while the file is still being copied.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeAlias

import numpy as np

from twin.errors import Refused, StoreUnavailable
from twin.ledgers.ledger import LedgerBatch
from twin.records.existing import Existing, load_existing_by_column
from twin.records.known import Keeping, Landed
from twin.records.stored import Coded, Coder, Resolved, Resolver, columns_of_incomplete_parts
from twin.store.ahead import Ahead, taken_ahead
from twin.store.lean import seldom_collected

if TYPE_CHECKING:
    import pyarrow as pa

    from twin.codes import RecordKind
    from twin.ledgers import Ledger, Quarantined

__all__ = ["Differing", "Ending", "Feed", "Fresh", "HereFeed", "Prepared", "ProcessFeed", "Settled", "Share", "feed_through"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Bool: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
BATCHES_AHEAD = 1
TOGETHER = 2_000
"""So many differing rows are read and compared together: each step costs as much for few."""
KEEPING_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fresh:
    """The new rows of a batch, in the order of their keys, as the tables will have them."""

    lines: Int64
    keys: pa.Array
    hashes: Int64
    coded: Coded
    extra: pa.Array
    findings: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Differing:
    """Rows that say otherwise than the version they meet, of one or several batches; their new locations, which are few, are not resolved.

    `partial` are the values of articles or locations that the ledger has in part: the version tells the rest.
    """

    lines: Int64
    keys: pa.Array
    hashes: Int64
    coded: Coded
    partial: dict[str, pa.Array]
    extra: pa.Array
    findings: pa.Table
    version_ids: Int64
    record_ids: Int64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share:
    """A batch told apart: how many rows are as before, those that are new, those that differ, those put aside."""

    unchanged: int
    fresh: Fresh | None
    differing: Differing | None
    quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ending:
    """What is known once the last row is read: the records of this ledger that it no longer has."""

    vanished: Int64


class Settled(NamedTuple):
    """Where locations are once all are known: the older ones asked about, in order, and those told otherwise before."""

    older: Sequence[Resolved]
    otherwise: dict[str, Resolved]


class Feed(Protocol):
    """A ledger being read."""

    def __iter__(self) -> Iterator[Share | Ending]:
        """Its batches in file order, then its ending."""

    def settled(self, older: Sequence[str]) -> Settled:
        """After the ending: what all locations together tell, of these older ones too (their parts joined)."""

    def keep(self, landed: Landed) -> None:
        """Readers see the ledger: keep what the store holds now for the import after this one (`twin.records.known`)."""


class _Met(NamedTuple):
    """Rows of a batch that say otherwise than the versions they meet."""

    rows: LedgerBatch
    version_ids: Int64
    record_ids: Int64


class HereFeed:
    """Reads in this process."""

    def __init__(
        self,
        batches: Callable[[], Iterator[LedgerBatch]],
        kind: RecordKind,
        existing: Callable[[], Existing],
        known: Path,
        resolver: Resolver | None,
    ) -> None:
        self._batches = batches
        self._existing, self._known = existing, known
        self._resolver = resolver
        self._kind, self._coder = kind, Coder(kind, resolver)
        self._waiting: list[_Met] = []

    def __iter__(self) -> Iterator[Share | Ending]:
        """Its batches, then its ending."""
        known = self._existing()
        self._keeping = Keeping(self._known, known)
        seen = np.zeros(len(known), dtype=np.bool_)
        for batch in self._batches():
            yield self._told_apart(batch, known, seen)
        if self._waiting:
            yield Share(unchanged=0, fresh=None, differing=self._differing(least=1), quarantined=())
        yield Ending(vanished=np.sort(known.record_ids[known.of_source & ~seen]))

    def settled(self, older: Sequence[str]) -> Settled:
        """What all locations together tell."""
        if self._resolver is None:
            return Settled(older=[], otherwise={})
        return Settled(older=self._resolver.resolve(older), otherwise=self._resolver.settled())

    def get_ready_to_keep(self) -> None:
        """There is time while the last rows are written."""
        self._keeping.get_ready()

    def keep(self, landed: Landed) -> None:
        """Keep what the store holds; where there is no room for it the next import asks the store."""
        self._keeping.write(landed)

    def _told_apart(self, batch: LedgerBatch, known: Existing, seen: Bool) -> Share:
        places = known.find(batch.key_hash)
        hashes = batch.row_hash.view(np.int64)
        found = places >= 0
        same = found.copy()
        same[found] = known.row_hashes[places[found]] == hashes[found]
        seen[places[found]] = True
        other = np.flatnonzero(found & ~same)
        self._wait(batch, other, places[other], known)
        return Share(
            unchanged=int(same.sum()),
            fresh=self._fresh(batch, _by_key(batch, np.flatnonzero(~found))),
            differing=self._differing(least=TOGETHER),
            quarantined=tuple(batch.quarantined),
        )

    def _fresh(self, batch: LedgerBatch, at: Int64) -> Fresh | None:
        import pyarrow as pa

        if not len(at):
            return None
        typed = batch.typed(at)
        self._keeping.fresh(batch.key_hash[at], batch.row_hash.view(np.int64)[at])
        return Fresh(
            lines=batch.lines[at],
            keys=batch.keys.take(pa.array(at)),
            hashes=batch.row_hash.view(np.int64)[at],
            coded=self._coder.code(typed.values),
            extra=typed.extra,
            findings=typed.findings,
        )

    def _wait(self, batch: LedgerBatch, at: Int64, places: Int64, known: Existing) -> None:
        if len(at):
            self._keeping.differing(places, batch.row_hash.view(np.int64)[at])
            self._waiting.append(_Met(batch.chosen(at), known.version_ids[places], known.record_ids[places]))

    def _differing(self, *, least: int) -> Differing | None:
        """The rows that wait, where there are so many."""
        if sum(len(met.rows.lines) for met in self._waiting) < least:
            return None
        batch = LedgerBatch.joined([met.rows for met in self._waiting])
        version_ids, record_ids = (np.concatenate([met[which] for met in self._waiting]) for which in (1, 2))
        self._waiting.clear()
        typed = batch.typed()
        incomplete = columns_of_incomplete_parts(self._kind, typed.values.keys())
        return Differing(
            lines=batch.lines,
            keys=batch.keys,
            hashes=batch.row_hash.view(np.int64),
            coded=self._coder.code({name: values for name, values in typed.values.items() if name not in incomplete}, resolve=False),
            partial={name: typed.values[name] for name in incomplete},
            extra=typed.extra,
            findings=typed.findings,
            version_ids=version_ids,
            record_ids=record_ids,
        )


class ProcessFeed:
    """Reads in a child that runs `feed_through`, some batches ahead of the caller: it is told to load what the store holds, then what
    to read. Who started the child ends it."""

    def __init__(self, process: BaseProcess, pipe: Pipe, kind: RecordKind, source: str, url: str, known: Path, day: date) -> None:
        self._process, self._pipe = process, pipe
        self._keeping = False
        self._tell((kind, source, url, known, day))
        self._ahead = Ahead(self._pipe.recv, BATCHES_AHEAD)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until the child has kept what the store holds, where it was told to."""
        with self._ahead:
            if self._keeping:
                self._process.join(KEEPING_S)

    def load(self, open_resolver: Callable[[str], Resolver] | None) -> None:
        """Have the child load what the store holds; it opens the resolver, which is pickled, where the ledger did not come before."""
        self._tell(open_resolver)

    def read(self, open_ledger: Callable[[], Ledger]) -> None:
        """Tell the child what to read; pickled."""
        self._tell(open_ledger)

    def __iter__(self) -> Iterator[Share | Ending]:
        """Its batches, then its ending; raises what the child meets."""
        while True:
            said = self._received()
            yield said
            if isinstance(said, Ending):
                return

    def settled(self, older: Sequence[str]) -> Settled:
        """What all locations together tell."""
        self._pipe.send(list(older))
        said: Settled = self._received()
        return said

    def keep(self, landed: Landed) -> None:
        """Have the child keep what the store holds, while the caller goes on."""
        self._tell(landed)
        self._keeping = True

    def _tell(self, what: Any) -> None:
        with suppress(OSError):  # whoever takes the next batch is told why
            self._pipe.send(what)

    def _received(self) -> Any:
        try:
            said = self._ahead.next()
        except (EOFError, OSError):
            raise StoreUnavailable("the process that reads the ledger has ended", hint="run the import again") from None
        if isinstance(said, Exception):
            raise said
        return said


class Prepared:
    """A resolver made ready when it is first asked: an import that brings no new location does without."""

    def __init__(self, make: Callable[[], Resolver]) -> None:
        self._make = make
        self._resolver: Resolver | None = None

    def prepare(self) -> Resolver:
        """Make it ready now."""
        self._resolver = self._resolver or self._make()
        return self._resolver

    def resolve(self, keys: Sequence[str]) -> list[Resolved]:
        """Where they are."""
        return self.prepare().resolve(keys) if keys else []

    def settled(self) -> dict[str, Resolved]:
        """Those that are told otherwise."""
        return self._resolver.settled() if self._resolver else {}


def feed_through(pipe: Pipe) -> None:
    """In the child: read what is asked for by the other end, a `ProcessFeed`, and end."""
    try:
        with seldom_collected():
            _feed(pipe)
        os._exit(0)  # taking half a gigabyte apart takes as long as writing the file
    except (BrokenPipeError, EOFError):
        return
    except Exception as error:  # noqa: BLE001  whatever it is, the parent must know
        with suppress(BrokenPipeError):
            pipe.send(error if _travels(error) else Refused(f"{type(error).__name__}: {error}", code="LEDGER_UNREADABLE"))


def _feed(pipe: Pipe) -> None:
    kind, source, url, file, day = pipe.recv()
    open_resolver: Callable[[str], Resolver] | None = pipe.recv()
    known = load_existing_by_column(url, kind, source, file, day)
    came_before = bool(known.of_source.any())  # then reading is what takes long, and little else needs memory
    resolver = Prepared(partial(open_resolver, url)) if open_resolver else None
    if resolver is not None and not came_before:
        resolver.prepare()  # while the file is still being copied
    ledger: Ledger = pipe.recv()()
    batches = partial(ledger.batches, taken_ahead) if came_before else ledger.batches
    feed = HereFeed(batches, kind, lambda: known, file, resolver)
    for share in feed:
        pipe.send(share)
    feed.get_ready_to_keep()
    while not isinstance(said := pipe.recv(), Landed):
        pipe.send(feed.settled(said))
    feed.keep(said)


def _travels(error: Exception) -> bool:
    """Whether an error is the same after pickling: one whose constructor wants more than its message is not."""
    import pickle

    try:
        return str(pickle.loads(pickle.dumps(error))) == str(error)
    except Exception:  # noqa: BLE001
        return False


def _by_key(batch: LedgerBatch, at: Int64) -> Int64:
    """Positions in the order of their keys: neighbours in the index of keys are then written in one transaction."""
    import pyarrow as pa
    import pyarrow.compute as pc

    order: Int64 = pc.sort_indices(batch.keys.take(pa.array(at))).to_numpy()
    return at[order]
