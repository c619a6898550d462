"""Rows that arrive while others are tied: none is passed by for good."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.twin.records.conftest import Registers
from twin.codes import get_kind
from twin.imports import begun
from twin.imports.tie import tie
from twin.imports.tie.arriving import Placing
from twin.imports.tie.marks import LOCATIONS_MOVED, read_mark
from twin.records.feed import Settled
from twin.records.stored import Resolved
from twin.records.write import Author, change_fields
from twin.store import Store, bulk_process
from twin.store import record_schema as schema

LATER = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
BUILDINGS = [{"楼栋编码": "B1", "楼栋名称": "一号楼", "地上层数": 3}]
ROOMS = [{"房间编码": f"R{number}", "楼栋": "一号楼", "楼层": "2层", "房间号": number} for number in ("201", "202")]
CARDS = [{"资产编号": key, "资产名称": "桌", "楼栋": "一号楼", "楼层": "2层", "存放地点": "201"} for key in ("A-1", "A-2", "A-3")]


@pytest.fixture
def registers(opened: Callable[..., Store], tmp_path: Path) -> Registers:
    """Two rooms, and three cards in the first."""
    found = Registers(opened(), tmp_path)
    for kind, rows in (("building", BUILDINGS), ("room", ROOMS), ("asset", CARDS)):
        found.take(kind, rows)
    return found


def test_a_row_not_yet_seen_is_placed_after_another_s_tie(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody corrects a card, which is tied, between the last row of an import and the moment readers see it."""
    rooms = {key: registers.get("room", key).id for key in ("R201", "R202")}
    assert _rooms_of(registers) == {"A-1": rooms["R201"], "A-2": rooms["R201"], "A-3": rooms["R201"]}
    settle = Placing.settle

    def and_meanwhile(placing: Placing, settled: Callable[[Sequence[str]], Settled]) -> None:
        settle(placing, settled)
        with registers.store.database.writing() as connection:
            author = Author(who="clerk", method="manual", source="", now=LATER)
            change_fields(connection, get_kind("asset"), registers.get("asset", "A-3").id, {"remark": "更正"}, author)
        tie(registers.store, who="clerk", now=LATER)

    monkeypatch.setattr(Placing, "settle", and_meanwhile)
    done = registers.take("asset", [{**CARDS[0], "存放地点": "202"}, *CARDS[1:]], now=LATER)
    assert done.document["changed"] == 1
    assert _rooms_of(registers) == {"A-1": rooms["R202"], "A-2": rooms["R201"], "A-3": rooms["R201"]}


@pytest.mark.parametrize("processes", [False, True])
def test_a_new_location_of_a_known_card_is_resolved_before_it_is_written(
    registers: Registers, processes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not left to the tie, which would load the tree and look at all rows again for it."""
    if processes:
        monkeypatch.setattr(begun, "LARGE_BYTES", 0)
        monkeypatch.setattr(bulk_process, "FEW_ROWS", 0)
    resolved: list[str] = []
    tell = Placing.resolve

    def noted(placing: Placing, keys: Sequence[str]) -> Sequence[Resolved]:
        resolved.extend(keys)
        return tell(placing, keys)

    monkeypatch.setattr(Placing, "resolve", noted)
    moved = [
        {**CARDS[0], "存放地点": "202室"},
        {**CARDS[1], "资产名称": "椅"},
        CARDS[2],
        {**CARDS[2], "资产编号": "A-4", "存放地点": "二层202"},
    ]
    assert registers.take("asset", moved, now=LATER).document["changed"] == 2
    assert resolved == ["一号楼\x1f2层\x1f202室"]
    rooms = {key: registers.get("room", key).id for key in ("R201", "R202")}
    assert _rooms_of(registers) == {"A-1": rooms["R202"], "A-2": rooms["R201"], "A-3": rooms["R201"]}
    with registers.store.database.reading() as connection:
        left = connection.execute(select(schema.location.c.id).where(schema.location.c.method.is_(None))).all()
        assert read_mark(connection, LOCATIONS_MOVED) is None
    assert not left


def _rooms_of(registers: Registers) -> dict[str, int | None]:
    """The room record that each card stands in."""
    place = schema.place.c
    with registers.store.database.reading() as connection:
        records = {row.id: row.record_id for row in connection.execute(select(place.id, place.record_id))}
    return {key: records.get(registers.get("asset", key).row["place_id"]) for key in ("A-1", "A-2", "A-3")}
