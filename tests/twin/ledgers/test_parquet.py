"""Parquet files say the same as a CSV file of the same rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.twin.ledgers.written import raw, read, typed_rows, written
from twin.ledgers import LedgerUnreadable


def test_every_type_of_column(tmp_path: Path) -> None:
    table = pa.table(
        {
            "派车单号": pa.array([1, 2], pa.int32()),
            "用车事由": pa.array(["会议", "会议"]).dictionary_encode(),
            "乘车人数": pa.array([3.0, None]),
            "费用": pa.array([Decimal("12.50"), None], pa.decimal128(10, 2)),
            "出车时间": pa.array([datetime(2025, 1, 2, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "附件": pa.array([["a"], None]),
            "空": pa.nulls(2),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    first, second = typed_rows(read(tmp_path / "a.parquet", "dispatch"))
    assert (first["code"], first["purpose"], first["passengers"], first["cost"], first["_line"]) == ("1", "会议", 3, 1250, 1)
    assert first["departed"] == 1_735_776_000_000_000
    assert (second["passengers"], second["cost"], second["departed"]) == (None, None, None)


def test_the_same_rows_as_csv_have_the_same_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.ledgers.parquet.BLOCK_ROWS", 1000)
    rows = [("资产编号", "资产名称"), *((str(number), "桌") for number in range(5_000))]
    pq.write_table(pa.table({name: [row[index] for row in rows[1:]] for index, name in enumerate(rows[0])}), tmp_path / "a.parquet")
    ours = [value for batch in read(tmp_path / "a.parquet").batches() for value in batch.row_hash.tolist()]
    assert ours == [value for batch in read(written(tmp_path / "a.csv", rows)).batches() for value in batch.row_hash.tolist()]


def test_dates_are_dates(tmp_path: Path) -> None:
    pq.write_table(pa.table({"资产编号": ["1"], "取得日期": pa.array([date(2020, 1, 2)])}), tmp_path / "a.parquet")
    assert typed_rows(read(tmp_path / "a.parquet"))[0]["acquired"] == "2020-01-02"


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreadable):
        read(raw(tmp_path / "a.parquet", b"PAR1" + bytes(100)))
