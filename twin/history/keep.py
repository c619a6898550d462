"""Why a raw frame is kept for ever: marks that the hub appends to the journal beside the batch they are of."""

import struct
from collections.abc import Mapping
from enum import IntFlag
from typing import Final

from twin.history.errors import HistoryDamaged

__all__ = ["KEEP", "Keep", "pack_keep", "unpack_keep"]

KEEP: Final = 2
"""Kind of a record of the journal that holds such marks."""
MARK = struct.Struct("<QIB")


class Keep(IntFlag):
    """The reasons, which may come together; none: as long as its kind is."""

    NO = 0
    ALARM = 1
    REENCODED_DIFFERS = 2
    NOT_PARSED = 4


def pack_keep(marks: Mapping[tuple[int, int], Keep]) -> bytes:
    """Marks as bytes: (journal position of the batch, row of the frame: the fixes first, then the others) → why."""
    return b"".join(MARK.pack(position, row, keep) for (position, row), keep in marks.items())


def unpack_keep(content: bytes) -> dict[tuple[int, int], Keep]:
    """The marks that were packed. Raises HistoryDamaged for anything else.

    >>> unpack_keep(pack_keep({(7, 2): Keep.ALARM}))
    {(7, 2): <Keep.ALARM: 1>}
    """
    if len(content) % MARK.size:
        raise HistoryDamaged(f"{len(content)} bytes are no marks to keep")
    return {(position, row): Keep(keep) for position, row, keep in MARK.iter_unpack(content)}
