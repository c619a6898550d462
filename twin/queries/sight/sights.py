"""The sites of a process that lines of sight are asked of, each as the store has it now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from twin.queries.sight.site import SiteSight, drawn_state, read_drawn, read_live
from twin.settings import Settings
from twin.store import Store

__all__ = ["Sights"]


class Sights:
    """One for all threads of a process. A site's cameras, perimeter and labels follow the store with every question.

    Triangles follow it too where `rebuild` is set; else those first built are kept, what is asked meanwhile is told to be
    `outdated`, and `stale` says so: who holds the scene in a process of its own is replaced by another process.
    """

    def __init__(self, store: Store, settings: Settings, *, rebuild: bool = True) -> None:
        self.store = store
        self._settings = settings
        self._rebuild = rebuild
        self._lock = threading.Lock()
        self._sites: dict[str, SiteSight] = {}

    def of(self, code: str) -> SiteSight:
        """A site as the store has it now, built where nobody has asked before; raises SiteUnknown, SightLibraryMissing."""
        revision = self.store.scene_revision(code)
        with self._lock:
            kept = self._sites.get(code)
            if kept is None or kept.live.revision != revision:
                self._sites[code] = kept = self._read(code, kept)
            return kept

    def warm(self, progress: Callable[[str], None] = lambda _: None) -> None:
        """Build every site that has something to draw; the others are built where somebody asks."""
        for site in self.store.list_sites():
            if drawn_state(self.store, site.code):
                with self._lock:
                    self._sites[site.code] = self._read(site.code, None, progress)

    def stale(self) -> bool:
        """Whether the store has other triangles than were built here."""
        with self._lock:
            kept = {code: sight.drawn.state for code, sight in self._sites.items()}
        return any(kept.get(site.code, ()) != drawn_state(self.store, site.code) for site in self.store.list_sites())

    def draws(self) -> bool:
        """Whether any site has something to draw."""
        return any(drawn_state(self.store, site.code) for site in self.store.list_sites())

    def _read(self, code: str, kept: SiteSight | None, progress: Callable[[str], None] = lambda _: None) -> SiteSight:
        other = kept is not None and kept.drawn.state != drawn_state(self.store, code)
        if kept is None or (other and self._rebuild):
            drawn = read_drawn(self.store, self._settings, code, progress=progress)
            return SiteSight(drawn=drawn, live=read_live(self.store, code, drawn.frame))
        return replace(kept, live=read_live(self.store, code, kept.drawn.frame), outdated=other)
