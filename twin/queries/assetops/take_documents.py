"""Stock-takes and their outcomes as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from twin.codes import get_kind
from twin.queries.records.context import Registers
from twin.queries.records.documents import place_document
from twin.queries.records.named import named_records
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.scope import Reader
from twin.records.stocktake import Outcome, StockTake, StoredScan
from twin.store.values import from_microseconds

__all__ = ["outcome_documents", "take_document"]


def take_document(take: StockTake) -> dict[str, Any]:
    """A stock-take: where, since when, by whom."""
    return {
        "id": take.id,
        "name": take.name,
        "state": take.state,
        "places": [{"id": one.id, "kind": one.kind, "name": one.name} for one in take.places],
        "opened_at": from_microseconds(take.opened_us).isoformat(),
        "opened_by": take.opened_by,
        "closed_at": None if take.closed_us is None else from_microseconds(take.closed_us).isoformat(),
        "closed_by": take.closed_by,
    }


def outcome_documents(
    registers: Registers, connection: Connection, reader: Reader, outcomes: Sequence[tuple[int, Outcome]], scans: Mapping[int, StoredScan]
) -> list[dict[str, Any]]:
    """Outcomes with their ordinals: of which asset (`record`, None where no card stands), where it should be and was found, the scan."""
    ids = {one.record_id for _, one in outcomes if one.record_id is not None}
    records = named_records(registers, connection, reader, ids, [get_kind("asset")])
    places = registers.shelf.places(connection)
    return [
        {
            "ordinal": ordinal,
            "outcome": one.outcome,
            "code": one.code,
            "record": records.get(one.record_id or 0),
            "due": one.due,
            "expected": _place(places, one.expected_place_id, reader),
            "found": _place(places, one.found_place_id, reader),
            "scan": _scan(scans.get(one.scan_id or 0)),
            "findings": list(one.findings),
            "moved": one.moved,
        }
        for ordinal, one in outcomes
    ]


def _place(places: PlaceTree, place_id: int | None, reader: Reader) -> dict[str, Any] | None:
    """A place with the way to it; one that is gone or not for the reader has no name."""
    if place_id is None:
        return None
    position = places.position(place_id)
    seen = position != NOWHERE and places.is_visible(position, reader.labels)
    return (place_document(places, position) if seen else None) or {"id": place_id, "name": None, "path": []}


def _scan(scan: StoredScan | None) -> dict[str, Any] | None:
    if scan is None:
        return None
    return {"id": scan.id, "code": scan.code, "at": from_microseconds(scan.at_us).isoformat(), "who": scan.who, "source": scan.source}
