"""Events with one sequence, and incidents: alarms grouped by place and time, none dropped.

`EventFile` is the SQLite file of both, written by the hub alone and read by workers; `EventLog` its sequence of events. An alarm
belongs to exactly one *part* of one incident: a part holds what is protected alike, so that a reader who may not know of a place
meets neither the part, its count, its events nor its state. Grouping and damping are pure: alarms, state and `now` in, changes out.
"""

from twin.incidents.alarms import Alarms, Spot
from twin.incidents.commands import Command
from twin.incidents.event import Event
from twin.incidents.events import EventLog, Replay
from twin.incidents.file import EventFile
from twin.incidents.kinds import AlarmKinds
from twin.incidents.reading import Asked, IncidentReader, Page
from twin.incidents.state import Status
from twin.incidents.store import Done, IncidentStore
from twin.incidents.view import Knows, View

__all__ = [
    "AlarmKinds",
    "Alarms",
    "Asked",
    "Command",
    "Done",
    "Event",
    "EventFile",
    "EventLog",
    "IncidentReader",
    "IncidentStore",
    "Knows",
    "Page",
    "Replay",
    "Spot",
    "Status",
    "View",
]
