"""Things that others describe to the twin by SensorThings: entities and observations in `history/things.sqlite`.

What the registers know is not here: `twin.queries.things` derives it. The nouns and their members are the rows of
`types.py` (OGC 18-088 §8), one file holds all (WAL, FULL), an entity that was deleted leaves its number behind.
"""

from twin.live.things.cache import Entities, EntityCache
from twin.live.things.entity import Entity, Id, id_order
from twin.live.things.store import Extent, ObservationRow, ThingStore, Writing
from twin.live.things.types import TYPES, EntityType, find_type

__all__ = [
    "TYPES",
    "Entities",
    "Entity",
    "EntityCache",
    "EntityType",
    "Extent",
    "Id",
    "ObservationRow",
    "ThingStore",
    "Writing",
    "find_type",
    "id_order",
]
