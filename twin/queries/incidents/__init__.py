"""Incidents as people ask for them: who may know of what, documents, the context of a place in one call, the muster list."""

from twin.queries.incidents.knowing import Knowing
from twin.queries.incidents.live_state import Inside, LiveState

__all__ = ["Inside", "Knowing", "LiveState"]
