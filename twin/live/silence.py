"""How long a device may say nothing before it is called silent, and of which kinds that is an alarm, as rows of `silence.toml`."""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["alarming_kinds", "silent_after_us"]


def silent_after_us(addresses: Sequence[str]) -> NDArray[np.int64]:
    """Microseconds for each device by its address.

    >>> silent_after_us(["vehicle/闽A12345"]).tolist()
    [600000000]
    """
    after, otherwise, _ = _table()
    return np.fromiter((after.get(address.partition("/")[0], otherwise) for address in addresses), dtype=np.int64, count=len(addresses))


def alarming_kinds() -> frozenset[str]:
    """The kinds of devices that guard something: that one of them fell silent is an alarm.

    >>> "camera" in alarming_kinds(), "vehicle" in alarming_kinds()
    (True, False)
    """
    return _table()[2]


@cache
def _table() -> tuple[dict[str, int], int, frozenset[str]]:
    table = tomllib.loads(files("twin.live").joinpath("silence.toml").read_text(encoding="utf-8"))
    after = {kind: seconds * 1_000_000 for kind, seconds in table["after"].items()}
    return after, int(table["otherwise"]) * 1_000_000, frozenset(table["alarming"])
