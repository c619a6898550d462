"""How many wrong keys came from whom: counted in bounded memory, each worker by itself."""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from twin.errors import TooManyFailures

__all__ = ["Failures", "network_of"]


class Failures:
    """At most `limit` failures a name (an address, a prefix) within `window_s` seconds; the `kept` names that failed last are known."""

    def __init__(self, *, limit: int = 20, window_s: float = 60.0, kept: int = 10_000) -> None:
        self._limit = limit
        self._window_s = window_s
        self._kept = kept
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._counts)

    def check(self, names: Iterable[str], now_s: float) -> None:
        """Raise TooManyFailures where one of the names has had its share; `now_s` are seconds of a clock that only goes on."""
        with self._lock:
            for name in names:
                since_s, number = self._counts.get(name, (now_s, 0))
                left_s = since_s + self._window_s - now_s
                if number >= self._limit and left_s > 0:
                    raise TooManyFailures("too many wrong keys", retry_s=math.ceil(left_s))

    def count(self, names: Iterable[str], now_s: float) -> None:
        """One more failure of each name; a window that has passed begins anew."""
        with self._lock:
            for name in names:
                since_s, number = self._counts.pop(name, (now_s, 0))
                self._counts[name] = (since_s, number + 1) if now_s - since_s < self._window_s else (now_s, 1)
            while len(self._counts) > self._kept:
                self._counts.popitem(last=False)


def network_of(host: str) -> str:
    """What one client can change at will counts as one: an IPv6 address is its /64.

    >>> network_of("2001:db8::7"), network_of("10.0.0.7")
    ('2001:db8::/64', '10.0.0.7')
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host
