"""Stock-takes: opened for places, scanned into, judged at any time, closed once; what a person accepts becomes the asset's location."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from twin.codes import get_kind
from twin.errors import Invalid, NotFound, Refused
from twin.imports.tie import Grounds, read_grounds
from twin.queries.asset_filter import require_place, visible_mask
from twin.queries.assetops.cards import cards_meant, standing_at
from twin.queries.assetops.judge import Card, is_duplicate, judge
from twin.queries.assetops.take_documents import outcome_documents, take_document
from twin.queries.assetops.whereabouts import Whereabouts
from twin.queries.assetops.worklist import note_stock_take
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.records.stocktake import (
    NewScan,
    Outcome,
    StockTake,
    StoredScan,
    TakePlace,
    add_scans,
    close_take,
    count_rows,
    expected_of,
    get_take,
    list_takes,
    open_take,
    outcomes_of,
    require_open,
    scans_of,
)
from twin.records.write import Author, change_fields
from twin.store.values import from_microseconds, to_microseconds

__all__ = [
    "Scan",
    "close_stock_take",
    "open_stock_take",
    "read_stock_take",
    "scan_assets",
    "stock_take_list",
    "stock_take_outcomes",
]

NAME_CHARACTERS, CODE_CHARACTERS, SCANS_AT_ONCE = 200, 200, 5_000
AHEAD = timedelta(minutes=10)
"""How far the clock of a scanner may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A code or tag as it was read. `place` is the id of a place, or else `said` the place in words; without both the one place of the
    stock-take, where it is of one room. `who` empty: whoever sends it."""

    code: str
    at: datetime
    place: int | None = None
    said: Mapping[str, str] | None = None
    who: str = ""
    source: str = "api"


def open_stock_take(registers: Registers, reader: Reader, place_ids: Sequence[int], name: str) -> dict[str, Any]:
    """Open a stock-take of rooms, storeys or buildings: what stands there now is what will be looked for.

    Raises NotFound for a place that is none for this reader, Invalid, Refused (`STOCKTAKE_OPEN`).
    """
    if not name.strip() or len(name) > NAME_CHARACTERS:
        raise Invalid(f"a stock-take has a name of at most {NAME_CHARACTERS} characters", path="name", code="STOCKTAKE_INVALID")
    if not place_ids or len(set(place_ids)) < len(place_ids):
        raise Invalid("a stock-take is of one place or several different ones", path="places", code="STOCKTAKE_INVALID")
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        rows = [view.places.rows[require_place(view, place, reader)] for place in place_ids]
        places = [TakePlace(id=row.id, path=row.path, kind=row.kind, name=row.name, label=row.label) for row in rows]
        expected = standing_at(registers, connection, place_ids, reader)
    with registers.store.database.writing() as connection:
        take_id = open_take(connection, name.strip(), places, expected, who=reader.name, now=registers.now())
    return read_stock_take(registers, reader, take_id)


def scan_assets(registers: Registers, reader: Reader, take_id: int, scans: Sequence[Scan]) -> dict[str, Any]:
    """Take scans in; the same ones sent again add nothing. `unknown_places` are those whose words were not understood: they are kept.

    Raises NotFound, Invalid (`SCAN_INVALID`, with the position in the batch), Refused (`STOCKTAKE_CLOSED`).
    """
    if len(scans) > SCANS_AT_ONCE:
        raise Invalid(
            f"{len(scans)} scans are too many at once", path="scans", code="SCAN_INVALID", hint=f"at most {SCANS_AT_ONCE} a batch"
        )
    grounds = read_grounds(registers.store)
    with registers.store.database.writing() as connection:
        take = _visible_take(registers, connection, reader, take_id)
        require_open(take)
        where = Whereabouts.of(connection, grounds)
        new = _located(where, take, reader, scans, registers.now())
        added = add_scans(connection, take, new, now=registers.now())
    unknown = sum(not one.path for one in new)
    return {"received": len(new), "new": added, "known": len(new) - added, "unknown_places": unknown}


def read_stock_take(registers: Registers, reader: Reader, take_id: int) -> dict[str, Any]:
    """A stock-take with how it stands: `found + found_elsewhere + missing + ambiguous = due`. Raises NotFound."""
    with registers.store.database.reading() as connection:
        take = _visible_take(registers, connection, reader, take_id)
        return take_document(take) | {"counts": _counts(connection, take, _outcomes(registers, connection, take))}


def stock_take_list(registers: Registers, reader: Reader, *, state: str | None = None) -> dict[str, Any]:
    """The stock-takes of places the reader may know of, newest first."""
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        takes = [take for take in list_takes(connection, state=state) if _may_see(take, view.places, reader)]
    return {"stocktakes": [take_document(take) for take in takes]}


def stock_take_outcomes(
    registers: Registers, reader: Reader, take_id: int, *, only: Collection[str] = (), duplicate: bool = False, after: int = 0, limit: int
) -> dict[str, Any]:
    """What came of each asset and each unknown code, as judged now or when it was closed; `after` is the last ordinal seen.

    `only` of these outcomes; `duplicate`: only codes that may be on several things. Each row has its asset as `record`.
    """
    with registers.store.database.reading() as connection:
        take = _visible_take(registers, connection, reader, take_id)
        every = _outcomes(registers, connection, take)
        scans = {scan.id: scan for scan in scans_of(connection, take_id)}
        seen = [
            (ordinal, one)
            for ordinal, one in _visible(registers, connection, reader, every)
            if (not only or one.outcome in only) and (not duplicate or is_duplicate(one))
        ]
        page = [row for row in seen if row[0] > after][: limit + 1]
        rows = outcome_documents(registers, connection, reader, page[:limit], scans)
    return {"numberMatched": len(seen), "outcomes": rows, "next": page[limit - 1][0] if len(page) > limit else None}


def close_stock_take(registers: Registers, reader: Reader, take_id: int, accepted: Mapping[str, int | None]) -> dict[str, Any]:
    """Close a stock-take. Codes in `accepted` get the place they were found in as their location, from the day of the scan, with the
    scan as evidence (None: where it was found; an id says where, for what was read in several places). Nothing else moves: what is
    missing keeps its location and becomes a work item.

    Raises NotFound, Refused (`STOCKTAKE_CLOSED`, `STOCKTAKE_NOT_MOVABLE`, `STOCKTAKE_PLACE_UNNAMED`): then nothing is changed.
    """
    grounds = read_grounds(registers.store)
    with registers.store.database.reading() as connection:
        registers.shelf.assets(connection)  # brought up to date before other writers wait for us
    with registers.store.database.writing() as connection:
        take = _visible_take(registers, connection, reader, take_id)
        require_open(take)
        outcomes = _outcomes(registers, connection, take)
        scans = {scan.id: scan for scan in scans_of(connection, take_id)}
        closed = _accept(registers, connection, grounds, reader, take, outcomes, scans, accepted)
        close_take(connection, take, closed, who=reader.name, now=registers.now())
        note_stock_take(connection, replace(take, state="closed"), closed, now=registers.now())
    if accepted:
        registers.tie(who=reader.name)
    return read_stock_take(registers, reader, take_id)


def _located(where: Whereabouts, take: StockTake, reader: Reader, scans: Sequence[Scan], now: datetime) -> list[NewScan]:
    said = [scan.said or {} for scan in scans]
    found = where.find(said)
    room = take.places[0] if len(take.places) == 1 and take.places[0].kind == "room" else None
    new: list[NewScan] = []
    for at, (scan, words, place) in enumerate(zip(scans, said, found, strict=True)):
        code = unicodedata.normalize("NFKC", scan.code).strip()
        if not code or len(code) > CODE_CHARACTERS:
            raise _invalid(at, f"a code has 1 to {CODE_CHARACTERS} characters")
        if scan.at.tzinfo is None or scan.at > now + AHEAD:
            raise _invalid(at, f"{scan.at} has no time zone or has not come yet")
        if scan.place is not None:
            place = where.by_id.get(scan.place)
            if place is None:
                raise _invalid(at, f"there is no place {scan.place}")
        place_id, path = (place.id, place.path) if place is not None else (None, "")
        if place is None and room is not None and not any(words.values()):
            place_id, path = room.id, room.path
        who = scan.who.strip() or reader.name
        new.append(
            NewScan(code=code, place_id=place_id, path=path, said=words, who=who, at_us=to_microseconds(scan.at), source=scan.source)
        )
    return new


def _invalid(at: int, what: str) -> Invalid:
    return Invalid(f"scan {at}: {what}", path=f"scans[{at}]", code="SCAN_INVALID", hint="correct it and send the whole batch again")


def _outcomes(registers: Registers, connection: Connection, take: StockTake) -> list[Outcome]:
    """As closed, or as judged now."""
    if take.state == "closed":
        return outcomes_of(connection, take.id)
    expected = {one.record_id: one for one in expected_of(connection, take.id)}
    scans = scans_of(connection, take.id)
    meant = cards_meant(registers, connection, {scan.code for scan in scans}, expected)
    cards = [
        Card(record_id=one.record_id, code=one.code, place_id=one.place_id, path=one.path, expected=True, due=one.due)
        for one in expected.values()
    ]
    return judge(cards, meant, scans)


def _accept(
    registers: Registers,
    connection: Connection,
    grounds: Grounds,
    reader: Reader,
    take: StockTake,
    outcomes: Sequence[Outcome],
    scans: Mapping[int, StoredScan],
    accepted: Mapping[str, int | None],
) -> list[Outcome]:
    by_code = {one.code: one for one in outcomes if one.record_id is not None}
    where = Whereabouts.of(connection, grounds)
    moved: dict[str, int] = {}
    for code, given in accepted.items():
        one = by_code.get(code)
        place = given if given is not None else one.found_place_id if one else None
        if one is None or one.scan_id is None or place is None or place not in where.by_id:
            raise Refused(
                f"{code} was not found in a place that is known",
                code="STOCKTAKE_NOT_MOVABLE",
                path=code,
                hint="accept what was found; of what was read in several places say in which one it is",
            )
        _move(registers, connection, where, reader, take, one, scans[one.scan_id], place)
        moved[code] = place
    return [
        replace(one, moved=True, found_place_id=moved[one.code]) if one.record_id is not None and one.code in moved else one
        for one in outcomes
    ]


def _move(
    registers: Registers,
    connection: Connection,
    where: Whereabouts,
    reader: Reader,
    take: StockTake,
    outcome: Outcome,
    scan: StoredScan,
    place: int,
) -> None:
    assert outcome.record_id is not None
    said = scan.said if scan.place_id == place else {}
    now = registers.now()
    author = Author(
        who=reader.name,
        method="stock_take",
        source=f"stock-take {take.id} scan {scan.id}",
        now=now,
        valid_from=min(from_microseconds(scan.at_us), now).date(),
    )
    change_fields(connection, get_kind("asset"), outcome.record_id, where.words(place, said), author)


def _visible_take(registers: Registers, connection: Connection, reader: Reader, take_id: int) -> StockTake:
    take = get_take(connection, take_id)
    if not _may_see(take, registers.shelf.places(connection), reader):
        raise NotFound(f"there is no stock-take {take_id}", path=str(take_id))
    return take


def _may_see(take: StockTake, places: Any, reader: Reader) -> bool:
    if reader.labels is None:
        return True
    known = [(one, places.position(one.id)) for one in take.places]
    return all(places.is_visible(at, reader.labels) if at >= 0 else one.label in reader.labels for one, at in known)


def _visible(registers: Registers, connection: Connection, reader: Reader, outcomes: Sequence[Outcome]) -> list[tuple[int, Outcome]]:
    """The outcomes with their ordinals, without assets that the reader may not know of."""
    numbered = list(enumerate(outcomes, 1))
    if reader.sees_all:
        return numbered
    view = registers.shelf.assets(connection)
    mask = visible_mask(view, reader)
    assert mask is not None

    def seen(one: Outcome) -> bool:
        position = view.columns.position_of(one.record_id) if one.record_id is not None else -1
        return one.record_id is None or (position >= 0 and bool(mask[position]))

    return [row for row in numbered if seen(row[1])]


def _counts(connection: Connection, take: StockTake, outcomes: Sequence[Outcome]) -> dict[str, int]:
    due = Counter(one.outcome for one in outcomes if one.due)
    others = Counter(one.outcome for one in outcomes if not one.due)
    counts = count_rows(connection, take.id)
    counts |= {name: due[name] for name in ("found", "found_elsewhere", "missing", "ambiguous")}
    counts["brought"] = others["found_elsewhere"]
    counts |= {name: others[name] for name in ("unexpected", "not_due", "outside")}
    counts["duplicate"] = sum(map(is_duplicate, outcomes))
    return counts | {"findings": sum(len(one.findings) for one in outcomes), "moved": sum(one.moved for one in outcomes)}
