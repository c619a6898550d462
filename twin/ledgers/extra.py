"""What a ledger says beyond the columns of its kind, kept as JSON: `{"车位": "3"}`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from twin.codes import fold

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["join_extra"]


def join_extra(cells: "Sequence[pa.Array]", unmapped: Sequence[tuple[int, str]], empty: frozenset[str]) -> "pa.StringArray":
    """The JSON object (n,) of the cells that say something under their headers, null where none does; `empty` are words for nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    count = len(cells[0]) if cells else 0
    pieces = [
        _members(cells[index], json.dumps(name, ensure_ascii=False), empty) for index, name in sorted(unmapped, key=lambda pair: pair[1])
    ]
    if not pieces or not count:
        return pa.nulls(count, pa.string())
    joined = pc.binary_join_element_wise(*pieces, "")
    body = pc.utf8_slice_codeunits(joined, 0, -1)
    objects = pc.binary_join_element_wise("{", body, "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), objects)


def _members(texts: "pa.Array", name: str, empty: frozenset[str]) -> "pa.Array":
    """`"name":"text",` for each text, nothing for a blank one."""
    import pyarrow as pa

    coded = texts if isinstance(texts, pa.DictionaryArray) else texts.dictionary_encode()
    distinct = [
        f"{name}:{json.dumps(text, ensure_ascii=False)}," if text.strip() and fold(text) not in empty else ""
        for text in coded.dictionary.to_pylist()
    ]
    return pa.array(distinct, pa.string()).take(pa.array(coded.indices.to_numpy().astype(np.int64)))
