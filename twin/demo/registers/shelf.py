"""The catalogue of things as flat columns, so that a hundred thousand cards are drawn at once."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twin.demo.registers.vocabulary import expand, table

__all__ = ["USES", "Shelf", "Words", "shelf"]

USES = ("办公室", "服务用房", "设备用房", "附属用房", "技术业务用房", "公共部位")
WHERE = {"office": 0, "service": 1, "equipment": 2, "annex": 3, "technical": 4, "circulation": 5, "building": -2, "none": -1}
Words = tuple[pa.Array, NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Items by position; `names`, `specs`, `brands` are (words, first, count) where item i has words[first[i] : first[i] + count[i]].

    Values in fen (median), lives in months, `where` a position in `USES`, −1 for what stands nowhere, −2 for what is a building itself.
    """

    codes: pa.Array
    old_codes: pa.Array
    has_old: NDArray[np.bool_]
    names: Words
    specs: Words
    brands: Words
    measures: pa.Array
    share: NDArray[np.float64]
    median_fen: NDArray[np.float64]
    sigma: NDArray[np.float64]
    life: NDArray[np.int64]
    where: NDArray[np.int64]
    serialled: NDArray[np.bool_]

    def find(self, prefix: str) -> int:
        """The first item whose code begins with as much of `prefix` as any does."""
        codes = self.codes.to_pylist()
        for length in range(len(prefix), 0, -1):
            for at, code in enumerate(codes):
                if code.startswith(prefix[:length]):
                    return at
        return 0


@cache
def shelf() -> Shelf:
    """The catalogue of `data/things.toml`."""
    words = table("things")
    items: list[dict[str, Any]] = words["item"]
    codes = [item["code"] for item in items]
    return Shelf(
        codes=pa.array(codes),
        old_codes=pa.array([item.get("old") for item in items], pa.string()),
        has_old=np.array(["old" in item for item in items]),
        names=_flat([item["names"].split("|") for item in items]),
        specs=_flat([expand(item["spec"]) for item in items]),
        brands=_flat([words["brands"][item["brands"]].split(",") for item in items]),
        measures=pa.array([item["measure"] for item in items]),
        share=np.array([item["share"] for item in items], np.float64),
        median_fen=np.array([item["median"] * 100 for item in items], np.float64),
        sigma=np.array([item["sigma"] for item in items], np.float64),
        life=np.array([item["life"] for item in items]),
        where=np.array([WHERE[item["where"]] for item in items]),
        serialled=np.array([code.startswith("A02") for code in codes]),
    )


def _flat(lists: list[list[str]]) -> Words:
    counts = np.array([len(words) for words in lists])
    return pa.array([word for words in lists for word in words]), np.cumsum(counts) - counts, counts
