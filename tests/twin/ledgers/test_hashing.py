"""Row hashes: order of rows and columns, dictionaries and slices do not matter; any changed cell does."""

from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.ledgers.written import raw, read, written
from twin.ledgers.hashing import hash_text, hash_texts

TEXTS = st.lists(st.text(max_size=90), max_size=30)


@settings(deadline=None)
@given(texts=TEXTS, start=st.integers(0, 5))
def test_dictionary_slice_and_plain_agree_and_differ_where_texts_do(texts: list[str], start: int) -> None:
    plain = pa.array(texts, pa.string())
    hashes = hash_texts(plain).tolist()
    assert hash_texts(plain.dictionary_encode()).tolist() == hashes
    assert hash_texts(plain[start:]).tolist() == hashes[start:]
    assert hash_texts(pa.array(["x" * 200, *texts], pa.string())).tolist()[1:] == hashes
    assert len(set(hashes)) == len(set(texts))


def test_many_similar_texts_do_not_meet() -> None:
    texts = pa.array([f"FJ{number:07d}" for number in range(100_000)] + [f"{number}" for number in range(100_000)])
    assert len(set(hash_texts(texts).tolist())) == 200_000


def test_hashes_are_the_same_on_every_day() -> None:
    assert hash_text("甲") == 9087103938155524026
    assert hash_texts(pa.array(["甲", ""])).tolist() == [9609152843649094999, 0]


def hashes(path: Path, **options: object) -> dict[str, int]:
    return {
        key: int(value)
        for batch in read(path, **options).batches()
        for key, value in zip(batch.keys.to_pylist(), batch.row_hash, strict=True)
    }


def test_order_of_rows_and_columns_does_not_matter_and_each_cell_does(tmp_path: Path) -> None:
    first = hashes(written(tmp_path / "a.csv", [("资产编号", "资产名称", "车位"), ("1", "桌", "x"), ("2", "椅", "")]))
    second = hashes(
        written(tmp_path / "b.csv", [("车位", "资产编号", "资产名称"), ("", "2", "椅"), ("x", "1", "桌")], delimiter=";", encoding="gbk")
    )
    assert first == second
    third = hashes(written(tmp_path / "c.csv", [("资产编号", "资产名称", "车位"), ("1", "桌", "y"), ("2", "椅", "")]))
    assert third["1"] != first["1"] and third["2"] == first["2"]
    swapped = hashes(written(tmp_path / "d.csv", [("资产编号", "资产名称", "车位"), ("1", "x", "桌"), ("2", "椅", "")]))
    assert swapped["1"] != first["1"]


def test_another_way_of_reading_is_another_hash(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [("资产编号", "原值"), ("1", "5")])
    assert hashes(path) != hashes(path, mapping=raw(tmp_path / "m.toml", '[units]\nvalue = "万元"\n'))
    assert hashes(path) != hashes(written(tmp_path / "b.csv", [("资产编号", "原值(万元)"), ("1", "5")]))
    assert hashes(path) == hashes(written(tmp_path / "b.csv", [("资产编码", "账面原值(元)"), ("1", "5")]))
