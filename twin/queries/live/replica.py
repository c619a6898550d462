"""A worker's copy of the hub's state, brought up to date as the hub tells it; whoever waits for what is new is woken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.live.changes import Changes
from twin.live.state import LiveState

__all__ = ["Replica"]


class Replica:
    """`state` is to be read in the loop that `take` is called in; `is_current` is False until the hub has told all of it, and again
    when it was lost."""

    def __init__(self) -> None:
        self.state = LiveState()
        self.is_current = False
        self.heard: list[Callable[[list[dict[str, Any]] | None], None]] = []

    def take(self, changes: Changes) -> None:
        """What the hub tells: all of the state first, then what changed."""
        self.state.follow(changes)
        self.is_current = True

    def lose(self) -> None:
        """The hub is away: what is known is as old as it is."""
        self.is_current = False

    def hear(self, events: list[dict[str, Any]] | None) -> None:
        """Events that the hub tells; None: some may have been missed."""
        for listener in self.heard:
            listener(events)
