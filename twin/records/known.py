"""What a store held of a kind when an import ended, in a file beside it: the next import reads that, and asks only for what came after.

A cache of one state of one store: of the import that ended last, of any ledger of the kind. What persons changed after it began is
in `touched`; where a later import, another store or an older backup speaks, the file is of no use and everything is asked for.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias
from weakref import finalize

import numpy as np

from twin.store.staging import staging

if TYPE_CHECKING:
    from twin.records.existing import Existing

__all__ = ["COLUMNS", "NO_HASH", "UNCHANGED", "WORTH_ROWS", "Keeping", "Landed", "known_file", "read_known"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
UInt64: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]
FORM = 1
"""Grows with every change of what is written."""
WORTH_ROWS = 50_000
"""Fewer are asked for faster than a file is looked after."""
COLUMNS = ("key_hashes", "version_ids", "record_ids", "row_hashes", "revision_ids")
UNCHANGED = 0
"""In the place of a version id: the row goes on with the one it has."""
NO_HASH = 0
"""In the place of a row's hash: whatever a ledger says of the record is compared field by field."""


@dataclass(slots=True, kw_only=True)
class Landed:
    """What an import made, once readers see it: `fresh` the first version and record id of each batch of new rows, `renewed` the new
    version id, or `UNCHANGED`, of each differing row, in order, `unhashed` the places there of those with `NO_HASH`; `mark` as
    `read_known` is asked for it; `least` rows are worth a file."""

    mark: tuple[Any, ...] = ()
    revision_id: int = 0
    least: int = field(default_factory=lambda: WORTH_ROWS)
    fresh: list[tuple[int, int]] = field(default_factory=list)
    renewed: list[int] = field(default_factory=list)
    unhashed: list[int] = field(default_factory=list)


def known_file(folder: Path, kind: str) -> Path:
    """Where what is known of a kind is kept."""
    return folder / f"known-{kind}.npy"


def read_known(file: Path, mark: tuple[Any, ...]) -> tuple[int, dict[str, Any]] | None:
    """The last number of `touched` that is in it, and the columns of `Existing` in the order of their key hashes; None where there is
    no such file, or it is of another state than `mark`."""
    with suppress(OSError, ValueError, KeyError, TypeError, EOFError), file.open("rb") as opened:
        facts = json.loads(str(np.load(opened)))
        if facts["form"] == FORM and facts["mark"] == list(mark):
            return facts["touched"], {name: np.load(opened) for name in facts["columns"]}
    return None


class Keeping:
    """What an import does to what is known, batch by batch, so that it can be written when all is seen; in the process that reads.

    An import does not fail for it: where there is no room, there is no file, and the next import asks the store.
    """

    def __init__(self, file: Path, before: Existing) -> None:
        self._file = file
        self._before = before
        self._fresh: list[int] = []
        self._differing: list[tuple[Int64, Int64]] = []
        self._keys, self._rows = (tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115  live as long as this
        finalize(self, self._keys.close)
        finalize(self, self._rows.close)
        self._lost = False

    def fresh(self, key_hashes: UInt64, row_hashes: Int64) -> None:
        """A batch of new rows, as they are written."""
        self._fresh.append(len(key_hashes))
        with self._as_far_as_there_is_room():
            self._keys.write(key_hashes.tobytes())
            self._rows.write(row_hashes.tobytes())

    def differing(self, places: Int64, row_hashes: Int64) -> None:
        """A batch of rows that differ, by their places in what was known before."""
        self._differing.append((places, row_hashes))

    def get_ready(self) -> None:
        """Sort what there is, once the last row has come: it takes as long as writing the file."""
        with self._as_far_as_there_is_room():
            assert not self._fresh or self._sorted

    @cached_property
    def _sorted(self) -> tuple[UInt64, Int64]:
        """All key hashes in order, and the order of the known and the new ones after them."""
        keys = np.concatenate([self._before.key_hashes, _written(self._keys).view(np.uint64)])
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def write(self, landed: Landed) -> None:
        """Write it whole, in the place of what was known before, or not at all."""
        with self._as_far_as_there_is_room():
            if self._lost or len(self._before) + sum(self._fresh) < landed.least:
                self._file.unlink(missing_ok=True)
                return
            self._write(landed)

    @contextmanager
    def _as_far_as_there_is_room(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._lost = True

    def _write(self, landed: Landed) -> None:
        self._renew(landed)
        facts = {"form": FORM, "mark": landed.mark, "touched": self._before.touched, "columns": list(COLUMNS)}
        with staging(self._file.parent, prefix=".known-") as incoming:
            with (incoming / self._file.name).open("wb") as opened:
                for array in chain([np.array(json.dumps(facts))], self._columns(landed)):
                    np.save(opened, array)
            (incoming / self._file.name).replace(self._file)

    def _renew(self, landed: Landed) -> None:
        if not self._differing:
            return
        places, hashes = (np.concatenate(part) for part in zip(*self._differing, strict=True))
        new = np.array(landed.renewed, dtype=np.int64)
        hashes[landed.unhashed] = NO_HASH
        self._before.row_hashes[places] = hashes
        self._before.version_ids[places] = np.where(new == UNCHANGED, self._before.version_ids[places], new)

    def _columns(self, landed: Landed) -> Iterator[Any]:
        """`COLUMNS`, one after the other, each in the order of the key hashes."""
        if not self._fresh:
            yield from (getattr(self._before, name) for name in COLUMNS)
            return
        key_hashes, order = self._sorted
        yield key_hashes
        versions, records = (self._numbers([first[part] for first in landed.fresh]) for part in (0, 1))
        revisions = np.full(len(records), landed.revision_id, dtype=np.int64)
        for name, new in zip(COLUMNS[1:], (versions, records, _written(self._rows), revisions), strict=True):
            yield np.concatenate([getattr(self._before, name), new])[order]

    def _numbers(self, firsts: list[int]) -> Int64:
        runs = [np.arange(first, first + count) for first, count in zip(firsts, self._fresh, strict=True)]
        return np.concatenate([np.empty(0, dtype=np.int64), *runs])


def _written(file: IO[bytes]) -> Int64:
    file.seek(0)
    return np.frombuffer(file.read(), dtype=np.int64)
