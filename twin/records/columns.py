"""Assets as columns: what filters, counts, sums and pages are asked of, in the order of the codes.

A cache of the store at one state: `clock` (imports seen), `touched` (the last change taken in), `ties` (the last bulk placing). Never
changed in place: a change makes new arrays of the columns it touches and shares the others, so that whoever is counting goes on with
what it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from twin.codes import get_dictionary
from twin.ledgers.hashing import hash_texts

__all__ = ["NOTHING", "NO_DAY", "NO_VALUE", "ROW_COLUMNS", "Array", "AssetColumns", "asset_states", "days_since_1970"]

Array: TypeAlias = np.ndarray[Any, Any]
NOTHING = -1
"""An empty cell in a column of ids; a value that is not stated is `NO_VALUE`, a day `NO_DAY`."""
NO_VALUE = np.iinfo(np.int64).min
NO_DAY = np.iinfo(np.int32).min
ROW_COLUMNS: dict[str, str] = {
    "record": "i4",
    "article": "i4",
    "specification": "i4",
    "brand": "i4",
    "unit": "i4",
    "location": "i4",
    "place": "i4",
    "state": "i1",
    "value": "i8",
    "acquired": "i4",
    "x_m": "f8",
    "y_m": "f8",
    "z_m": "f8",
}
"""`x_m`, `y_m`, `z_m`: where it stands, metres in the frame of the site of its place; NaN for nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetColumns:
    """One array a column (`ROW_COLUMNS`), all in the order of the codes (bytes), and how codes, records, serials and tags are found.

    Codes lie one after the other in `key_bytes`, each ending at `key_ends`. `position` is by record id. `serial_hash` and
    `tag_hash` are sorted, `serial_record` and `tag_record` say whose they are. `origin` names the newest import, `version` its last row.
    """

    clock: int
    touched: int
    ties: int
    version: int
    origin: str
    arrays: dict[str, Array]

    def __len__(self) -> int:
        return len(self.arrays["record"])

    def __getattr__(self, name: str) -> Array:
        try:
            return self.arrays[name]
        except KeyError:
            raise AttributeError(name) from None

    def key(self, position: int) -> bytes:
        """The code at a position, in UTF-8."""
        ends = self.arrays["key_ends"]
        start = int(ends[position - 1]) if position else 0
        return self.arrays["key_bytes"][start : int(ends[position])].tobytes()

    def position_at(self, key: bytes, *, after: bool = False) -> int:
        """The position of the first asset whose code is not less, with `after` greater, than this one."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            here = self.key(middle)
            if here < key or (after and here == key):
                low = middle + 1
            else:
                high = middle
        return low

    def find_key(self, key: str) -> int:
        """The position of a code, `NOTHING` where there is none."""
        place = self.position_at(key.encode())
        return place if place < len(self) and self.key(place) == key.encode() else NOTHING

    def prefixed(self, text: str) -> tuple[int, int]:
        """The range of positions whose code begins with this text."""
        start = text.encode()
        return self.position_at(start), self.position_at(start + b"\xff")

    def position_of(self, record_id: int) -> int:
        """The position of a record, `NOTHING` where it is none."""
        places = self.arrays["position"]
        return int(places[record_id]) if 0 <= record_id < len(places) else NOTHING

    def find_hashed(self, column: str, text: str) -> list[int]:
        """The records whose `serial` or `tag` has the hash of this text: compare the text itself."""
        import pyarrow as pa

        hashes, wanted = self.arrays[f"{column}_hash"], hash_texts(pa.array([text]))[0]
        low, high = (int(np.searchsorted(hashes, wanted, side=side)) for side in ("left", "right"))
        return [int(record) for record in self.arrays[f"{column}_record"][low:high]]


def asset_states() -> tuple[str, ...]:
    """The codes of the state column, by number."""
    return tuple(value.code for value in get_dictionary("asset_state").values)


def days_since_1970(text: str | None) -> int:
    """An ISO date, or the beginning of one, as days; `NO_DAY` where there is none."""
    if not text:
        return int(NO_DAY)
    return int(np.datetime64(text, "D").astype(np.int64))
