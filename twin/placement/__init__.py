"""Where each asset stands: its BIM element, else a stable spot in its room, else its storey, building, site or unit's address.

Columns in, columns out; no store, no clock. A slot number, once given, is a place: it stays with the asset while others come and
go. What cannot be placed says why.
"""

from twin.placement.decide import Assets, Elements, Method, Placement, Reason, place_assets
from twin.placement.intangible import IntangibleClass, is_intangible, list_intangible_classes
from twin.placement.places import PlaceKind, Places
from twin.placement.slots import Taken, assign_slots

__all__ = [
    "Assets",
    "Elements",
    "IntangibleClass",
    "Method",
    "PlaceKind",
    "Placement",
    "Places",
    "Reason",
    "Taken",
    "assign_slots",
    "is_intangible",
    "list_intangible_classes",
    "place_assets",
]
