"""Stock-takes from the opening to the close, on both databases."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.twin.queries.assetops.conftest import ALL, Office
from twin.codes import get_kind
from twin.errors import Invalid, NotFound, Refused
from twin.queries.assetops.stocktakes import (
    Scan,
    close_stock_take,
    open_stock_take,
    read_stock_take,
    scan_assets,
    stock_take_list,
    stock_take_outcomes,
)
from twin.records.read import as_told
from twin.records.scope import Reader
from twin.store import record_schema as schema
from twin.store.values import to_microseconds

WHEN = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)


def scan(code: str, room: str, *, minutes: int = 0, building: str = "1号楼") -> Scan:
    return Scan(code=code, at=WHEN + timedelta(minutes=minutes), said={"building": building, "room": room}, who="陈榕")


def opened_take(office: Office, *places: str) -> int:
    names = places or ("1号楼",)
    return int(open_stock_take(office.registers, ALL, [office.place(name) for name in names], "年度盘点")["id"])


def outcomes(office: Office, take: int) -> dict[str, str]:
    page = stock_take_outcomes(office.registers, ALL, take, limit=1000)
    return {row["code"]: row["outcome"] for row in page["outcomes"]}


def counts(office: Office, take: int) -> dict[str, int]:
    return dict(read_stock_take(office.registers, ALL, take)["counts"])


def items(office: Office) -> dict[tuple[str, str], str]:
    with office.store.database.reading() as connection:
        rows = list(connection.execute(select(schema.work_item).where(schema.work_item.c.code.like("STOCKTAKE%"))))
    return {(row.code, row.subject): row.state for row in rows}


def test_a_building_is_counted_and_every_due_asset_comes_out_once(office: Office) -> None:
    take = opened_take(office)
    sent = scan_assets(
        office.registers,
        ALL,
        take,
        [
            scan("ZC1", "101"),
            scan("TY2", "101", minutes=1),
            scan("ZC3", "102", minutes=2),
            scan("ZC8", "101", minutes=3),
            scan("没有", "101"),
        ],
    )
    assert sent == {"received": 5, "new": 5, "known": 0, "unknown_places": 0}
    assert outcomes(office, take) == {
        "ZC1": "found", "ZC2": "found", "ZC3": "found_elsewhere", "ZC4": "missing", "ZC5": "missing", "ZC6": "missing", "ZC7": "missing",
        "ZC8": "found_elsewhere", "没有": "unexpected",
    }  # fmt: skip
    found = counts(office, take)
    assert (found["due"], found["brought"], found["scans"]) == (7, 1, 5)
    assert found["found"] + found["found_elsewhere"] + found["missing"] + found["ambiguous"] == found["due"]


def test_a_batch_sent_again_adds_nothing_and_two_equal_scans_of_one_batch_are_two(office: Office) -> None:
    take = opened_take(office)
    batch = [scan("ZC1", "101"), scan("ZC1", "101")]
    assert [scan_assets(office.registers, ALL, take, batch)["new"] for _ in range(3)] == [2, 0, 0]
    (row,) = [row for row in stock_take_outcomes(office.registers, ALL, take, limit=9)["outcomes"] if row["code"] == "ZC1"]
    assert row["findings"] == ["STOCKTAKE_SCANNED_TWICE"]


def test_scanners_that_send_at_once_lose_nothing(office: Office) -> None:
    take = opened_take(office)
    errors: list[Exception] = []

    def send(codes: list[str]) -> None:
        try:
            for code in codes:
                scan_assets(office.registers, ALL, take, [scan(code, "101")])
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    threads = [threading.Thread(target=send, args=([f"ZC{n}" for n in group],)) for group in ((1, 2, 3, 4), (3, 4, 5), (1, 6, 7))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert counts(office, take)["scans"] == 7


def test_only_what_a_person_accepts_moves_with_the_scan_as_evidence(office: Office) -> None:
    take = opened_take(office)
    scan_assets(office.registers, ALL, take, [scan("ZC3", "102"), scan("ZC4", "201")])
    closed = close_stock_take(office.registers, ALL, take, {"ZC3": None})
    assert (closed["state"], closed["counts"]["moved"]) == ("closed", 1)
    assert [office.get("asset", code).values["room"] for code in ("ZC3", "ZC4", "ZC5")] == ["102", "101", "102"]
    moved = office.get("asset", "ZC3")
    assert moved.row["place_id"] == office.place("1号楼/102")
    with office.store.database.reading() as connection:
        told = as_told(
            connection, get_kind("asset"), moved, as_of=WHEN.date(), known_at_us=to_microseconds(datetime(2027, 1, 1, tzinfo=UTC))
        )
        before = as_told(
            connection,
            get_kind("asset"),
            moved,
            as_of=WHEN.date() - timedelta(days=1),
            known_at_us=to_microseconds(datetime(2027, 1, 1, tzinfo=UTC)),
        )
    (change,) = [change for change in told.changes if change.field == "room"]
    assert (change.method, change.who, change.source.startswith(f"stock-take {take} scan")) == ("stock_take", "审核员", True)
    assert (told.fields["room"].value, before.fields["room"].value) == ("102", "101")


def test_what_is_missing_keeps_its_location_and_is_work_until_it_is_found(office: Office) -> None:
    first = opened_take(office, "1号楼/101")
    scan_assets(office.registers, ALL, first, [scan("ZC1", "101"), scan("ZC2", "101"), scan("ZC3", "101")])
    close_stock_take(office.registers, ALL, first, {})
    record = office.get("asset", "ZC4")
    assert (record.values["room"], record.row["place_id"]) == ("101", office.place("1号楼/101"))
    missing = ("STOCKTAKE_MISSING", f"asset {record.id}")
    assert items(office) == {missing: "open"}
    second = opened_take(office, "1号楼/101")
    scan_assets(office.registers, ALL, second, [scan("ZC4", "101")])
    close_stock_take(office.registers, ALL, second, {})
    assert items(office)[missing] == "gone"
    assert sum(state == "open" for state in items(office).values()) == 3


def test_what_was_expected_is_frozen_when_the_take_is_opened(office: Office) -> None:
    take = opened_take(office, "1号楼/101")
    cards = [
        office.asset(1, 1, 102),
        *(office.asset(n, 1, 101) for n in (2, 3, 4, 9)),
        *(office.asset(n, 1, 102) for n in (5, 6, 7)),
        office.asset(8, 2, 201),
    ]
    office.take("asset", cards)
    assert counts(office, take)["due"] == 4
    scan_assets(office.registers, ALL, take, [scan("ZC1", "101")])
    assert outcomes(office, take)["ZC1"] == "found"


def test_a_closed_take_takes_no_scan_and_is_not_closed_again(office: Office) -> None:
    take = opened_take(office)
    close_stock_take(office.registers, ALL, take, {})
    before = outcomes(office, take)
    for again in (
        lambda: scan_assets(office.registers, ALL, take, [scan("ZC1", "101")]),
        lambda: close_stock_take(office.registers, ALL, take, {}),
    ):
        with pytest.raises(Refused) as refused:
            again()
        assert refused.value.code == "STOCKTAKE_CLOSED"
    assert outcomes(office, take) == before


def test_one_place_has_one_open_take(office: Office) -> None:
    opened_take(office)
    with pytest.raises(Refused) as refused:
        opened_take(office, "1号楼/101")
    assert refused.value.code == "STOCKTAKE_OPEN"
    assert opened_take(office, "2号楼")
    assert len(stock_take_list(office.registers, ALL, state="open")["stocktakes"]) == 2


def test_lent_disposed_and_intangible_assets_need_not_be_found(office: Office) -> None:
    office.take(
        "asset",
        [
            office.asset(1, 1, 101, 使用状况="出租出借"),
            office.asset(2, 1, 101, 使用状况="已处置"),
            office.asset(3, 1, 101, 资产名称="财务软件", 资产分类代码="A08060301"),
            office.asset(4, 1, 101),
        ],
    )
    take = opened_take(office, "1号楼/101")
    scan_assets(office.registers, ALL, take, [scan("ZC2", "101")])
    assert {code: one for code, one in outcomes(office, take).items() if code in ("ZC1", "ZC2", "ZC3")} == {"ZC2": "not_due"}
    close_stock_take(office.registers, ALL, take, {})
    assert {code for code, _ in items(office)} == {"STOCKTAKE_NOT_DUE", "STOCKTAKE_MISSING"}


def test_what_cannot_be_moved_is_refused_and_nothing_changes(office: Office) -> None:
    take = opened_take(office)
    scan_assets(
        office.registers, ALL, take, [scan("ZC3", "102"), scan("ZC4", "102"), scan("ZC4", "201", minutes=5), scan("ZC5", "没有此房")]
    )
    for code in ("ZC1", "ZC4", "ZC5", "ZC99"):
        with pytest.raises(Refused) as refused:
            close_stock_take(office.registers, ALL, take, {"ZC3": None, code: None})
        assert refused.value.code == "STOCKTAKE_NOT_MOVABLE"
    assert office.get("asset", "ZC3").values["room"] == "101"
    close_stock_take(office.registers, ALL, take, {"ZC4": office.place("1号楼/201")})
    assert office.get("asset", "ZC4").row["place_id"] == office.place("1号楼/201")


def test_a_place_that_no_words_name_is_no_location(office: Office) -> None:
    take = opened_take(office)
    scan_assets(office.registers, ALL, take, [Scan(code="ZC3", at=WHEN, place=_everything(office))])
    with pytest.raises(Refused) as refused:
        close_stock_take(office.registers, ALL, take, {"ZC3": _everything(office)})
    assert refused.value.code == "STOCKTAKE_PLACE_UNNAMED"


def _everything(office: Office) -> int:
    return next(row.id for row in office.tree().rows if row.kind == "everything")


@pytest.mark.parametrize(
    "wrong",
    [{"code": ""}, {"code": "长" * 300}, {"at": datetime(2026, 11, 1)}, {"at": datetime(2099, 1, 1, tzinfo=UTC)}, {"place": 10**9}],
)
def test_a_scan_that_cannot_be_is_refused_with_its_position(office: Office, wrong: dict[str, Any]) -> None:
    take = opened_take(office)
    bad = Scan(**{"code": "ZC2", "at": WHEN} | wrong)
    with pytest.raises(Invalid) as refused:
        scan_assets(office.registers, ALL, take, [scan("ZC1", "101"), bad])
    assert (refused.value.code, refused.value.path) == ("SCAN_INVALID", "scans[1]")
    assert counts(office, take)["scans"] == 0


def test_a_take_is_named_and_of_places_that_are_there(office: Office) -> None:
    for places, name in (([], "盘点"), ([office.place("1号楼")] * 2, "盘点"), ([office.place("1号楼")], " ")):
        with pytest.raises(Invalid) as refused:
            open_stock_take(office.registers, ALL, places, name)
        assert refused.value.code == "STOCKTAKE_INVALID"
    with pytest.raises(NotFound):
        open_stock_take(office.registers, ALL, [10**9], "盘点")
    with pytest.raises(NotFound):
        read_stock_take(office.registers, ALL, 10**9)


def test_a_reader_of_other_units_is_shown_none_of_their_assets(office: Office) -> None:
    take = opened_take(office)
    other = Reader(name="财务", units=frozenset({"U2"}))
    assert stock_take_outcomes(office.registers, other, take, limit=10)["outcomes"] == []
