"""Tie records to the scene and to each other: after every import, writing only what differs.

Buildings and rooms of the registers find theirs in the models, the tree of places is brought to both, texts that refer to
units, people and buildings are resolved, then locations, then which assets are elements, then where rows stand. What stays open
is the work list. Each step leaves a mark of what it was made of: where that is as before, the next tie passes it by.
"""

from twin.imports.tie.arriving import Placing, open_locations_of, placer_of
from twin.imports.tie.grounds import Grounds, read_grounds
from twin.imports.tie.tie import Tied, tie, tie_if_records

__all__ = ["Grounds", "Placing", "Tied", "open_locations_of", "placer_of", "read_grounds", "tie", "tie_if_records"]
