"""The words of the demo's registers, read from the tables in `data/`, and drawing from them."""

import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["draw", "expand", "people_names", "table", "take"]

DATA = Path(__file__).parent / "data"


@cache
def table(name: str) -> dict[str, Any]:
    """The table `data/NAME.toml`."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def take(words: pa.Array | Sequence[str], at: NDArray[Any]) -> pa.Array:
    """The words at positions; a negative position is null."""
    values = words if isinstance(words, pa.Array) else pa.array(words, pa.string())
    return values.take(pa.array(at, mask=np.asarray(at) < 0))


def draw(rng: np.random.Generator, weights: Sequence[float] | NDArray[Any], size: int) -> NDArray[np.int64]:
    """Positions drawn with weights, as int64."""
    edges = np.cumsum(np.asarray(weights, np.float64))
    return np.asarray(np.searchsorted(edges, rng.random(size) * edges[-1], side="right"), np.int64)


def expand(pattern: str) -> list[str]:
    """Every text a pattern stands for: "{A|B}-{1|2}" is A-1, A-2, B-1, B-2."""
    parts = [piece.split("|") for piece in pattern.replace("{", "\0{").replace("}", "\0").split("\0")]
    choices = [[choice.removeprefix("{") for choice in part] for part in parts]
    return ["".join(one).strip() for one in product(*choices)]


def people_names(rng: np.random.Generator, size: int) -> list[str]:
    """Names of people: a surname by its share, then one or two characters; some repeat, as they do."""
    words = table("people")
    surnames, shares = zip(*(pair.split() for pair in words["surnames"].split(",")), strict=True)
    family = draw(rng, [float(share) for share in shares], size).tolist()
    double = (rng.random(size) < 0.84).tolist()
    single, first, second = words["single"], words["first"], words["second"]
    one = rng.integers(0, len(single), size).tolist()
    two, three = rng.integers(0, len(first), size).tolist(), rng.integers(0, len(second), size).tolist()
    return [
        surnames[f] + (first[b] + second[c] if both else single[a])
        for f, both, a, b, c in zip(family, double, one, two, three, strict=True)
    ]
