"""Stock-takes as stored: opened for places with what is expected there, scans as they come, what came of it when it was closed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from twin.errors import NotFound, Refused
from twin.records.counters import take_ids
from twin.store import stocktake_schema as schema
from twin.store.database import put_rows
from twin.store.values import from_json, to_json, to_microseconds

__all__ = [
    "Expected",
    "NewScan",
    "Outcome",
    "StockTake",
    "StoredScan",
    "TakePlace",
    "add_scans",
    "close_take",
    "count_rows",
    "expected_of",
    "get_take",
    "list_takes",
    "open_take",
    "outcomes_of",
    "require_open",
    "scans_of",
]

TAKE, EXPECTED, SCAN, OUTCOME = (table.c for table in (
    schema.stock_take, schema.stock_take_expected, schema.stock_take_scan, schema.stock_take_outcome
))  # fmt: skip
OPEN, CLOSED = "open", "closed"
AT_ONCE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePlace:
    """A place a stock-take is of, as it was when the take was opened; `path` is the ids from the root down, `/1/5/8/`."""

    id: int
    path: str
    kind: str
    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTake:
    """A stock-take; times in microseconds since 1970 UTC."""

    id: int
    name: str
    places: tuple[TakePlace, ...]
    state: str
    opened_us: int
    opened_by: str
    closed_us: int | None
    closed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An asset that stood there at the opening; `due` says whether it must be found."""

    record_id: int
    code: str
    tag: str | None
    place_id: int | None
    path: str
    state: str | None
    due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScan:
    """A code as read, where (`path` empty where that is not known), by whom and when; `said` is the place in words."""

    code: str
    place_id: int | None
    path: str
    said: Mapping[str, str]
    who: str
    at_us: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScan:
    """A scan with its number."""

    id: int
    code: str
    place_id: int | None
    path: str
    said: Mapping[str, str]
    who: str
    at_us: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one asset or one unknown code; `outcome` and `findings` are those of `twin.queries.assetops.judge`."""

    outcome: str
    code: str
    record_id: int | None
    expected_place_id: int | None
    found_place_id: int | None
    scan_id: int | None
    due: bool
    findings: tuple[str, ...] = ()
    moved: bool = False


def open_take(
    connection: Connection, name: str, places: Sequence[TakePlace], expected: Iterable[Expected], *, who: str, now: datetime
) -> int:
    """The id of a new stock-take; raises Refused (`STOCKTAKE_OPEN`) where another that is open covers one of the places or lies in it."""
    for other in list_takes(connection, state=OPEN):
        shared = [ours for ours in places for theirs in other.places if _overlap(ours.path, theirs.path)]
        if shared:
            raise Refused(
                f"stock-take {other.id} {other.name} is open there: {shared[0].name}",
                code="STOCKTAKE_OPEN",
                path=str(other.id),
                hint="scan into that one, or close it first",
            )
    take_id = take_ids(connection, "stock_take")
    facts = [{"id": one.id, "path": one.path, "kind": one.kind, "name": one.name, "label": one.label} for one in places]
    connection.execute(
        insert(schema.stock_take).values(
            id=take_id, name=name, places=to_json(facts), state=OPEN, opened_us=to_microseconds(now), opened_by=who
        )
    )
    names = ("take_id", "record_id", "code", "tag", "place_id", "path", "state", "due")
    rows = [(take_id, one.record_id, one.code, one.tag, one.place_id, one.path, one.state, int(one.due)) for one in expected]
    put_rows(connection, schema.stock_take_expected, names, rows)
    return take_id


def add_scans(connection: Connection, take: StockTake, scans: Sequence[NewScan], *, now: datetime) -> int:
    """Keep the scans that are not there yet and tell how many: what is sent again changes nothing. Raises `STOCKTAKE_CLOSED`."""
    require_open(take)
    digests = _digests(scans)
    known: set[str] = set()
    for start in range(0, len(digests), AT_ONCE):
        part = digests[start : start + AT_ONCE]
        known |= set(connection.execute(select(SCAN.digest).where(SCAN.take_id == take.id, SCAN.digest.in_(part))).scalars())
    new = [(digest, scan) for digest, scan in zip(digests, scans, strict=True) if digest not in known]
    if not new:
        return 0
    first, received = take_ids(connection, "stock_take_scan", len(new)), to_microseconds(now)
    names = ("id", "take_id", "digest", "code", "place_id", "path", "said", "who", "at_us", "received_us", "source")
    rows = [
        (first + at, take.id, digest, one.code, one.place_id, one.path, to_json(dict(one.said)), one.who, one.at_us, received, one.source)
        for at, (digest, one) in enumerate(new)
    ]
    put_rows(connection, schema.stock_take_scan, names, rows)
    return len(new)


def close_take(connection: Connection, take: StockTake, outcomes: Sequence[Outcome], *, who: str, now: datetime) -> None:
    """Close a stock-take with its outcomes as they are now judged; it is never opened again. Raises `STOCKTAKE_CLOSED`."""
    require_open(take)
    names = (
        "take_id",
        "ordinal",
        "outcome",
        "code",
        "record_id",
        "expected_place_id",
        "found_place_id",
        "scan_id",
        "due",
        "moved",
        "findings",
    )
    rows = [
        (take.id, at, *(getattr(one, name) for name in names[2:8]), int(one.due), int(one.moved), to_json(list(one.findings)))
        for at, one in enumerate(outcomes, 1)
    ]
    put_rows(connection, schema.stock_take_outcome, names, rows)
    values = {"state": CLOSED, "closed_us": to_microseconds(now), "closed_by": who}
    connection.execute(update(schema.stock_take).where(TAKE.id == take.id).values(**values))


def require_open(take: StockTake) -> None:
    """Raise Refused (`STOCKTAKE_CLOSED`) where a stock-take is closed."""
    if take.state != OPEN:
        raise Refused(
            f"stock-take {take.id} {take.name} is closed",
            code="STOCKTAKE_CLOSED",
            path=str(take.id),
            hint="its results stay as they are; open another for what was found since",
        )


def get_take(connection: Connection, take_id: int) -> StockTake:
    """The stock-take of an id; raises NotFound."""
    row = connection.execute(select(schema.stock_take).where(TAKE.id == take_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no stock-take {take_id}", path=str(take_id))
    return _take(dict(row))


def list_takes(connection: Connection, *, state: str | None = None) -> list[StockTake]:
    """Every stock-take, or those of a state, newest first."""
    query = select(schema.stock_take).order_by(TAKE.id.desc())
    rows = connection.execute(query if state is None else query.where(TAKE.state == state)).mappings()
    return [_take(dict(row)) for row in rows]


def expected_of(connection: Connection, take_id: int) -> list[Expected]:
    """What was expected, in the order of the codes."""
    rows = connection.execute(select(schema.stock_take_expected).where(EXPECTED.take_id == take_id).order_by(EXPECTED.code)).mappings()
    return [Expected(**{name: row[name] for name in Expected.__slots__ if name != "due"}, due=bool(row["due"])) for row in rows]


def scans_of(connection: Connection, take_id: int) -> list[StoredScan]:
    """All scans in the order they came."""
    rows = connection.execute(select(schema.stock_take_scan).where(SCAN.take_id == take_id).order_by(SCAN.id)).mappings()
    return [StoredScan(**{name: row[name] for name in StoredScan.__slots__ if name != "said"}, said=from_json(row["said"])) for row in rows]


def outcomes_of(connection: Connection, take_id: int) -> list[Outcome]:
    """What a closed stock-take found, in the order it was judged; empty while it is open."""
    rows = connection.execute(select(schema.stock_take_outcome).where(OUTCOME.take_id == take_id).order_by(OUTCOME.ordinal)).mappings()
    plain = ("outcome", "code", "record_id", "expected_place_id", "found_place_id", "scan_id")
    return [
        Outcome(
            **{name: row[name] for name in plain},
            due=bool(row["due"]),
            moved=bool(row["moved"]),
            findings=tuple(from_json(row["findings"])),
        )
        for row in rows
    ]


def count_rows(connection: Connection, take_id: int) -> dict[str, int]:
    """How many assets are expected and due, and how many scans there are."""
    due = select(func.count()).where(EXPECTED.take_id == take_id, EXPECTED.due == 1).scalar_subquery()
    expected = select(func.count()).where(EXPECTED.take_id == take_id).scalar_subquery()
    scans = select(func.count()).where(SCAN.take_id == take_id).scalar_subquery()
    row = connection.execute(select(expected, due, scans)).one()
    return {"expected": int(row[0]), "due": int(row[1]), "scans": int(row[2])}


def _digests(scans: Sequence[NewScan]) -> list[str]:
    """One a scan: of what was read where by whom and when, and the how many-eth of that it is within this batch."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for scan in scans:
        said = to_json([scan.code, scan.place_id, dict(scan.said), scan.who, scan.at_us], canonical=True)
        seen[said] += 1
        found.append(hashlib.sha256(f"{said}#{seen[said]}".encode()).hexdigest())
    return found


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _take(row: Mapping[str, Any]) -> StockTake:
    facts = {name: row[name] for name in StockTake.__slots__ if name != "places"}
    return StockTake(**facts, places=tuple(TakePlace(**one) for one in from_json(row["places"])))
