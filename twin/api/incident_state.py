"""What routes about incidents and events ask: readers of the hub's file, the desk, the stream, what is live. Set on the app."""

from datetime import UTC, datetime

from fastapi import FastAPI

from twin.codes import Tables
from twin.incidents import AlarmKinds, EventFile, EventLog, IncidentReader
from twin.incidents.desk import IncidentDesk, NoDesk
from twin.incidents.stream import EventStream
from twin.queries.incidents import Inside, Knowing, LiveState
from twin.queries.live.command_log import CommandLog, NoCommandLog
from twin.settings import Settings
from twin.store import Store

__all__ = ["EVENTS", "install_incidents"]

EVENTS = "history/events.sqlite"


def install_incidents(app: FastAPI, settings: Settings, store: Store, tables: Tables) -> None:
    """`app.state.incidents`, `.events`, `.event_stream`, `.knowing` of the file in home; no desk, no live state, no inside lists yet:
    whoever connects to a hub sets `.desk`, `.command_log`, `.live_state`, `.inside` and publishes to `.event_stream`."""
    file = EventFile.open_reading(settings.home / EVENTS)
    kinds = AlarmKinds.on(tables, datetime.now(UTC).date())
    desk: IncidentDesk = NoDesk()
    command_log: CommandLog = NoCommandLog()
    live: LiveState | None = None
    inside: Inside | None = None
    app.state.incidents = IncidentReader(file, kinds)
    app.state.events = EventLog(file)
    app.state.event_stream = EventStream(app.state.events)
    app.state.knowing = Knowing(store)
    app.state.desk = desk
    app.state.command_log = command_log
    app.state.live_state = live
    app.state.inside = inside
