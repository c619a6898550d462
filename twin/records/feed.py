"""The rows of a ledger as a merge takes them: told apart by key and hash, typed only where they are new or differ.

Reading, telling apart and typing need nothing of what is written, so for a large ledger they run in a process of their own.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection as Pipe
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from twin.errors import Refused, StoreUnavailable
from twin.records.existing import Existing, load_existing_by_column
from twin.store.lean import do_without

if TYPE_CHECKING:
    import pyarrow as pa

    from twin.codes import RecordKind
    from twin.ledgers import Ledger, LedgerBatch, Quarantined, Typed

__all__ = ["Ending", "Feed", "Rows", "Share", "feed_here", "feed_from_process"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Bool: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Typed rows of a batch; of known records also which version they meet."""

    lines: Int64
    keys: pa.Array
    hashes: Int64
    typed: Typed
    version_ids: Int64
    record_ids: Int64

    def __len__(self) -> int:
        return len(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share:
    """A batch told apart: how many rows are as before, those that are new, those that differ, those put aside."""

    unchanged: int
    fresh: Rows | None
    differing: Rows | None
    quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ending:
    """What is known once the last row is read: the records of this ledger that it no longer has."""

    vanished: Int64


Feed: TypeAlias = Callable[[], Iterator[Share | Ending]]


def feed_here(read: Callable[[], Ledger], existing: Callable[[], Existing]) -> Iterator[Share | Ending]:
    """Read and tell apart in this process."""
    known = existing()
    seen = np.zeros(len(known), dtype=np.bool_)
    for batch in read().batches():
        yield _told_apart(batch, known, seen)
    yield Ending(vanished=np.sort(known.record_ids[known.of_source & ~seen]))


def feed_from_process(
    read: Callable[[], Ledger], kind: RecordKind, source: str, url: str, *, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[Share | Ending]:
    """The same in a child, one batch ahead of the caller; `read` is pickled, `meanwhile` done while it starts. Raises what the child
    meets."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_feed, args=(theirs, read, kind, source, url), daemon=True)
    process.start()
    theirs.close()
    try:
        meanwhile()
        while True:
            try:
                said = ours.recv()
            except EOFError:
                raise StoreUnavailable("the process that reads the ledger has ended", hint="run the import again") from None
            if isinstance(said, Exception):
                raise said
            yield said
            if isinstance(said, Ending):
                return
    finally:
        ours.close()
        process.terminate()
        process.join()


def _feed(pipe: Pipe, read: Callable[[], Ledger], kind: RecordKind, source: str, url: str) -> None:
    do_without("pandas")
    try:
        for share in feed_here(read, partial(load_existing_by_column, url, kind, source)):
            pipe.send(share)
    except BrokenPipeError:
        return
    except Exception as error:  # noqa: BLE001  whatever it is, the parent must know
        with suppress(BrokenPipeError):
            pipe.send(error if _travels(error) else Refused(f"{type(error).__name__}: {error}", code="LEDGER_UNREADABLE"))


def _travels(error: Exception) -> bool:
    """Whether an error is the same after pickling: one whose constructor wants more than its message is not."""
    import pickle

    try:
        return str(pickle.loads(pickle.dumps(error))) == str(error)
    except Exception:  # noqa: BLE001
        return False


def _told_apart(batch: LedgerBatch, known: Existing, seen: Bool) -> Share:
    places = known.find(batch.key_hash)
    hashes = batch.row_hash.view(np.int64)
    found = places >= 0
    same = found.copy()
    same[found] = known.row_hashes[places[found]] == hashes[found]
    seen[places[found]] = True
    return Share(
        unchanged=int(same.sum()),
        fresh=_rows(batch, _by_key(batch, np.flatnonzero(~found)), None, known),
        differing=_rows(batch, np.flatnonzero(found & ~same), places, known),
        quarantined=tuple(batch.quarantined),
    )


def _by_key(batch: LedgerBatch, at: Int64) -> Int64:
    """Positions in the order of their keys: neighbours in the index of keys are then written in one transaction."""
    import pyarrow as pa
    import pyarrow.compute as pc

    order: Int64 = pc.sort_indices(batch.keys.take(pa.array(at))).to_numpy()
    return at[order]


def _rows(batch: LedgerBatch, at: Int64, places: Int64 | None, known: Existing) -> Rows | None:
    import pyarrow as pa

    if not len(at):
        return None
    nothing = np.empty(0, dtype=np.int64)
    return Rows(
        lines=batch.lines[at],
        keys=batch.keys.take(pa.array(at)),
        hashes=batch.row_hash.view(np.int64)[at],
        typed=batch.typed(at),
        version_ids=nothing if places is None else known.version_ids[places[at]],
        record_ids=nothing if places is None else known.record_ids[places[at]],
    )
