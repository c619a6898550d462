"""The whole list on both databases: what is told of each difference, and how it is worked off."""

from typing import Any

from sqlalchemy import select, update

from tests.twin.queries.assetops.conftest import Office
from twin.queries.assetops.reconcile.difference import difference_kinds
from twin.queries.assetops.reconcile.run import find_differences, reconcile
from twin.store import record_schema as schema

RIGHT = [f"ZC{n}" for n in range(1, 9)]


def entry(code: str, *, book: str = "财务账", **cells: Any) -> dict[str, Any]:
    number = code[2:]
    return {
        "账套": book, "资产编号": code, "资产名称": "办公桌", "资产分类代码": "A05010201", "分类版本": "2022", "单位": "U1", "数量": 1,
        "账面原值": f"{number}00.00",
    } | cells  # fmt: skip


def books(office: Office, entries: list[dict[str, Any]], *, book: str = "财务账") -> None:
    office.take("ledger_entry", [one | {"账套": book} for one in entries], source=book)


def told(office: Office) -> dict[tuple[str, str], Any]:
    found = find_differences(office.registers).differences
    assert len({one.id for one in found}) == len(found)
    return {(one.code, one.key): one for one in found if not one.code.startswith("TITLE")}


def states(office: Office) -> dict[str, list[str]]:
    with office.store.database.reading() as connection:
        rows = connection.execute(select(schema.work_item.c.code, schema.work_item.c.state)).all()
    return {code: sorted(row.state for row in rows if row.code == code) for code in {row.code for row in rows} & difference_kinds().keys()}


def test_each_difference_says_what_stands_against_what_and_where(office: Office) -> None:
    books(
        office,
        [entry(code) for code in RIGHT if code not in ("ZC1", "ZC2", "ZC3", "ZC4", "ZC5")]
        + [
            entry("ZC1", 账面原值="123.45"),
            entry("ZC2", 数量=2),
            entry("ZC3", 分类版本="2010"),
            entry("ZC4", 单位="财务处"),
            entry("ZC99"),
        ],
    )
    found = told(office)
    assert set(found) == {
        ("VALUE_DIFFERS", "ZC1"), ("QUANTITY_DIFFERS", "ZC2"), ("CLASS_DIFFERS", "ZC3"), ("UNIT_DIFFERS", "ZC4"), ("ENTRY_MISSING", "ZC5"),
        ("CARD_MISSING", "ZC99"),
    }  # fmt: skip
    value = found["VALUE_DIFFERS", "ZC1"]
    assert (value.left.name, value.left.says, value.right.says, value.amount) == ("财务账", "123.45", "100.00", 2345)
    assert (value.left.line, value.right.line, value.right.file) == (5, 2, "ledger-4.csv")
    assert (value.unit, value.unit_name) == ("U1", "办公室")
    assert (found["ENTRY_MISSING", "ZC5"].amount, found["CARD_MISSING", "ZC99"].amount) == (-50000, 990000)
    assert (found["QUANTITY_DIFFERS", "ZC2"].left.says, found["UNIT_DIFFERS", "ZC4"].left.says) == ("2", "财务处")
    assert found["UNIT_DIFFERS", "ZC4"].amount is None


def test_two_ledgers_differ_entry_by_entry_and_in_their_sums(office: Office) -> None:
    books(office, [entry(code) for code in RIGHT])
    books(office, [entry(code) for code in RIGHT if code != "ZC8"] + [entry("ZC1", 账面原值="9.00")], book="资产账")
    found = find_differences(office.registers)
    assert found.sides == {"财务账": 8, "资产账": 7, "资产卡片": 8}
    ledgers = [one for one in found.differences if one.code.startswith("LEDGERS")]
    gap = sum(one["value_gap"] for one in found.totals if (one["left"], one["right"]) == ("财务账", "资产账"))
    assert sum(one.amount or 0 for one in ledgers) == gap == 80000


def test_two_ledgers_differ_in_class_unit_and_quantity(office: Office) -> None:
    books(office, [entry(code) for code in RIGHT])
    others = [entry(code) for code in RIGHT[3:]]
    books(office, [entry("ZC1", 分类版本="2010"), entry("ZC2", 单位="财务处"), entry("ZC3", 数量=2), *others], book="资产账")
    assert {pair for pair in told(office) if pair[0].startswith("LEDGERS")} == {
        ("LEDGERS_CLASS_DIFFERS", "ZC1"), ("LEDGERS_UNIT_DIFFERS", "ZC2"), ("LEDGERS_QUANTITY_DIFFERS", "ZC3")
    }  # fmt: skip


def test_what_is_mended_closes_by_itself_and_what_was_decided_stays_decided(office: Office) -> None:
    books(office, [entry(code) for code in RIGHT if code != "ZC8"])
    assert reconcile(office.registers)[1]["opened"] == 1 + 2
    assert (reconcile(office.registers)[1]["opened"], reconcile(office.registers)[1]["closed"]) == (0, 0)
    with office.store.database.writing() as connection:
        connection.execute(update(schema.work_item).where(schema.work_item.c.code == "TITLE_MISSING").values(state="decided"))
    books(office, [entry(code) for code in RIGHT])
    again = reconcile(office.registers)[1]
    assert (again["opened"], again["closed"]) == (0, 1)
    assert states(office) == {"ENTRY_MISSING": ["gone"], "TITLE_MISSING": ["decided", "decided"]}


def test_cards_in_rooms_that_do_not_exist_or_are_anothers(office: Office) -> None:
    office.take(
        "asset", [office.asset(1, 1, 101), office.asset(2, 1, 999), office.asset(3, 1, "大厅"), office.asset(4, 1, 101, 使用单位="U2")]
    )
    assert set(told(office)) == {("CARD_PLACE_UNKNOWN", "ZC2"), ("CARD_PLACE_OF_ANOTHER_UNIT", "ZC4")}
    other = told(office)["CARD_PLACE_OF_ANOTHER_UNIT", "ZC4"]
    assert (other.left.says, other.right.says, other.unit) == ("财务处", "办公室", "U2")


def test_buildings_and_vehicles_against_their_titles(office: Office) -> None:
    office.take(
        "vehicle",
        [
            {"车牌号": plate, "使用单位": "U1", "车辆状态": state}
            for plate, state in (("闽A12345", "在用"), ("闽A12346", "在用"), ("闽A12347", "已处置"))
        ],
    )
    title = {"权证类型": "不动产权证", "楼栋": "", "车牌号": "", "权利人": "U1", "证载面积": ""}
    office.take(
        "title",
        [
            title | {"权证编号": "证1", "楼栋": "1号楼", "证载面积": 600},
            title | {"权证编号": "证2", "楼栋": "1号楼", "证载面积": 300},
            title | {"权证编号": "证3", "楼栋": "9号楼", "证载面积": 300},
            title | {"权证编号": "证4", "权证类型": "机动车登记证书", "车牌号": "闽A·12345", "权利人": "U2"},
        ],
    )
    found = {(one.code, one.key): one for one in find_differences(office.registers).differences}
    assert set(found) == {
        ("TITLE_AREA_DIFFERS", "B1"), ("TITLE_MISSING", "B2"), ("TITLE_MISSING", "闽A12346"), ("TITLE_WITHOUT_THING", "证3"),
        ("TITLE_HOLDER_DIFFERS", "证4 闽A12345"),
    }  # fmt: skip
    assert (found["TITLE_AREA_DIFFERS", "B1"].left.says, found["TITLE_AREA_DIFFERS", "B1"].right.says) == ("900 m²", "1000 m²")
