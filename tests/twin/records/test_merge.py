"""Ledgers merged into records: what is new, changed, gone, put aside, and what a person corrected meanwhile."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.twin.records.conftest import NOW, Registers
from twin.codes import get_kind
from twin.errors import NotFound, StoreBusy
from twin.imports.register import kind_named
from twin.records.read import as_told, get_record
from twin.records.write import Author, change_fields
from twin.store import record_schema as schema
from twin.store.values import to_microseconds

DESK = {"资产编号": "A-1", "资产名称": "办公桌", "规格型号": "1.6 m", "原值": "1,200.50", "使用状况": "在用", "存放地点": "203"}
SAFE = {"资产编号": "A-2", "资产名称": "保险柜", "规格型号": "", "原值": "3000", "使用状况": "闲置", "存放地点": "105"}


def with_quotes(row: dict[str, str]) -> dict[str, str]:
    return {name: f'"{cell}"' for name, cell in row.items()}


def take(registers: Registers, *rows: dict[str, str], **options: object) -> dict[str, object]:
    return registers.take("asset", [with_quotes(row) for row in rows], **options).document  # type: ignore[arg-type]


def test_a_first_ledger_is_all_new_and_says_what_its_cells_say(registers: Registers) -> None:
    document = take(registers, DESK, SAFE)
    assert (document["rows"], document["new"], document["changed"], document["unchanged"], document["quarantined"]) == (2, 2, 0, 0, 0)
    values = registers.get("asset", "A-1").values
    assert values["name"] == "办公桌"
    assert values["value"] == 120_050
    assert values["state"] == "in_use"
    assert values["room"] == "203"
    assert values["brand"] is None


def test_the_same_bytes_again_are_the_same_revision_and_add_no_row(registers: Registers) -> None:
    path = registers.write([with_quotes(DESK)])
    first, again = (registers.take_file("asset", path) for _ in range(2))
    assert first.document == again.document
    assert first.added and not again.added
    with registers.store.database.reading() as connection:
        assert len(connection.execute(select(schema.register_revision)).all()) == 1


def test_rows_in_another_order_are_unchanged(registers: Registers) -> None:
    take(registers, DESK, SAFE)
    document = take(registers, SAFE, DESK)
    assert (document["new"], document["changed"], document["unchanged"], document["vanished"]) == (0, 0, 2, 0)


def test_only_a_changed_field_gets_a_history_row(registers: Registers) -> None:
    take(registers, DESK, SAFE)
    document = take(registers, DESK, SAFE | {"存放地点": "108", "原值": "2800"})
    assert (document["changed"], document["unchanged"]) == (1, 1)
    with registers.store.database.reading() as connection:
        rows = connection.execute(
            select(schema.change.c.field, schema.change.c.old, schema.change.c.new).order_by(schema.change.c.id)
        ).all()
    assert sorted(map(tuple, rows)) == [("room", '"105"', '"108"'), ("value", "300000", "280000")]
    assert registers.get("asset", "A-2").values["room"] == "108"


def test_another_way_of_writing_the_same_is_no_change(registers: Registers) -> None:
    take(registers, DESK)
    document = take(registers, DESK | {"原值": "1200.50"})
    assert (document["changed"], document["unchanged"]) == (0, 1)
    document = take(registers, DESK | {"原值": "1200.5"})
    assert (document["changed"], document["unchanged"]) == (0, 1)


def test_what_the_file_no_longer_has_is_listed_and_stays(registers: Registers) -> None:
    take(registers, DESK, SAFE)
    document = take(registers, DESK)
    assert document["vanished"] == 1
    assert registers.keys("asset") == ["A-1", "A-2"]
    with registers.store.database.reading() as connection:
        gone = connection.execute(select(schema.vanished.c.record_id)).scalars().all()
    assert gone == [registers.get("asset", "A-2").id]


def test_a_ledger_of_one_unit_makes_nothing_of_another_vanish(registers: Registers) -> None:
    take(registers, DESK, source="unit-a")
    document = take(registers, SAFE, source="unit-b")
    assert (document["new"], document["vanished"]) == (1, 0)


def test_a_column_the_file_does_not_have_erases_nothing(registers: Registers) -> None:
    take(registers, DESK)
    without = {name: cell for name, cell in DESK.items() if name not in ("存放地点", "规格型号")}
    document = take(registers, without | {"原值": "1100"})
    values = registers.get("asset", "A-1").values
    assert document["changed"] == 1
    assert (values["room"], values["specification"], values["value"]) == ("203", "1.6 m", 110_000)


def test_a_second_row_of_a_code_is_put_aside_with_its_line(registers: Registers) -> None:
    document = take(registers, DESK, SAFE, DESK | {"原值": "1"})
    assert (document["rows"], document["new"], document["quarantined"]) == (3, 2, 1)
    with registers.store.database.reading() as connection:
        row = connection.execute(select(schema.register_quarantine)).one()
    assert (row.line, row.code) == (4, "KEY_DUPLICATE")
    assert registers.get("asset", "A-1").values["value"] == 120_050


def test_a_bad_cell_costs_itself_and_is_told_with_its_line(registers: Registers) -> None:
    document = take(registers, DESK | {"原值": "many"}, SAFE)
    assert document["new"] == 2
    assert registers.get("asset", "A-1").values["value"] is None
    with registers.store.database.reading() as connection:
        issue = connection.execute(select(schema.register_issue)).one()
    assert (issue.line, issue.field, issue.value, issue.record_id) == (2, "value", "many", registers.get("asset", "A-1").id)
    assert document["issues"] == {issue.code: 1}


def test_a_correction_stands_against_the_ledger_that_says_the_old(registers: Registers) -> None:
    take(registers, DESK, SAFE)
    correct(registers, "A-1", {"specification": "1.8 m"})
    take(registers, SAFE, DESK)
    document = take(registers, DESK | {"原值": "1100"}, SAFE)
    assert document["changed"] == 1
    values = registers.get("asset", "A-1").values
    assert (values["specification"], values["value"]) == ("1.8 m", 110_000)
    assert "CORRECTION_CONTRADICTED" not in document["issues"]


def test_a_ledger_that_says_something_new_where_a_correction_stands_is_work_for_a_person(registers: Registers) -> None:
    take(registers, DESK)
    correct(registers, "A-1", {"value": 130_000})
    document = take(registers, DESK | {"原值": "9"})
    assert document["issues"] == {"CORRECTION_CONTRADICTED": 1}
    assert registers.get("asset", "A-1").values["value"] == 130_000
    again = take(registers, DESK | {"原值": "9.00"})
    assert again["issues"] == {}


def test_a_correction_filed_while_a_ledger_is_merged_is_seen_at_once_and_survives_the_end(registers: Registers) -> None:
    """The batch that changes the record is written, the clock has not turned: the correction must reach both versions."""
    take(registers, DESK, SAFE)
    seen: list[object] = []

    def in_between(rows: int) -> None:
        if rows == 2:  # the unchanged row is counted before
            correct(registers, "A-1", {"remark": "脚坏了"})
            values = registers.get("asset", "A-1").values
            seen.extend([values["remark"], values["value"]])

    take(registers, DESK | {"原值": "1100"}, SAFE, progress=in_between)
    values = registers.get("asset", "A-1").values
    assert seen == ["脚坏了", 120_050]
    assert (values["remark"], values["value"]) == ("脚坏了", 110_000)


def test_readers_see_the_old_revision_until_the_end(registers: Registers) -> None:
    take(registers, DESK)
    seen: list[list[str]] = []
    take(registers, DESK, SAFE, progress=lambda rows: seen.append(registers.keys("asset")))
    assert seen == [["A-1"]]
    assert registers.keys("asset") == ["A-1", "A-2"]


def test_a_second_import_of_the_kind_is_refused_while_one_runs(registers: Registers) -> None:
    refused: list[str] = []

    def second(rows: int) -> None:
        with pytest.raises(StoreBusy) as caught:
            take(registers, SAFE)
        refused.append(caught.value.code)

    take(registers, DESK, progress=second)
    assert refused == ["STORE_BUSY"]


def test_the_dossier_tells_each_value_as_of_any_day(registers: Registers) -> None:
    take(registers, DESK, as_of=date(2024, 1, 1))
    take(registers, DESK | {"存放地点": "301"}, as_of=date(2025, 1, 1), now=NOW + timedelta(hours=1))
    kind = kind_named("asset")
    with registers.store.database.reading() as connection:
        record = get_record(connection, kind, "A-1")
        told = [
            as_told(connection, kind, record, as_of=day, known_at_us=to_microseconds(NOW + timedelta(days=1))).fields["room"].value
            for day in (date(2024, 12, 31), date(2025, 1, 1))
        ]
        unknown_yet = as_told(connection, kind, record, as_of=date(2025, 6, 1), known_at_us=to_microseconds(NOW))
    assert told == ["203", "301"]
    assert unknown_yet.fields["room"].value == "203"


def test_an_unknown_key_is_not_found(registers: Registers) -> None:
    with pytest.raises(NotFound):
        registers.get("asset", "A-1")


def test_what_a_broken_import_left_is_removed_by_the_next(registers: Registers) -> None:
    take(registers, DESK)

    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(registers, DESK | {"原值": "1"}, SAFE, progress=stop)
    assert registers.keys("asset") == ["A-1"]
    assert registers.get("asset", "A-1").values["value"] == 120_050
    document = take(registers, DESK | {"原值": "2"}, SAFE)
    assert (document["new"], document["changed"]) == (1, 1)
    with registers.store.database.reading() as connection:
        versions = connection.execute(select(schema.kind_table("asset").c.key)).scalars().all()
        changes = connection.execute(select(schema.change.c.new)).scalars().all()
    assert sorted(versions) == ["A-1", "A-2"]
    assert changes == ["200"]


def correct(registers: Registers, key: str, values: dict[str, object]) -> None:
    record = registers.get("asset", key)
    with registers.store.database.writing() as connection:
        author = Author(who="li", method="correction", source="request:1", now=NOW)
        change_fields(connection, get_kind("asset"), record.id, values, author)


def test_a_ledger_is_held_against_the_bureau_s_own_tables_and_read_again_when_they_change(registers: Registers) -> None:
    path = registers.write([DESK | {"使用状况": "封存待查", "资产分类代码": "A0501", "分类版本": "GB/T 14885-2022", "原值": "1"}])
    first = registers.take_file("asset", path)
    assert first.document["issues"] == {"ENUM_UNKNOWN": 1} and first.document["notes"] == []
    codes = registers.settings.home / "codes"
    codes.mkdir(parents=True)
    word = '[asset_state]\nvalues = [{ code = "idle", zh = "闲置", en = "idle", aliases = ["封存待查"] }]\n'
    (codes / "enumerations.toml").write_text(word, "utf-8")
    (codes / "class_schemes.csv").write_text("class_edition,zh\n某版,某\n", "utf-8")
    again = registers.take_file("asset", path)
    assert again.document["revision"] != first.document["revision"] and again.document["changed"] == 1
    assert again.document["issues"] == {}
    assert [note["code"] for note in again.document["notes"]] == ["CODE_ROW_INVALID"]
    assert registers.get("asset", "A-1").values["state"] == "idle"
    assert not registers.take_file("asset", path).added
