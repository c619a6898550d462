"""Whether a reader may know of what happened at a place: by the labels of then, and by the label the place has now."""

import threading
from collections.abc import Callable

from twin.auth import EVERY, Action, Principal, allows, permitted_labels
from twin.errors import SiteUnknown
from twin.incidents import Event, Knows
from twin.incidents.event import COMMAND
from twin.store import Store

__all__ = ["Knowing"]

MOST_KEPT = 100_000


class Knowing:
    """Asks the store for labels of places, once a scene revision each; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[tuple[str, int], dict[str, str | None]] = {}
        self._lock = threading.Lock()

    def of(self, principal: Principal) -> Knows:
        """What the principal may know of at this moment: ask anew for each question, not for a life.

        A site in their scope; every label that was needed then; the label of the most protected place now. What was recorded without
        any label only those know of who may know of every label.
        """
        labels = permitted_labels(principal)
        revisions: dict[str, int | None] = {}

        def knows(site: str, place: str | None, needed: tuple[str, ...]) -> bool:
            if not principal.scopes & {EVERY, site}:
                return False
            if labels is None:
                return True
            if not needed or not labels.issuperset(needed):
                return False
            if place is None:
                return True
            if site not in revisions:
                revisions[site] = self._revision(site)
            revision = revisions[site]
            if revision is None:
                return False
            now = self._label(site, revision, place)
            return now is None or now in labels

        return knows

    def events_of(self, principal: Principal) -> Callable[[Event], bool]:
        """The same of events. What vehicles were told is for who tells them, and for auditors."""
        knows = self.of(principal)
        commands = allows(principal, Action.COMMAND_VEHICLE) or allows(principal, Action.READ_AUDIT)
        return lambda event: (commands or event.type != COMMAND) and knows(event.site, event.place, event.labels)

    def _revision(self, site: str) -> int | None:
        try:
            return self._store.scene_revision(site)
        except SiteUnknown:
            return None

    def _label(self, site: str, revision: int, place: str) -> str | None:
        """The label of a feature now, None where there is no such feature (any more)."""
        with self._lock:
            if sum(map(len, self._kept.values())) > MOST_KEPT:
                self._kept.clear()
            for key in [key for key in self._kept if key[0] == site and key[1] != revision]:
                del self._kept[key]
            known = self._kept.setdefault((site, revision), {})
        if place not in known:
            row = self._store.find_features([place], None, site=site).get(place)
            known[place] = None if row is None else row.feature.label
        return known[place]
