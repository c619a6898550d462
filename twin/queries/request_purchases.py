"""A purchase: what the stock says before it is decided; what serves it is handed over by transfers, what is bought names its cards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from twin.codes import get_kind
from twin.errors import Invalid, Refused
from twin.queries.assetops.stock import stock_matches, wish_of
from twin.queries.records.context import Registers
from twin.records.read import get_record
from twin.records.requests import NewRequest, Request, add_request, get_request, take_request_step
from twin.records.scope import Reader, owners_of
from twin.records.unit_tree import UnitTree

__all__ = ["cards_entered", "file_transfers", "purchase_facts"]


def purchase_facts(
    registers: Registers, connection: Connection, kind: str, payload: Mapping[str, Any], to: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What the stock says at a step of a purchase, whoever takes it; nothing for any other step.

    `matches` from the day it is filed and again when it is matched; `served_by` (asset → its unit) when stock serves it; when it is
    approved, that nothing fits: where something does, the step needs a `no_match_reason` from who takes it. Raises Refused
    (`STEP_BLOCKED`) where stock has less than is asked for.
    """
    if kind != "purchase" or to not in ("submitted", "matched", "served", "approved"):
        return {}
    found = stock_matches(registers, connection, wish_of(payload), Reader(name="stock"))
    if to in ("submitted", "matched"):
        return {"matches": found}
    if to == "served":
        if found["served"] < found["wanted"]:
            message = f"stock has {found['served']:g} of the {found['wanted']:g} that are asked for"
            raise Refused(message, code="STEP_BLOCKED", path="to", hint="GET /assets/matches; agree to buy, or ask for less")
        return {"served_by": {one["asset"]: one["unit"] for one in found["matches"] if one["taken"] > 0}}
    if found["numberMatched"]:
        return {"no_match_reason": str(facts.get("no_match_reason") or payload.get("no_match_reason") or "").strip()}
    return {"no_match_reason": f"{registers.today()}: 闲置资产和公物仓中无可调剂 · nothing idle or pooled fits"}


def file_transfers(connection: Connection, request: Request, known: Mapping[str, Any], *, who: str, now: datetime) -> list[int]:
    """The ids of the transfers of what serves a purchase, one for each unit that has some of it; its own idle assets need none."""
    unit = request.payload.get("unit")
    if not unit:
        raise Invalid("unit: whose wish is it?", path="unit", code="STEP_FACT_MISSING", hint="file the purchase with its unit")
    of_unit: dict[str, list[str]] = {}
    for asset, owner in known["served_by"].items():
        if owner != unit:
            of_unit.setdefault(owner or "", []).append(asset)
    found = []
    for owner, assets in sorted(of_unit.items()):
        records = [get_record(connection, get_kind("asset"), asset).id for asset in assets]
        payload = {"assets": assets, "unit": unit, "purchase": request.id}
        new = NewRequest(kind="transfer", records=records, payload=payload, applicant=request.applicant, unit=owner or None)
        transfer = get_request(connection, add_request(connection, new, now=now))
        take_request_step(connection, transfer, "submitted", who=who, note=f"request {request.id}", now=now, closed=False)
        found.append(transfer.id)
    return found


def cards_entered(connection: Connection, units: UnitTree, request: Request, facts: Mapping[str, Any]) -> tuple[int, ...]:
    """The records of the cards that a purchase ended in: of its class, and of its unit or one below. Raises Invalid, NotFound."""
    cards = facts.get("cards")
    if not isinstance(cards, list) or not all(isinstance(card, str) for card in cards):
        raise _wrong("the codes of the cards that were entered")
    kind, payload = get_kind("asset"), request.payload
    records = [get_record(connection, kind, card) for card in dict.fromkeys(cards)]
    own = units.permitted([payload["unit"]]) if payload.get("unit") else None
    for record in records:
        said = (record.values["class_edition"], record.values["class_code"] or "")
        if said[0] != payload["class_edition"] or not said[1].startswith(payload["class_code"]):
            raise _wrong(f"{record.key} is of class {said[1]} ({said[0]})")
        if own is not None and not own.intersection(owners_of(kind, record, units)):
            raise _wrong(f"{record.key} is of another unit")
    return tuple(record.id for record in records)


def _wrong(what: str) -> Invalid:
    return Invalid(f"cards: {what}", path="cards", code="REQUEST_INVALID", hint="enter the cards first, then name them")
