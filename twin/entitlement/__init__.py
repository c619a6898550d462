"""What people, units and assets are entitled to: verdicts of rooms and units, energy, furniture, the life of an asset, matching, moving.

Pure: facts and a day in, verdicts with rule, numbers and words in Chinese and English out. It knows no store; the numbers are tables of
`twin.codes`, of which the bureau may lay its own beside the shipped ones.
"""

from twin.entitlement.energy import check_stated_kgce, choose_factors, compare_with_kind, indicators_of, kgce_of
from twin.entitlement.item import ItemLine, check_item, judge_items
from twin.entitlement.lifecycle import OFFERED_STATES, check_step, next_states, next_steps, request_kinds, undecided_states
from twin.entitlement.move import LeftOver, Mover, Proposal, Seat, propose_move
from twin.entitlement.office import Occupant, OfficeRoom, OfficeRule, RoomVerdict, Verdict
from twin.entitlement.room import judge_room
from twin.entitlement.seating import FreeRoom
from twin.entitlement.standard import Limit, Standard, allowed_area, standard_on
from twin.entitlement.stock import Match, Offer, Wish, match_stock
from twin.entitlement.unit import HeldRoom, UnitVerdict, judge_unit

__all__ = [
    "OFFERED_STATES",
    "FreeRoom",
    "HeldRoom",
    "ItemLine",
    "LeftOver",
    "Limit",
    "Match",
    "Mover",
    "Occupant",
    "Offer",
    "OfficeRoom",
    "OfficeRule",
    "Proposal",
    "RoomVerdict",
    "Seat",
    "Standard",
    "UnitVerdict",
    "Verdict",
    "Wish",
    "allowed_area",
    "check_item",
    "check_stated_kgce",
    "check_step",
    "choose_factors",
    "compare_with_kind",
    "indicators_of",
    "judge_items",
    "judge_room",
    "judge_unit",
    "kgce_of",
    "match_stock",
    "next_states",
    "next_steps",
    "propose_move",
    "request_kinds",
    "undecided_states",
    "standard_on",
]
