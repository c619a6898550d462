"""What is worked out once for a network and asked often: searches made ready, and answers that depend on nothing else."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from spatial.route import Mode, RouteGraph
from spatial.ways import Cost, Ways

__all__ = ["Searches"]

MOST = 8
"""Ready searches and answers kept of one network; a search of 350,000 edges is 11 MB."""
T = TypeVar("T")


class Searches:
    """Kept for one graph, that is for one revision and one set of labels; safe to share between threads, the least used is forgotten."""

    def __init__(self, graph: RouteGraph) -> None:
        self._graph = graph
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.RLock()

    def ways(self, modes: frozenset[Mode], cost: Cost) -> Ways:
        """Everything open by these modes, ready to be searched; close edges with `Ways.without`."""
        return self.once((modes, cost), lambda: Ways.of(self._graph, is_open=self._graph.open_edges(modes=modes), cost=cost))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` made when it was first asked for by this key."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            found: T = self._kept[key]
            return found
