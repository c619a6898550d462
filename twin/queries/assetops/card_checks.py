"""What is wrong with asset cards held against one another and against the register of units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from twin.queries.asset_filter import visible_mask
from twin.queries.planner.finding import Finding, finding_page
from twin.queries.records.context import Registers
from twin.records.columns import NOTHING
from twin.records.scope import Reader, one_of
from twin.records.shelf import AssetView
from twin.records.values import texts_of
from twin.store import record_schema as schema

__all__ = ["asset_checks"]

AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """A finding on the card at a position; `others` are the positions of the cards that it clashes with."""

    code: str
    column: str
    position: int
    said: str
    others: tuple[int, ...] = ()


def asset_checks(registers: Registers, reader: Reader, *, codes: Sequence[str] = (), after: str | None, limit: int) -> dict[str, Any]:
    """A page of findings on cards: `ASSET_TAG_SHARED`, `ASSET_UNIT_UNKNOWN`; on cards alone that the reader may know of."""
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        faults = view.once("card checks", lambda: [*_shared_tags(connection, view), *_unknown_units(connection, view)])
        seen = visible_mask(view, reader)
        findings = (_finding(view, fault, seen) for fault in faults if seen is None or seen[fault.position])
        head = {"checked": len(view.columns) if seen is None else int(seen.sum())}
        return head | finding_page(findings, codes=codes, after=after, limit=limit)


def _shared_tags(connection: Connection, view: AssetView) -> Iterator[_Fault]:
    """Cards whose tag another card bears too: those of equal hashes, told apart by the tag itself."""
    hashes, records = view.columns.arrays["tag_hash"], view.columns.arrays["tag_record"]
    same = np.zeros(len(hashes) + 1, dtype=np.bool_)
    same[1:-1] = hashes[1:] == hashes[:-1]
    doubtful = np.unique(records[same[1:] | same[:-1]])
    table, bearers = schema.kind_table("asset").c, dict[str, list[int]]()
    for start in range(0, len(doubtful), AT_ONCE):
        wanted = one_of(table.record_id, doubtful[start : start + AT_ONCE].tolist())
        current = (table.since <= view.columns.clock, table.until > view.columns.clock, table.ended.is_(None))
        for row in connection.execute(select(table.record_id, table.tag).where(wanted, *current)):
            position = view.columns.position_of(row.record_id)
            if position != NOTHING and row.tag:
                bearers.setdefault(row.tag, []).append(position)
    for tag, positions in bearers.items():
        if len(positions) > 1:
            for position in positions:
                others = tuple(sorted(set(positions) - {position}))
                yield _Fault(code="ASSET_TAG_SHARED", column="tag", position=position, said=tag, others=others)


def _unknown_units(connection: Connection, view: AssetView) -> Iterator[_Fault]:
    """Cards of a unit that the register of units does not have."""
    said = view.columns.arrays["unit"]
    unknown = np.setdiff1d(np.unique(said), [NOTHING, *view.units.records])
    texts = texts_of(connection, unknown.tolist())
    for position in np.flatnonzero(np.isin(said, unknown)).tolist() if len(unknown) else ():
        yield _Fault(code="ASSET_UNIT_UNKNOWN", column="unit", position=position, said=texts[int(said[position])])


def _finding(view: AssetView, fault: _Fault, seen: Any) -> Finding:
    key = view.columns.key(fault.position).decode()
    if fault.code == "ASSET_UNIT_UNKNOWN":
        return Finding(code=fault.code, kind="asset", key=key, column=fault.column, message=f"{fault.said}: no unit is called so")
    known = [view.columns.key(other).decode() for other in fault.others if seen is None or seen[other]]
    hidden = len(fault.others) - len(known)
    words = [*known, *([f"{hidden} of other units"] if hidden else [])]
    message = f"tag {fault.said} is on {', '.join(words)} too"
    return Finding(code=fault.code, kind="asset", key=key, column=fault.column, message=message, facts={"others": known, "hidden": hidden})
