"""Rows of totals and subtotals, which ledgers lay between their records."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["find_sums", "is_sum"]

WORD = re.compile(
    r"^(?:[本全]?[页单位级年月]*)?(?:合\s*计|小\s*计|总\s*计|共\s*计|累\s*计|(?:sub|grand)?[ -]?totals?|sum)\s*[:：]?$", re.IGNORECASE
)
PATTERN = r"计|[tT][oO][tT][aA][lL]|[sS][uU][mM]"


def is_sum(text: str) -> bool:
    """Whether a cell names a row of sums: 合计, 本页小计, Grand Total."""
    return bool(WORD.match(text.strip()))


def find_sums(keys: "pa.Array", cells: "Sequence[pa.Array]", unnamed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows (n,) whose key is such a word, or which have no key and begin with one."""
    import pyarrow.compute as pc

    suspects = pc.fill_null(pc.match_substring_regex(keys, PATTERN), False).to_numpy(zero_copy_only=False)
    found = np.zeros(len(unnamed), bool)
    for at in np.flatnonzero(suspects).tolist():
        found[at] = is_sum(keys[at].as_py())
    for at in np.flatnonzero(unnamed).tolist():
        first = next((text for column in cells if (text := column[at].as_py()).strip()), "")
        found[at] = is_sum(first)
    return found
