"""Natural keys: one thing, one key, however it is written; two things never share one."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.ledgers.written import quarantined, raw, read, typed_rows, written
from twin.codes import get_kind
from twin.ledgers import key_of

PART = st.text(st.sampled_from("ab1/\\= +甲"), max_size=5)


def keys(path: Path, kind: str, **options: Any) -> list[str]:
    return [row["_key"] for row in typed_rows(read(path, kind, **options))]


def test_one_asset_however_it_is_written(tmp_path: Path) -> None:
    for code in ("FJ-001", " FJ-001 ", "ＦＪ－００１", "FJ-001\u3000"):
        assert keys(written(tmp_path / "a.csv", [("资产编号",), (code,)]), "asset") == ["FJ-001"]
    assert keys(written(tmp_path / "a.csv", [("资产编号",), ("fj-001",)]), "asset") == ["fj-001"]


def test_one_month_and_one_rank_however_they_are_written(tmp_path: Path) -> None:
    for month in ("2025-01", "2025年1月", "202501"):
        assert keys(written(tmp_path / "a.csv", [("单位", "月份"), ("甲局", month)]), "energy") == ["甲局/2025-01"]
    for rank in ("正处级", "正处", "division chief"):
        assert keys(written(tmp_path / "a.csv", [("单位", "职务级别"), ("甲局", rank)]), "post") == ["甲局/division_chief"]


def test_one_plate_however_it_is_written(tmp_path: Path) -> None:
    for plate in ("闽A12345", "闽a·12345", "闽Ａ１２３４５", " 闽A 12345"):
        assert keys(written(tmp_path / "a.csv", [("车牌号",), (plate,)]), "vehicle") == ["闽A12345"]


def test_the_first_complete_set_counts_and_later_ones_say_which_they_are(tmp_path: Path) -> None:
    rows = [("房间编码", "楼栋", "楼层", "房间号"), ("R1", "主楼", "3", "301"), ("", "主楼", "3", "301"), ("", "主楼", "", "301")]
    ledger = read(written(tmp_path / "a.csv", rows), "room")
    assert [row["_key"] for row in typed_rows(ledger)] == ["R1", "building+storey+number=主楼/3/301"]
    assert [(row.line, row.code) for row in quarantined(ledger)] == [(4, "KEY_MISSING")]


def test_words_for_nothing_are_no_keys(tmp_path: Path) -> None:
    ledger = read(written(tmp_path / "a.csv", [("资产编号", "资产名称"), ("——", "桌"), ("1", "椅")]), profile="zh")
    assert [row["_key"] for row in typed_rows(ledger)] == ["1"]
    assert [row.code for row in quarantined(ledger)] == ["KEY_MISSING"]


@settings(deadline=None)
@given(rows=st.lists(st.tuples(PART, PART, PART, PART), max_size=20))
def test_keys_are_those_of_one_row_and_differ_where_the_rows_differ(rows: list[tuple[str, str, str, str]]) -> None:
    kind = get_kind("room")
    seen: dict[str, tuple[str, ...]] = {}
    for code, *place in rows:
        values = dict(zip(("code", "building", "storey", "number"), (code, *place), strict=True))
        key = key_of(values, kind)
        told = [" ".join(part.split()) for part in (code, *place)]
        named = (told[0],) if told[0] else tuple(told[1:])
        assert (key is None) == (not all(named))
        if key is not None:
            assert seen.setdefault(key, named) == named


@settings(deadline=None)
@given(rows=st.lists(st.tuples(PART, PART, PART, PART), max_size=20))
def test_whole_columns_give_the_keys_of_single_rows(rows: list[tuple[str, str, str, str]]) -> None:
    import pyarrow as pa

    from twin.ledgers.keys import natural_keys
    from twin.ledgers.rules import Rules

    kind = get_kind("room")
    names = ("code", "building", "storey", "number")
    readers = {name: lambda text: (text.strip() or None, None) for name in names}
    for dictionary in (False, True):
        arrays = {name: pa.array([row[index] for row in rows], pa.string()) for index, name in enumerate(names)}
        texts = {name: array.dictionary_encode() if dictionary else array for name, array in arrays.items()}
        wanted = [key_of(dict(zip(names, row, strict=True)), kind) for row in rows]
        assert natural_keys(texts, kind, readers, Rules()).to_pylist() == wanted


def test_the_same_key_and_the_same_row_twice(tmp_path: Path) -> None:
    ledger = read(raw(tmp_path / "a.csv", "资产编号,资产名称\n1,桌\n2,椅\n１,柜\n2,椅\n1,桌\n"))
    assert [row["_line"] for row in typed_rows(ledger)] == [2, 3]
    found = quarantined(ledger)
    assert [(row.line, row.code) for row in found] == [(4, "KEY_DUPLICATE"), (5, "ROW_DUPLICATE"), (6, "ROW_DUPLICATE")]
    assert ["line 2" in row.message or "line 3" in row.message for row in found] == [True] * 3
    assert "line 2" in found[0].message and "line 3" in found[1].message


def test_sums_between_the_records_are_no_records(tmp_path: Path) -> None:
    text = "资产编号,资产名称,原值\n1,桌,5\n小计,,5\n2,会计科,7\n,合 计：,12\n合计,,12\nGrand Total,,12\n会计1,桌,3\n"
    ledger = read(raw(tmp_path / "a.csv", text))
    assert [row["_key"] for row in typed_rows(ledger)] == ["1", "2", "会计1"]
    assert [(row.line, row.code) for row in quarantined(ledger)] == [(3, "ROW_TOTAL"), (5, "ROW_TOTAL"), (6, "ROW_TOTAL"), (7, "ROW_TOTAL")]
