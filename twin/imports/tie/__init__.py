"""Tie records to the scene and to each other: after every import, from scratch, writing only what differs.

Buildings and rooms of the registers find theirs in the models, the tree of places is brought to both, texts that refer to
units, people and buildings are resolved, then locations, then where assets stand. What stays open is the work list.
"""

from twin.imports.tie.tie import Grounds, Tied, grounds_of, place_anew, placer_of, tie, tree_of

__all__ = ["Grounds", "Tied", "grounds_of", "place_anew", "placer_of", "tie", "tree_of"]
