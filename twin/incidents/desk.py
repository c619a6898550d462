"""Who takes the decisions of people: the hub in a service, the store itself where one process does all."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from twin.errors import NotReady
from twin.incidents.commands import Command
from twin.incidents.event import Event
from twin.incidents.store import Done, IncidentStore

__all__ = ["IncidentDesk", "NoDesk", "StoreDesk", "command_from_json", "command_to_json"]


class IncidentDesk(Protocol):
    """Takes a command and answers when it is on the disk."""

    async def command(self, command: Command) -> int:
        """The incident that it ended in (merged into, split off), when it is committed: readers of the file see it.

        Raises NotFound, Refused (`INCIDENT_CHANGED`, `INCIDENT_STATE` …), StoreUnavailable, NotReady where no hub answers.
        """


class NoDesk:
    """Where no hub runs nothing can be decided."""

    async def command(self, command: Command) -> int:
        """See `IncidentDesk`."""
        raise NotReady("no hub runs here: nothing takes decisions", code="HUB_ABSENT", hint="twin serve starts one")


class StoreDesk:
    """The store of this process; `told` gets the events of what was decided, `now_us` is the clock."""

    def __init__(self, store: IncidentStore, now_us: Callable[[], int], told: Callable[[tuple[Event, ...]], None] = lambda events: None):
        self._store, self._now_us, self._told = store, now_us, told
        self._one = asyncio.Lock()

    async def command(self, command: Command) -> int:
        """See `IncidentDesk`."""
        async with self._one:
            done: Done = await asyncio.to_thread(self._store.command, command, self._now_us())
        self._told(done.events)
        return done.incident


def command_to_json(command: Command) -> dict[str, Any]:
    """A command as it goes to the hub."""
    names = ("name", "incident", "who", "why", "version")
    return {name: getattr(command, name) for name in names} | {"parts": list(command.parts), "facts": dict(command.facts)}


def command_from_json(said: Mapping[str, Any]) -> Command:
    """The same again. Raises KeyError, TypeError, ValueError for anything else."""
    return Command(
        name=str(said["name"]),
        incident=int(said["incident"]),
        who=str(said["who"]),
        why=str(said["why"]),
        version=None if said["version"] is None else str(said["version"]),
        parts=tuple(map(int, said["parts"])),
        facts=dict(said["facts"]),
    )
