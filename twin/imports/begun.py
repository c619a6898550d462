"""What of an import begins before its modules are loaded, which takes a second: the file's hash, and for a large ledger the process
that reads it, which loads its own meanwhile. This module loads next to nothing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path

__all__ = ["Begun", "begin"]

LARGE_BYTES = 8 * 2**20
"""From here on two more processes are worth their start."""
TAKEN = ("twin.imports.tie", "twin.ledgers.read", "twin.ledgers.delimited", "pyarrow.compute")
"""Modules that reading and resolving load sooner or later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The hash of a file, or why there is none, as soon as a thread has it; where the ledger is large, the process that reads it and the
    pipe to it (`twin.records.feed.ProcessFeed`)."""

    sha256: Future[str]
    reader: tuple[BaseProcess, Pipe] | None


@contextmanager
def begin(path: Path, *, reads: bool = True) -> Iterator[Begun]:
    """Begin to import a file; a dry run `reads` nothing apart. The process is ended with the block."""
    from spatial.source import sha256_of

    reader = _start() if reads and path.is_file() and path.stat().st_size >= LARGE_BYTES else None
    hashing = ThreadPoolExecutor(1, "hash")
    try:
        yield Begun(sha256=hashing.submit(sha256_of, path), reader=reader)
    finally:
        hashing.shutdown(wait=False)
        if reader is not None:
            process, pipe = reader
            process.terminate()
            process.join()
            pipe.close()


def _start() -> tuple[BaseProcess, Pipe]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_read, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _read(pipe: Pipe) -> None:
    """In the child: load what reading and resolving take, before anybody says what is to be read."""
    from twin.store.lean import do_without

    do_without("pandas")
    for name in TAKEN:
        import_module(name)
    from twin.records.feed import feed_through

    feed_through(pipe)
