"""Under which label something is told on the bus: decided by what a machine of that label may know of, as at every other door."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from spatial.feature import PUBLIC
from twin.auth import EVERY, Principal, Role
from twin.codes import list_kinds
from twin.incidents.event import Event
from twin.queries.incidents import Knowing
from twin.queries.live.visible import Permitted, Visible
from twin.records.counters import clock_of
from twin.store import Store

__all__ = ["BusLabels", "machine_of"]


def machine_of(label: str) -> Principal:
    """A machine that may hear one label beside the public one, of every site and unit.

    >>> sorted(machine_of("restricted").labels)
    ['public', 'restricted']
    """
    every = frozenset({EVERY})
    return Principal(name=f"machine of {label}", role=Role.INTEGRATOR, labels=frozenset({PUBLIC, label}), scopes=every, units=every)


class BusLabels:
    """What machines of each label may know of, as it was at the last `refresh`: a feature that is younger is nobody's to know of."""

    def __init__(self, store: Store, visible: Visible, knowing: Knowing) -> None:
        self._store, self._visible, self._knowing = store, visible, knowing
        self._mark: object = None
        self._permitted: Sequence[tuple[str, Permitted]] = ()

    def refresh(self) -> bool:
        """Be as the store is now, from a thread; whether anything may have another label than before, as at first.

        Raises StoreUnavailable.
        """
        mark, labels = self._read_mark()
        if mark == self._mark:
            return False
        is_first = self._mark is None
        before, self._permitted = self._permitted, [(label, self._visible.of(machine_of(label), anew=True)) for label in labels]
        self._mark = mark
        return is_first or [(label, one.version) for label, one in before] != [(label, one.version) for label, one in self._permitted]

    def of(self, address: str, features: Collection[str]) -> str | None:
        """The label of a device that is in some features; None where no machine of one label may know of it there."""
        return next((label for label, permitted in self._permitted if permitted.knows(address, features)), None)

    def of_event(self, event: Event) -> str | None:
        """The same of an event, by the labels of then and of now. It may ask the store: call it from a thread."""
        return next((label for label, _ in self._permitted if self._knowing.events_of(machine_of(label))(event)), None)

    def _read_mark(self) -> tuple[Any, list[str]]:
        """What is different whenever a label may be: policies, scenes, registers; and the labels, the public one first."""
        sites = [site.code for site in self._store.list_sites()]
        labels = sorted({label for code in sites for label in self._store.label_policy(code).labels}, key=lambda one: (one != PUBLIC, one))
        scenes = [(code, self._store.scene_revision(code)) for code in sites]
        with self._store.database.reading() as connection:
            clocks = [clock_of(connection, kind.name) for kind in list_kinds()]
        return (labels, scenes, clocks), labels
