"""Which record is which room, building and element, and what speaks for and against it.

Pure functions over small dataclasses and columns: they know neither store nor ledger. A text is read into every sense it can
have (`number`, `building`, `storey`), the senses are looked up among what exists (`rooms`, `places`, `elements`), and what
the bulk of a building's numbers does decides between them. What stays ambiguous is never linked: it is an item of the work list.
"""

from twin.link.building import BuildingFact, BuildingIndex, BuildingMatch
from twin.link.elements import ELEMENT_COLUMNS, ElementLinks, element_row, match_elements
from twin.link.facts import Decision, Evidence, Link, Policy, RoomRecord, SpaceFact, Unmatched, WorkItem, default_policy
from twin.link.number import Reading, RoomNumber, parse_number
from twin.link.places import PlaceAnswer, PlaceNode, PlaceText, PlaceTree, resolve_places
from twin.link.revise import Proposal, Revised, RoomOutline, revise_links
from twin.link.rooms import RoomLinks, match_rooms
from twin.link.storey import find_storey

__all__ = [
    "ELEMENT_COLUMNS",
    "BuildingFact",
    "BuildingIndex",
    "BuildingMatch",
    "Decision",
    "ElementLinks",
    "Evidence",
    "Link",
    "PlaceAnswer",
    "PlaceNode",
    "PlaceText",
    "PlaceTree",
    "Policy",
    "Proposal",
    "Reading",
    "Revised",
    "RoomLinks",
    "RoomNumber",
    "RoomOutline",
    "RoomRecord",
    "SpaceFact",
    "Unmatched",
    "WorkItem",
    "default_policy",
    "element_row",
    "find_storey",
    "match_elements",
    "match_rooms",
    "parse_number",
    "resolve_places",
    "revise_links",
]
