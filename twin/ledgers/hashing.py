"""64-bit hashes of texts and rows: equal for equal cells whatever the order of rows and columns, in whatever process."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["hash_rows", "hash_text", "hash_texts"]

WIDEST = 64
MULTIPLY = np.uint64(0xBF58476D1CE4E5B9)
AGAIN = np.uint64(0x94D049BB133111EB)
LENGTH = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(31)


def hash_text(text: str) -> int:
    """The hash of one text, for what is hashed once (a column's name, a mapping)."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def hash_texts(texts: "pa.Array") -> NDArray[np.uint64]:
    """The hash (n,) of each text of an array without nulls, plain or dictionary: whether it repeats does not change it."""
    import pyarrow as pa

    if isinstance(texts, pa.DictionaryArray):
        codes: NDArray[np.int32] = texts.indices.to_numpy()
        return hash_texts(texts.dictionary)[codes]
    sizes = _sizes(texts)
    if not len(sizes):
        return np.empty(0, np.uint64)
    hashes = sizes.astype(np.uint64) * LENGTH
    if sizes.max() <= WIDEST:
        return _hash_words(texts, sizes, hashes)
    long = sizes > WIDEST
    hashes[~long] = _hash_words(texts.filter(pa.array(~long)), sizes[~long], hashes[~long])
    hashes[long] = [hash_text(text) for text in texts.filter(pa.array(long)).to_pylist()]
    return hashes


def hash_rows(columns: Sequence[tuple[str, NDArray[np.uint64]]], seed: int, rows: int) -> NDArray[np.uint64]:
    """The hash (rows,) of cells under their columns' names; the order of the columns does not matter."""
    total = np.full(rows, seed, np.uint64)
    for name, hashes in columns:
        total += _mixed(hashes ^ np.uint64(hash_text(name)))
    return _mixed(total)


def _sizes(texts: "pa.Array") -> NDArray[np.int64]:
    if not len(texts):
        return np.empty(0, np.int64)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.diff(offsets).astype(np.int64)


def _hash_words(texts: "pa.Array", sizes: NDArray[np.int64], hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix each text's own words of eight bytes, the last padded with zeros, into the hash of its length."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = -(-int(sizes.max(initial=0)) // 8)
    if not words:
        return hashes
    padded = pc.ascii_rpad(texts.cast(pa.string()), width=8 * words, padding="\0")
    start = np.frombuffer(padded.buffers()[1], np.int32)[padded.offset]
    matrix = np.frombuffer(padded.buffers()[2], np.uint64, len(hashes) * words, int(start)).reshape(-1, words)
    shortest = int(sizes.min())
    for word in range(words):
        mixed = _mixed(hashes ^ matrix[:, word])
        hashes = mixed if shortest > 8 * word else np.where(sizes > 8 * word, mixed, hashes)
    return hashes


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64-bit numbers that spreads each bit over all (SplitMix64)."""
    values = (values ^ (values >> SHIFT)) * MULTIPLY
    values = (values ^ (values >> SHIFT)) * AGAIN
    return values ^ (values >> SHIFT)
